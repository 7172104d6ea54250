//! CRDs as apiextensions validates them, and what every cluster requires besides.

use serde_json::json;

use super::csv::{is_true, spot_at};
use super::findings::Findings;
use super::{names, rule};
use crate::bundle_image::document::{Document, absent, at, items, text};
use crate::bundle_image::draft::Draft;
use crate::report::{Field, Location, shortened};
use crate::yaml::{Node, Value};

const V1: &str = "apiextensions.k8s.io/v1";
const V1BETA1: &str = "apiextensions.k8s.io/v1beta1";

/// Groups whose APIs need Kubernetes' approval.
const PROTECTED: [&str; 2] = [".k8s.io", ".kubernetes.io"];

/// Characters of a property's name in a message.
const MAX_NAME: usize = 300;

/// Checks a bundle's CRDs.
pub(super) fn check(draft: &Draft, findings: &mut Findings) {
    for crd in draft.crds() {
        let place = crd.place();
        match crd.api_version() {
            V1 => {}
            V1BETA1 => say_v1beta1(crd, findings),
            other => {
                let message = format!("unsupported CRD version {other} for {}", crd.path);
                findings.say(&rule::CRD, spot_at(&place, "apiVersion"), message);
                continue;
            }
        }
        check_metadata(&place, findings);
        check_names(&place, findings);
        check_scope(&place, crd.api_version() == V1, findings);
        check_versions(&place, findings);
        check_pruning(&place, crd.api_version() == V1, findings);
        if crd.api_version() == V1 {
            check_schemas(&place, findings);
        }
    }
}

fn say_v1beta1(crd: &Document, findings: &mut Findings) {
    let message = format!(
        "this bundle is using APIs which were deprecated and removed in v1.22. More info: \
         https://kubernetes.io/docs/reference/using-api/deprecation-guide/#v1-22. Migrate the API(s) for CRD: ([{:?}])",
        crd.object_name()
    );
    findings.say(
        &rule::CRD_V1BETA1,
        spot_at(&crd.place(), "apiVersion"),
        message,
    );
}

/// One error of apiextensions: `<field>: <kind of error>: …`.
fn say(findings: &mut Findings, location: Location, error: &str) {
    let message = format!("{}: {error}", location.field);
    findings.say(&rule::CRD, location, message);
}

fn invalid(value: &str, problem: &str) -> String {
    format!("Invalid value: {value:?}: {problem}")
}

fn check_metadata(crd: &Field<'_>, findings: &mut Findings) {
    let name = text(crd, "metadata.name").unwrap_or("");
    let [plural, group] =
        ["spec.names.plural", "spec.group"].map(|path| text(crd, path).unwrap_or(""));
    if name.is_empty() {
        say(
            findings,
            spot_at(crd, "metadata.name"),
            "Required value: name or generateName is required",
        );
    } else if name != format!("{plural}.{group}") {
        let error = invalid(name, "must be spec.names.plural+\".\"+spec.group");
        say(findings, spot_at(crd, "metadata.name"), &error);
    }
    if text(crd, "metadata.namespace").is_some_and(|namespace| !namespace.is_empty()) {
        say(
            findings,
            spot_at(crd, "metadata.namespace"),
            "Forbidden: not allowed on this type",
        );
    }
    match group {
        "" => say(findings, spot_at(crd, "spec.group"), "Required value"),
        group if names::subdomain_problem(group).is_some() => {
            let error = invalid(group, names::subdomain_problem(group).unwrap_or_default());
            say(findings, spot_at(crd, "spec.group"), &error);
        }
        group if !group.contains('.') => {
            let error = invalid(group, "should be a domain with at least one dot");
            say(findings, spot_at(crd, "spec.group"), &error);
        }
        group => check_approval(crd, group, findings),
    }
}

/// APIs of Kubernetes' own groups need a link to their approval.
fn check_approval(crd: &Field<'_>, group: &str, findings: &mut Findings) {
    if !PROTECTED.iter().any(|suffix| group.ends_with(suffix)) {
        return;
    }
    let annotations = at(crd, "metadata.annotations");
    let annotation = annotations
        .as_ref()
        .and_then(|map| map.get("api-approved.kubernetes.io"));
    let value = annotation
        .as_ref()
        .and_then(|place| place.node().as_str())
        .unwrap_or("");
    let is_link = value
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    if is_link || value.starts_with("unapproved") {
        return;
    }
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    let error = match value {
        "" => format!(
            "Required value: protected groups must have approval annotation \"api-approved.kubernetes.io\", {see}"
        ),
        value => invalid(
            value,
            &format!(
                "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason starting with \"unapproved\", {see}"
            ),
        ),
    };
    let location = Location {
        field: "metadata.annotations[api-approved.kubernetes.io]".to_owned(),
        ..annotation.map_or_else(
            || spot_at(crd, "metadata.annotations"),
            |place| place.location(),
        )
    };
    say(findings, location, &error);
}

fn check_names(crd: &Field<'_>, findings: &mut Findings) {
    for (path, is_required) in [
        ("spec.names.plural", true),
        ("spec.names.singular", false),
        ("spec.names.kind", true),
        ("spec.names.listKind", false),
    ] {
        let name = text(crd, path).unwrap_or("");
        let is_kind = path.ends_with("ind");
        let error = match name {
            "" if is_required => "Required value".to_owned(),
            "" => continue,
            name if is_kind => match names::dns_1035_problem(&name.to_ascii_lowercase()) {
                Some(problem) => invalid(
                    name,
                    &format!("may have mixed case, but should otherwise match: {problem}"),
                ),
                None => continue,
            },
            name => match names::dns_1035_problem(name) {
                Some(problem) => invalid(name, problem),
                None => continue,
            },
        };
        say(findings, spot_at(crd, path), &error);
    }
    let [kind, list_kind] = ["spec.names.kind", "spec.names.listKind"].map(|path| text(crd, path));
    if let Some(kind) = kind.filter(|kind| !kind.is_empty() && list_kind == Some(kind)) {
        let error = invalid(kind, "kind and listKind may not be the same");
        say(findings, spot_at(crd, "spec.names.listKind"), &error);
    }
}

fn check_scope(crd: &Field<'_>, is_v1: bool, findings: &mut Findings) {
    let scope = text(crd, "spec.scope").unwrap_or("");
    match scope {
        "Cluster" | "Namespaced" => {}
        "" if !is_v1 => {} // v1beta1 has a default
        "" => say(findings, spot_at(crd, "spec.scope"), "Required value"),
        scope => {
            let error = format!(
                "Unsupported value: {scope:?}: supported values: \"Cluster\", \"Namespaced\""
            );
            say(findings, spot_at(crd, "spec.scope"), &error);
        }
    }
}

fn check_versions(crd: &Field<'_>, findings: &mut Findings) {
    let versions = items(crd, "spec.versions");
    let names: Vec<&str> = versions
        .iter()
        .map(|version| text(version, "name").unwrap_or(""))
        .collect();
    // In v1beta1 spec.version stands for a list of one.
    let is_single =
        versions.is_empty() && text(crd, "spec.version").is_some_and(|version| !version.is_empty());
    let stored = versions
        .iter()
        .filter(|version| is_true(version, "storage"))
        .count();
    if !is_single && stored != 1 {
        let written = if names.is_empty() {
            json!(null)
        } else {
            json!(names)
        };
        let error = format!(
            "Invalid value: {written}: must have exactly one version marked as storage version"
        );
        say(findings, spot_at(crd, "spec.versions"), &error);
    }
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        let error = format!(
            "Invalid value: {}: must contain unique version names",
            json!(names)
        );
        say(findings, spot_at(crd, "spec.versions"), &error);
    }
    for (version, name) in versions.iter().zip(&names) {
        if let Some(problem) = names::dns_1035_problem(name) {
            say(findings, spot_at(version, "name"), &invalid(name, problem));
        }
    }
}

/// Fields that no schema knows are dropped in v1, and kept in v1beta1 unless it says otherwise.
fn check_pruning(crd: &Field<'_>, is_v1: bool, findings: &mut Findings) {
    let written = at(crd, "spec.preserveUnknownFields");
    let keeps = written
        .as_ref()
        .map_or(!is_v1, |place| matches!(place.value(), Value::Bool(true)));
    if keeps {
        let error = "Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
             spec.versions[*].schema instead";
        say(findings, spot_at(crd, "spec.preserveUnknownFields"), error);
    }
}

/// The validators say nothing of schemas; clusters do.
fn check_schemas(crd: &Field<'_>, findings: &mut Findings) {
    for version in items(crd, "spec.versions") {
        let Some(schema) = at(&version, "schema.openAPIV3Schema") else {
            let location = absent(&version, "schema.openAPIV3Schema");
            let message = format!("{}: Required value: schemas are required", location.field);
            findings.say(&rule::CRD_SCHEMA, location, message);
            continue;
        };
        if schema.node().get("type").and_then(Node::as_str) != Some("object") {
            let location = spot_at(&schema, "type");
            let message = format!(
                "{}: Required value: must be object at the root",
                location.field
            );
            findings.say(&rule::CRD_SCHEMA, location, message);
        }
        if let Some(path) = without_type_below(schema.node()) {
            let location = schema.location();
            let message = format!(
                "{}{path}.type: Required value: must not be empty for specified object fields",
                location.field
            );
            findings.say(&rule::CRD_SCHEMA, location, message);
        }
    }
}

/// The way to the first field without a type, below a schema.
fn without_type_below(schema: &Node) -> Option<String> {
    if let Some(Value::Mapping(properties)) = schema.get("properties").map(|node| &node.value) {
        for entry in &properties.entries {
            if let Some(rest) = without_type(&entry.value) {
                let name = shortened(entry.key.as_str().unwrap_or(""), MAX_NAME);
                return Some(format!(".properties[{name}]{rest}"));
            }
        }
    }
    ["items", "additionalProperties"].iter().find_map(|key| {
        let inner = schema.get(key)?;
        let is_map = matches!(inner.value, Value::Mapping(_));
        let rest = without_type(inner).filter(|_| is_map)?;
        Some(format!(".{key}{rest}"))
    })
}

/// The way from a schema to the first field without a type, which may be itself.
fn without_type(schema: &Node) -> Option<String> {
    let free = [
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    ];
    let is_free = free.iter().any(|key| {
        matches!(
            schema.get(key).map(|node| &node.value),
            Some(Value::Bool(true))
        )
    });
    match is_free || schema.get("type").is_some() {
        true => without_type_below(schema),
        false => Some(String::new()),
    }
}
