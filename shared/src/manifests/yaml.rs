//! YAML as the verdict needs it: one document as a tree in which every value knows its place in the file.
//!
//! The events are libyaml-safer's; what they mean (scalars, merges, duplicate keys) is decided here as PyYAML's
//! `safe_load` decides it, or as ruamel.yaml does where the package name is looked up under YAML 1.2.

mod collections;
mod error;
mod events;
mod node;
mod reader;
pub mod scalar;
mod tabs;

use std::fmt;

use libyaml_safer::Mark;

pub use error::{Problem, ReadError};
pub use events::each as each_event;
pub use node::{Entry, Mapping, Node, Value};
pub use reader::read;

/// What one file may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Events of the parser: about one a scalar, two a list or map.
    pub events: usize,
    /// Values, when every alias is replaced by what it stands for.
    pub expanded: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: 128,
            events: 500_000,
            expanded: 1_000_000,
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
