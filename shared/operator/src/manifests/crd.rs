//! The rules of a CustomResourceDefinition, and what CSVs are compared with.

use std::collections::HashMap;
use std::sync::Arc;

use crate::report::rules;
use crate::report::{Place, Report, Spot, describe};
use crate::yaml::{Identity, Position, Value, identity};

/// What a CSV's owned CRDs are compared with. Absent where the CRD does not say.
#[derive(Debug, Default)]
pub struct Crd {
    /// Path in the archive.
    pub file: Arc<str>,
    /// `metadata.name`
    pub name: Option<Value>,
    /// `spec.names.kind`
    pub kind: Option<Value>,
    /// `spec.names.plural`
    pub plural: Option<Value>,
    /// `spec.group`
    pub group: Option<Value>,
    /// `spec.version`
    pub version: Option<Value>,
    /// The names in `spec.versions`.
    pub versions: Option<Vec<Value>>,
    /// What is wrong with the CRD alone.
    pub report: Report,
}

impl Crd {
    /// Reads a document of kind `CustomResourceDefinition`.
    pub fn read(root: &Place<'_>) -> Self {
        let mut crd = Crd {
            file: root.file(),
            ..Crd::default()
        };
        let mut report = Report::default();
        match root.get("metadata") {
            None => report.missing(&rules::CRD_METADATA, root, "metadata"),
            Some(metadata) if metadata.must_be_map(&mut report) => match metadata.get("name") {
                None => report.missing(&rules::CRD_NAME, &metadata, "name"),
                Some(name) => crd.name = Some(comparable(&name)),
            },
            Some(_) => {}
        }
        if root.get("apiVersion").is_none() {
            report.missing(&rules::CRD_API_VERSION, root, "apiVersion");
        }
        match root.get("spec") {
            None => report.missing(&rules::CRD_SPEC, root, "spec"),
            Some(spec) if spec.must_be_map(&mut report) => crd.read_spec(&spec, &mut report),
            Some(_) => {}
        }
        Crd { report, ..crd }
    }

    fn name_spot(&self) -> Spot {
        Spot {
            file: self.file.clone(),
            position: Position { line: 1, column: 1 },
            field: "metadata.name".to_owned(),
            found: self.name.as_ref().map_or_else(String::new, describe),
        }
    }

    /// What stands in the CRD, for findings that compare with it: `crd.yaml says the string "v1"`.
    pub fn says(&self, values: &[Value]) -> String {
        let said: Vec<String> = values.iter().take(5).map(describe).collect();
        let said = if said.is_empty() {
            "nothing".to_owned()
        } else {
            said.join(", ")
        };
        format!("{} says {said}", self.file)
    }

    fn read_spec(&mut self, spec: &Place<'_>, report: &mut Report) {
        match spec.get("names") {
            None => report.missing(&rules::CRD_NAMES, spec, "names"),
            Some(names) if names.must_be_map(report) => {
                self.kind = names.get("kind").map(|kind| comparable(&kind));
                self.plural = names.get("plural").map(|plural| comparable(&plural));
                if self.kind.is_none() {
                    report.missing(&rules::CRD_KIND, &names, "kind");
                }
                if self.plural.is_none() {
                    report.missing(&rules::CRD_PLURAL, &names, "plural");
                }
            }
            Some(_) => {}
        }
        self.group = spec.get("group").map(|group| comparable(&group));
        if self.group.is_none() {
            report.missing(&rules::CRD_GROUP, spec, "group");
        }
        let version = spec.get("version");
        self.version = version.as_ref().map(comparable);
        match spec.get("versions") {
            None if version.is_none() => report.missing(&rules::CRD_VERSION, spec, "versions"),
            None => {}
            Some(versions) => self.read_versions(&versions, version.as_ref(), report),
        }
    }

    fn read_versions(
        &mut self,
        versions: &Place<'_>,
        version: Option<&Place<'_>>,
        report: &mut Report,
    ) {
        self.versions = Some(Vec::new());
        if is_empty(versions.value()) {
            return report.wrong(&rules::CRD_VERSIONS_EMPTY, versions);
        }
        let Some(items) = versions.items() else {
            return report.unfit(versions, "a list");
        };
        let (mut names, mut storage) = (Vec::new(), 0);
        for item in items {
            if !item.must_be_map(report) {
                continue;
            }
            if ["name", "served", "storage"]
                .iter()
                .any(|key| item.get(key).is_none())
            {
                report.wrong(&rules::CRD_VERSIONS_ITEM, &item);
            }
            if names.len() == MAX_VERSIONS {
                let wanted = format!("a list of at most {MAX_VERSIONS} versions");
                return report.unfit(versions, &wanted);
            }
            names.extend(item.get("name").map(|name| comparable(&name)));
            storage += usize::from(
                item.get("storage")
                    .is_some_and(|flag| matches!(flag.value(), Value::Bool(true))),
            );
        }
        // Beside a list the reference looks into spec.version's first character, and crashes where there is none.
        if let Some(version) = version
            && !matches!(version.value(), Value::String(text) if !text.is_empty())
        {
            report.unfit(version, "a version name");
        }
        if storage != 1 {
            let spot = Spot {
                found: format!("storage: true on {storage} of {}", names.len()),
                ..versions.spot()
            };
            report.add(&rules::CRD_STORAGE, &spot, &[]);
        }
        self.versions = Some(names);
    }
}

/// Versions of a CRD: more than any has, and each owned CRD is looked up in them.
const MAX_VERSIONS: usize = 1_000;

/// CRDs of one version that may have the same name; a cluster takes one.
const MAX_SAME: usize = 10;

/// The CRDs of one version by `metadata.name`.
pub struct Named<'a>(HashMap<Identity<'a>, Vec<&'a Crd>>);

impl<'a> Named<'a> {
    /// Sorts CRDs by name; too many of one name are an error.
    pub fn new(crds: &[&'a Crd], report: &mut Report) -> Self {
        let mut named: HashMap<_, Vec<&Crd>> = HashMap::new();
        for crd in crds {
            let Some(identity) = crd.name.as_ref().and_then(identity) else {
                continue;
            };
            let same = named.entry(identity).or_default();
            match same.len() {
                MAX_SAME => report.unfit_at(&crd.name_spot(), "a name that others do not have"),
                _ => same.push(crd),
            }
        }
        Named(named)
    }

    /// The CRDs of a name.
    pub fn get<'s>(&'s self, name: &'s Value) -> &'s [&'a Crd] {
        let found = identity(name).and_then(|identity| self.0.get(&identity));
        found.map_or(&[], Vec::as_slice)
    }
}

/// Bytes of a name: more than Kubernetes takes.
const MAX_NAME: usize = 1_000;

/// Digits of a number that is kept to be compared.
const MAX_DIGITS: usize = 100;

/// A value to compare later, without the memory that a collection or a text without end would keep.
pub fn comparable(place: &Place<'_>) -> Value {
    match place.value() {
        value @ (Value::Sequence(_) | Value::Mapping(_)) => Value::Other(value.kind()),
        Value::String(text) if text.len() > MAX_NAME => Value::Other("a long text"),
        Value::Binary(bytes) if bytes.len() > MAX_NAME => Value::Other("binary data"),
        Value::Int(digits) if digits.len() > MAX_DIGITS => Value::Other("a long number"),
        value => value.clone(),
    }
}

/// What has a length of zero in Python.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.entries.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
