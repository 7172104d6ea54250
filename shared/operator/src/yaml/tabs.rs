//! Tabs: PyYAML takes them only inside quotes, block scalars and comments; libyaml also between values.

use libyaml_safer::ScalarStyle;

/// The first refused tab in text that lies between values: one that no comment holds.
pub fn between_values(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if let Some(tab) = line.find('\t') {
            let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| {
                at.checked_sub(1)
                    .is_none_or(|before| line.as_bytes()[before] == b' ')
            });
            if comment.is_none_or(|comment| tab < comment) {
                return Some(start + tab);
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
            let header = text.split(['\n', '\r']).next().unwrap_or_default();
            between_values(header)
        }
        _ => text.find('\t'),
    }
}
