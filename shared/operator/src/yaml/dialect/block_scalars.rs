//! Block scalars, where libyaml takes more than the reference.

use super::super::{Problem, YamlVersion};

/// Refuses a comment that touches the header's indicators, and for YAML 1.2 a first line of a few spaces. `written` is
/// the scalar as it is in the file, anchor and tag included.
pub(in crate::yaml) fn refuse(written: &str, version: YamlVersion) -> Result<(), Problem> {
    let Some((_, behind)) = written.split_once(['|', '>']) else {
        return Ok(());
    };
    let is_indicator = |char: char| matches!(char, '+' | '-') || char.is_ascii_digit();
    let header = behind.trim_start_matches(is_indicator);
    if header.starts_with('#') {
        return Err(Problem::CommentAtIndicator);
    }
    let indicators = &behind[..behind.len() - header.len()];
    let has_depth = indicators.contains(|char: char| char.is_ascii_digit());
    match version {
        YamlVersion::V1_2 if !has_depth && has_short_first_line(header) => {
            Err(Problem::ShortFirstLine)
        }
        _ => Ok(()),
    }
}

/// Whether the first line is blank and has spaces, but fewer than a later line before or with the text.
fn has_short_first_line(header: &str) -> bool {
    let Some(end) = header.find(['\n', '\r']) else {
        return false;
    };
    let text = header[end..]
        .strip_prefix("\r\n")
        .unwrap_or(&header[end + 1..]);
    let text = &text[..text.len() - text.trim_start_matches([' ', '\n', '\r']).len()];
    let mut lines = text.split(['\n', '\r']).map(str::len); // of spaces alone
    let first = lines.next().unwrap_or_default();
    first > 0 && lines.any(|line| line > first)
}
