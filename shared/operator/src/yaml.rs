//! YAML as the verdict needs it: one document as a tree in which every value knows its place in the file.
//!
//! The events are libyaml-safer's. What they mean (scalars, merges, duplicate keys) is decided here as PyYAML's
//! `safe_load` decides it, or as ruamel.yaml does where the package name is looked up as YAML 1.2. Where readers of YAML
//! differ, the file is refused: `yaml/dialect.rs` has the table.

mod budget;
mod collections;
mod dialect;
mod directives;
mod error;
mod events;
mod json;
mod node;
mod position;
mod reader;
pub(crate) mod scalar;
#[cfg(test)]
mod tests;
mod tree;
mod written;

pub use budget::{Budget, ReadLimits};
pub(crate) use error::Problem;
pub use error::ReadError;
pub use events::Events;
pub(crate) use json::without_json_tabs;
pub(crate) use node::{Identity, identity};
pub use node::{MapEntry, Mapping, Node, Value};
pub use position::Position;
pub use reader::read;
pub(crate) use written::position_in;

/// Which YAML a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YamlVersion {
    /// As PyYAML's `safe_load`: the last of duplicate keys wins, unknown tags are an error.
    V1_1,
    /// As ruamel.yaml's round-trip loader: duplicate keys are an error, unknown tags are fine.
    V1_2,
}
