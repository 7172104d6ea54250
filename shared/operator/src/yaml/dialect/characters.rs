//! Characters that only some readers take for text. They are refused where they are not escaped.

use super::super::{Position, Problem, ReadError};

/// Refuses line ends that are not YAML 1.2's, and byte order marks inside a text.
///
/// # Errors
/// [`Problem::Ambiguous`] for the first such character.
pub(in crate::yaml) fn refuse_ambiguous(text: &str) -> Result<(), ReadError> {
    // Their first bytes: looking at bytes is quick, and few texts have these.
    let candidates = memchr::memchr3_iter(0xc2, 0xe2, 0xef, text.as_bytes());
    let found = candidates
        .filter_map(|at| Some((at, text.get(at..)?.chars().next()?)))
        .find(|(_, char)| matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    match found {
        None => Ok(()),
        Some((at, char)) => Err(ReadError {
            position: Position::after(&text.as_bytes()[..at]),
            problem: Problem::Ambiguous(u32::from(char)),
        }),
    }
}
