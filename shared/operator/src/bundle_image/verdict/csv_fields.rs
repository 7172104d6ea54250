//! Whether a CSV can be decoded: Go refuses the whole document for one value of a wrong type.

use super::findings::Findings;
use super::rule;
use crate::bundle_image::document::Document;
use crate::bundle_image::tag;
use crate::report::{Place, describe};
use crate::yaml::Value;

/// What a field must be; null passes everywhere.
#[derive(Clone, Copy)]
enum Type {
    Text,
    Truth,
    List,
    Map,
    /// A map whose values are texts.
    Texts,
    /// A list whose items are texts.
    TextList,
}

use Type::{List, Map, Text, TextList, Texts, Truth};

/// The fields of a CSV that readers decode; `[]` is every item of a list.
/// Source: operator-framework/api, `ClusterServiceVersion`, and Kubernetes' `DeploymentSpec` and `PolicyRule`.
const FIELDS: [(&str, Type); 92] = [
    ("apiVersion", Text),
    ("metadata", Map),
    ("metadata.name", Text),
    ("metadata.namespace", Text),
    ("metadata.labels", Texts),
    ("metadata.annotations", Texts),
    ("spec", Map),
    ("spec.displayName", Text),
    ("spec.description", Text),
    ("spec.maturity", Text),
    ("spec.version", Text),
    ("spec.release", Text),
    ("spec.minKubeVersion", Text),
    ("spec.replaces", Text),
    ("spec.skips", TextList),
    ("spec.keywords", TextList),
    ("spec.labels", Texts),
    ("spec.annotations", Texts),
    ("spec.selector", Map),
    ("spec.cleanup", Map),
    ("spec.cleanup.enabled", Truth),
    ("spec.provider", Map),
    ("spec.provider.name", Text),
    ("spec.provider.url", Text),
    ("spec.maintainers", List),
    ("spec.maintainers[]", Map),
    ("spec.maintainers[].name", Text),
    ("spec.maintainers[].email", Text),
    ("spec.links", List),
    ("spec.links[]", Map),
    ("spec.links[].name", Text),
    ("spec.links[].url", Text),
    ("spec.icon", List),
    ("spec.icon[]", Map),
    ("spec.icon[].base64data", Text),
    ("spec.icon[].mediatype", Text),
    ("spec.installModes", List),
    ("spec.installModes[]", Map),
    ("spec.installModes[].type", Text),
    ("spec.installModes[].supported", Truth),
    ("spec.relatedImages", List),
    ("spec.relatedImages[]", Map),
    ("spec.relatedImages[].name", Text),
    ("spec.relatedImages[].image", Text),
    ("spec.nativeAPIs", List),
    ("spec.nativeAPIs[]", Map),
    ("spec.customresourcedefinitions", Map),
    ("spec.customresourcedefinitions.owned", List),
    ("spec.customresourcedefinitions.owned[]", Map),
    ("spec.customresourcedefinitions.owned[].name", Text),
    ("spec.customresourcedefinitions.owned[].version", Text),
    ("spec.customresourcedefinitions.owned[].kind", Text),
    ("spec.customresourcedefinitions.owned[].displayName", Text),
    ("spec.customresourcedefinitions.owned[].description", Text),
    ("spec.customresourcedefinitions.required", List),
    ("spec.customresourcedefinitions.required[]", Map),
    ("spec.customresourcedefinitions.required[].name", Text),
    ("spec.customresourcedefinitions.required[].version", Text),
    ("spec.customresourcedefinitions.required[].kind", Text),
    ("spec.apiservicedefinitions", Map),
    ("spec.apiservicedefinitions.owned", List),
    ("spec.apiservicedefinitions.owned[]", Map),
    ("spec.apiservicedefinitions.required", List),
    ("spec.webhookdefinitions", List),
    ("spec.webhookdefinitions[]", Map),
    ("spec.webhookdefinitions[].type", Text),
    ("spec.webhookdefinitions[].generateName", Text),
    ("spec.webhookdefinitions[].deploymentName", Text),
    ("spec.webhookdefinitions[].conversionCRDs", TextList),
    (
        "spec.webhookdefinitions[].admissionReviewVersions",
        TextList,
    ),
    ("spec.webhookdefinitions[].rules", List),
    ("spec.install", Map),
    ("spec.install.strategy", Text),
    ("spec.install.spec", Map),
    ("spec.install.spec.deployments", List),
    ("spec.install.spec.deployments[]", Map),
    ("spec.install.spec.deployments[].name", Text),
    ("spec.install.spec.deployments[].spec", Map),
    ("spec.install.spec.deployments[].spec.template", Map),
    ("spec.install.spec.deployments[].spec.template.spec", Map),
    (
        "spec.install.spec.deployments[].spec.template.spec.serviceAccountName",
        Text,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers",
        List,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[]",
        Map,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[].name",
        Text,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[].image",
        Text,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[].command",
        TextList,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[].args",
        TextList,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.containers[].env[].value",
        Text,
    ),
    (
        "spec.install.spec.deployments[].spec.template.spec.initContainers",
        List,
    ),
    ("spec.install.spec.permissions", List),
    ("spec.install.spec.permissions[]", Map),
    ("spec.install.spec.clusterPermissions", List),
];

/// Checks the types of a CSV's fields.
pub(super) fn check(csv: &Document, findings: &mut Findings) {
    for (path, wanted) in FIELDS {
        check_path(&csv.place(), path, wanted, findings);
    }
    check_release(csv, findings);
}

fn check_path(place: &Place<'_>, path: &str, wanted: Type, findings: &mut Findings) {
    match path.split_once("[]") {
        None => {
            if let Some(place) = at(place, path) {
                check_value(&place, wanted, findings);
            }
        }
        Some((list, rest)) => {
            let items =
                at(place, list).and_then(|list| list.items().map(Iterator::collect::<Vec<_>>));
            for item in items.unwrap_or_default() {
                check_path(&item, rest.trim_start_matches('.'), wanted, findings);
            }
        }
    }
}

fn at<'a>(place: &Place<'a>, path: &str) -> Option<Place<'a>> {
    match path {
        "" => Some(place.clone()),
        path => crate::bundle_image::document::at(place, path),
    }
}

fn check_value(place: &Place<'_>, wanted: Type, findings: &mut Findings) {
    let value = place.value();
    let (fits, words) = match wanted {
        Text => (is_text(value), "a string"),
        Truth => (matches!(value, Value::Bool(_)), "true or false"),
        List => (matches!(value, Value::Sequence(_)), "a list"),
        Map => (matches!(value, Value::Mapping(_)), "a map"),
        Texts => (are_texts(value), "a map of strings"),
        TextList => (
            matches!(value, Value::Sequence(items) if items.iter().all(|item| is_text(&item.value) || is_null(&item.value))),
            "a list of strings",
        ),
    };
    if !fits && !is_null(value) {
        let spot = place.spot();
        let message = format!(
            "{}: cannot be decoded as a ClusterServiceVersion: {} must be {words}, found {}",
            spot.file,
            spot.field,
            describe(value)
        );
        findings.say(&rule::CSV_FIELD, spot, message);
    }
}

fn is_null(value: &Value) -> bool {
    matches!(value, Value::Null)
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Timestamp(_))
}

fn are_texts(value: &Value) -> bool {
    let Value::Mapping(map) = value else {
        return false;
    };
    map.entries
        .iter()
        .all(|entry| is_text(&entry.value.value) || is_null(&entry.value.value))
}

fn check_release(csv: &Document, findings: &mut Findings) {
    let Some(release) = csv.at("spec.release") else {
        return;
    };
    if let Value::String(text) = release.value()
        && !text.is_empty()
        && tag::parse_release(text).is_none()
    {
        let message = format!(
            "{}: cannot be decoded as a ClusterServiceVersion: spec.release {text:?} must have 1 to 20 of the characters 0-9, A-Z, a-z, . and -",
            csv.path
        );
        findings.say(&rule::CSV_FIELD, release.spot(), message);
    }
}
