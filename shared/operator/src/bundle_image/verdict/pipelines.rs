//! What operator-pipelines, which guards Red Hat's catalogs, would fail or warn of.

use semver::Version;

use super::csv::spot_at;
use super::findings::Findings;
use super::{Subject, rule};
use crate::bundle_image::document::{at, is_empty, text};
use crate::bundle_image::draft::Draft;

/// The annotation that says on which OpenShift versions a bundle is offered.
const OPENSHIFT_VERSIONS: &str = "com.redhat.openshift.versions";

/// Fields that a CSV must have.
const REQUIRED: [&str; 16] = [
    "metadata.annotations.capabilities",
    "metadata.annotations.categories",
    "metadata.annotations.containerImage",
    "metadata.annotations.createdAt",
    "metadata.annotations.repository",
    "metadata.annotations.support",
    "metadata.annotations.alm-examples",
    "metadata.annotations.description",
    "spec.displayName",
    "spec.description",
    "spec.icon",
    "spec.version",
    "spec.maintainers",
    "spec.provider.name",
    "spec.links",
    "spec.keywords",
];

/// Says which objects operator-pipelines does not take, though OLM does.
pub(super) fn check_kinds(draft: &Draft, findings: &mut Findings) {
    for document in draft
        .manifests
        .iter()
        .filter(|document| document.kind() == "NetworkPolicy")
    {
        let message = format!(
            "Bundle contains a NetworkPolicy in {}. Network policies are not a supported resource that Operator Lifecycle \
             Manager(OLM) can install and manage.",
            document.name()
        );
        findings.say(&rule::PIPELINES_KIND, document.location(), message);
    }
}

/// Checks a CSV's fields, and the versions for which it is offered.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    for field in REQUIRED {
        if is_empty(at(&csv, field).as_ref()) {
            let message = format!("CSV does not define {field}");
            findings.say(&rule::PIPELINES_FIELD, spot_at(&csv, field), message);
        }
    }
    check_versions(subject, findings);
}

/// OpenShift 4.n has Kubernetes 1.(n + 13): the oldest that the bundle is offered on should be one that it supports.
fn check_versions(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(annotations) = &subject.draft.annotations else {
        return;
    };
    let Some(written) = annotations.get(OPENSHIFT_VERSIONS) else {
        return;
    };
    let Some(oldest) = oldest_minor(written) else {
        let message = format!(
            "{OPENSHIFT_VERSIONS} {written:?} is no version or range such as v4.12, v4.12-v4.16 or =v4.14"
        );
        return findings.say(
            &rule::PIPELINES_VERSIONS,
            annotations.location(OPENSHIFT_VERSIONS),
            message,
        );
    };
    let csv = subject.csv.place();
    let supported =
        text(&csv, "spec.minKubeVersion").and_then(|version| Version::parse(version).ok());
    if let Some(supported) = supported
        && supported.major == 1
        && supported.minor > oldest + 13
    {
        let message = format!(
            "the bundle is offered on OpenShift 4.{oldest}, which has Kubernetes 1.{}, and spec.minKubeVersion is {supported}",
            oldest + 13
        );
        findings.say(
            &rule::PIPELINES_VERSIONS,
            spot_at(&csv, "spec.minKubeVersion"),
            message,
        );
    }
}

/// The oldest OpenShift 4 minor in `v4.12`, `v4.12-v4.16`, `=v4.14` or `v4.5,v4.6`.
fn oldest_minor(written: &str) -> Option<u64> {
    let first = written.trim_start_matches('=').split(['-', ',']).next()?;
    let minor = first.trim().trim_start_matches('v').strip_prefix("4.")?;
    minor.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_openshift_version_is_the_first() {
        for (written, wanted) in [
            ("v4.12", Some(12)),
            ("v4.12-v4.16", Some(12)),
            ("=v4.14", Some(14)),
            ("v4.5,v4.6", Some(5)),
            ("4.9", Some(9)),
            ("latest", None),
            ("v3.11", None),
        ] {
            assert_eq!(oldest_minor(written), wanted, "{written}");
        }
    }
}
