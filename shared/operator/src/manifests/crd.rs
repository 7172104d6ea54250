//! The rules of a CustomResourceDefinition, and what CSVs are compared with.

use std::collections::HashMap;
use std::sync::Arc;

use crate::report::rules;
use crate::report::{Field, Location, Report, describe};
use crate::yaml::{Identity, Position, Value, identity};

/// What a CSV's owned CRDs are compared with. A field that the CRD does not have is absent.
#[derive(Debug, Default)]
pub(crate) struct Crd {
    /// Path in the archive.
    pub(crate) file: Arc<str>,
    /// `metadata.name`
    pub(crate) name: Option<Value>,
    /// `spec.names.kind`
    pub(crate) kind: Option<Value>,
    /// `spec.names.plural`
    pub(crate) plural: Option<Value>,
    /// `spec.group`
    pub(crate) group: Option<Value>,
    /// `spec.version`
    pub(crate) version: Option<Value>,
    /// The names in `spec.versions`.
    pub(crate) versions: Option<Vec<Value>>,
    /// What is wrong with the CRD alone.
    pub(crate) report: Report,
}

impl Crd {
    /// Reads a document of kind `CustomResourceDefinition`.
    pub(crate) fn read(root: &Field<'_>) -> Self {
        let mut crd = Crd {
            file: root.file(),
            ..Crd::default()
        };
        let mut report = Report::default();
        if let Some(metadata) = root.require_map("metadata", &rules::CRD_METADATA, &mut report) {
            let name = metadata.require("name", &rules::CRD_NAME, &mut report);
            crd.name = name.as_ref().map(comparable);
        }
        root.require("apiVersion", &rules::CRD_API_VERSION, &mut report);
        if let Some(spec) = root.require_map("spec", &rules::CRD_SPEC, &mut report) {
            crd.read_spec(&spec, &mut report);
        }
        Crd { report, ..crd }
    }

    fn read_spec(&mut self, spec: &Field<'_>, report: &mut Report) {
        if let Some(names) = spec.require_map("names", &rules::CRD_NAMES, report) {
            let kind = names.require("kind", &rules::CRD_KIND, report);
            self.kind = kind.as_ref().map(comparable);
            let plural = names.require("plural", &rules::CRD_PLURAL, report);
            self.plural = plural.as_ref().map(comparable);
        }
        let group = spec.require("group", &rules::CRD_GROUP, report);
        self.group = group.as_ref().map(comparable);
        let version = spec.get("version");
        self.version = version.as_ref().map(comparable);
        match (spec.get("versions"), &version) {
            (Some(versions), _) => self.read_versions(&versions, version.as_ref(), report),
            (None, None) => report.missing(&rules::CRD_VERSION, spec, "versions"),
            (None, Some(_)) => {}
        }
    }

    fn read_versions(
        &mut self,
        versions: &Field<'_>,
        version: Option<&Field<'_>>,
        report: &mut Report,
    ) {
        self.versions = Some(Vec::new());
        if is_empty(versions.value()) {
            return report.wrong_value(&rules::CRD_VERSIONS_EMPTY, versions);
        }
        let Some(items) = versions.items() else {
            return report.wrong_type(versions, "a list");
        };
        let (mut names, mut storage) = (Vec::new(), 0);
        for item in items {
            if !item.is_map(report) {
                continue;
            }
            let lacks = |key: &&str| item.get(key).is_none();
            if ["name", "served", "storage"].iter().any(lacks) {
                report.wrong_value(&rules::CRD_VERSIONS_ITEM, &item);
            }
            if names.len() == MAX_VERSIONS {
                let expected = format!("a list of at most {MAX_VERSIONS} versions");
                return report.wrong_type(versions, &expected);
            }
            names.extend(item.get("name").as_ref().map(comparable));
            let flag = item.get("storage");
            let is_true = flag.is_some_and(|flag| matches!(flag.value(), Value::Bool(true)));
            storage += usize::from(is_true);
        }
        // Beside spec.versions operator-courier reads the first character of spec.version, and crashes without one.
        if let Some(version) = version
            && !matches!(version.value(), Value::String(text) if !text.is_empty())
        {
            report.wrong_type(version, "a version name");
        }
        if storage != 1 {
            let location = Location {
                found: format!("storage: true on {storage} of {}", names.len()),
                ..versions.location()
            };
            report.add(&rules::CRD_STORAGE, &location, &[]);
        }
        self.versions = Some(names);
    }

    /// The values that the CRD has, for findings that compare with it: `crd.yaml says the string "v1"`.
    pub(crate) fn says(&self, values: &[Value]) -> String {
        let described: Vec<String> = values.iter().take(5).map(describe).collect();
        let described = match described.as_slice() {
            [] => "nothing".to_owned(),
            described => described.join(", "),
        };
        format!("{} says {described}", self.file)
    }

    fn name_location(&self) -> Location {
        Location {
            file: self.file.clone(),
            position: Position::START,
            field: "metadata.name".to_owned(),
            found: self.name.as_ref().map_or_else(String::new, describe),
        }
    }
}

/// Versions of a CRD: more than any has. Each owned CRD is looked up in them.
const MAX_VERSIONS: usize = 1_000;

/// CRDs of one version that may have the same name; a cluster takes one.
const MAX_SAME: usize = 10;

/// The CRDs of one version by `metadata.name`.
pub(crate) struct CrdsByName<'a>(HashMap<Identity<'a>, Vec<&'a Crd>>);

impl<'a> CrdsByName<'a> {
    /// Sorts CRDs by name; too many of one name are an error.
    pub(crate) fn new(crds: &[&'a Crd], report: &mut Report) -> Self {
        let mut by_name: HashMap<_, Vec<&Crd>> = HashMap::new();
        for crd in crds {
            let Some(identity) = crd.name.as_ref().and_then(identity) else {
                continue;
            };
            let same = by_name.entry(identity).or_default();
            match same.len() {
                MAX_SAME => {
                    report.wrong_type_at(&crd.name_location(), "a name that others do not have");
                }
                _ => same.push(crd),
            }
        }
        CrdsByName(by_name)
    }

    /// The CRDs of a name.
    pub(crate) fn get<'s>(&'s self, name: &'s Value) -> &'s [&'a Crd] {
        let found = identity(name).and_then(|identity| self.0.get(&identity));
        found.map_or(&[], Vec::as_slice)
    }
}

/// Bytes of a name: more than Kubernetes takes.
const MAX_NAME: usize = 1_000;

/// Digits of a number that is kept to be compared.
const MAX_DIGITS: usize = 100;

/// A value to compare later, without the memory of a collection or of a text of any length.
pub(crate) fn comparable(field: &Field<'_>) -> Value {
    match field.value() {
        value @ (Value::Sequence(_) | Value::Mapping(_)) => Value::Other(value.kind()),
        Value::String(text) if text.len() > MAX_NAME => Value::Other("a long text"),
        Value::Int(digits) if digits.len() > MAX_DIGITS => Value::Other("a long number"),
        value => value.clone(),
    }
}

/// Whether a value has a length of zero in Python.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.entries.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
