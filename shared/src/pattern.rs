//! Python's regular expressions, for `replace_registry`: in linear time where possible, with a step limit where not.

use std::ops::Range;

use regex::RegexBuilder;

/// Steps that a pattern with look-around or back-references may take on one file.
const BACKTRACK_LIMIT: usize = 1_000_000;
/// Bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 4 << 20;

/// A multi-line pattern whose `^` and `$` take CRLF, too, for a line end.
#[derive(Debug)]
pub enum Pattern {
    /// Matched in linear time.
    Linear(regex::Regex),
    /// With look-around or back-references.
    Backtracking(Box<fancy_regex::Regex>),
}

/// The replacement of a pattern: text, and the groups that stand in it.
#[derive(Debug)]
pub struct Template(Vec<Piece>);

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Group(usize),
}

/// A pattern or replacement that Python would refuse, or that no engine here can run.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error("the pattern {pattern:?} does not compile: {problem}")]
    Pattern { pattern: String, problem: String },
    #[error("the replacement {template:?} {problem}")]
    Template { template: String, problem: String },
}

/// A replacement that took more than it may.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    #[error("a replacement rule ran past its limit of {BACKTRACK_LIMIT} steps")]
    Steps,
    #[error("the text grows past {0} bytes")]
    Room(usize),
}

impl Pattern {
    /// Compiles a pattern as Python's `re` reads it.
    ///
    /// # Errors
    /// [`PatternError::Pattern`]
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let linear = RegexBuilder::new(&translate(pattern, false))
            .multi_line(true)
            .crlf(true)
            .size_limit(SIZE_LIMIT)
            .build();
        if let Ok(regex) = linear {
            return Ok(Pattern::Linear(regex));
        }
        fancy_regex::RegexBuilder::new(&format!("(?m){}", translate(pattern, true)))
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .build()
            .map(|regex| Pattern::Backtracking(Box::new(regex)))
            .map_err(|error| PatternError::Pattern {
                pattern: pattern.to_owned(),
                problem: error.to_string(),
            })
    }

    /// The text with every match replaced, as Python's `re.sub` does it; nothing when there is none. There is `room` for
    /// that many bytes.
    ///
    /// # Errors
    /// [`ReplaceError`]
    pub fn replace(
        &self,
        text: &str,
        template: &Template,
        room: usize,
    ) -> Result<Option<String>, ReplaceError> {
        let (mut replaced, mut copied, mut from) = (None, 0, 0);
        while from <= text.len() {
            let Some(groups) = self.groups_from(text, from)? else {
                break;
            };
            let Some(Some(found)) = groups.first().cloned() else {
                break;
            };
            let output = replaced.get_or_insert_with(|| String::with_capacity(text.len()));
            output.push_str(&text[copied..found.start]);
            template.write(text, &groups, output);
            copied = found.end;
            if output.len() + text.len() - copied > room {
                return Err(ReplaceError::Room(room));
            }
            // Behind an empty match one character is passed, or it would be found again.
            let passed = if found.is_empty() {
                text[found.end..].chars().next().map_or(1, char::len_utf8)
            } else {
                0
            };
            from = found.end + passed;
        }
        Ok(replaced.map(|output| output + &text[copied..]))
    }

    /// The groups of the first match from a place on, the whole match first.
    fn groups_from(
        &self,
        text: &str,
        from: usize,
    ) -> Result<Option<Vec<Option<Range<usize>>>>, ReplaceError> {
        Ok(match self {
            Pattern::Linear(regex) => regex.captures_at(text, from).map(|found| {
                found
                    .iter()
                    .map(|group| group.map(|group| group.range()))
                    .collect()
            }),
            Pattern::Backtracking(regex) => regex
                .captures_from_pos(text, from)
                .map_err(|_| ReplaceError::Steps)?
                .map(|found| {
                    found
                        .iter()
                        .map(|group| group.map(|group| group.range()))
                        .collect()
                }),
        })
    }

    /// The number of the group that a replacement names.
    fn group(&self, name: &str) -> Option<usize> {
        let names: Vec<Option<&str>> = match self {
            Pattern::Linear(regex) => regex.capture_names().collect(),
            Pattern::Backtracking(regex) => regex.capture_names().collect(),
        };
        match name.parse::<usize>() {
            Ok(number) => (number < names.len()).then_some(number),
            Err(_) => names.iter().position(|other| *other == Some(name)),
        }
    }
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

    fn write(&self, text: &str, groups: &[Option<Range<usize>>], output: &mut String) {
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

/// Says in Rust's syntax what Python's says otherwise. The backtracking engine has no CRLF mode: there `$` and `.` say
/// it themselves.
fn translate(pattern: &str, backtracking: bool) -> String {
    let mut translated = String::with_capacity(pattern.len() + 8);
    let mut in_class = false;
    let mut rest = pattern;
    while let Some(char) = rest.chars().next() {
        let behind = &rest[char.len_utf8()..];
        match char {
            '\\' => {
                let escaped = behind.chars().next();
                translated.push('\\');
                translated
                    .extend(escaped.map(|escaped| if escaped == 'Z' { 'z' } else { escaped }));
                rest = &behind[escaped.map_or(0, char::len_utf8)..];
                continue;
            }
            // Sets within sets are Rust's alone.
            '[' if in_class => translated.push_str("\\["),
            '&' | '~' | '-' if in_class && behind.starts_with(char) => {
                translated.extend(['\\', char]);
            }
            '[' => {
                in_class = true;
                translated.push('[');
                let behind_caret = behind.strip_prefix('^').unwrap_or(behind);
                translated.push_str(&behind[..behind.len() - behind_caret.len()]);
                rest = behind_caret.strip_prefix(']').unwrap_or(behind_caret);
                translated.push_str(if rest.len() < behind_caret.len() {
                    "\\]"
                } else {
                    ""
                });
                continue;
            }
            ']' => {
                in_class = false;
                translated.push(']');
            }
            '{' if !in_class => match bounds(behind) {
                Some(bounds) => {
                    translated.push_str(if bounds.starts_with(',') { "{0" } else { "{" });
                }
                None => translated.push_str("\\{"),
            },
            '$' if backtracking && !in_class => translated.push_str("(?=\\r?\\n|\\r?\\z)"),
            '.' if backtracking && !in_class => translated.push_str("[^\\r\\n]"),
            _ => translated.push(char),
        }
        rest = behind;
    }
    translated
}

/// What stands between the braces of a repetition: `2`, `2,`, `2,3` or `,3`. Other braces are text to Python.
fn bounds(behind: &str) -> Option<&str> {
    let (bounds, _) = behind.split_once('}')?;
    let (from, to) = bounds.split_once(',').unwrap_or((bounds, "0"));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (number(from) && number(to) && bounds.bytes().any(|byte| byte.is_ascii_digit()))
        .then_some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, template: &str, text: &str) -> String {
        let pattern = Pattern::parse(pattern).unwrap();
        let template = Template::parse(template, &pattern).unwrap();
        pattern
            .replace(text, &template, usize::MAX)
            .unwrap()
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn replacements_are_those_of_python() {
        // (pattern, replacement, text, re.sub(pattern, replacement, text, flags=re.M) in Python 3.11)
        let cases = [
            (
                "quay\\.io",
                "r.test",
                "a quay.io b quay.io",
                "a r.test b r.test",
            ),
            (
                "^(\\s*image:\\s*)(?P<host>q)/(.+)$",
                "\\1m/\\g<host>/\\3",
                " image: q/a:1\nimage: q/b",
                " image: m/q/a:1\nimage: m/q/b",
            ),
            ("x*", "-", "abxd", "-a-b--d-"),
            ("a|b", "[\\g<0>]", "cab", "c[a][b]"),
            ("(a)|(b)", "<\\1\\2>", "ab", "<a><b>"),
            ("a{,2}b", "X", "aab ab b", "X X X"),
            ("{a}", "X", "{a}", "X"),
            ("[[]a", "X", "[a", "X"),
            ("[]a]", "X", "]a", "XX"),
            ("b\\Z", "X", "b\nb", "b\nX"),
            ("a", "\\n\\\\\\.", "a", "\n\\\\."),
            ("(?<=/)a", "X", "/a a", "/X a"),
            ("(a)\\1", "X", "aa a", "X a"),
            ("(?=a).", "X", "ab", "Xb"),
            ("(?!x)a$", "X", "a\nba", "X\nbX"),
        ];
        for (pattern, template, text, wanted) in cases {
            assert_eq!(sub(pattern, template, text), wanted, "{pattern}");
        }
    }

    #[test]
    fn line_ends_of_two_characters_count_as_one() {
        assert_eq!(sub("^a$", "b", "a\r\na\r\n"), "b\r\nb\r\n");
        assert_eq!(sub("a.*$", "b", "ax\r\n"), "b\r\n");
        assert_eq!(sub("(?!x)a.*$", "b", "ax\r\nay"), "b\r\nb");
    }

    #[test]
    fn patterns_and_replacements_that_cannot_work_are_refused() {
        for pattern in ["(", "*a", "[z-a]"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
        let pattern = Pattern::parse("(?P<x>a)").unwrap();
        for template in ["\\2", "\\g<y>", "\\g", "\\q", "\\"] {
            assert!(Template::parse(template, &pattern).is_err(), "{template}");
        }
    }

    #[test]
    fn a_pattern_that_would_run_wild_is_stopped() {
        let pattern = Pattern::parse("(?!x)(a|aa)+(?!.)b").unwrap();
        let template = Template::parse("", &pattern).unwrap();
        let replaced = pattern.replace(&"a".repeat(60), &template, usize::MAX);
        assert!(matches!(replaced, Err(ReplaceError::Steps)));
    }

    #[test]
    fn a_text_that_grows_past_its_room_is_stopped() {
        let pattern = Pattern::parse("a").unwrap();
        let template = Template::parse("bb", &pattern).unwrap();
        let replaced = |room| pattern.replace("xaa", &template, room);
        assert!(matches!(replaced(5), Ok(Some(text)) if text == "xbbbb"));
        assert!(matches!(replaced(4), Err(ReplaceError::Room(4))));
    }
}
