//! Tabs and byte order marks: PyYAML takes them only inside quotes, block scalars and comments; libyaml also as white
//! space between values.

use libyaml_safer::ScalarStyle;

/// The first refused character in text that lies between values: one that no comment holds.
pub fn between_values(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if let Some(found) = line.find(['\t', '\u{feff}']) {
            let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| {
                at.checked_sub(1)
                    .is_none_or(|before| line.as_bytes()[before] == b' ')
            });
            if comment.is_none_or(|comment| found < comment) {
                return Some(start + found);
            }
        }
        start += line.len();
    }
    None
}

/// The first refused tab in a scalar's own text, anchor and tag included.
pub fn in_scalar(text: &str, style: ScalarStyle) -> Option<usize> {
    match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            let opening = text.find(['"', '\''])?;
            text[..opening].find('\t')
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let header = text.find('\n').map_or(text, |newline| &text[..newline]);
            between_values(header)
        }
        _ => text.find('\t'),
    }
}
