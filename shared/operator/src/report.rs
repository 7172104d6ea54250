//! What the verdict found: operator-courier's messages, and for each where it is and what to do.

mod field;
pub mod rules;
mod validation_info;

use std::sync::Arc;

use serde::Serialize;

pub use field::Location;
pub(crate) use field::{Field, describe, shortened};
use rules::Rule;
pub use validation_info::ValidationInfo;

/// Whether a finding makes the manifests invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Of a bundle alone: opm or OLM cannot take it.
    Refused,
    /// The manifests are not valid; of a bundle: operator-sdk would say error.
    Error,
    /// The manifests are valid all the same.
    Warning,
    /// Nothing is wrong; it may help to know.
    Hint,
}

/// One broken rule.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule's id.
    pub rule: &'static str,
    /// Path in the archive.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The field, as in `spec.install.strategy`.
    pub field: String,
    /// The value that was found there.
    pub found: String,
    /// operator-courier's words.
    pub message: String,
    /// What to do about it.
    pub advice: &'static str,
    /// What the verdict on bundles adds.
    #[serde(flatten)]
    pub of_bundle: Option<OfBundle>,
}

/// What a finding of the verdict on bundles says besides.
#[derive(Debug, Clone, Serialize)]
pub struct OfBundle {
    /// `metadata.name` of the bundle's CSV; nothing where there is none.
    pub bundle: Option<Arc<str>>,
    /// Who would say so: `opm`, `operator-sdk`, `olm-v1`, `operator-pipelines`.
    pub says: &'static [&'static str],
}

/// All findings, in the order in which operator-courier would report them.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Errors and warnings, at most 5,000 of each.
    pub findings: Vec<Finding>,
    /// What operator-courier does not look at: it makes nothing invalid, and is in no list of messages.
    pub notes: Vec<Finding>,
    errors: usize,
    warnings: usize,
    /// Bytes of all texts in the findings.
    bytes: usize,
    /// There were more errors than are listed.
    has_unlisted_errors: bool,
}

/// Characters of a value in a message: more than any name has.
const MAX_VALUE: usize = 1_000;

/// Errors, and as many warnings, that are listed: more than any operator has.
pub(crate) const MAX_FINDINGS: usize = 5_000;

/// Bytes of all texts in the findings of a report; the last finding may go beyond.
pub(crate) const MAX_TEXT: usize = 1 << 20;

impl Report {
    /// Whether nothing makes the manifests invalid.
    pub fn is_valid(&self) -> bool {
        !self.has_unlisted_errors
            && self
                .findings
                .iter()
                .all(|finding| finding.severity >= Severity::Warning)
    }

    /// The messages of one severity, in order.
    pub fn messages(&self, severity: Severity) -> Vec<String> {
        let of_severity = self
            .findings
            .iter()
            .filter(|finding| finding.severity == severity);
        of_severity.map(|finding| finding.message.clone()).collect()
    }

    /// The lists as an answer has them.
    pub fn validation_info(&self) -> ValidationInfo {
        ValidationInfo {
            errors: self.messages(Severity::Error),
            warnings: self.messages(Severity::Warning),
            findings: self.findings.iter().chain(&self.notes).cloned().collect(),
        }
    }

    /// Appends what another report found.
    pub(crate) fn extend(&mut self, other: &Report) {
        self.has_unlisted_errors |= other.has_unlisted_errors;
        for finding in &other.findings {
            if self.has_room(finding.severity) {
                self.push(finding.clone());
            }
        }
    }

    /// Drops the findings, but remembers that there were errors.
    pub(crate) fn drop_findings(&mut self) {
        self.has_unlisted_errors |= !self.is_valid();
        self.findings = Vec::new();
        self.bytes = 0;
    }

    /// Bytes of all texts in the findings.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reports that `rule` is broken at `location`; `values` fill the gaps of its message.
    pub(crate) fn add(&mut self, rule: &Rule, location: &Location, values: &[&str]) {
        if self.has_room(rule.severity) {
            self.list(rule, location, values);
        }
    }

    /// Notes what breaks a rule that operator-courier does not have.
    pub(crate) fn note(&mut self, rule: &Rule, location: &Location, values: &[&str]) {
        self.notes.push(finding(rule, location, values));
    }

    /// Reports that the value of `field` breaks `rule`.
    pub(crate) fn wrong_value(&mut self, rule: &Rule, field: &Field<'_>) {
        if self.has_room(rule.severity) {
            self.list(rule, &field.location(), &[]);
        }
    }

    /// Reports that the value at `location` breaks `rule`, since it does not match the `other` one.
    pub(crate) fn mismatch(
        &mut self,
        rule: &Rule,
        location: &Location,
        values: &[&str],
        other: impl FnOnce() -> String,
    ) {
        if self.has_room(rule.severity) {
            let found = format!("{}, but {}", location.found, other());
            let location = Location {
                found,
                ..location.clone()
            };
            self.list(rule, &location, values);
        }
    }

    /// Reports that `rule` is broken since the map `field` has no `key`, which also fills the gap of the message.
    pub(crate) fn missing(&mut self, rule: &Rule, field: &Field<'_>, key: &str) {
        if self.has_room(rule.severity) {
            self.list(rule, &field.location_without(key), &[key]);
        }
    }

    /// Reports a value that no schema allows in `field`. operator-courier crashes on it, or compares it in Python's own
    /// ways.
    pub(crate) fn wrong_type(&mut self, field: &Field<'_>, expected: &str) {
        if self.has_room(rules::TYPE.severity) {
            self.list_wrong_type(&field.location(), expected);
        }
    }

    /// As [`Report::wrong_type`], for a file whose tree is gone.
    pub(crate) fn wrong_type_at(&mut self, location: &Location, expected: &str) {
        if self.has_room(rules::TYPE.severity) {
            self.list_wrong_type(location, expected);
        }
    }

    fn list_wrong_type(&mut self, location: &Location, expected: &str) {
        let values = [
            &location.file,
            location.field.as_str(),
            expected,
            &location.found,
        ];
        self.list(&rules::TYPE, location, &values);
    }

    /// Counts a finding, and answers whether there is room to list it. An unlisted error still makes the manifests
    /// invalid.
    fn has_room(&mut self, severity: Severity) -> bool {
        let count = match severity {
            Severity::Refused | Severity::Error => &mut self.errors,
            Severity::Warning | Severity::Hint => &mut self.warnings,
        };
        *count += 1;
        let has_room = *count <= MAX_FINDINGS && self.bytes < MAX_TEXT;
        self.has_unlisted_errors |= !has_room && severity == Severity::Error;
        has_room
    }

    fn list(&mut self, rule: &Rule, location: &Location, values: &[&str]) {
        self.push(finding(rule, location, values));
    }

    fn push(&mut self, finding: Finding) {
        let texts = [&finding.field, &finding.found, &finding.message];
        self.bytes += finding.file.len() + texts.map(String::len).iter().sum::<usize>();
        self.findings.push(finding);
    }
}

/// A finding; `values` fill the gaps of the rule's message.
fn finding(rule: &Rule, location: &Location, values: &[&str]) -> Finding {
    let mut parts = rule.message.split("{}");
    let mut message = parts.next().unwrap_or_default().to_owned();
    for (value, part) in values.iter().zip(parts) {
        message += &shortened(value, MAX_VALUE);
        message += part;
    }
    Finding {
        severity: rule.severity,
        rule: rule.id,
        file: location.file.clone(),
        line: location.position.line,
        column: location.position.column,
        field: location.field.clone(),
        found: location.found.clone(),
        message,
        advice: rule.advice,
        of_bundle: None,
    }
}
