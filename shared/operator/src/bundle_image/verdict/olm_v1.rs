//! What OLM v1 cannot install: it takes registry+v1, and checks at install.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::csv::{is_true, spot_at};
use super::findings::Findings;
use super::{Subject, names, rule};
use crate::bundle_image::document::{items, text, texts};
use crate::bundle_image::size;
use crate::report::Field;

/// Bytes of all objects together: OLM v1 keeps them in one.
const MAX_OBJECTS: usize = 3 << 19;

/// Resources of admissionregistration.k8s.io that no webhook may name.
const FORBIDDEN_RESOURCES: [&str; 5] = [
    "*",
    "mutatingwebhookconfiguration",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfiguration",
    "validatingwebhookconfigurations",
];

/// Checks a bundle whose dependencies have these types.
pub(super) fn check(subject: &Subject<'_>, dependencies: &[String], findings: &mut Findings) {
    let csv = subject.csv.place();
    check_dependencies(&csv, dependencies, findings);
    check_install_modes(&csv, findings);
    let deployments = check_deployments(&csv, findings);
    check_webhooks(&csv, &deployments, findings);
    check_crds(subject, findings);
    let objects = subject.draft.manifests.iter();
    let size: usize = objects
        .map(|document| size::as_json(document.place().node()))
        .sum();
    if size > MAX_OBJECTS {
        let message = format!(
            "the bundle's objects have {size} bytes together, more than one object may have"
        );
        findings.say(&rule::V1_SIZE, csv.location(), message);
    }
}

fn check_dependencies(csv: &Field<'_>, dependencies: &[String], findings: &mut Findings) {
    let required = ["customresourcedefinitions", "apiservicedefinitions"];
    let needs_kinds = required
        .iter()
        .any(|key| !items(csv, &format!("spec.{key}.required")).is_empty());
    let mut properties: BTreeSet<&str> = dependencies
        .iter()
        .filter_map(|kind| match kind.as_str() {
            "olm.gvk" => Some("olm.gvk.required"),
            "olm.package" => Some("olm.package.required"),
            "olm.constraint" | "olm.label" => Some("olm.constraint"),
            _ => None,
        })
        .collect();
    if needs_kinds {
        properties.insert("olm.gvk.required");
    }
    for property in properties {
        let message = format!(
            "has a dependency declared via property {property:?} which is currently not supported"
        );
        findings.say(&rule::V1_DEPENDENCY, csv.location(), message);
    }
}

fn check_install_modes(csv: &Field<'_>, findings: &mut Findings) {
    let modes = items(csv, "spec.installModes");
    let supported: Vec<&str> = modes
        .iter()
        .filter(|mode| is_true(mode, "supported"))
        .filter_map(|mode| text(mode, "type"))
        .collect();
    let location = spot_at(csv, "spec.installModes");
    if !supported.is_empty() && !supported.contains(&"AllNamespaces") {
        let message =
            "the install mode AllNamespaces is not supported: installing requires watchNamespace";
        findings.say(&rule::V1_INSTALL_MODE, location.clone(), message);
    }
    let webhooks = items(csv, "spec.webhookdefinitions");
    let converts = webhooks
        .iter()
        .any(|webhook| text(webhook, "type") == Some("ConversionWebhook"));
    if converts && supported.iter().any(|mode| *mode != "AllNamespaces") {
        let message =
            "bundle contains conversion webhooks and supports install modes beyond AllNamespaces";
        findings.say(&rule::V1_INSTALL_MODE, location, message);
    }
}

/// Checks the names of the deployments, and gives them.
fn check_deployments<'a>(csv: &Field<'a>, findings: &mut Findings) -> HashSet<&'a str> {
    let mut deployments = HashSet::new();
    for deployment in items(csv, "spec.install.spec.deployments") {
        let name = text(&deployment, "name").unwrap_or("");
        if !deployments.insert(name) {
            let message = format!(
                "cluster service version contains duplicate strategy deployment spec '{name}'"
            );
            findings.say(&rule::V1_DUPLICATE, deployment.location(), message);
        }
        if let Some(problem) = names::subdomain_problem(name) {
            let message = format!(
                "invalid cluster service version strategy deployment name '{name}': {problem}"
            );
            findings.say(&rule::V1_NAME, spot_at(&deployment, "name"), message);
        }
    }
    deployments
}

fn check_webhooks(csv: &Field<'_>, deployments: &HashSet<&str>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for webhook in items(csv, "spec.webhookdefinitions") {
        let [kind, name, deployment] =
            ["type", "generateName", "deploymentName"].map(|key| text(&webhook, key).unwrap_or(""));
        if !seen.insert((kind, name)) {
            let message = format!("duplicate webhook '{name}' of type '{kind}'");
            findings.say(&rule::V1_DUPLICATE, webhook.location(), message);
        }
        if let Some(problem) = names::subdomain_problem(name) {
            let message = format!("webhook of type '{kind}' has invalid name '{name}': {problem}");
            findings.say(&rule::V1_NAME, spot_at(&webhook, "generateName"), message);
        }
        if !deployments.contains(deployment) {
            let message = format!(
                "webhook of type '{kind}' with name '{name}' references non-existent deployment '{deployment}'"
            );
            findings.say(
                &rule::V1_WEBHOOK,
                spot_at(&webhook, "deploymentName"),
                message,
            );
        }
        if kind != "ConversionWebhook" {
            check_rules(&webhook, name, findings);
        }
    }
}

fn check_rules(webhook: &Field<'_>, name: &str, findings: &mut Findings) {
    for admission in items(webhook, "rules") {
        for group in texts(&admission, "apiGroups") {
            let mut say = |what: String| {
                let message = format!(
                    "webhook {name:?} contains forbidden rule: admission webhook rules cannot reference {what}"
                );
                findings.say(&rule::V1_WEBHOOK, admission.location(), message);
            };
            match group {
                "*" | "olm.operatorframework.io" => say(format!("API group {group:?}")),
                "admissionregistration.k8s.io" => {
                    for resource in texts(&admission, "resources") {
                        if FORBIDDEN_RESOURCES.contains(&resource.to_ascii_lowercase().as_str()) {
                            say(format!("resource {resource:?} for API group {group:?}"));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn check_crds(subject: &Subject<'_>, findings: &mut Findings) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for crd in subject.draft.crds() {
        let count = names.entry(crd.object_name()).or_default();
        *count += 1;
        if *count == 2 {
            let message = format!(
                "bundle contains duplicate custom resource definition '{}'",
                crd.object_name()
            );
            findings.say(&rule::V1_DUPLICATE, crd.location(), message);
        }
        if crd.api_version() == "apiextensions.k8s.io/v1beta1" {
            let message = format!(
                "the CRD {} is in v1beta1, and OLM v1 reads it as v1",
                crd.object_name()
            );
            findings.say(&rule::V1_CRD, spot_at(&crd.place(), "apiVersion"), message);
        }
    }
}
