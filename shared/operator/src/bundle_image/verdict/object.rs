//! Objects that could harm a cluster: budgets, priorities, permissions.

use super::csv::{is_true, spot_at};
use super::findings::Findings;
use super::rule;
use crate::bundle_image::document::{Document, at, items, texts};
use crate::bundle_image::draft::Draft;
use crate::report::Field;
use crate::yaml::Value;

/// The Security Context Constraints that OpenShift has from the start.
const DEFAULT_SCCS: [&str; 8] = [
    "privileged",
    "restricted",
    "anyuid",
    "hostaccess",
    "hostmount-anyuid",
    "hostnetwork",
    "node-exporter",
    "nonroot",
];

/// Checks a bundle's objects.
pub(super) fn check(draft: &Draft, findings: &mut Findings) {
    for document in &draft.manifests {
        match document.kind() {
            "PodDisruptionBudget" => check_budget(document, findings),
            "PriorityClass" if is_true(&document.place(), "globalDefault") => {
                let location = spot_at(&document.place(), "globalDefault");
                findings.say(
                    &rule::OBJECT,
                    location,
                    "globalDefault field cannot be set to true",
                );
            }
            "Role" | "ClusterRole" => {
                for permission in items(&document.place(), "rules") {
                    check_permission(&permission, findings);
                }
            }
            _ => {}
        }
    }
}

fn check_budget(document: &Document, findings: &mut Findings) {
    let place = document.place();
    let stops_all = |path, zero: &str| {
        at(&place, path).filter(|value| match value.value() {
            Value::Int(digits) => digits == zero,
            Value::String(text) => text.strip_suffix('%') == Some(zero),
            _ => false,
        })
    };
    if let Some(value) = stops_all("spec.maxUnavailable", "0") {
        findings.say(
            &rule::OBJECT,
            value.location(),
            "maxUnavailable field cannot be set to 0 or 0%",
        );
    }
    let all = at(&place, "spec.minAvailable")
        .filter(|value| matches!(value.value(), Value::String(text) if text == "100%"));
    if let Some(value) = all {
        findings.say(
            &rule::OBJECT,
            value.location(),
            "minAvailable field cannot be set to 100%",
        );
    }
}

fn check_permission(permission: &Field<'_>, findings: &mut Findings) {
    let has = |path, wanted: &[&str]| {
        texts(permission, path)
            .iter()
            .any(|text| wanted.contains(text))
    };
    if has("apiGroups", &["policy"])
        && has("resources", &["poddisruptionbudgets"])
        && has("verbs", &["*", "create", "update", "patch"])
    {
        let message = "RBAC includes permission to create/update poddisruptionbudgets, which could impact cluster stability";
        findings.say(&rule::OBJECT_WARNING, permission.location(), message);
    }
    if has("apiGroups", &["security.openshift.io"])
        && has("resources", &["securitycontextconstraints"])
        && has("verbs", &["*", "delete", "update", "patch"])
        && has("resourceNames", &DEFAULT_SCCS)
    {
        let message = "RBAC includes permission to modify default securitycontextconstraints, which could impact cluster stability";
        findings.say(&rule::OBJECT, permission.location(), message);
    }
}
