//! What the verdict found: operator-courier's two lists of messages, and for each where it is and what to do.

pub mod rules;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::yaml::{Node, Position, Problem, ReadError, Value};
use rules::Rule;

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
}

/// One thing to say about a manifest.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Error or warning.
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
    /// What stands there.
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

/// A place in a manifest that a rule can point at, kept after the file's tree is gone.
#[derive(Debug, Clone)]
pub struct Spot {
    /// Path in the archive.
    pub file: Arc<str>,
    /// Where the value starts.
    pub position: Position,
    /// The field, as in `spec.install`.
    pub field: String,
    /// What stands there.
    pub found: String,
}

/// All findings, in the order in which operator-courier would report them.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Errors and warnings, [`MAX_FINDINGS`] of each at most.
    pub findings: Vec<Finding>,
    errors: usize,
    warnings: usize,
    /// Of all texts in the findings.
    bytes: usize,
    /// There were more errors than are listed.
    overflowed: bool,
}

/// Characters of a value in a message: more than any name has.
const MAX_VALUE: usize = 1_000;

/// Errors, and as many warnings, that are listed: more than any operator has.
pub const MAX_FINDINGS: usize = 5_000;

/// Bytes of all texts in the findings of a report, give or take one.
pub const MAX_TEXT: usize = 1 << 20;

/// `validation_info` of an answer: the lists that clients know, and the findings beside them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ValidationInfo {
    /// Messages that make the manifests invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<String>>,
    /// Messages that do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// Where, what was found, what to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl ValidationInfo {
    /// A file that cannot be read has no lists, only a place.
    pub fn unreadable(file: &str, error: &ReadError) -> Self {
        let spot = Spot {
            file: file.into(),
            position: error.position,
            field: String::new(),
            found: error.problem.to_string(),
        };
        let rule = match &error.problem {
            Problem::SeveralDocuments => &rules::YAML_DOCUMENTS,
            problem if problem.is_limit() => &rules::YAML_LIMIT,
            _ => &rules::YAML,
        };
        let mut report = Report::default();
        report.add(rule, &spot, &[file, &error.to_string()]);
        ValidationInfo {
            errors: None,
            warnings: None,
            findings: report.findings,
        }
    }

    /// A value of a wrong type that ends all before there are lists.
    pub fn unfit(spot: &Spot, wanted: &str) -> Self {
        let mut report = Report::default();
        report.unfit_at(spot, wanted);
        ValidationInfo {
            findings: report.findings,
            ..ValidationInfo::default()
        }
    }

    /// Files that lie wrong have no lists, only a place.
    pub fn layout(rule: &Rule, spot: &Spot, found: String) -> Self {
        let spot = Spot {
            found,
            ..spot.clone()
        };
        let mut report = Report::default();
        report.add(rule, &spot, &[]);
        ValidationInfo {
            findings: report.findings,
            ..ValidationInfo::default()
        }
    }
}

impl Report {
    /// Whether nothing makes the manifests invalid.
    pub fn is_valid(&self) -> bool {
        !self.overflowed
            && self
                .findings
                .iter()
                .all(|finding| finding.severity == Severity::Warning)
    }

    /// The messages of one severity, in order.
    pub fn messages(&self, severity: Severity) -> Vec<String> {
        let of_severity = self
            .findings
            .iter()
            .filter(|finding| finding.severity == severity);
        of_severity.map(|finding| finding.message.clone()).collect()
    }

    /// The lists as an answer carries them.
    pub fn validation_info(&self) -> ValidationInfo {
        ValidationInfo {
            errors: Some(self.messages(Severity::Error)),
            warnings: Some(self.messages(Severity::Warning)),
            findings: self.findings.clone(),
        }
    }

    /// Appends what another report found.
    pub fn extend(&mut self, other: &Report) {
        self.overflowed |= other.overflowed;
        for finding in &other.findings {
            if self.has_room(finding.severity) {
                self.push(finding.clone());
            }
        }
    }

    /// Drops the findings, but not that there were errors.
    pub fn forget(&mut self) {
        self.overflowed |= !self.is_valid();
        self.findings = Vec::new();
        self.bytes = 0;
    }

    /// Counts a finding, and says whether it is to be listed. An error that is not listed is one all the same.
    fn has_room(&mut self, severity: Severity) -> bool {
        let count = match severity {
            Severity::Refused | Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        let has_room = *count <= MAX_FINDINGS && self.bytes < MAX_TEXT;
        self.overflowed |= !has_room && severity == Severity::Error;
        has_room
    }

    /// `rule` is broken at `spot`; `values` fill the gaps of its message.
    pub fn add(&mut self, rule: &Rule, spot: &Spot, values: &[&str]) {
        if self.has_room(rule.severity) {
            self.list(rule, spot, values);
        }
    }

    fn list(&mut self, rule: &Rule, spot: &Spot, values: &[&str]) {
        let mut parts = rule.message.split("{}");
        let mut message = parts.next().unwrap_or_default().to_owned();
        for (value, part) in values.iter().zip(parts) {
            message += &shortened(value, MAX_VALUE);
            message += part;
        }
        self.push(Finding {
            severity: rule.severity,
            rule: rule.id,
            file: spot.file.clone(),
            line: spot.position.line,
            column: spot.position.column,
            field: spot.field.clone(),
            found: spot.found.clone(),
            message,
            advice: rule.advice,
            of_bundle: None,
        });
    }

    fn push(&mut self, finding: Finding) {
        let texts = [&finding.field, &finding.found, &finding.message];
        self.bytes += finding.file.len() + texts.map(String::len).iter().sum::<usize>();
        self.findings.push(finding);
    }

    /// `rule` is broken by the value at `place`.
    pub fn wrong(&mut self, rule: &Rule, place: &Place<'_>) {
        if self.has_room(rule.severity) {
            self.list(rule, &place.spot(), &[]);
        }
    }

    /// `rule` is broken at `spot`, which does not fit what `other` says of another place.
    pub fn unlike(
        &mut self,
        rule: &Rule,
        spot: &Spot,
        values: &[&str],
        other: impl FnOnce() -> String,
    ) {
        if self.has_room(rule.severity) {
            let found = format!("{}, but {}", spot.found, other());
            let spot = Spot {
                found,
                ..spot.clone()
            };
            self.list(rule, &spot, values);
        }
    }

    /// `rule` is broken since the map at `place` has no `key`, which also fills the gap of its message.
    pub fn missing(&mut self, rule: &Rule, place: &Place<'_>, key: &str) {
        if self.has_room(rule.severity) {
            let spot = Spot {
                file: place.file(),
                position: place.node.position,
                field: place.field_of(key),
                found: "nothing".to_owned(),
            };
            self.list(rule, &spot, &[key]);
        }
    }

    /// The value at `place` has a type that no schema allows there; the reference crashes on it, or compares it by
    /// Python's own ways.
    pub fn unfit(&mut self, place: &Place<'_>, wanted: &str) {
        if self.has_room(rules::TYPE.severity) {
            self.list_unfit(&place.spot(), wanted);
        }
    }

    /// As [`Report::unfit`], for a place whose tree is gone.
    pub fn unfit_at(&mut self, spot: &Spot, wanted: &str) {
        if self.has_room(rules::TYPE.severity) {
            self.list_unfit(spot, wanted);
        }
    }

    fn list_unfit(&mut self, spot: &Spot, wanted: &str) {
        let values = [&spot.file, spot.field.as_str(), wanted, &spot.found];
        self.list(&rules::TYPE, spot, &values);
    }

    /// Bytes of all texts in the findings.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A value in a manifest, and how it was reached.
#[derive(Clone)]
pub struct Place<'a> {
    file: &'a Arc<str>,
    node: &'a Node,
    field: Cow<'a, str>,
}

impl<'a> Place<'a> {
    /// The root of a file's document.
    pub fn root(file: &'a Arc<str>, node: &'a Node) -> Self {
        Place {
            file,
            node,
            field: Cow::Borrowed(""),
        }
    }

    /// The value of `key`; nothing when this is no map or lacks it.
    pub fn get(&self, key: &str) -> Option<Place<'a>> {
        let node = self.node.get(key)?;
        Some(Place {
            file: self.file,
            node,
            field: Cow::Owned(self.field_of(key)),
        })
    }

    /// The items of a list; nothing when this is none.
    pub fn items(&self) -> Option<impl Iterator<Item = Place<'a>>> {
        let Value::Sequence(items) = &self.node.value else {
            return None;
        };
        let (file, field) = (self.file, self.field.clone());
        Some(items.iter().enumerate().map(move |(index, node)| Place {
            file,
            node,
            field: Cow::Owned(format!("{field}[{index}]")),
        }))
    }

    /// Path in the archive.
    pub fn file(&self) -> Arc<str> {
        self.file.clone()
    }

    /// What stands here.
    pub fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// The bytes of what stands here.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// Whether this is a map; if not, that is reported.
    pub fn must_be_map(&self, report: &mut Report) -> bool {
        let is_map = matches!(self.node.value, Value::Mapping(_));
        if !is_map {
            report.unfit(self, "a map");
        }
        is_map
    }

    /// This place, to be kept.
    pub fn spot(&self) -> Spot {
        Spot {
            file: self.file.clone(),
            position: self.node.position,
            field: self.field.clone().into_owned(),
            found: describe(&self.node.value),
        }
    }

    fn field_of(&self, key: &str) -> String {
        if self.field.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.field)
        }
    }
}

/// The start of a text, and an ellipsis where there is more.
fn shortened(text: &str, length: usize) -> Cow<'_, str> {
    match text.char_indices().nth(length) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// A value in a few words: `the string "Deployment"`, `a list of 2`, `a map of name, served`, `null`.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Sequence(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Sequence(items) => format!("a list of {}", items.len()),
        Value::Mapping(map) if map.entries.is_empty() => "an empty map".to_owned(),
        Value::Mapping(map) => {
            let keys = map.entries.iter().map(|entry| &*entry.key);
            let known = keys.take(5).filter_map(Node::as_str);
            let known: Vec<_> = known.map(|key| shortened(key, 60)).collect();
            let listed = known.join(", ");
            format!("a map of {}", shortened(&listed, 60))
        }
        Value::String(text) => {
            let short = shortened(text, 60);
            format!("the string {short:?}")
        }
        Value::Bool(truth) => format!("the boolean {truth}"),
        Value::Int(_) | Value::Float(_) => {
            let digits = value.to_python().unwrap_or_default();
            format!("the number {}", shortened(&digits, 60))
        }
        Value::Timestamp(moment) => format!("the date {moment}"),
        other => other.kind().to_owned(),
    }
}
