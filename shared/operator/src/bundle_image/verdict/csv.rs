//! A CSV's own fields, as operator-sdk's csv validator checks them.

use semver::Version;

use super::findings::Findings;
use super::{Subject, names, rule};
use crate::bundle_image::document::{absent, at, is_empty, items, text, texts};
use crate::report::{Field, Location};
use crate::yaml::Value;

/// Annotations whose case matters.
const CASE_SENSITIVE: [&str; 5] = [
    "olm.operatorGroup",
    "olm.operatorNamespace",
    "olm.targetNamespaces",
    "olm.providedAPIs",
    "olm.skipRange",
];

/// An item of the annotation `olm.properties`.
#[derive(serde::Deserialize)]
struct Property {
    #[serde(rename = "type")]
    _kind: String,
    #[serde(rename = "value", default)]
    _value: serde::de::IgnoredAny,
}

/// Characters of a name that becomes a label's value.
const MAX_LABEL: usize = 63;

/// Checks a CSV.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    check_name(&csv, subject.name, findings);
    check_version(&csv, findings);
    check_install_modes(&csv, findings);
    check_kube_version(&csv, findings);
    check_required(&csv, findings);
    check_annotations(&csv, findings);
    if subject.csv.api_version().is_empty() {
        findings.say(
            &rule::CSV,
            absent(&csv, "apiVersion"),
            "'apiVersion' is missing",
        );
    }
}

fn check_name(csv: &Field<'_>, name: &str, findings: &mut Findings) {
    let location = spot_at(csv, "metadata.name");
    if name.is_empty() {
        findings.say(
            &rule::CSV_NAME_MISSING,
            location.clone(),
            "metadata.name must be set: it is the bundle's name",
        );
    }
    check_reference("metadata.name", name, location, findings);
    if let Some(replaces) = text(csv, "spec.replaces").filter(|name| !name.is_empty()) {
        check_reference(
            "spec.replaces",
            replaces,
            spot_at(csv, "spec.replaces"),
            findings,
        );
    }
}

fn check_reference(field: &str, name: &str, location: Location, findings: &mut Findings) {
    let too_long = (name.len() > MAX_LABEL).then_some("must be no more than 63 characters");
    let problems: Vec<&str> = names::subdomain_problem(name)
        .into_iter()
        .chain(too_long)
        .collect();
    if !problems.is_empty() {
        let message = format!("{field} {name:?} is invalid: {}", problems.join(","));
        findings.say(&rule::CSV, location, message);
    }
}

/// opm renders a bundle without a version, and no catalog can order it.
fn check_version(csv: &Field<'_>, findings: &mut Findings) {
    let version = text(csv, "spec.version").unwrap_or("");
    let is_no_text = version.is_empty() && !is_empty(at(csv, "spec.version").as_ref());
    if is_no_text {
        // That it cannot be decoded is said of its type.
    } else if version.is_empty() {
        findings.say(
            &rule::VERSION,
            spot_at(csv, "spec.version"),
            "csv.Spec.Version must be set",
        );
    } else if let Err(error) = Version::parse(version) {
        let message = format!("spec.version {version:?} is no semantic version: {error}");
        findings.say(&rule::VERSION, spot_at(csv, "spec.version"), message);
    }
}

fn check_install_modes(csv: &Field<'_>, findings: &mut Findings) {
    let modes = items(csv, "spec.installModes");
    let location = spot_at(csv, "spec.installModes");
    if modes.is_empty() {
        return findings.say(&rule::CSV, location, "install modes not found");
    }
    let supported: Vec<&str> = modes
        .iter()
        .filter(|mode| is_true(mode, "supported"))
        .filter_map(|mode| text(mode, "type"))
        .collect();
    if supported.is_empty() {
        findings.say(
            &rule::CSV,
            location.clone(),
            "none of InstallModeTypes are supported",
        );
    }
    let all = modes
        .iter()
        .filter(|mode| text(mode, "type") == Some("AllNamespaces"));
    let is_all_alone = supported.iter().all(|mode| *mode == "AllNamespaces")
        && all.into_iter().all(|mode| is_true(mode, "supported"));
    let webhooks = items(csv, "spec.webhookdefinitions");
    if !is_all_alone
        && webhooks
            .iter()
            .any(|webhook| !texts(webhook, "conversionCRDs").is_empty())
    {
        let message =
            "only AllNamespaces InstallModeType is supported when conversionCRDs is present";
        findings.say(&rule::CSV, location, message);
    }
}

fn check_kube_version(csv: &Field<'_>, findings: &mut Findings) {
    let location = spot_at(csv, "spec.minKubeVersion");
    let version = text(csv, "spec.minKubeVersion").unwrap_or("");
    if version.trim().is_empty() {
        let message = "csv.Spec.minKubeVersion is not informed. It is recommended you provide this information. Otherwise, it \
             would mean that your operator project can be distributed and installed in any cluster version available, which \
             is not necessarily the case for all projects.";
        findings.say(&rule::CSV_KUBE_VERSION, location, message);
    } else if Version::parse(version).is_err() {
        let message = format!("csv.Spec.MinKubeVersion has an invalid value: {version}");
        findings.say(&rule::CSV, location, message);
    }
}

/// The fields without which Go's structures call a CSV incomplete.
fn check_required(csv: &Field<'_>, findings: &mut Findings) {
    let spec = at(csv, "spec");
    let mut missing = Vec::new();
    if is_empty(spec.as_ref()) {
        missing.push("spec");
    } else {
        let install = at(csv, "spec.install");
        let strategy_spec = at(csv, "spec.install.spec");
        if is_empty(at(csv, "spec.displayName").as_ref()) {
            missing.push("spec.displayName");
        }
        if is_empty(install.as_ref()) {
            missing.push("spec.install");
        } else if is_empty(at(csv, "spec.install.strategy").as_ref()) {
            missing.push("spec.install.strategy");
        }
        let has_permissions = ["permissions", "clusterPermissions"].iter().any(|key| {
            strategy_spec
                .as_ref()
                .is_some_and(|spec| !is_empty(spec.get(key).as_ref()))
        });
        if has_permissions && is_empty(at(csv, "spec.install.spec.deployments").as_ref()) {
            missing.push("spec.install.spec.deployments");
        }
    }
    for field in missing {
        findings.say(
            &rule::CSV,
            spot_at(csv, field),
            format!("required field missing: {field}"),
        );
    }
}

fn check_annotations(csv: &Field<'_>, findings: &mut Findings) {
    let Some(annotations) = at(csv, "metadata.annotations") else {
        return;
    };
    let Value::Mapping(map) = annotations.value() else {
        return;
    };
    for key in map.entries.iter().filter_map(|entry| entry.key.as_str()) {
        let location = || {
            annotations
                .get(key)
                .map_or_else(|| annotations.location(), |place| place.location())
        };
        let known = CASE_SENSITIVE
            .iter()
            .find(|known| known.eq_ignore_ascii_case(key));
        if let Some(known) = known.filter(|known| **known != key) {
            let message =
                format!("provided annotation {key} uses wrong case and should be {known} instead");
            findings.say(&rule::CSV, location(), message);
        }
        if key == "olm.properties" {
            let message = "found olm.properties annotation, please define these properties in metadata/properties.yaml instead";
            findings.say(&rule::CSV_PROPERTIES, location(), message);
            let text = annotations
                .get(key)
                .and_then(|place| place.node().as_str())
                .unwrap_or("[]");
            if let Err(error) = serde_json::from_str::<Vec<Property>>(text) {
                let message = format!("olm.properties is no list of properties: {error}");
                findings.say(&rule::CSV_PROPERTIES_JSON, location(), message);
            }
        }
    }
}

/// Where a field stands; where it would, when it is absent.
pub(super) fn spot_at(place: &Field<'_>, path: &str) -> Location {
    at(place, path).map_or_else(|| absent(place, path), |place| place.location())
}

/// Whether a field is `true`.
pub(super) fn is_true(place: &Field<'_>, key: &str) -> bool {
    place
        .get(key)
        .is_some_and(|place| matches!(place.value(), Value::Bool(true)))
}
