//! Python's texts, with their prefixes, quotes and escapes.

use super::Reader;

impl Reader<'_> {
    /// Strings that follow each other, which are one.
    pub(super) fn strings(&mut self) -> Result<String, String> {
        let mut text = String::new();
        while is_string(self.rest()) {
            text.push_str(&self.string()?);
            self.skip_spaces();
        }
        Ok(text)
    }

    pub(super) fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        let prefix = self.word().to_ascii_lowercase();
        let is_raw = prefix == "r";
        if !is_raw && !matches!(prefix.as_str(), "" | "u") {
            self.at = start;
            return Err(self.stop("bytes or a text with values in it"));
        }
        let quote = self.quote();
        let mut text = String::new();
        loop {
            if self.takes(quote) {
                return Ok(text);
            }
            let Some(char) = self.rest().chars().next() else {
                return Err(self.stop("a text without an end"));
            };
            if char == '\n' && quote.len() == 1 {
                return Err(self.stop("a text without an end"));
            }
            self.at += char.len_utf8();
            match char {
                '\\' if is_raw => {
                    text.push('\\');
                    let next = self.rest().chars().next();
                    text.extend(next);
                    self.at += next.map_or(0, char::len_utf8);
                }
                '\\' => self.escape(&mut text).map_err(|found| {
                    // From the quote on: what stands behind it may be a secret.
                    self.at = start;
                    self.stop(found)
                })?,
                char => text.push(char),
            }
        }
    }

    /// Takes the quote of a string: one or three characters.
    fn quote(&mut self) -> &'static str {
        const QUOTES: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];
        QUOTES
            .into_iter()
            .find(|quote| self.takes(quote))
            .unwrap_or("'")
    }

    /// What a backslash and the characters behind it stand for.
    fn escape(&mut self, text: &mut String) -> Result<(), &'static str> {
        let Some(char) = self.rest().chars().next() else {
            return Ok(());
        };
        self.at += char.len_utf8();
        let digits = match char {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => {
                match char {
                    '\n' => {}
                    '\\' | '\'' | '"' => text.push(char),
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'a' | 'b' | 'f' | 'v' | 'N' | '0'..='7' => {
                        return Err("a rare escape");
                    }
                    other => text.extend(['\\', other]),
                }
                return Ok(());
            }
        };
        let code = self
            .rest()
            .get(..digits)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let char = code.and_then(char::from_u32).ok_or("a wrong escape")?;
        text.push(char);
        self.at += digits;
        Ok(())
    }
}

/// Whether a string literal starts here.
pub(super) fn is_string(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    letters <= 2 && matches!(text.as_bytes().get(letters), Some(b'"' | b'\''))
}
