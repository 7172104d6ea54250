//! Flow style, where libyaml takes more than PyYAML.

use super::super::Problem;

/// Refuses a question mark in a plain scalar, which PyYAML takes for a key's.
pub(in crate::yaml) fn plain_scalar(value: &str) -> Result<(), Problem> {
    match value.contains('?') {
        true => Err(Problem::QuestionMark),
        false => Ok(()),
    }
}

/// Refuses a map as a flow map's first key, of which `before` is all that is written before it. It is nearly always
/// `{{` of a template.
pub(in crate::yaml) fn map_as_key(before: &str) -> Result<(), Problem> {
    match before.ends_with('{') {
        true => Err(Problem::Template),
        false => Ok(()),
    }
}
