//! One rule of `replace_registry`: a text, or a regular expression, and what takes its place.

use memchr::memmem;
use serde::Deserialize;

use super::pattern::{BYTES_COMPARED, Pattern, PatternError, ReplaceError, Steps, Template};

/// One rule of `replace_registry`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawReplacement")]
pub enum Replacement {
    /// Every occurrence of a text becomes another.
    Text {
        /// What to replace; never empty.
        old: String,
        /// By what.
        new: String,
    },
    /// Every match of a Python-style regular expression becomes what the template makes of it.
    Regex {
        /// What to replace.
        old: Pattern,
        /// By what.
        new: Template,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReplacement {
    old: String,
    new: String,
    #[serde(default)]
    regexp: bool,
}

/// A `replace_registry` rule that can never work.
#[derive(Debug, thiserror::Error)]
pub enum InvalidReplacement {
    #[error("replace_registry: old must not be empty")]
    Empty,
    #[error("replace_registry: {0}")]
    Pattern(#[from] PatternError),
}

impl TryFrom<RawReplacement> for Replacement {
    type Error = InvalidReplacement;

    fn try_from(raw: RawReplacement) -> Result<Self, InvalidReplacement> {
        if raw.old.is_empty() {
            return Err(InvalidReplacement::Empty);
        }
        if !raw.regexp {
            return Ok(Replacement::Text {
                old: raw.old,
                new: raw.new,
            });
        }
        let old = Pattern::parse(&raw.old)?;
        let new = Template::parse(&raw.new, &old)?;
        Ok(Replacement::Regex { old, new })
    }
}

impl Replacement {
    /// The text after one rule, which has `room` for that many bytes; `None` when the rule does not touch it.
    pub(super) fn apply(
        &self,
        text: &str,
        room: usize,
        steps: &mut Steps,
    ) -> Result<Option<String>, ReplaceError> {
        match self {
            Replacement::Text { old, new } => {
                steps.read(text.len(), BYTES_COMPARED)?;
                match memmem::find_iter(text.as_bytes(), old).count() {
                    0 => Ok(None),
                    count if text.len() - count * old.len() + count * new.len() > room => {
                        Err(ReplaceError::Room(room))
                    }
                    _ => Ok(Some(text.replace(old, new))),
                }
            }
            Replacement::Regex { old, new } => old.replace(text, new, room, steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn no_rule_is_applied_when_no_steps_are_left() {
        let rule = Replacement::Text {
            old: "a".to_owned(),
            new: "b".to_owned(),
        };
        let text = "a".repeat(2_560);
        let mut steps = Steps::new(&Limits::new(0), text.len());
        let mut apply = |taken| {
            steps.take(taken).unwrap();
            rule.apply(&text, text.len(), &mut steps)
        };
        assert!(matches!(apply(0), Ok(Some(replaced)) if replaced == "b".repeat(2_560)));
        let left = Steps::new(&Limits::new(0), text.len()).left() - 20;
        assert!(matches!(apply(left), Err(ReplaceError::Steps)));
    }
}
