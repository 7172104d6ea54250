//! The rules of a ClusterServiceVersion, alone and against the CRDs that it owns.

use std::ops::Range;
use std::sync::Arc;

use super::crd::{Crd, Named, comparable, is_empty};
use super::json;
use crate::report::rules;
use crate::report::{Place, Report, Spot};
use crate::yaml::{Position, Value};

/// What the rest of the verdict asks of a CSV.
#[derive(Debug, Default)]
pub struct Csv {
    /// `metadata.name`
    pub name: Option<Value>,
    /// `spec.customresourcedefinitions.owned`
    pub owned: Vec<Owned>,
    /// A `spec.description` that is not text: its bytes in the file, and the text that is pushed in their place.
    pub description: Option<(Range<usize>, String)>,
    /// What is wrong with the CSV alone.
    pub report: Report,
}

/// CRDs that a CSV may own: more than any does.
const MAX_OWNED: usize = 1_000;

/// A CRD that a CSV says it owns.
#[derive(Debug)]
pub struct Owned {
    spot: Spot,
    name: Option<Field>,
    kind: Option<Field>,
    version: Option<Field>,
}

/// A value and where it stands.
#[derive(Debug)]
struct Field {
    value: Value,
    spot: Spot,
}

impl Csv {
    /// Reads a document of kind `ClusterServiceVersion`.
    pub fn read(root: &Place<'_>) -> Self {
        let mut csv = Csv::default();
        let mut report = Report::default();
        match root.get("metadata") {
            None => report.missing(&rules::CSV_METADATA, root, "metadata"),
            Some(metadata) if metadata.must_be_map(&mut report) => {
                csv.name = metadata.get("name").map(|name| comparable(&name));
                check_metadata(&metadata, &mut report);
            }
            Some(_) => {}
        }
        if root.get("apiVersion").is_none() {
            report.missing(&rules::CSV_API_VERSION, root, "apiVersion");
        }
        match root.get("spec") {
            None => report.missing(&rules::CSV_SPEC, root, "spec"),
            Some(spec) if spec.must_be_map(&mut report) => csv.read_spec(&spec, &mut report),
            Some(_) => {}
        }
        Csv { report, ..csv }
    }

    fn read_spec(&mut self, spec: &Place<'_>, report: &mut Report) {
        for key in [
            "displayName",
            "description",
            "icon",
            "version",
            "provider",
            "maturity",
        ] {
            if spec.get(key).is_none() {
                report.missing(&rules::CSV_SPEC_FIELD, spec, key);
            }
        }
        if spec.get("installModes").is_none() {
            report.missing(&rules::CSV_INSTALL_MODES, spec, "installModes");
        }
        match spec.get("install") {
            None => report.missing(&rules::CSV_INSTALL, spec, "install"),
            Some(install) if install.must_be_map(report) => check_install(&install, report),
            Some(_) => {}
        }
        if let Some(definitions) = spec.get("customresourcedefinitions")
            && !matches!(definitions.value(), Value::Null)
            && definitions.must_be_map(report)
            && let Some(owned) = definitions.get("owned")
        {
            self.read_owned(&owned, report);
        }
        if let Some(description) = spec.get("description") {
            self.read_description(&description, report);
        }
    }

    fn read_owned(&mut self, owned: &Place<'_>, report: &mut Report) {
        let Some(items) = owned.items() else {
            if !is_empty(owned.value()) {
                report.unfit(owned, "a list");
            }
            return;
        };
        for item in items {
            if self.owned.len() == MAX_OWNED {
                return report.unfit(owned, "a list of at most 1000 CRDs");
            }
            if item.must_be_map(report) {
                let field = |key| {
                    let place = item.get(key)?;
                    Some(Field {
                        value: comparable(&place),
                        spot: place.spot(),
                    })
                };
                self.owned.push(Owned {
                    spot: item.spot(),
                    name: field("name"),
                    kind: field("kind"),
                    version: field("version"),
                });
            }
        }
    }

    /// The reference pushes the description as `str()` of what it is, unless that is nothing in Python's eyes.
    fn read_description(&mut self, description: &Place<'_>, report: &mut Report) {
        match description.value() {
            Value::String(_) | Value::Null | Value::Bool(false) => {}
            Value::Int(digits) if digits == "0" => {}
            Value::Float(number) if *number == 0.0 => {}
            // An alias to it would push the text, too.
            _ if description.node().anchored => report.unfit(description, "a string"),
            value => match value.to_python() {
                Some(text) => self.description = Some((description.node().span.clone(), text)),
                None if is_empty(value) => {}
                None => report.unfit(description, "a string"),
            },
        }
    }

    /// Forgets the owned CRDs, of which there are too many to keep.
    pub fn give_up_owned(&mut self, file: &Arc<str>) {
        self.owned = Vec::new();
        let spot = Spot {
            file: file.clone(),
            position: Position { line: 1, column: 1 },
            field: "spec.customresourcedefinitions.owned".to_owned(),
            found: "too many".to_owned(),
        };
        self.report
            .unfit_at(&spot, "a list, with 10000 CRDs at most in all CSVs");
    }

    /// Compares the owned CRDs with those of this version, in the reference's order.
    pub fn check_owned(&self, crds: &Named<'_>, report: &mut Report) {
        // Per owned name, in the order of their first match: where it stands, whether any version matched, and the CRD.
        let mut compared: Vec<(&Value, &Spot, bool, &Crd)> = Vec::new();
        for owned in &self.owned {
            owned.check(crds, report);
            let (Some(name), Some(version)) = (&owned.name, &owned.version) else {
                continue;
            };
            for crd in crds.get(&name.value) {
                let Some(theirs) = &crd.version else { continue };
                let matches = version.value == *theirs;
                match compared.iter_mut().find(|(seen, ..)| **seen == name.value) {
                    Some((_, _, matched, _)) => *matched |= matches,
                    None => compared.push((&name.value, &version.spot, matches, crd)),
                }
            }
        }
        for (_, spot, _, crd) in compared.iter().filter(|(_, _, matched, _)| !matched) {
            let says = || crd.says(crd.version.as_slice());
            report.unlike(&rules::OWNED_VERSION_MATCH, spot, &[], says);
        }
    }
}

impl Owned {
    fn check(&self, crds: &Named<'_>, report: &mut Report) {
        match &self.name {
            None => report.add(&rules::OWNED_NAME, &absent(&self.spot, "name"), &[]),
            Some(name) if !crds.get(&name.value).is_empty() => {}
            Some(name) => match name.value.to_python() {
                Some(text) => report.add(&rules::OWNED_UNKNOWN, &name.spot, &[&text]),
                None => report.unfit_at(&name.spot, "a string of at most 1000 bytes"),
            },
        }
        if self.kind.is_none() {
            report.add(&rules::OWNED_KIND, &absent(&self.spot, "kind"), &[]);
        }
        if self.version.is_none() {
            report.add(&rules::OWNED_VERSION, &absent(&self.spot, "version"), &[]);
        }
        let Some(name) = &self.name else { return };
        for crd in crds.get(&name.value) {
            self.compare(name, crd, report);
        }
    }

    fn compare(&self, name: &Field, crd: &Crd, report: &mut Report) {
        if let (Some(ours), Some(theirs)) = (&self.kind, &crd.kind)
            && ours.value != *theirs
        {
            let says = || crd.says(crd.kind.as_slice());
            report.unlike(&rules::OWNED_KIND_MATCH, &ours.spot, &[], says);
        }
        if let (Some(ours), Some(theirs)) = (&self.version, &crd.versions)
            && !theirs.contains(&ours.value)
        {
            let says = || crd.says(theirs);
            report.unlike(&rules::OWNED_VERSION_LISTED, &ours.spot, &[], says);
        }
        let (Some(plural), Some(group)) = (&crd.plural, &crd.group) else {
            return;
        };
        match (plural, group) {
            (Value::String(plural), Value::String(group)) => {
                let wanted = Value::String(format!("{plural}.{group}"));
                if name.value != wanted {
                    let says = || crd.says(&[wanted]);
                    report.unlike(&rules::OWNED_NAME_MATCH, &name.spot, &[], says);
                }
            }
            _ => {
                let file = &crd.file;
                let wanted = format!(
                    "named after a CRD whose plural and group are strings, unlike those in {file}"
                );
                report.unfit_at(&name.spot, &wanted);
            }
        }
    }
}

fn absent(spot: &Spot, key: &str) -> Spot {
    Spot {
        field: format!("{}.{key}", spot.field),
        found: "nothing".to_owned(),
        ..spot.clone()
    }
}

fn check_metadata(metadata: &Place<'_>, report: &mut Report) {
    if metadata.get("name").is_none() {
        report.missing(&rules::CSV_NAME, metadata, "name");
    }
    let Some(annotations) = metadata.get("annotations") else {
        return report.missing(&rules::CSV_ANNOTATIONS, metadata, "annotations");
    };
    if !annotations.must_be_map(report) {
        return;
    }
    for key in [
        "categories",
        "description",
        "containerImage",
        "createdAt",
        "support",
    ] {
        if annotations.get(key).is_none() {
            report.missing(&rules::CSV_ANNOTATION, &annotations, key);
        }
    }
    match annotations.get("certified") {
        None => report.missing(&rules::CSV_CERTIFIED, &annotations, "certified"),
        Some(certified) if matches!(certified.value(), Value::String(_)) => {}
        Some(certified) => report.wrong(&rules::CSV_CERTIFIED_TYPE, &certified),
    }
    if let Some(examples) = annotations.get("alm-examples") {
        check_examples(&examples, report);
    }
}

fn check_examples(examples: &Place<'_>, report: &mut Report) {
    let Value::String(text) = examples.value() else {
        return report.wrong(&rules::CSV_ALM_EXAMPLES, examples);
    };
    if let Err(at) = json::check(text) {
        let before = text.get(..at).unwrap_or(text);
        let behind: String = text
            .get(at..)
            .unwrap_or_default()
            .chars()
            .take(20)
            .collect();
        let line = before.matches('\n').count() + 1;
        let found = match behind.as_str() {
            "" if text.trim().is_empty() => "an empty text, which is no JSON".to_owned(),
            "" => format!("JSON that ends too early, in its line {line}"),
            behind => format!("text that is no JSON from its line {line} on, at {behind:?}"),
        };
        let spot = Spot {
            found,
            ..examples.spot()
        };
        report.add(&rules::CSV_ALM_EXAMPLES, &spot, &[]);
    }
}

fn check_install(install: &Place<'_>, report: &mut Report) {
    match install.get("strategy") {
        None => report.missing(&rules::CSV_STRATEGY, install, "strategy"),
        Some(strategy) if matches!(strategy.value(), Value::String(text) if text == "deployment") =>
            {}
        Some(strategy) => report.wrong(&rules::CSV_STRATEGY_VALUE, &strategy),
    }
    let Some(spec) = install.get("spec") else {
        return report.missing(&rules::CSV_INSTALL_SPEC, install, "spec");
    };
    if !spec.must_be_map(report) {
        return;
    }
    for key in ["deployments", "permissions", "clusterPermissions"] {
        match spec.get(key) {
            None if key == "deployments" => report.missing(&rules::CSV_DEPLOYMENTS, &spec, key),
            None => {}
            Some(list) if matches!(list.value(), Value::Sequence(_)) => {}
            Some(list) => report.add(&rules::CSV_INSTALL_LIST, &list.spot(), &[key]),
        }
    }
}
