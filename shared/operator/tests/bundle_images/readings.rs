//! What a cluster reads is what was judged: keys on which readers differ are refused, in both forms of a registry.

use omps_operator::OperatorError;
use omps_operator::bundle_image::Validation;
use omps_operator::report::Finding;

use super::support::{ANNOTATIONS, Files, csv, csv_with, judged, opened, operator, ready_made};

const RULE: &str = "ambiguous-key";

/// An operator of one version, with one file changed.
fn with(files: Files, path: &str, change: impl Fn(&str) -> String) -> Files {
    let changed = files.into_iter().map(|(name, text)| match name == path {
        true => (name, change(&text)),
        false => (name, text),
    });
    changed.collect()
}

fn of_rule(error: &OperatorError) -> Vec<Finding> {
    let mut findings = error.validation_info().findings;
    findings.retain(|finding| finding.rule == RULE);
    findings
}

/// The findings of the rule in an App Registry.
fn in_app_registry(files: &Files) -> Vec<Finding> {
    match opened(files).unwrap().judge("etcd") {
        Ok(_) => Vec::new(),
        Err(error) => of_rule(&error),
    }
}

/// The findings of the rule in bundle images.
fn in_bundles(files: &Files) -> Vec<Finding> {
    match judged(files, Validation::Normal) {
        Ok(_) => Vec::new(),
        Err(error) => of_rule(&error),
    }
}

const PACKAGE: &str = "etcd.package.yaml";
const CSV: &str = "1.0.0/csv.yaml";
const CHANNELS: &str = "channels: [{name: stable, currentCSV: etcd.v1.0.0}]\n";

/// Name, changed file, its text, line and field of the finding, and words of its message.
fn ambiguous() -> Vec<(
    &'static str,
    &'static str,
    String,
    u32,
    &'static str,
    &'static str,
)> {
    let deployments = |container: &str| {
        csv("1.0.0").replace(
            "deployments: [{name: etcd}]",
            &format!("deployments: [{{name: etcd, spec: {{template: {{spec: {{containers: [{container}]}}}}}}}}]"),
        )
    };
    vec![
        (
            "a merge behind the package's name: `evil` in Go",
            PACKAGE,
            format!("x: &a {{packageName: evil}}\npackageName: etcd\n<<: *a\n{CHANNELS}"),
            2,
            "packageName",
            "\"packageName\" stands before a `<<` that brings \"packageName\", too",
        ),
        (
            "a merge behind a channel's CSV: `evil` in Go",
            PACKAGE,
            "x: &a {currentCSV: evil}\npackageName: etcd\n\
             channels: [{name: stable, currentCSV: etcd.v1.0.0, <<: *a}]\n"
                .to_owned(),
            3,
            "channels[0].currentCSV",
            "the merged value wins",
        ),
        (
            "a merge behind the CSV's name: `evil` in Go",
            CSV,
            csv_with("1.0.0", "  <<: {name: evil}\n", ""),
            4,
            "metadata.name",
            "the merged value wins",
        ),
        (
            "a merge behind an annotation: `[{}]` in Go",
            CSV,
            csv("1.0.0").replace("alm-examples: '[]'", "alm-examples: '[]', <<: {alm-examples: '[{}]'}"),
            5,
            "metadata.annotations.alm-examples",
            "the merged value wins",
        ),
        (
            "another case of packageName: the last of both in Go",
            PACKAGE,
            format!("packageName: etcd\npackagename: evil\n{CHANNELS}"),
            2,
            "packagename",
            "\"packagename\" is \"packageName\" to Go",
        ),
        (
            "the Kelvin sign for the k of packageName: as another case in Go",
            PACKAGE,
            format!("packageName: etcd\n\"pac\\u212AageName\": evil\n{CHANNELS}"),
            2,
            "pac\u{212a}ageName",
            "is \"packageName\" to Go",
        ),
        (
            "the long s for the s of channels: as another case in Go",
            PACKAGE,
            format!("packageName: etcd\n{CHANNELS}channel\u{17f}: []\n"),
            3,
            "channel\u{17f}",
            "is \"channels\" to Go",
        ),
        (
            "another case of currentCSV",
            PACKAGE,
            "packageName: etcd\nchannels: [{name: stable, currentCSV: etcd.v1.0.0, currentCsv: evil}]\n".to_owned(),
            2,
            "channels[0].currentCsv",
            "is \"currentCSV\" to Go",
        ),
        (
            "another case of metadata.name",
            CSV,
            csv_with("1.0.0", "  Name: evil\n", ""),
            6,
            "metadata.Name",
            "is \"name\" to Go",
        ),
        (
            "another case of annotations",
            CSV,
            csv_with("1.0.0", "  Annotations: {}\n", ""),
            6,
            "metadata.Annotations",
            "is \"annotations\" to Go",
        ),
        (
            "another case of spec.version",
            CSV,
            csv_with("1.0.0", "", "  Version: 2.0.0\n"),
            13,
            "spec.Version",
            "is \"version\" to Go",
        ),
        (
            "another case of a container's image",
            CSV,
            deployments("{name: etcd, image: a, IMAGE: b}"),
            12,
            "spec.install.spec.deployments[0].spec.template.spec.containers[0].IMAGE",
            "is \"image\" to Go",
        ),
        (
            "another case of a variable's value",
            CSV,
            deployments("{name: etcd, env: [{name: RELATED_IMAGE_A, value: a, vaLue: b}]}"),
            12,
            "spec.install.spec.deployments[0].spec.template.spec.containers[0].env[0].vaLue",
            "is \"value\" to Go",
        ),
        (
            "another case of a related image",
            CSV,
            csv_with("1.0.0", "", "  relatedImages: [{name: a, image: b, Image: c}]\n"),
            13,
            "spec.relatedImages[0].Image",
            "is \"image\" to Go",
        ),
        (
            "a number as the key of an annotation: text in Go",
            CSV,
            csv("1.0.0").replace("alm-examples: '[]'", "alm-examples: '[]', 1: a"),
            5,
            "metadata.annotations.1",
            "a key that is a number, not a text",
        ),
        (
            "a truth value as a key: `true` in Go",
            CSV,
            csv_with("1.0.0", "  yes: a\n", ""),
            6,
            "metadata.True",
            "a key that is a boolean, not a text",
        ),
        (
            "a key with a tag: the same text in Go, but not to ruamel.yaml",
            CSV,
            csv_with("1.0.0", "", "").replace("  name: etcd.v1.0.0", "  !!str name: etcd.v1.0.0"),
            4,
            "metadata.name",
            "the key \"name\" has a tag",
        ),
    ]
}

#[test]
fn a_key_on_which_readers_differ_is_refused_in_an_app_registry() {
    for (case, path, text, line, field, words) in ambiguous() {
        let findings = in_app_registry(&with(operator(&["1.0.0"]), path, |_| text.clone()));
        let [finding] = findings.as_slice() else {
            panic!("{case}: {findings:?}");
        };
        assert_eq!(
            (&*finding.file, finding.line, &*finding.field),
            (path, line, field),
            "{case}"
        );
        assert!(
            finding.message.contains(words),
            "{case}: {}",
            finding.message
        );
        assert!(
            finding.message.starts_with(&format!("{path}: {field}: ")),
            "{case}"
        );
    }
}

#[test]
fn a_key_on_which_readers_differ_is_refused_in_bundle_images() {
    for (case, path, text, line, field, words) in ambiguous() {
        let made = match path {
            CSV => with(ready_made("", "1.0.0"), "manifests/csv.yaml", |_| {
                text.clone()
            }),
            _ => Files::new(),
        };
        let converted = with(operator(&["1.0.0"]), path, |_| text.clone());
        for files in [made, converted].iter().filter(|files| !files.is_empty()) {
            let findings = in_bundles(files);
            let [finding] = findings.as_slice() else {
                panic!("{case}: {findings:?}");
            };
            assert_eq!((finding.line, &*finding.field), (line, field), "{case}");
            assert!(
                finding.message.contains(words),
                "{case}: {}",
                finding.message
            );
        }
    }
}

#[test]
fn a_key_of_a_json_manifest_is_compared_too() {
    let crd = "{\"kind\": \"Role\", \"metadata\": {\"name\": \"a\", \"NAME\": \"b\"}}";
    let mut files = operator(&["1.0.0"]);
    files.push(("1.0.0/role.json".to_owned(), crd.to_owned()));
    let findings = in_bundles(&files);
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!(
        (&*finding.file, &*finding.field),
        ("1.0.0/role.json", "metadata.NAME")
    );
}

#[test]
fn a_key_of_a_bundles_annotations_is_compared_with_those_that_opm_knows() {
    for (case, line, field) in [
        (
            "another case",
            "\x20 Operators.operatorframework.io.bundle.package.v1: evil\n",
            "annotations.Operators.operatorframework.io.bundle.package.v1",
        ),
        (
            "a merge",
            "\x20 <<: {operators.operatorframework.io.bundle.package.v1: evil}\n",
            "annotations.operators.operatorframework.io.bundle.package.v1",
        ),
        ("a number", "\x20 1: a\n", "annotations.1"),
        (
            "another case of the map",
            "Annotations: {}\n",
            "Annotations",
        ),
    ] {
        let files = with(ready_made("", "1.0.0"), "metadata/annotations.yaml", |_| {
            format!("{ANNOTATIONS}{line}")
        });
        let findings = in_bundles(&files);
        let [finding] = findings.as_slice() else {
            panic!("{case}: {findings:?}");
        };
        assert_eq!(
            (&*finding.file, &*finding.field),
            ("metadata/annotations.yaml", field),
            "{case}"
        );
    }
}

#[test]
fn a_file_that_is_a_package_to_go_alone_is_refused() {
    let mut files = operator(&["1.0.0"]);
    files.push(("other.yaml".to_owned(), "PackageName: evil\n".to_owned()));
    let findings = in_app_registry(&files);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        (&*findings[0].file, &*findings[0].field),
        ("other.yaml", "PackageName")
    );
}

#[test]
fn a_file_that_is_no_manifest_may_have_any_other_key() {
    let mut files = operator(&["1.0.0"]);
    let values = "1: a\nyes: b\n!!str c: d\nx: &x {e: f}\ne: g\n<<: *x\n";
    files.push(("values.yaml".to_owned(), values.to_owned()));
    assert!(opened(&files).unwrap().judge("etcd").is_ok());
    assert!(in_bundles(&files).is_empty());

    files.push(("other.yaml".to_owned(), format!("{values}Kind: Role\n")));
    let findings = in_app_registry(&files);
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!((&*finding.file, &*finding.field), ("other.yaml", "Kind"));
}

#[test]
fn a_long_key_is_shortened_in_field_and_message() {
    let key = "k".repeat(5_000);
    let text = csv_with("1.0.0", &format!("  ? !!str {key}\n  : a\n"), "");
    let short = format!("{}…", &key[..100]);
    let made = with(ready_made("", "1.0.0"), "manifests/csv.yaml", |_| {
        text.clone()
    });
    let findings = [
        in_app_registry(&with(operator(&["1.0.0"]), CSV, |_| text.clone())),
        in_bundles(&made),
    ];
    for finding in findings.iter().flatten() {
        assert_eq!(finding.field, format!("metadata.{short}"));
        let end = format!(": metadata.{short}: the key \"{short}\" has a tag");
        assert!(finding.message.ends_with(&end), "{}", finding.message);
    }
    assert_eq!(findings.map(|findings| findings.len()), [1, 1]);
}

#[test]
fn what_every_reader_takes_for_the_same_is_accepted() {
    for (case, text) in [
        (
            "a merge before the key",
            csv_with("1.0.0", "  x: &a {labels: {}}\n", "")
                .replace("  name:", "  <<: {name: other}\n  name:"),
        ),
        (
            "a merge that brings no key twice",
            csv_with("1.0.0", "  <<: {labels: {a: b}}\n", ""),
        ),
        (
            "an own key behind the merge wins again",
            csv_with("1.0.0", "  <<: {name: other}\n  name: etcd.v1.0.0\n", ""),
        ),
        (
            "an annotation in another case is another annotation",
            csv("1.0.0").replace("alm-examples: '[]'", "alm-examples: '[]', Alm-Examples: a"),
        ),
        (
            "letters that fold to no ASCII",
            csv_with("1.0.0", "  n\u{e4}me: a\n", ""),
        ),
        (
            "another case where nothing decides",
            csv_with("1.0.0", "", "  minkubeVersion: 1.11.0\n"),
        ),
        (
            "a quoted number is text",
            csv("1.0.0").replace("alm-examples: '[]'", "alm-examples: '[]', '1': a"),
        ),
    ] {
        let files = with(operator(&["1.0.0"]), CSV, |_| text.clone());
        assert!(opened(&files).unwrap().judge("etcd").is_ok(), "{case}");
        assert!(in_bundles(&files).is_empty(), "{case}");
    }
}

#[test]
fn binary_keys_are_no_yaml_here() {
    // Go decodes the key to `name`, and its value is the last.
    let text = csv_with("1.0.0", "  !!binary bmFtZQ==: evil\n", "");
    let files = with(operator(&["1.0.0"]), CSV, |_| text.clone());
    let Err(error) = opened(&files).unwrap().judge("etcd") else {
        panic!("accepted");
    };
    assert!(
        error.to_string().contains("for which JSON has no value"),
        "{error}"
    );
    assert_eq!(error.validation_info().findings[0].line, 6);
}
