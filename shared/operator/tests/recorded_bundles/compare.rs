//! What differs between a release and its recordings.

use std::collections::{BTreeMap, BTreeSet};

use omps_operator::OperatorError;
use omps_operator::bundle_image::{Bundle, Release};
use omps_operator::report::{Finding, Severity};
use serde_json::Value;

use super::texts::{CRD_V1, TEXTS, pattern};
use super::{Files, release};

/// What differs between an answer and the recordings of the upload's bundles.
pub(crate) fn differences(
    files: &Files,
    expect: &str,
    refused_rules: &Value,
    bundles: &[&Value],
) -> Vec<String> {
    match (release(files), expect) {
        (Ok(release), "accepted") => compare_release(&release, bundles),
        (Ok(_), _) => vec!["accepted".to_owned()],
        (Err(error), "refused") => compare_refusal(&error, refused_rules),
        (Err(error), _) => vec![format!("refused: {error}")],
    }
}

fn compare_refusal(error: &OperatorError, refused_rules: &Value) -> Vec<String> {
    let Some(wanted) = refused_rules.as_array() else {
        return Vec::new(); // operator-courier's
    };
    let findings = error.validation_info().findings;
    let refused = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Refused);
    let rules: BTreeSet<&str> = refused.map(|finding| finding.rule).collect();
    match wanted
        .iter()
        .any(|rule| rules.contains(rule.as_str().unwrap()))
    {
        true => Vec::new(),
        false => vec![format!(
            "refused by {rules:?} instead of {wanted:?}: {error}"
        )],
    }
}

fn compare_release(release: &Release, rows: &[&Value]) -> Vec<String> {
    let names = |names: Vec<&str>| {
        names
            .into_iter()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let wanted = names(
        rows.iter()
            .map(|row| row["name"].as_str().unwrap())
            .collect(),
    );
    let found = names(
        release
            .bundles
            .iter()
            .map(|bundle| bundle.name.as_str())
            .collect(),
    );
    if wanted != found {
        return vec![format!("bundles {found:?} instead of {wanted:?}")];
    }
    let bundle = |row: &Value| {
        release
            .bundles
            .iter()
            .find(|bundle| row["name"] == bundle.name)
            .unwrap()
    };
    rows.iter()
        .flat_map(|row| {
            let findings = release.verdict.findings.iter();
            let of_row = findings.filter(|finding| {
                let of_bundle = finding.of_bundle.as_ref().unwrap();
                of_bundle.bundle.as_deref() == row["name"].as_str()
            });
            let mut bad = compare_bundle(bundle(row), row);
            bad.extend(compare_render(bundle(row), &row["render"]));
            bad.extend(compare_findings(&of_row.collect::<Vec<_>>(), row));
            bad.into_iter()
                .map(|difference| format!("{}: {difference}", row["name"]))
        })
        .collect()
}

/// A value without null members, which Go leaves out or not as it likes.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let members = map.iter().filter(|(_, member)| !member.is_null());
            members
                .map(|(key, member)| (key.clone(), bare(member)))
                .collect()
        }
        Value::Array(items) => items.iter().map(bare).collect(),
        other => other.clone(),
    }
}

/// What opm renders against what we do, as sets.
fn compare_render(bundle: &Bundle, render: &Value) -> Vec<String> {
    let ours = bundle.fbc("registry.example.com/x@sha256:0");
    let set = |blob: &Value, key: &str| {
        let items = blob[key].as_array().cloned().unwrap_or_default();
        let own = blob["image"].clone();
        let others = items
            .into_iter()
            .filter(|item| key != "relatedImages" || item["image"] != own);
        others
            .map(|item| bare(&item).to_string())
            .collect::<BTreeSet<_>>()
    };
    let mut bad = Vec::new();
    for key in ["properties", "relatedImages"] {
        let (wanted, found) = (set(render, key), set(&ours, key));
        bad.extend(
            wanted
                .symmetric_difference(&found)
                .map(|item| format!("{key}: {item}")),
        );
    }
    let names = ["schema", "name", "package"]
        .iter()
        .filter(|key| render[**key] != ours[**key]);
    bad.extend(names.map(|key| format!("{key} is {}", ours[*key])));
    bad
}

fn compare_bundle(bundle: &Bundle, row: &Value) -> Vec<String> {
    let channels = Value::from(bundle.channels.clone());
    [
        ("version", Value::from(bundle.version.as_str())),
        ("tag", Value::from(bundle.tag.as_str())),
        ("channels", channels),
    ]
    .into_iter()
    .filter(|(key, found)| !row[*key].is_null() && row[*key] != *found)
    .map(|(key, found)| format!("{key} is {found} instead of {}", row[key]))
    .collect()
}

fn compare_findings(findings: &[&Finding], row: &Value) -> Vec<String> {
    let texts = TEXTS.map(|(rule, severity, text)| (rule, severity, pattern(text)));
    let head = |message: &str| {
        let mut texts = texts.iter();
        texts.find_map(|(rule, severity, text)| {
            Some((*rule, *severity, text.find(message)?.as_str().to_owned()))
        })
    };
    let severity = |finding: &Finding| format!("{:?}", finding.severity).to_lowercase();
    let empty = Vec::new();
    let recorded = row["findings"].as_array().unwrap_or(&empty);
    let mut wanted: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for finding in recorded {
        let level = finding["level"].as_str().unwrap().to_lowercase();
        if let Some((rule, severity, head)) = head(finding["detail"].as_str().unwrap())
            && (severity == level || severity == "refused")
        {
            let rules = wanted.entry((severity.to_owned(), head)).or_default();
            rules.extend([rule, finding["rule"].as_str().unwrap()]);
        }
    }
    let mut found: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for finding in findings {
        if let Some((_, _, head)) = head(&finding.message) {
            found
                .entry((severity(finding), head))
                .or_default()
                .insert(finding.rule);
        }
    }
    let mut bad = Vec::new();
    for key in wanted.keys().chain(found.keys()) {
        match (wanted.get(key), found.get(key)) {
            (Some(rules), Some(ours)) if !rules.is_disjoint(ours) => {}
            (wanted, found) => bad.push(format!("{key:?}: {found:?} instead of {wanted:?}")),
        }
    }
    bad.extend(missing_rules(findings, recorded, row));
    bad
}

/// Rules that must be said, whatever their words; and what must be said of CRDs in v1.
fn missing_rules(findings: &[&Finding], recorded: &[Value], row: &Value) -> Vec<String> {
    let says = |severity, rule: &str, text: &str| {
        let mut findings = findings.iter();
        findings.any(|finding| {
            finding.severity == severity && finding.rule == rule && finding.message.contains(text)
        })
    };
    let mut missing = Vec::new();
    let apis = row["crd_api"].as_array().cloned().unwrap_or_default();
    if apis.contains(&"apiextensions.k8s.io/v1beta1".into())
        && !says(Severity::Error, "crd-v1beta1", "")
    {
        missing.push("crd-v1beta1".to_owned());
    }
    if apis == ["apiextensions.k8s.io/v1"] {
        let details = recorded.iter().filter(|finding| finding["rule"] == "crd");
        let details: Vec<&str> = details
            .map(|finding| finding["detail"].as_str().unwrap())
            .collect();
        let heads = CRD_V1.iter().flat_map(|text| {
            let pattern = pattern(text);
            details
                .iter()
                .filter_map(move |detail| pattern.find(detail))
                .collect::<Vec<_>>()
        });
        let heads = heads.filter(|head| !says(Severity::Error, "crd", head.as_str()));
        missing.extend(heads.map(|head| head.as_str().to_owned()));
    }
    let rules = row["must_warn"].as_array().cloned().unwrap_or_default();
    let unsaid = rules
        .iter()
        .filter(|rule| !says(Severity::Warning, rule.as_str().unwrap(), ""));
    missing.extend(unsaid.map(ToString::to_string));
    missing
        .into_iter()
        .map(|what| format!("{what} is not said"))
        .collect()
}
