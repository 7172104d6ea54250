//! Whether a text is JSON as Python's `json.loads` takes it: `NaN`, the infinities and lone surrogates included.

/// Nesting at which Python's own reader gives up.
const MAX_DEPTH: usize = 990;

/// Whether `json.loads` would take the text.
///
/// # Errors
/// The byte that it would not take; the text's length where it ends too early.
pub fn check(text: &str) -> Result<(), usize> {
    let mut reader = Reader {
        rest: text.as_bytes(),
        last: text.len(),
    };
    match reader.document() {
        Some(()) => Ok(()),
        None => Err(text.len() - reader.last),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    /// What was left before the byte that was looked at last.
    last: usize,
}

impl Reader<'_> {
    /// The whole text: values with their brackets kept on a stack, so that depth costs no stack of ours.
    fn document(&mut self) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.space();
            // A value starts here.
            match self.next()? {
                b'[' => {
                    open.push(b']');
                    self.space();
                    if !self.take(b"]") {
                        if open.len() > MAX_DEPTH {
                            return None;
                        }
                        continue;
                    }
                    open.pop();
                }
                b'{' => {
                    open.push(b'}');
                    self.space();
                    if !self.take(b"}") {
                        if open.len() > MAX_DEPTH {
                            return None;
                        }
                        self.key()?;
                        continue;
                    }
                    open.pop();
                }
                b'"' => self.string()?,
                first => self.word(first)?,
            }
            // A value ended: what encloses it goes on or ends too.
            loop {
                self.space();
                let Some(&closing) = open.last() else {
                    self.last = self.rest.len();
                    return self.rest.is_empty().then_some(());
                };
                if self.take(b",") {
                    self.space();
                    if closing == b'}' {
                        self.key()?;
                    }
                    break;
                }
                if self.next()? != closing {
                    return None;
                }
                open.pop();
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        self.string()?;
        self.space();
        (self.next()? == b':').then_some(())
    }

    /// The rest of a string, behind its opening quote.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                0..=0x1f => return None,
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let digits = self.rest.get(..4)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        self.rest = &self.rest[4..];
                    }
                    _ => return None,
                },
                _ => {}
            }
        }
    }

    fn word(&mut self, first: u8) -> Option<()> {
        let rest: &[u8] = match first {
            b't' => b"rue",
            b'f' => b"alse",
            b'n' => b"ull",
            b'N' => b"aN",
            b'I' => b"nfinity",
            b'-' if self.take(b"Infinity") => b"",
            b'-' => {
                let digit = self.next()?;
                return self.number(digit);
            }
            digit => return self.number(digit),
        };
        (rest.is_empty() || self.take(rest)).then_some(())
    }

    fn number(&mut self, first: u8) -> Option<()> {
        let mut whole = 1;
        match first {
            b'0' => {}
            b'1'..=b'9' => whole += self.digits(),
            _ => return None,
        }
        let mut is_float = false;
        if self.rest.first() == Some(&b'.') && self.rest.get(1).is_some_and(u8::is_ascii_digit) {
            self.rest = &self.rest[1..];
            self.digits();
            is_float = true;
        }
        if let [b'e' | b'E', exponent @ ..] = self.rest {
            let digits = exponent
                .strip_prefix(b"+")
                .or_else(|| exponent.strip_prefix(b"-"))
                .unwrap_or(exponent);
            if digits.first().is_some_and(u8::is_ascii_digit) {
                self.rest = digits;
                self.digits();
                is_float = true;
            }
        }
        // Python reads no whole number of more than 4,300 digits.
        (is_float || whole <= 4300).then_some(())
    }

    fn digits(&mut self) -> usize {
        let count = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.rest = &self.rest[count..];
        count
    }

    fn space(&mut self) {
        let count = self
            .rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.rest = &self.rest[count..];
    }

    fn next(&mut self) -> Option<u8> {
        self.last = self.rest.len();
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, expected: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    fn is_valid(text: &str) -> bool {
        check(text).is_ok()
    }

    #[test]
    fn the_byte_that_is_wrong_is_told() {
        for (text, wanted) in [
            ("{\"a\": 1,\n}", 9),
            ("[1 2]", 3),
            ("[]]", 2),
            ("[nul]", 1),
            ("[", 1),
            ("", 0),
        ] {
            assert_eq!(check(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn json_is_what_python_takes() {
        for text in [
            "[]",
            " {\"a\": [1, -2.5e-3, true, null]}\n",
            "NaN",
            "[-Infinity, Infinity]",
            r#""\ud800""#,
            "0",
            "-0",
            "{}",
            r#"[{"a":{}},[[]],"\n"]"#,
        ] {
            assert!(is_valid(text), "{text}");
        }
        for text in [
            "",
            "[",
            "[1,]",
            "{\"a\"}",
            "{a: 1}",
            "01",
            "1.",
            ".5",
            "-",
            "+1",
            "'a'",
            "\"\n\"",
            r#""\x41""#,
            r#""\u12""#,
            "[]]",
            "nul",
            "\u{feff}[]",
            "[1 2]",
            "{\"a\":1,}",
            "]",
            "1e",
            "-NaN",
        ] {
            assert!(!is_valid(text), "{text}");
        }
        assert!(is_valid(&format!("{}{}", "[".repeat(900), "]".repeat(900))));
        assert!(!is_valid(&"[".repeat(100_000)));
    }
}
