//! Places in a file as people count them.

use std::fmt;

use libyaml_safer::Mark;

/// A place in a file: line and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// The start of a file.
    pub(crate) const START: Position = Position { line: 1, column: 1 };

    /// The place directly after the first bytes of a file.
    pub(crate) fn after(before: &[u8]) -> Self {
        let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        let is_line_end = |at: &usize| before[*at] == b'\n' || before.get(at + 1) != Some(&b'\n');
        let mut line_ends = memchr::memchr2_iter(b'\n', b'\r', before).filter(is_line_end);
        let last = line_ends.next_back();
        let line = String::from_utf8_lossy(&before[last.map_or(0, |last| last + 1)..]);
        Position {
            line: count(line_ends.count() + usize::from(last.is_some())),
            column: count(line.chars().count()),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl From<Mark> for Position {
    fn from(mark: Mark) -> Self {
        let count = |from_zero: u64| u32::try_from(from_zero + 1).unwrap_or(u32::MAX);
        Position {
            line: count(mark.line),
            column: count(mark.column),
        }
    }
}
