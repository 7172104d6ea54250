//! Whether a CSV can be decoded: Go refuses the whole document for one value of a wrong type.

use super::findings::Findings;
use super::rule;
use crate::bundle_image::document::{Document, at};
use crate::bundle_image::tag;
use crate::report::{Field, describe};
use crate::yaml::Value;

/// What a value must be; null passes everywhere, and so do fields that are not named.
enum Type {
    Text,
    Truth,
    /// A map whose values are texts.
    Texts,
    List(&'static Type),
    Map(&'static [(&'static str, Type)]),
}

use Type::{List, Map, Text, Texts, Truth};

/// The fields of a CSV that readers decode.
/// Source: operator-framework/api, `ClusterServiceVersion`, and Kubernetes' `DeploymentSpec` and `PolicyRule`.
const CSV: Type = Map(&[
    ("apiVersion", Text),
    (
        "metadata",
        Map(&[
            ("name", Text),
            ("namespace", Text),
            ("labels", Texts),
            ("annotations", Texts),
        ]),
    ),
    ("spec", SPEC),
]);

const SPEC: Type = Map(&[
    ("displayName", Text),
    ("description", Text),
    ("maturity", Text),
    ("version", Text),
    ("release", Text),
    ("minKubeVersion", Text),
    ("replaces", Text),
    ("skips", List(&Text)),
    ("keywords", List(&Text)),
    ("labels", Texts),
    ("annotations", Texts),
    ("selector", Map(&[("matchLabels", Texts)])),
    ("cleanup", Map(&[("enabled", Truth)])),
    ("provider", Map(&[("name", Text), ("url", Text)])),
    (
        "maintainers",
        List(&Map(&[("name", Text), ("email", Text)])),
    ),
    ("links", List(&Map(&[("name", Text), ("url", Text)]))),
    (
        "icon",
        List(&Map(&[("base64data", Text), ("mediatype", Text)])),
    ),
    (
        "installModes",
        List(&Map(&[("type", Text), ("supported", Truth)])),
    ),
    (
        "relatedImages",
        List(&Map(&[("name", Text), ("image", Text)])),
    ),
    (
        "nativeAPIs",
        List(&Map(&[("group", Text), ("version", Text), ("kind", Text)])),
    ),
    (
        "customresourcedefinitions",
        Map(&[("owned", List(&API)), ("required", List(&API))]),
    ),
    (
        "apiservicedefinitions",
        Map(&[("owned", List(&API)), ("required", List(&API))]),
    ),
    ("webhookdefinitions", List(&WEBHOOK)),
    ("install", Map(&[("strategy", Text), ("spec", INSTALL)])),
]);

const API: Type = Map(&[
    ("name", Text),
    ("group", Text),
    ("version", Text),
    ("kind", Text),
    ("deploymentName", Text),
    ("displayName", Text),
    ("description", Text),
]);

const WEBHOOK: Type = Map(&[
    ("type", Text),
    ("generateName", Text),
    ("deploymentName", Text),
    ("conversionCRDs", List(&Text)),
    ("admissionReviewVersions", List(&Text)),
    ("rules", List(&POLICY)),
]);

const INSTALL: Type = Map(&[
    (
        "deployments",
        List(&Map(&[
            ("name", Text),
            ("label", Texts),
            ("spec", Map(&[("template", Map(&[("spec", POD)]))])),
        ])),
    ),
    ("permissions", List(&PERMISSION)),
    ("clusterPermissions", List(&PERMISSION)),
]);

const PERMISSION: Type = Map(&[("serviceAccountName", Text), ("rules", List(&POLICY))]);

const POLICY: Type = Map(&[
    ("apiGroups", List(&Text)),
    ("apiVersions", List(&Text)),
    ("operations", List(&Text)),
    ("resources", List(&Text)),
    ("resourceNames", List(&Text)),
    ("nonResourceURLs", List(&Text)),
    ("verbs", List(&Text)),
]);

const POD: Type = Map(&[
    ("serviceAccountName", Text),
    ("containers", List(&CONTAINER)),
    ("initContainers", List(&CONTAINER)),
]);

const CONTAINER: Type = Map(&[
    ("name", Text),
    ("image", Text),
    ("command", List(&Text)),
    ("args", List(&Text)),
    ("env", List(&Map(&[("name", Text), ("value", Text)]))),
]);

/// Checks the types of a CSV's fields.
pub(super) fn check(csv: &Document, findings: &mut Findings) {
    check_value(&csv.place(), &CSV, findings);
    check_release(csv, findings);
}

fn check_value(place: &Field<'_>, wanted: &Type, findings: &mut Findings) {
    match (wanted, place.value()) {
        (_, Value::Null)
        | (Text, Value::String(_) | Value::Timestamp(_))
        | (Truth, Value::Bool(_)) => {}
        (Texts, Value::Mapping(map)) => {
            let keys = map.entries.iter().filter_map(|entry| entry.key.as_str());
            for value in keys.filter_map(|key| place.get(key)) {
                check_value(&value, &Text, findings);
            }
        }
        (List(wanted), Value::Sequence(_)) => {
            for item in place.items().into_iter().flatten() {
                check_value(&item, wanted, findings);
            }
        }
        (Map(fields), Value::Mapping(_)) => {
            for (key, wanted) in *fields {
                if let Some(value) = at(place, key) {
                    check_value(&value, wanted, findings);
                }
            }
        }
        (wanted, _) => say(place, wanted, findings),
    }
}

fn say(place: &Field<'_>, wanted: &Type, findings: &mut Findings) {
    let wanted = match wanted {
        Text => "a string",
        Truth => "true or false",
        Texts | Map(_) => "a map",
        List(_) => "a list",
    };
    let location = place.location();
    let message = format!(
        "{}: cannot be decoded as a ClusterServiceVersion: {} must be {wanted}, found {}",
        location.file,
        location.field,
        describe(place.value())
    );
    findings.say(&rule::CSV_FIELD, location, message);
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
            "{}: cannot be decoded as a ClusterServiceVersion: spec.release {text:?} must have 1 to 20 of the characters \
             0-9, A-Z, a-z, . and -",
            csv.path
        );
        findings.say(&rule::CSV_FIELD, release.location(), message);
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::Budget;

    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let csv = Document::read(
            &"csv.yaml".into(),
            &text.as_bytes().into(),
            &mut Budget::default(),
        );
        let mut findings = Findings::default();
        check(&csv.unwrap().unwrap(), &mut findings);
        let list = findings.into_list().into_iter();
        let start = "csv.yaml: cannot be decoded as a ClusterServiceVersion: ";
        list.map(|finding| finding.message.strip_prefix(start).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_value_of_a_wrong_type_is_named_with_its_field() {
        for (spec, wanted) in [
            (
                "version: 1.2",
                "spec.version must be a string, found the number 1.2",
            ),
            (
                "Version: 1.2",
                "spec.Version must be a string, found the number 1.2",
            ),
            ("icon: {}", "spec.icon must be a list, found an empty map"),
            (
                "keywords: [a, 1]",
                "spec.keywords[1] must be a string, found the number 1",
            ),
            (
                "labels: {a: yes}",
                "spec.labels.a must be a string, found the boolean true",
            ),
            (
                "install: {spec: {clusterPermissions: {a: b}}}",
                "spec.install.spec.clusterPermissions must be a list, found a map of a",
            ),
            (
                "release: a_b",
                "spec.release \"a_b\" must have 1 to 20 of the characters 0-9, A-Z, a-z, . and -",
            ),
        ] {
            let text = format!("kind: ClusterServiceVersion\nspec: {{{spec}}}\n");
            assert_eq!(messages(&text), [wanted], "{spec}");
        }
    }

    #[test]
    fn null_and_unknown_fields_pass() {
        let text = "kind: ClusterServiceVersion\nmetadata:\nspec: {version: , icon: , links: [null], other: 1, createdAt: 2020-01-02}\n";
        assert!(messages(text).is_empty());
    }
}
