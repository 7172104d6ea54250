//! What operator-sdk recommends.

use semver::Version;

use super::csv::spot_at;
use super::findings::Findings;
use super::{Subject, rule};
use crate::bundle_image::annotations::CHANNELS;
use crate::bundle_image::document::{at, is_empty, items, text, texts};
use crate::report::Field;

/// Starts of channel names that follow the convention.
const CONVENTIONAL: [&str; 3] = ["candidate", "fast", "stable"];

/// Checks a bundle.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    check_requests(&csv, findings);
    for relation in ["owned", "required"] {
        for crd in items(&csv, &format!("spec.customresourcedefinitions.{relation}")) {
            if is_empty(crd.get("description").as_ref()) {
                let name = text(&crd, "name").unwrap_or("");
                let message = format!("{relation} CRD {name:?} has an empty description");
                findings.say(&rule::GOOD_PRACTICES, spot_at(&crd, "description"), message);
            }
        }
    }
    check_channels(subject, findings);
    check_name(&csv, subject.name, findings);
    check_permissions(&csv, findings);
}

fn check_requests(csv: &Field<'_>, findings: &mut Findings) {
    for deployment in items(csv, "spec.install.spec.deployments") {
        for container in items(&deployment, "spec.template.spec.containers") {
            if is_empty(at(&container, "resources.requests").as_ref()) {
                let name = text(&container, "name").unwrap_or("");
                let message = format!(
                    "unable to find the resource requests for the container: ({name}). It is recommended to ensure the \
                     resource request for CPU and Memory. Be aware that for some clusters configurations it is required to \
                     specify requests or limits for those values. Otherwise, the system or quota may reject Pod creation. \
                     More info: https://master.sdk.operatorframework.io/docs/best-practices/managing-resources/"
                );
                findings.say(
                    &rule::GOOD_PRACTICES,
                    spot_at(&container, "resources.requests"),
                    message,
                );
            }
        }
    }
}

fn check_channels(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(annotations) = &subject.draft.annotations else {
        return;
    };
    let channels = annotations.channels();
    let others: Vec<&str> = channels
        .iter()
        .map(|channel| channel.trim())
        .filter(|channel| !CONVENTIONAL.iter().any(|start| channel.starts_with(start)))
        .collect();
    if !others.is_empty() {
        let quoted: Vec<String> = others
            .iter()
            .map(|channel| format!("{channel:?}"))
            .collect();
        let message = format!(
            "channel(s) [{}] are not following the recommended naming convention: \
             https://olm.operatorframework.io/docs/best-practices/channel-naming",
            quoted.join(" ")
        );
        findings.say(
            &rule::GOOD_PRACTICES,
            annotations.location(CHANNELS),
            message,
        );
    }
}

/// A name is `<name>.v<semver>`.
fn check_name(csv: &Field<'_>, name: &str, findings: &mut Findings) {
    let message = match name.split_once(".v") {
        None => format!(
            "csv.metadata.Name {name} is not following the recommended naming convention: <operator-name>.v<semver> e.g. \
             memcached-operator.v0.0.1"
        ),
        Some((_, version)) if Version::parse(version).is_err() => format!(
            "csv.metadata.Name {name} is not following the versioning convention (MAJOR.MINOR.PATCH e.g 0.0.1): \
             https://semver.org/"
        ),
        Some(_) => return,
    };
    findings.say(
        &rule::GOOD_PRACTICES,
        spot_at(csv, "metadata.name"),
        message,
    );
}

fn check_permissions(csv: &Field<'_>, findings: &mut Findings) {
    for list in ["permissions", "clusterPermissions"] {
        for permission in items(csv, &format!("spec.install.spec.{list}")) {
            for permitted in items(&permission, "rules") {
                let has = |key, wanted: &[&str]| {
                    texts(&permitted, key)
                        .iter()
                        .any(|text| wanted.contains(text))
                };
                if has("apiGroups", &["apiextensions.k8s.io", "*"])
                    && has("resources", &["customresourcedefinitions", "*"])
                    && has("verbs", &["create", "patch", "*"])
                {
                    let message = "CSV contains permissions to create CRD. An Operator shouldn't deploy or manage other \
                         operators (such patterns are known as meta or super operators or include CRDs in its Operands). \
                         It's the Operator Lifecycle Manager's job to manage the deployment and lifecycle of operators.";
                    findings.say(&rule::GOOD_PRACTICES, permitted.location(), message);
                }
            }
        }
    }
}
