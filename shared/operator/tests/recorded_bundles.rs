//! What real opm and the real validators say of 147 bundles of real operators and of 74 bundles with one fault each,
//! compared with our verdict, where those recordings are present: `../shared` beside the workspace.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use omps_operator::bundle_image::{Bundle, Release, Validation};
use omps_operator::report::{Finding, Severity};
use omps_operator::{Limits, Operator, OperatorError};
use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};

type Files = BTreeMap<String, Vec<u8>>;

/// Rule, severity, and the part of the message that must be there. What the recordings say in other words is not compared.
const TEXTS: [(&str, &str, &str); 35] = [
    (
        "crd-owned",
        "refused",
        r#"owned CRD Q not found in bundle Q"#,
    ),
    (
        "crd-owned",
        "refused",
        r#"CRD Q is present in bundle Q but not defined in CSV"#,
    ),
    ("crd-owned", "refused", r#"duplicate CRD Q in bundle Q"#),
    ("csv", "error", "'apiVersion' is missing"),
    ("csv", "error", r#"metadata.name Q is invalid"#),
    ("csv", "error", r#"spec.replaces Q is invalid"#),
    ("csv", "error", "install modes not found"),
    ("csv", "error", "none of InstallModeTypes are supported"),
    (
        "csv",
        "error",
        "only AllNamespaces InstallModeType is supported when conversionCRDs is present",
    ),
    ("csv", "error", "required field missing"),
    ("csv", "error", "invalid example"),
    ("csv", "error", "example must have a provided API"),
    (
        "csv",
        "error",
        r"provided annotation \S+ uses wrong case and should be \S+ instead",
    ),
    (
        "csv",
        "error",
        r"csv\.Spec\.MinKubeVersion has an invalid value",
    ),
    ("csv", "warning", "example annotations not found"),
    (
        "csv",
        "warning",
        "provided API should have an example annotation",
    ),
    (
        "csv",
        "warning",
        r"csv\.Spec\.minKubeVersion is not informed",
    ),
    (
        "csv",
        "warning",
        r"found olm\.properties annotation, please define these properties in metadata/properties\.yaml instead",
    ),
    (
        "bundle",
        "error",
        r"invalid service account found in bundle\. This service account \S+ in your bundle is not valid",
    ),
    (
        "bundle",
        "error",
        r"relatedImages\[\d+\] has an empty image field",
    ),
    (
        "bundle",
        "error",
        r#"relatedImages\[\d+\] has an invalid image pullspec Q"#,
    ),
    (
        "bundle",
        "error",
        r#"bundle name with release versioning Q does not match expected name Q"#,
    ),
    (
        "object",
        "error",
        "maxUnavailable field cannot be set to 0 or 0%",
    ),
    (
        "object",
        "error",
        "minAvailable field cannot be set to 100%",
    ),
    (
        "object",
        "error",
        "globalDefault field cannot be set to true",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Icon should only have one element",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Icon elements should contain both data and mediatype",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Icon .* does not have a valid mediatype",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.(?:Links|Maintainers) elements should contain both name and (?:url|email)",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Links url .*? is invalid",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Maintainers email .*? is invalid",
    ),
    (
        "operatorhubv2",
        "error",
        r"csv\.Spec\.Provider\.Name not specified",
    ),
    ("operatorhubv2", "warning", r"csv\.Spec\.Icon not specified"),
    (
        "capabilities",
        "error",
        r#"csv\.Metadata\.Annotations\.Capabilities Q is not a valid capabilities level"#,
    ),
    (
        "categories",
        "error",
        r#"csv\.Metadata\.Annotations\["categories"\] value Q is not in the set of standard categories"#,
    ),
];

/// What must be said of CRDs in v1; more may be.
const CRD_V1: [&str; 4] = [
    r"metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value",
    r#"metadata\.name: Invalid value: Q"#,
    r"spec\.versions: Invalid value",
    r"spec\.scope: Unsupported value",
];

fn pattern(text: &str) -> Regex {
    Regex::new(&text.replace('Q', r#""(?:[^"\\]|\\.)*""#)).unwrap()
}

/// The recordings; nothing where they are absent, which is said aloud.
fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let is_there = shared.join("bundles/corpus.jsonl").is_file();
    if !is_there {
        eprintln!("SKIPPED: {} has no recordings", shared.display());
    }
    is_there.then_some(shared)
}

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn files_below(directory: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => files_below(&path, &format!("{name}/"), files),
            false => drop(files.insert(name, std::fs::read(&path).unwrap())),
        }
    }
}

fn release(files: &Files) -> Result<Release, OperatorError> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (path, bytes) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let zip = writer.finish().unwrap().into_inner();
    let operator = Operator::open(&zip, &Limits::new(50 << 20))?;
    let repository = operator.package().name.clone();
    Ok(operator
        .judge_bundles(&repository, Validation::Normal)?
        .into_release()?)
}

/// What differs between an answer and the recordings of the upload's bundles.
fn differences(
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

fn bundle_rows<'a>(rows: &'a [Value], case: &Value) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["case"] == *case).collect()
}

#[test]
fn real_operators_get_the_recorded_verdict() {
    let Some(shared) = shared() else { return };
    let bundles = rows(&shared.join("bundles/corpus.jsonl"));
    let packages = rows(&shared.join("bundles/packages.jsonl"));
    assert!(packages.len() > 50);
    for package in &packages {
        let mut files = Files::new();
        files_below(
            &shared
                .join("corpus/cases")
                .join(package["case"].as_str().unwrap()),
            "",
            &mut files,
        );
        let expect = package["expect"].as_str().unwrap();
        let of_case = bundle_rows(&bundles, &package["case"]);
        let bad = differences(&files, expect, &package["refused_rules"], &of_case);
        assert!(bad.is_empty(), "{}: {bad:#?}", package["case"]);
    }
}

#[test]
fn bundles_with_one_fault_get_the_recorded_verdict() {
    let Some(shared) = shared() else { return };
    let archive = shared.join("bundles/rules.tar.xz");
    let Ok(unpacked) = Command::new("xz").arg("-dc").arg(&archive).output() else {
        eprintln!("SKIPPED: there is no xz to unpack {}", archive.display());
        return;
    };
    let mut cases: BTreeMap<String, Files> = BTreeMap::new();
    for entry in tar::Archive::new(unpacked.stdout.as_slice())
        .entries()
        .unwrap()
    {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        if entry.header().entry_type().is_file() {
            let (case, file) = path.split_once('/').unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            cases
                .entry(case.to_owned())
                .or_default()
                .insert(file.to_owned(), bytes);
        }
    }
    let rows = rows(&shared.join("bundles/rules.jsonl"));
    assert!(rows.len() > 70);
    for row in rows.iter().filter(|row| row["expect"] != "skip") {
        let files = &cases[row["id"].as_str().unwrap()];
        let bad = differences(
            files,
            row["expect"].as_str().unwrap(),
            &row["refused_rules"],
            &[row],
        );
        assert!(bad.is_empty(), "{}: {bad:#?}", row["id"]);
    }
}

#[test]
fn layers_hold_the_recorded_files() {
    let Some(shared) = shared() else { return };
    let layers = rows(&shared.join("bundles/layers.jsonl"));
    assert!(layers.len() > 30);
    let mut releases: BTreeMap<String, Release> = BTreeMap::new();
    for row in &layers {
        let case = row["case"].as_str().unwrap();
        let release = releases.entry(case.to_owned()).or_insert_with(|| {
            let mut files = Files::new();
            files_below(&shared.join("corpus/cases").join(case), "", &mut files);
            release(&files).unwrap()
        });
        let bundle = release
            .bundles
            .iter()
            .find(|bundle| row["name"] == bundle.name)
            .unwrap();
        let layer = flate2::read::GzDecoder::new(&*bundle.image.layer.bytes);
        let mut listed = Vec::new();
        for entry in tar::Archive::new(layer).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mode = format!("{:04o}", entry.header().mode().unwrap());
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let is_free = path.ends_with('/') || path == "metadata/annotations.yaml";
            let hash: String = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let hash = if is_free { Value::Null } else { hash.into() };
            listed.push(Value::from(vec![path.into(), mode.into(), hash]));
        }
        assert_eq!(Value::from(listed), row["files"], "{case} {}", row["name"]);
        assert_eq!(
            serde_json::json!(bundle.labels),
            row["annotations"],
            "{case} {}",
            row["name"]
        );
    }
}
