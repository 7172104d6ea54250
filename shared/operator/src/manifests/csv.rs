//! The rules of a ClusterServiceVersion.

mod owned;

use std::ops::Range;
use std::sync::Arc;

use super::crd::{comparable, is_empty};
use super::json;
use crate::report::rules;
use crate::report::{Field, Location, Report};
use crate::yaml::{self, Position, Value};
use owned::OwnedCrd;

/// What the rest of the verdict asks of a CSV.
#[derive(Debug, Default)]
pub(crate) struct Csv {
    /// `metadata.name`
    pub(crate) name: Option<Value>,
    /// `spec.customresourcedefinitions.owned`
    pub(crate) owned: Vec<OwnedCrd>,
    /// A `spec.description` that is not text: its bytes in the file, and the text that is pushed instead.
    pub(crate) description: Option<(Range<usize>, String)>,
    /// What is wrong with the CSV alone.
    pub(crate) report: Report,
}

/// CRDs that a CSV may own: more than any does.
const MAX_OWNED: usize = 1_000;

impl Csv {
    /// Reads a document of kind `ClusterServiceVersion`.
    pub(crate) fn read(root: &Field<'_>, bytes: &[u8]) -> Self {
        let mut csv = Csv::default();
        let mut report = Report::default();
        if let Some(metadata) = root.require_map("metadata", &rules::CSV_METADATA, &mut report) {
            csv.name = metadata.get("name").as_ref().map(comparable);
            check_metadata(&metadata, bytes, &mut report);
        }
        root.require("apiVersion", &rules::CSV_API_VERSION, &mut report);
        if let Some(spec) = root.require_map("spec", &rules::CSV_SPEC, &mut report) {
            csv.read_spec(&spec, &mut report);
        }
        Csv { report, ..csv }
    }

    fn read_spec(&mut self, spec: &Field<'_>, report: &mut Report) {
        for key in [
            "displayName",
            "description",
            "icon",
            "version",
            "provider",
            "maturity",
        ] {
            spec.require(key, &rules::CSV_SPEC_FIELD, report);
        }
        spec.require("installModes", &rules::CSV_INSTALL_MODES, report);
        if let Some(install) = spec.require_map("install", &rules::CSV_INSTALL, report) {
            check_install(&install, report);
        }
        if let Some(definitions) = spec.get("customresourcedefinitions")
            && !matches!(definitions.value(), Value::Null)
            && definitions.is_map(report)
            && let Some(owned) = definitions.get("owned")
        {
            self.read_owned(&owned, report);
        }
        if let Some(description) = spec.get("description") {
            self.read_description(&description, report);
        }
    }

    fn read_owned(&mut self, owned: &Field<'_>, report: &mut Report) {
        let Some(items) = owned.items() else {
            if !is_empty(owned.value()) {
                report.wrong_type(owned, "a list");
            }
            return;
        };
        for item in items {
            if self.owned.len() == MAX_OWNED {
                return report.wrong_type(owned, "a list of at most 1000 CRDs");
            }
            if item.is_map(report) {
                self.owned.push(OwnedCrd::read(&item));
            }
        }
    }

    /// operator-courier pushes the description as Python's `str()` of it, unless it is false in Python.
    fn read_description(&mut self, description: &Field<'_>, report: &mut Report) {
        match description.value() {
            Value::String(_) | Value::Null | Value::Bool(false) => {}
            Value::Int(digits) if digits == "0" => {}
            Value::Float(number) if *number == 0.0 => {}
            // An alias to it would push the text, too.
            _ if description.node().anchored => report.wrong_type(description, "a string"),
            value => match value.to_python() {
                Some(text) => self.description = Some((description.node().span.clone(), text)),
                None if is_empty(value) => {}
                None => report.wrong_type(description, "a string"),
            },
        }
    }

    /// Drops the owned CRDs, of which there are too many to keep.
    pub(crate) fn drop_owned(&mut self, file: &Arc<str>) {
        self.owned = Vec::new();
        let location = Location {
            file: file.clone(),
            position: Position::START,
            field: "spec.customresourcedefinitions.owned".to_owned(),
            found: "too many".to_owned(),
        };
        let expected = "a list, with 10000 CRDs at most in all CSVs";
        self.report.wrong_type_at(&location, expected);
    }
}

fn check_metadata(metadata: &Field<'_>, bytes: &[u8], report: &mut Report) {
    metadata.require("name", &rules::CSV_NAME, report);
    let annotations = metadata.require_map("annotations", &rules::CSV_ANNOTATIONS, report);
    let Some(annotations) = annotations else {
        return;
    };
    for key in [
        "categories",
        "description",
        "containerImage",
        "createdAt",
        "support",
    ] {
        annotations.require(key, &rules::CSV_ANNOTATION, report);
    }
    if let Some(certified) = annotations.require("certified", &rules::CSV_CERTIFIED, report)
        && !matches!(certified.value(), Value::String(_))
    {
        report.wrong_value(&rules::CSV_CERTIFIED_TYPE, &certified);
    }
    if let Some(examples) = annotations.get("alm-examples") {
        check_examples(&examples, bytes, report);
    }
}

fn check_examples(examples: &Field<'_>, bytes: &[u8], report: &mut Report) {
    let Value::String(text) = examples.value() else {
        return report.wrong_value(&rules::CSV_ALM_EXAMPLES, examples);
    };
    let Err(at) = json::check(text) else {
        return;
    };
    let location = examples.location();
    let place = yaml::position_in(bytes, examples.node(), text, at);
    let location = Location {
        position: place.unwrap_or(location.position),
        found: why_no_json(text, at),
        ..location
    };
    report.add(&rules::CSV_ALM_EXAMPLES, &location, &[]);
}

/// What stands at the byte from which on a text is not JSON.
fn why_no_json(text: &str, at: usize) -> String {
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let start: String = behind.chars().take(20).collect();
    let has_comma = before.trim_end().ends_with(',');
    match start.chars().next() {
        None if text.trim().is_empty() => "an empty text, which is not JSON".to_owned(),
        None => "JSON that ends too early".to_owned(),
        Some(bracket @ ('}' | ']')) if has_comma => format!("a comma before {bracket}"),
        Some(_) => format!("text that is not JSON, at {start:?}"),
    }
}

fn check_install(install: &Field<'_>, report: &mut Report) {
    if let Some(strategy) = install.require("strategy", &rules::CSV_STRATEGY, report)
        && !matches!(strategy.value(), Value::String(text) if text == "deployment")
    {
        report.wrong_value(&rules::CSV_STRATEGY_VALUE, &strategy);
    }
    let Some(spec) = install.require_map("spec", &rules::CSV_INSTALL_SPEC, report) else {
        return;
    };
    spec.require("deployments", &rules::CSV_DEPLOYMENTS, report);
    for key in ["deployments", "permissions", "clusterPermissions"] {
        if let Some(list) = spec.get(key)
            && !matches!(list.value(), Value::Sequence(_))
        {
            report.add(&rules::CSV_INSTALL_LIST, &list.location(), &[key]);
        }
    }
}
