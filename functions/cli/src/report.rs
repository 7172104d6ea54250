//! What was found, as the service answers it: the same types for a verdict that was reached here and one that was sent.

use serde::{Deserialize, Serialize};

/// `validation_info` of an answer.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(crate) struct ValidationInfo {
    #[serde(default)]
    pub(crate) errors: Vec<String>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
}

/// One broken rule, and its place.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) rule: String,
    /// Path in the zip.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// The field, as in `spec.install.strategy`.
    #[serde(default)]
    pub(crate) field: String,
    #[serde(default)]
    pub(crate) found: String,
    pub(crate) message: String,
    /// What to do.
    #[serde(default)]
    pub(crate) advice: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<String>,
    /// Who would say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) says: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Refused,
    Error,
    Warning,
    Hint,
}

/// A file that an organization's rules changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Change {
    pub(crate) file: String,
    /// A unified diff.
    pub(crate) diff: String,
    /// Whether the diff lacks something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) cut: bool,
}

impl From<omps_operator::Change> for Change {
    fn from(change: omps_operator::Change) -> Self {
        Change {
            file: change.file,
            diff: change.diff,
            cut: change.cut,
        }
    }
}
