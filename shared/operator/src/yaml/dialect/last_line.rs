//! A file whose last line has no line end. libyaml-safer panics where that line is text of a block scalar, so a line end
//! is put behind it, and taken off the scalar's value again.

use libyaml_safer::Mark;

use super::super::{Position, Problem, ReadError};

/// The line end that the parser gets behind a text that has none. A last line of spaces gets none: it is no line of a
/// block scalar, which must not keep the added end.
pub(in crate::yaml) fn missing_end(text: &str) -> &'static [u8] {
    let line = last_line(text);
    match line.trim_start_matches(' ').is_empty() {
        true => b"",
        false => b"\n",
    }
}

/// Takes the added line end off a block scalar that goes on to the end of the file. One that is stripped has none.
pub(in crate::yaml) fn remove_added_end(value: &mut String) {
    if value.ends_with('\n') {
        value.pop();
    }
}

/// What to report when the parser panicked behind a place: the last line where that can be the reason.
pub(in crate::yaml) fn panic(text: &str, reached: Mark) -> ReadError {
    let line = last_line(text);
    match !line.is_empty() && line.trim_start_matches(' ').is_empty() {
        true => ReadError {
            position: Position::after(&text.as_bytes()[..text.len() - line.len()]),
            problem: Problem::OpenLine,
        },
        false => ReadError::at(reached, Problem::Unparsable),
    }
}

fn last_line(text: &str) -> &str {
    text.rsplit(['\n', '\r']).next().unwrap_or_default()
}
