//! Where a character of a text is written in its file: behind the indentation, the quotes and the escapes.

use std::str::Chars;

use super::{Node, Position};

/// The place in `file` of the character of `text` that begins at byte `at`; behind the last one, where none begins there.
/// Nothing where the text is not written character by character, or was read otherwise.
///
/// Styles of YAML differ in how lines are folded and indented, and so in blanks alone. So the other characters are counted.
pub(crate) fn position_in(file: &[u8], node: &Node, text: &str, at: usize) -> Option<Position> {
    let written = str::from_utf8(file.get(node.span.clone())?).ok()?;
    let (before, behind) = text.split_at_checked(at)?;
    let count = before.chars().filter(is_no_blank).count();
    let mut characters = Characters::of(written);
    let mut end = None;
    for _ in 0..count {
        characters.next_but_blanks()?;
        end = Some(written.len() - characters.rest.as_str().len());
    }
    let offset = match behind.chars().find(is_no_blank) {
        None => end?,
        Some(wanted) => {
            let (offset, character) = characters.next_but_blanks()?;
            (character == wanted).then_some(written.len() - offset)?
        }
    };
    Some(Position::after(file.get(..node.span.start + offset)?))
}

fn is_no_blank(character: &char) -> bool {
    !matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// The characters of a scalar, from its bytes in a file.
struct Characters<'a> {
    rest: Chars<'a>,
    /// The quotation mark around it.
    quote: Option<char>,
}

impl<'a> Characters<'a> {
    fn of(written: &'a str) -> Self {
        let mut content = written.trim_start();
        while content.starts_with(['&', '!']) {
            let property = content.find(char::is_whitespace).unwrap_or(content.len());
            content = content[property..].trim_start();
        }
        let quote = content
            .chars()
            .next()
            .filter(|first| "'\"".contains(*first));
        let start = match content.chars().next() {
            Some('|' | '>') => content.find('\n').unwrap_or(content.len()),
            _ => usize::from(quote.is_some()),
        };
        Characters {
            rest: content[start..].chars(),
            quote,
        }
    }

    /// The next character that is no blank, and how many bytes there were from its start to the end.
    fn next_but_blanks(&mut self) -> Option<(usize, char)> {
        loop {
            let left = self.rest.as_str().len();
            let character = self.next_written()?;
            if character.as_ref().is_some_and(is_no_blank) {
                return Some((left, character?));
            }
        }
    }

    /// The next character; within, nothing for a line break that is escaped.
    fn next_written(&mut self) -> Option<Option<char>> {
        let character = self.rest.next()?;
        match (self.quote, character) {
            (Some('\''), '\'') => self.rest.next().filter(|next| *next == '\'').map(Some),
            (Some('"'), '"') => None,
            (Some('"'), '\\') => self.escaped(),
            _ => Some(Some(character)),
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Option<Option<char>> {
        let escape = self.rest.next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '\n' | '\r' => return Some(None),
            'n' => return Some(Some('\n')),
            't' => return Some(Some('\t')),
            'r' => return Some(Some('\r')),
            ' ' | '"' | '\\' | '/' => return Some(Some(escape)),
            // The rest is no JSON, and nobody looks for it.
            _ => return Some(Some(char::REPLACEMENT_CHARACTER)),
        };
        let code = self.rest.as_str().get(..digits)?;
        self.rest = self.rest.as_str()[digits..].chars();
        let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        Some(Some(code.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, YamlVersion, read};
    use super::*;

    /// Line and column of `wanted`'s first character, by the text's own count.
    fn place(file: &str, wanted: &str) -> Option<(u32, u32)> {
        let root = read(file.as_bytes(), YamlVersion::V1_1, &mut Budget::default()).unwrap();
        let node = root.get("a").unwrap();
        let text = node.as_str().unwrap();
        let at = text.find(wanted).unwrap_or(text.len());
        let position = position_in(file.as_bytes(), node, text, at)?;
        Some((position.line, position.column))
    }

    #[test]
    fn a_character_has_its_place_in_every_style() {
        for (case, file, wanted) in [
            ("literal", "a: |-\n  [1,\n   @]\n", (3, 4)),
            (
                "literal with a blank line",
                "a: | # c\n\n  [1,\n\n   @]\nb: c\n",
                (5, 4),
            ),
            ("folded", "a: >\n  [1,\n  2, 3,\n   @]\n", (4, 4)),
            ("plain", "a: x1,\n  2 @\n", (2, 5)),
            ("single quotes", "a: '[''1'',\n  @]'\n", (2, 3)),
            (
                "double quotes",
                "a: \"[\\\"1\\\",\\n\\\n  \\x32 @]\"\n",
                (2, 8),
            ),
            ("one line of escapes", "a: \"[\\n  1,\\n  @]\"\n", (1, 16)),
            ("anchor and tag", "a: &x !!str '[1, @]'\n", (1, 18)),
            ("other letters", "a: '[\"ä\", @]'\n", (1, 11)),
            ("line ends of Windows", "a: |\r\n  [1,\r\n  @]\r\n", (3, 3)),
        ] {
            assert_eq!(place(file, "@"), Some(wanted), "{case}");
        }
    }

    #[test]
    fn the_end_of_a_text_is_behind_its_last_character() {
        assert_eq!(place("a: |\n  [1,\n  2\n\nb: c\n", "@"), Some((3, 4)));
        assert_eq!(place("a: '[1'\n", "@"), Some((1, 7)));
        assert_eq!(place("a: ''\n", "@"), None);
    }
}
