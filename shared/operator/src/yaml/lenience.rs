//! What libyaml takes for a scalar and the reference does not, tabs aside.

use super::Version;

/// Why PyYAML refuses a plain scalar between brackets: it takes a question mark for a key's.
pub fn in_flow(value: &str) -> Option<&'static str> {
    value
        .contains('?')
        .then_some("`?` in a plain scalar between brackets; write it in quotes")
}

/// Why a block scalar is refused: the comment behind its indicators wants a space before it.
pub fn in_block(written: &str, version: Version) -> Option<&'static str> {
    let (_, behind) = written.split_once(['|', '>'])?;
    let is_indicator = |char: char| matches!(char, '+' | '-') || char.is_ascii_digit();
    let header = behind.trim_start_matches(is_indicator);
    if header.starts_with('#') {
        return Some("a comment that touches the indicator of a block scalar");
    }
    let indicators = &behind[..behind.len() - header.len()];
    let says_depth = indicators.contains(|char: char| char.is_ascii_digit());
    match version {
        Version::V1_2 if !says_depth => in_first_line(header),
        _ => None,
    }
}

/// Why ruamel.yaml refuses a block scalar: its first line is blank, and has spaces, but fewer than what follows.
fn in_first_line(header: &str) -> Option<&'static str> {
    let end = header.find(['\n', '\r'])?;
    let text = header[end..]
        .strip_prefix("\r\n")
        .unwrap_or(&header[end + 1..]);
    let text = &text[..text.len() - text.trim_start_matches([' ', '\n', '\r']).len()];
    let mut lines = text.split(['\n', '\r']).map(str::len); // of spaces alone
    let first = lines.next().filter(|first| *first > 0)?;
    lines
        .any(|line| line > first)
        .then_some("the first line of a block scalar is blank and has fewer spaces than its text")
}
