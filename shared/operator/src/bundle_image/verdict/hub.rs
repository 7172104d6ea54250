//! What OperatorHub shows of a CSV: provider, maintainers, links, icon, capabilities, categories.

use super::csv::spot_at;
use super::findings::Findings;
use super::{Subject, addresses, rule};
use crate::bundle_image::document::{at, items, text};
use crate::report::Field;
use crate::yaml::Value;

const CAPABILITIES: [&str; 5] = [
    "Basic Install",
    "Seamless Upgrades",
    "Full Lifecycle",
    "Deep Insights",
    "Auto Pilot",
];

const CATEGORIES: [&str; 16] = [
    "AI/Machine Learning",
    "Application Runtime",
    "Big Data",
    "Cloud Provider",
    "Developer Tools",
    "Database",
    "Integration & Delivery",
    "Logging & Tracing",
    "Modernization & Migration",
    "Monitoring",
    "Networking",
    "Observability",
    "OpenShift Optional",
    "Security",
    "Storage",
    "Streaming & Messaging",
];

const ICONS: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/svg+xml"];

/// Checks a CSV.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Findings) {
    let csv = subject.csv.place();
    if text(&csv, "spec.provider.name")
        .unwrap_or("")
        .trim()
        .is_empty()
    {
        let location = spot_at(&csv, "spec.provider.name");
        findings.say(&rule::HUB, location, "csv.Spec.Provider.Name not specified");
    }
    check_pairs(
        &csv,
        ("spec.maintainers", "Maintainers"),
        ("email", addresses::mail_problem),
        findings,
    );
    check_pairs(
        &csv,
        ("spec.links", "Links"),
        ("url", addresses::url_problem),
        findings,
    );
    check_icon(&csv, findings);
    check_annotations(&csv, findings);
}

/// Checks a list of names with addresses.
fn check_pairs(
    csv: &Field<'_>,
    (path, title): (&str, &str),
    (key, problem): (&str, fn(&str) -> Option<&'static str>),
    findings: &mut Findings,
) {
    for item in items(csv, path) {
        let [name, address] = ["name", key].map(|key| text(&item, key).unwrap_or(""));
        if name.is_empty() || address.is_empty() {
            let message = format!("csv.Spec.{title} elements should contain both name and {key}");
            findings.say(&rule::HUB, item.location(), message);
        }
        if let Some(problem) = problem(address).filter(|_| !address.is_empty()) {
            let message = format!("csv.Spec.{title} {key} {address} is invalid: {problem}");
            findings.say(&rule::HUB, spot_at(&item, key), message);
        }
    }
}

fn check_icon(csv: &Field<'_>, findings: &mut Findings) {
    let list = at(csv, "spec.icon");
    let Some(list) = list.filter(|list| matches!(list.value(), Value::Sequence(_))) else {
        let location = spot_at(csv, "spec.icon");
        return findings.say(&rule::HUB_WARNING, location, "csv.Spec.Icon not specified");
    };
    let icons = items(csv, "spec.icon");
    if icons.len() != 1 {
        findings.say(
            &rule::HUB,
            list.location(),
            "csv.Spec.Icon should only have one element",
        );
    }
    let Some(icon) = icons.first() else { return };
    let [data, mediatype] = ["base64data", "mediatype"].map(|key| text(icon, key).unwrap_or(""));
    if data.is_empty() || mediatype.is_empty() {
        let message = "csv.Spec.Icon elements should contain both data and mediatype";
        findings.say(&rule::HUB, icon.location(), message);
    }
    if !mediatype.is_empty() && !ICONS.contains(&mediatype) {
        let message = format!("csv.Spec.Icon {mediatype} does not have a valid mediatype");
        findings.say(&rule::HUB, spot_at(icon, "mediatype"), message);
    }
}

fn check_annotations(csv: &Field<'_>, findings: &mut Findings) {
    let [capabilities, categories] = [
        "metadata.annotations.capabilities",
        "metadata.annotations.categories",
    ];
    if let Some(level) = text(csv, capabilities).filter(|level| !CAPABILITIES.contains(level)) {
        let message = format!(
            "csv.Metadata.Annotations.Capabilities {level:?} is not a valid capabilities level"
        );
        findings.say(&rule::CAPABILITIES, spot_at(csv, capabilities), message);
    }
    for category in text(csv, categories)
        .into_iter()
        .flat_map(|list| list.split(','))
    {
        if !CATEGORIES.contains(&category.trim()) {
            let message = format!(
                "csv.Metadata.Annotations[\"categories\"] value {category:?} is not in the set of standard categories"
            );
            findings.say(&rule::CATEGORIES, spot_at(csv, categories), message);
        }
    }
}
