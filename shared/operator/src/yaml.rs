//! YAML as the verdict needs it: one document as a tree in which every value knows its place in the file.
//!
//! The events are libyaml-safer's; what they mean (scalars, merges, duplicate keys) is decided here as PyYAML's
//! `safe_load` decides it, or as ruamel.yaml does where the package name is looked up under YAML 1.2.

mod collections;
mod error;
mod events;
mod lenience;
mod mends;
mod node;
mod reader;
pub mod scalar;
mod stand_ins;
mod surrogates;
mod tabs;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;

use libyaml_safer::Mark;

pub use error::{Problem, ReadError};
pub use events::each as each_event;
pub use node::{Entry, Mapping, Node, Value};
pub(super) use node::{Identity, identity};
pub use reader::read;

/// What reading YAML may cost: memory is bounded by the file, time by the push.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Bytes of one scalar: real ones have 67 KiB at most, and no cluster takes an object of more than 1.5 MiB.
    pub scalar: usize,
    /// Events of the parser in one file: about one a scalar, two a list or map.
    pub events: usize,
    /// Values in one file, when every alias is replaced by what it stands for; 256 bytes of a text count as one more.
    pub expanded: u32,
    /// Events in all that one push reads, an alias counting as what it stands for; a file is read once or twice, a CSV
    /// that gets annotations twice more. The largest of real operators come to 0.1 million, 20 MiB of CRDs to 2.5.
    pub total: u32,
}

/// What is left of the limits while the files of one push are read.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    left: u32,
}

impl Budget {
    /// All that the limits allow.
    pub fn new(limits: Limits) -> Self {
        let left = limits.total;
        Budget { limits, left }
    }

    /// Takes the cost of an event.
    fn spend(&mut self, values: u32) -> Result<(), Problem> {
        let left = self.left.checked_sub(values);
        self.left = left.unwrap_or(0);
        left.map(|_| ())
            .ok_or(Problem::TooManyInAll(self.limits.total))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(Limits::default())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: 128,
            scalar: 1 << 20,
            events: 250_000,
            expanded: 500_000,
            total: 3_000_000,
        }
    }
}

/// Which YAML a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// As PyYAML's `safe_load`: the last of duplicate keys wins, unknown tags are an error.
    V1_1,
    /// As ruamel.yaml's round-trip loader: duplicate keys are an error, unknown tags are fine.
    V1_2,
}

/// A place in a file, both counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Position {
    /// Where a text goes on behind its first bytes.
    fn behind(before: &[u8]) -> Self {
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
