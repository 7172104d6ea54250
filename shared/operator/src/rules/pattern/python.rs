//! Python's syntax of regular expressions in Rust's.

/// Says in Rust's syntax what Python's says otherwise. The backtracking engine has no CRLF mode: there `$` and `.` say
/// it themselves.
pub fn translate(pattern: &str, backtracking: bool) -> String {
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
