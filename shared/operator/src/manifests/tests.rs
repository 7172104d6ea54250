//! Manifests as a whole: how much is kept of them, and what the verdict lists.

use super::{Budget, Files, Manifests, is_yaml};
use crate::courier_bundle::{self, CourierBundleError};
use crate::report::{MAX_FINDINGS, Severity};

#[test]
fn findings_past_all_bounds_are_not_listed_and_still_count() {
    let package = "packageName: a\nchannels: [{name: b, currentCSV: c}]\n";
    let versions = "{}, ".repeat(MAX_FINDINGS + 1);
    let crd = format!("kind: CustomResourceDefinition\nspec: {{versions: [{versions}]}}\n");
    let mut files = Files::from([("package.yaml".to_owned(), package.into())]);
    for version in 0..6 {
        let csv = "kind: ClusterServiceVersion\n";
        files.insert(format!("{version}/csv.yaml"), csv.into());
        files.insert(format!("{version}/crd.yaml"), crd.clone().into_bytes());
    }

    let report = Manifests::read(&files, &mut Budget::default())
        .unwrap()
        .verdict("a");

    assert!(!report.is_valid());
    assert_eq!(report.findings.len(), MAX_FINDINGS);
}

#[test]
fn warnings_alone_never_make_manifests_invalid() {
    let package = "packageName: a\nchannels: [{name: b, currentCSV: c}]\n";
    let csv = "apiVersion: a\nkind: ClusterServiceVersion\nmetadata: {name: c}\n\
               spec: {installModes: [], install: {strategy: deployment, spec: {deployments: []}}}\n";
    let mut files = Files::from([("package.yaml".to_owned(), package.into())]);
    for version in 0..MAX_FINDINGS {
        files.insert(format!("{version}/csv.yaml"), csv.into());
    }

    let report = Manifests::read(&files, &mut Budget::default())
        .unwrap()
        .verdict("a");

    assert!(report.is_valid());
    assert_eq!(report.findings.len(), MAX_FINDINGS);
}

fn operator(package: &str, csv: &str, crd: &str) -> Files {
    Files::from([
        ("crd.yaml".to_owned(), crd.into()),
        ("csv.yaml".to_owned(), csv.into()),
        ("package.yaml".to_owned(), package.into()),
    ])
}

#[test]
fn what_is_kept_of_long_values_is_short() {
    for value in ["7".repeat(4_000), "a".repeat(4_000)] {
        let crd = format!(
            "kind: CustomResourceDefinition\nspec: {{versions: [&x {{name: {value}}}{}]}}\n",
            ", *x".repeat(500)
        );
        let files = operator("packageName: a\n", "kind: ClusterServiceVersion\n", &crd);
        let manifests = Manifests::read(&files, &mut Budget::default()).unwrap();
        let kept = format!("{:?}", manifests.versions);
        assert!(kept.len() < 500 * 1_000, "{}", kept.len());
    }
}

#[test]
fn lists_that_are_looked_up_again_and_again_are_short() {
    let many = |item: &str| vec![item; 1_001].join(", ");
    let package = format!(
        "packageName: a\nchannels: [{}]\n",
        many("{name: b, currentCSV: c}")
    );
    let crd = format!(
        "kind: CustomResourceDefinition\nspec: {{versions: [{}]}}\n",
        many("{name: v, served: true, storage: false}")
    );
    let files = operator(&package, "kind: ClusterServiceVersion\n", &crd);
    let verdict = Manifests::read(&files, &mut Budget::default())
        .unwrap()
        .verdict("a");
    let messages = verdict.messages(Severity::Error);
    for expected in ["at most 1000 channels", "at most 1000 versions"] {
        assert!(
            messages.iter().any(|message| message.contains(expected)),
            "{expected}"
        );
    }
}

#[test]
fn a_report_has_no_more_text_than_an_answer_can_hold() {
    let name = "n".repeat(900);
    let owned = format!("{{name: {name}, kind: a, version: b}}");
    let csv = format!(
        "kind: ClusterServiceVersion\nspec: {{customresourcedefinitions: {{owned: [{}]}}}}\n",
        vec![owned.as_str(); 1_000].join(", ")
    );
    let mut files = operator("packageName: a\n", &csv, "");
    for number in 0..4 {
        files.insert(format!("csv{number}.yaml"), csv.clone().into());
    }
    let report = Manifests::read(&files, &mut Budget::default())
        .unwrap()
        .verdict("a");
    assert!(!report.is_valid());
    assert!(report.bytes() < (1 << 20) + 10_000, "{}", report.bytes());
}

#[test]
fn a_bundle_of_deep_lists_does_not_grow_without_end() {
    let deep = format!(
        "x: {}[{}]{}\n",
        "{a: ".repeat(100),
        "a, ".repeat(190_000),
        "}".repeat(100)
    );
    let crd = format!("kind: CustomResourceDefinition\n{deep}");
    let files = operator("packageName: a\n", "kind: ClusterServiceVersion\n", &crd);
    let manifests = Manifests::read(&files, &mut Budget::default()).unwrap();
    let error = courier_bundle::write(&manifests, files).unwrap_err();
    assert!(matches!(error, CourierBundleError::TooLarge(_)), "{error}");
}

#[test]
fn yaml_files_are_told_by_their_extension() {
    for name in ["a.yaml", "a.yml", "a.b.yaml", "a..yml"] {
        assert!(is_yaml(name), "{name}");
    }
    for name in [".yaml", "..yml", "a.YAML", "a.json", "yaml", "a.yaml "] {
        assert!(!is_yaml(name), "{name}");
    }
}
