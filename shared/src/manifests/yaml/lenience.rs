//! What libyaml takes for a scalar and the reference does not, tabs aside.

use super::Version;

/// Why PyYAML refuses a plain scalar between brackets: it takes a question mark for a key's.
pub fn in_flow(value: &str) -> Option<&'static str> {
    value
        .contains('?')
        .then_some("`?` in a plain scalar between brackets; write it in quotes")
}

/// Why a block scalar is refused: the comment behind its indicators wants a space before it, and ruamel.yaml wants no
/// line of spaces first that is shorter than the text's own.
pub fn in_block(written: &str, version: Version) -> Option<&'static str> {
    let (_, behind) = written.split_once(['|', '>'])?;
    let is_indicator = |char: char| matches!(char, '+' | '-') || char.is_ascii_digit();
    let header = behind.trim_start_matches(is_indicator);
    if header.starts_with('#') {
        return Some("a comment that touches the indicator of a block scalar");
    }
    let says_depth =
        behind[..behind.len() - header.len()].contains(|char: char| char.is_ascii_digit());
    let end = header.find(['\n', '\r'])?;
    let text = header[end..]
        .strip_prefix("\r\n")
        .unwrap_or(&header[end + 1..]);
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let first = text.split(['\n', '\r']).next().map_or(0, spaces);
    let is_blank = text[first..].starts_with(['\n', '\r']);
    if version == Version::V1_1 || says_depth || first == 0 || !is_blank {
        return None;
    }
    let blank = text.len() - text.trim_start_matches([' ', '\n', '\r']).len();
    text[..blank]
        .split(['\n', '\r'])
        .any(|line| spaces(line) > first)
        .then_some("the first line of a block scalar is blank and has fewer spaces than its text")
}
