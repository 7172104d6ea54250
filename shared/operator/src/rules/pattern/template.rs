//! What a match becomes: a replacement in Python's syntax.

use std::ops::Range;

use super::{Pattern, PatternError};

/// The replacement of a pattern: text, and the groups that stand in it.
#[derive(Debug)]
pub struct Template(pub(super) Vec<Piece>);

#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Group(usize),
}

impl Template {
    /// Reads a replacement as Python's `re.sub` does: `\1`, `\g<1>`, `\g<name>`, `\n` and its like, `\\`.
    ///
    /// # Errors
    /// [`PatternError::Template`] for a group that the pattern lacks, and for an escape that means nothing.
    pub fn parse(template: &str, pattern: &Pattern) -> Result<Self, PatternError> {
        let wrong = |problem: String| PatternError::Template {
            template: template.to_owned(),
            problem,
        };
        let group = |name: &str| {
            pattern
                .group(name)
                .ok_or_else(|| wrong(format!("names the group {name:?}, which the pattern lacks")))
        };
        let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), template);
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let escape = rest
                .chars()
                .next()
                .ok_or_else(|| wrong("ends in a single backslash".to_owned()))?;
            let number = match escape {
                'g' => {
                    let name = rest[1..]
                        .strip_prefix('<')
                        .and_then(|name| name.split_once('>'));
                    let (name, behind) =
                        name.ok_or_else(|| wrong("has a \\g without <name>".to_owned()))?;
                    rest = behind;
                    Some(group(name)?)
                }
                '1'..='9' => {
                    let digits =
                        1 + usize::from(rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
                    let number = group(&rest[..digits])?;
                    rest = &rest[digits..];
                    Some(number)
                }
                _ => {
                    match escape {
                        '\\' => text.push('\\'),
                        'n' => text.push('\n'),
                        'r' => text.push('\r'),
                        't' => text.push('\t'),
                        'a' => text.push('\x07'),
                        'f' => text.push('\x0c'),
                        'v' => text.push('\x0b'),
                        _ if escape.is_ascii_alphanumeric() => {
                            return Err(wrong(format!(
                                "has the escape \\{escape}, which means nothing"
                            )));
                        }
                        _ => text.extend(['\\', escape]),
                    }
                    rest = &rest[escape.len_utf8()..];
                    None
                }
            };
            if let Some(number) = number {
                pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Group(number)]);
            }
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(Template(pieces))
    }

    /// Appends what a match becomes: the groups of it, the whole first, are places in the text.
    pub fn write(&self, text: &str, groups: &[Option<Range<usize>>], output: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => output.push_str(text),
                Piece::Group(number) => {
                    // A group that took no part in the match is empty, as in Python.
                    if let Some(Some(group)) = groups.get(*number) {
                        output.push_str(&text[group.clone()]);
                    }
                }
            }
        }
    }
}
