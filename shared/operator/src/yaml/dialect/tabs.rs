//! Tabs: PyYAML takes them only inside quotes, block scalars and comments; libyaml also between values.

use libyaml_safer::ScalarStyle;

use super::super::{Position, Problem, ReadError};

/// A text, and how far its tabs have been checked.
pub(in crate::yaml) struct Tabs<'a> {
    text: &'a str,
    checked: usize,
}

impl<'a> Tabs<'a> {
    pub(in crate::yaml) fn new(text: &'a str) -> Self {
        Tabs { text, checked: 0 }
    }

    /// Passes over the text between values up to a byte, where tabs mean nothing.
    pub(in crate::yaml) fn skip_to(&mut self, end: usize) {
        self.advance(end);
    }

    /// Refuses a tab between values up to a byte, unless it is in a comment.
    pub(in crate::yaml) fn refuse_between_values(&mut self, end: usize) -> Result<(), ReadError> {
        self.refuse(end, between_values)
    }

    /// Refuses a tab in a scalar that ends at a byte, unless its style takes tabs for text.
    pub(in crate::yaml) fn refuse_in_scalar(
        &mut self,
        end: usize,
        style: ScalarStyle,
    ) -> Result<(), ReadError> {
        self.refuse(end, |text| in_scalar(text, style))
    }

    fn refuse(
        &mut self,
        end: usize,
        find: impl Fn(&str) -> Option<usize>,
    ) -> Result<(), ReadError> {
        let start = self.checked;
        let text = self.advance(end);
        let has_tab = memchr::memchr(b'\t', text.as_bytes()).is_some();
        match has_tab.then(|| find(text)).flatten() {
            None => Ok(()),
            Some(tab) => Err(ReadError {
                position: Position::after(&self.text.as_bytes()[..start + tab]),
                problem: Problem::Tab,
            }),
        }
    }

    /// The text that was not checked yet, up to a byte.
    fn advance(&mut self, end: usize) -> &'a str {
        let end = end.min(self.text.len());
        let text = self.text.get(self.checked..end).unwrap_or_default();
        self.checked = self.checked.max(end);
        text
    }
}

/// The first tab in text between values that is not in a comment.
fn between_values(text: &str) -> Option<usize> {
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
fn in_scalar(text: &str, style: ScalarStyle) -> Option<usize> {
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
