//! Directives, of which libyaml compares each with all before it.

use super::{Position, Problem, ReadError};

/// Lines of one file that may start with a percent sign.
const MAX_DIRECTIVES: usize = 100;

/// Refuses a file with so many directives that reading them would take long.
///
/// # Errors
/// [`Problem::TooManyDirectives`]
pub(super) fn refuse_many(text: &str) -> Result<(), ReadError> {
    let starts_line = |at: &usize| text[..*at].ends_with(['\n', '\r']);
    let mut directives = memchr::memchr_iter(b'%', text.as_bytes()).filter(starts_line);
    match directives.nth(MAX_DIRECTIVES) {
        None => Ok(()),
        Some(at) => Err(ReadError {
            position: Position::after(&text.as_bytes()[..at]),
            problem: Problem::TooManyDirectives(MAX_DIRECTIVES),
        }),
    }
}
