//! What is noted beside the verdict: files that nothing judged, and images that a rule missed by their spelling. And
//! rules in JSON.

use omps_operator::bundle_image::Validation;
use omps_operator::report::{Finding, Severity};
use omps_operator::rules::{Annotation, Replacement, Rules};
use omps_operator::{Limits, Operator};

use super::support::{Files, crd, csv, csv_with, file, opened, operator, ready_made, zipped};

fn of_rule(mut findings: Vec<Finding>, rule: &str) -> Vec<Finding> {
    findings.retain(|finding| finding.rule == rule);
    findings
}

fn files_of(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.file).collect()
}

/// The findings of an App Registry's verdict, which must not refuse.
fn in_app_registry(files: &Files, rules: &Rules) -> Vec<Finding> {
    let judged = opened(files)
        .unwrap()
        .apply(rules, false)
        .unwrap()
        .judge("etcd");
    let Ok(judged) = judged else {
        panic!("refused");
    };
    let info = judged.report().validation_info();
    // operator-courier's words alone.
    assert!(
        !info
            .warnings
            .iter()
            .any(|warning| warning.contains("nothing judged"))
    );
    info.findings
}

/// The findings of the verdict on bundles, which must not refuse.
fn in_bundles(files: &Files, rules: &Rules) -> Vec<Finding> {
    let operator = opened(files).unwrap().apply(rules, true).unwrap();
    let judged = operator.judge_bundles("etcd", Validation::Normal).unwrap();
    judged.verdict().validation_info().findings
}

fn replacing(old: &str, new: &str) -> Rules {
    Rules {
        replace_registry: vec![Replacement::Text {
            old: old.to_owned(),
            new: new.to_owned(),
        }],
        ..Rules::default()
    }
}

#[test]
fn files_that_ride_along_in_a_nested_upload_are_noted() {
    let mut files = operator(&["1.0.0"]);
    for path in [
        "1.0.0/deep/csv.yaml",
        "1.0.0/role.yaml",
        "LICENSE.txt",
        "art.yaml",
        "other/x.yaml",
        "x.json",
    ] {
        files.push(file(path, "a: packageName\n"));
    }
    let findings = of_rule(in_app_registry(&files, &Rules::default()), "unjudged-file");
    // art.yaml is not pushed.
    let wanted = [
        "1.0.0/deep/csv.yaml",
        "1.0.0/role.yaml",
        "LICENSE.txt",
        "other/x.yaml",
        "x.json",
    ];
    assert_eq!(files_of(&findings), wanted);
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Hint)
    );
    assert_eq!(
        findings[2].message,
        "LICENSE.txt: nothing judged this, and it is pushed as it is"
    );
}

#[test]
fn a_flat_upload_has_no_file_that_rides_along() {
    let mut files = vec![file(
        "etcd.package.yaml",
        "packageName: etcd\nchannels: [{name: a, currentCSV: etcd.v1.0.0}]\n",
    )];
    files.push(file("crd.yaml", crd()));
    files.push(file("csv.yaml", csv("1.0.0")));
    files.push(file("README.md", "# a"));
    assert!(of_rule(in_app_registry(&files, &Rules::default()), "unjudged-file").is_empty());
    let left_out = of_rule(in_bundles(&files, &Rules::default()), "left-out-file");
    assert_eq!(files_of(&left_out), ["README.md"]);
}

#[test]
fn many_files_are_counted_and_not_listed() {
    let mut files = operator(&["1.0.0"]);
    files.extend((0..250).map(|number| file(&format!("x{number:03}.txt"), "")));
    let findings = of_rule(in_app_registry(&files, &Rules::default()), "unjudged-file");
    assert_eq!(findings.len(), 101);
    assert!(
        findings[100]
            .message
            .starts_with("x100.txt and 149 more files: ")
    );
}

#[test]
fn the_last_files_are_counted_right() {
    for (count, last) in [
        (100, "x099.txt: "),
        (101, "x100.txt: "),
        (102, "x100.txt and 1 more file: "),
        (103, "x100.txt and 2 more files: "),
    ] {
        let mut files = operator(&["1.0.0"]);
        files.extend((0..count).map(|number| file(&format!("x{number:03}.txt"), "")));
        let findings = of_rule(in_app_registry(&files, &Rules::default()), "unjudged-file");
        let message = &findings.last().unwrap().message;
        assert!(message.starts_with(last), "{count}: {message}");
        assert_eq!(findings.len(), count.min(101));
    }
}

#[test]
fn a_file_beside_one_that_was_split_is_noted() {
    let mut files = operator(&["1.0.0"]);
    let roles = "kind: Role\nmetadata: {name: a}\n---\nkind: Role\nmetadata: {name: b}\n";
    files.push(file("1.0.0/two.YAML", roles));
    files.push(file("1.0.0/two.txt", ""));
    let findings = of_rule(in_bundles(&files, &Rules::default()), "left-out-file");
    assert_eq!(files_of(&findings), ["1.0.0/two.txt"]);
}

#[test]
fn files_that_are_in_no_bundle_are_noted() {
    let mut files = operator(&["1.0.0"]);
    files.push(file("LICENSE.txt", ""));
    files.push(file("1.0.0/README.md", ""));
    files.push(file("1.0.0/ci.yaml", "a: b\n"));
    // operator-courier does not read this name.
    files.push(file(
        "1.0.0/two.YAML",
        "kind: Role\nmetadata: {name: a}\n---\nkind: Role\nmetadata: {name: b}\n",
    ));
    let findings = of_rule(in_bundles(&files, &Rules::default()), "left-out-file");
    assert_eq!(
        files_of(&findings),
        ["1.0.0/README.md", "1.0.0/ci.yaml", "LICENSE.txt"]
    );
    assert!(findings[0].of_bundle.is_some());
}

#[test]
fn files_beside_ready_made_bundles_are_noted_and_so_are_those_in_them_that_nothing_reads() {
    let mut files = ready_made("b/", "1.0.0");
    for path in [
        "b/Dockerfile",
        "b/metadata/x.txt",
        "b/tests/y.yaml",
        "b/z.txt",
        "a.txt",
    ] {
        files.push(file(path, ""));
    }
    let findings = in_bundles(&files, &Rules::default());
    assert_eq!(
        files_of(&of_rule(findings.clone(), "unjudged-file")),
        ["b/metadata/x.txt", "b/tests/y.yaml"]
    );
    assert_eq!(
        files_of(&of_rule(findings, "left-out-file")),
        ["a.txt", "b/z.txt"]
    );
}

/// A CSV that names images in all known places, in a spelling.
fn with_images(image: &str) -> Files {
    let container = format!(
        "image: {image}, env: [{{name: RELATED_IMAGE_A, value: {image}}}, {{name: B, value: {image}}}]"
    );
    let csv = csv_with("1.0.0", "", &format!("  relatedImages: [{{name: a, image: {image}}}]\n"))
        .replace("alm-examples: '[]'", &format!("alm-examples: '[]', containerImage: {image}"))
        .replace(
            "deployments: [{name: etcd}]",
            &format!(
                "deployments: [{{name: etcd, spec: {{template: {{spec: {{containers: [{{name: a, {container}}}], initContainers: [{{name: b, {container}}}]}}}}}}}}]"
            ),
        );
    let mut files = operator(&["1.0.0"]);
    files.retain(|(path, _)| path != "1.0.0/csv.yaml");
    files.push(file("1.0.0/csv.yaml", csv));
    files
}

#[test]
fn an_image_that_a_rule_would_change_but_for_its_spelling_is_noted_in_every_known_place() {
    let rules = replacing("quay.io/dev", "example.com/prod");
    for (case, image) in [
        ("an escape", r#""quay.\x69o/dev/a:1""#),
        ("a line that is continued", "\"quay.io/\\\n      dev/a:1\""),
    ] {
        let files = with_images(image);
        for findings in [in_app_registry(&files, &rules), in_bundles(&files, &rules)] {
            let findings = of_rule(findings, "image-spelling");
            let fields: Vec<&str> = findings.iter().map(|finding| &*finding.field).collect();
            let container = "spec.install.spec.deployments[0].spec.template.spec.";
            let wanted = [
                "containers[0].image",
                "containers[0].env[0].value",
                "initContainers[0].image",
                "initContainers[0].env[0].value",
            ]
            .map(|field| format!("{container}{field}"));
            let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            wanted.extend([
                "metadata.annotations.containerImage",
                "spec.relatedImages[0].image",
            ]);
            assert_eq!(fields, wanted, "{case}");
            assert_eq!(findings[0].severity, Severity::Warning);
            assert!(
                findings[0]
                    .message
                    .ends_with("would change quay.io/dev/a:1, but for how it is written")
            );
            assert_eq!(&*findings[0].file, "1.0.0/csv.yaml");
        }
    }
}

#[test]
fn images_that_the_rules_have_seen_are_not_noted() {
    for (case, image, rules) in [
        (
            "replaced",
            "'quay.io/dev/a:1'",
            replacing("quay.io/dev", "example.com/prod"),
        ),
        (
            "replaced by what has it again",
            r#""quay.io/dev/\x61:1""#,
            replacing("quay.io", "quay.io/mirror"),
        ),
        (
            "another registry",
            r#""docker.\x69o/dev/a:1""#,
            replacing("quay.io/dev", "example.com"),
        ),
        ("no rule", r#""quay.\x69o/dev/a:1""#, Rules::default()),
    ] {
        let findings = in_app_registry(&with_images(image), &rules);
        assert!(of_rule(findings, "image-spelling").is_empty(), "{case}");
    }
}

/// A ready-made bundle whose CSV is JSON, indented by tabs.
fn json_csv() -> String {
    let csv = serde_json::json!({
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": {"name": "etcd.v1.0.0", "annotations": {"containerImage": "quay.io/dev/a:1"}},
        "spec": {
            "displayName": "etcd", "version": "1.0.0", "provider": {"name": "example"},
            "installModes": [{"type": "AllNamespaces", "supported": true}],
            "customresourcedefinitions": {"owned": [{"name": "etcds.example.com", "kind": "Etcd", "version": "v1"}]},
            "install": {"strategy": "deployment", "spec": {"deployments": [{"name": "etcd"}]}},
        },
    });
    let text = serde_json::to_string_pretty(&csv).unwrap();
    text.replace("  ", "\t")
}

fn annotating(mut rules: Rules) -> Rules {
    let annotation = serde_json::json!({"name": "certified", "value": "false"});
    let annotation: Annotation = serde_json::from_value(annotation).unwrap();
    rules.csv_annotations.push(annotation);
    rules
}

/// The JSON manifest of the newest bundle, as it is shipped.
fn shipped(files: &Files, rules: &Rules) -> serde_json::Value {
    let operator = opened(files).unwrap().apply(rules, true).unwrap();
    let judged = operator.judge_bundles("etcd", Validation::Normal).unwrap();
    let release = judged.into_release().unwrap();
    let newest = release.bundles.last().unwrap();
    serde_json::from_slice(&newest.files["manifests/csv.json"]).unwrap()
}

/// What the rules make of the annotations.
fn wanted() -> serde_json::Value {
    serde_json::json!({"certified": "false", "containerImage": "example.com/prod/a:1"})
}

#[test]
fn rules_are_applied_to_a_ready_made_csv_in_json() {
    let rules = annotating(replacing("quay.io/dev", "example.com/prod"));
    for folder in ["", "b/", "b/bundle/"] {
        let mut files = ready_made(folder, "1.0.0");
        files.retain(|(path, _)| !path.ends_with("csv.yaml"));
        files.push(file(&format!("{folder}manifests/csv.json"), json_csv()));
        let csv = shipped(&files, &rules);
        assert_eq!(csv["metadata"]["annotations"], wanted(), "{folder}");
    }
}

#[test]
fn what_the_rules_noted_stays_where_a_ready_made_bundle_is_refused() {
    let mut files = ready_made("", "1.0.0");
    files[0].1 = csv_with(
        "1.0.0",
        "",
        "  relatedImages: [{name: a, image: \"quay.\\x69o/dev/a:1\"}]\n",
    );
    files.push(file("manifests/none.yaml", "a: b\n"));
    let rules = replacing("quay.io/dev", "example.com/prod");
    let operator = opened(&files).unwrap().apply(&rules, true).unwrap();

    let error = operator
        .judge_bundles("etcd", Validation::Normal)
        .unwrap_err();

    assert!(error.to_string().contains("manifests/none.yaml"), "{error}");
    let findings = of_rule(error.validation_info().findings, "image-spelling");
    assert_eq!(files_of(&findings), ["manifests/csv.yaml"]);
}

#[test]
fn rules_are_applied_to_a_flat_uploads_csv_in_json_where_a_bundle_has_it() {
    // operator-courier reads the older CSV alone.
    let files = vec![
        file(
            "etcd.package.yaml",
            "packageName: etcd\nchannels: [{name: a, currentCSV: etcd.v0.9.0}]\n",
        ),
        file("crd.yaml", crd()),
        file("csv.json", json_csv()),
        file("old.yaml", csv("0.9.0")),
    ];
    let rules = annotating(replacing("quay.io/dev", "example.com/prod"));
    assert_eq!(shipped(&files, &rules)["metadata"]["annotations"], wanted());
}

#[test]
fn an_app_registry_gets_json_as_it_is() {
    let mut files = operator(&["1.0.0"]);
    files.push(file("1.0.0/x.json", json_csv()));
    let rules = annotating(replacing("quay.io/dev", "example.com/prod"));
    let operator = opened(&files).unwrap().apply(&rules, false).unwrap();
    let (bundle, _) = operator
        .judge("etcd")
        .unwrap()
        .into_courier_bundle()
        .unwrap();
    assert_eq!(bundle["1.0.0/x.json"], json_csv().into_bytes());
}

#[test]
fn json_that_is_no_text_is_refused_where_a_rule_would_change_it() {
    let mut files = operator(&["1.0.0"]);
    files.push(file("1.0.0/x.json", "\u{0}"));
    let zip = zipped(&files, |text| match text {
        "\u{0}" => b"{\"a\": \"\xff\"}".to_vec(),
        text => text.as_bytes().to_vec(),
    });
    let opened = || Operator::open(&zip, &Limits::new(1 << 20)).unwrap();
    let rules = replacing("quay.io/dev", "example.com/prod");

    let error = opened().apply(&rules, true).map(drop).unwrap_err();

    assert_eq!(error.to_string(), "1.0.0/x.json: not UTF-8 at byte 7");
    assert!(opened().apply(&rules, false).is_ok());
}

#[test]
fn a_dense_crd_is_read_by_both_rules_and_both_verdicts() {
    // What an operator of this size may have is more than one reading takes, and less than two. The escape makes each rule
    // look whether this is a CSV.
    let values = format!(
        "x-values: [\"\\x61\", {}]\n",
        format!("[{}],", "a,".repeat(1_000)).repeat(160)
    );
    let dense = format!("{}{values}", crd());
    let mut files = operator(&["1.0.0"]);
    files.retain(|(path, _)| path != "1.0.0/crd.yaml");
    files.push(file("1.0.0/crd.yaml", dense.as_str()));
    let rules = annotating(replacing("quay.io/dev", "example.com/prod"));

    // Neither refuses.
    drop(in_app_registry(&files, &rules));
    drop(in_bundles(&files, &rules));

    files.push(file("1.0.0/second.yaml", dense.as_str()));
    let error = opened(&files).unwrap().judge("etcd").map(drop).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("values in all files together"),
        "{message}"
    );
}

#[test]
fn rules_take_nothing_from_what_the_verdict_may_read() {
    // Two readings of so many values fit into what an operator of this size may have, five do not.
    let values = format!(
        "  more: [{}]\n",
        format!("[{}],", "a,".repeat(1_000)).repeat(40)
    );
    let mut files = operator(&["1.0.0"]);
    let csv = files
        .iter_mut()
        .find(|(_, text)| text.contains("ClusterServiceVersion"));
    csv.unwrap().1 = csv_with("1.0.0", "", &values);
    let judged = |rules: Option<&Rules>| {
        let operator = opened(&files).unwrap();
        let operator = match rules {
            Some(rules) => operator.apply(rules, true).unwrap(),
            None => operator,
        };
        operator.judge_bundles("etcd", Validation::Normal).map(drop)
    };
    assert_eq!(judged(None).map_err(|error| error.to_string()), Ok(()));

    let rules = annotating(replacing("quay.io/dev", "example.com/prod"));

    assert_eq!(
        judged(Some(&rules)).map_err(|error| error.to_string()),
        Ok(())
    );
}
