//! What is refused, and what only in strict mode.

use omps_operator::bundle_image::Validation;
use omps_operator::report::Severity;
use serde_json::json;

use super::support::*;

#[test]
fn tags_and_the_newest_csv_must_be_clear() {
    let two =
        |first: &str, second: &str| [ready_made("a/", first), ready_made("b/", second)].concat();
    for (files, wanted) in [
        (
            two("1.0.0+a", "1.0.0+b"),
            (
                "tag",
                "it is not clear which is the newest: etcd.v1.0.0+a or etcd.v1.0.0+b",
            ),
        ),
        (
            two("1.0.0", "1.0.0"),
            ("tag", "etcd.v1.0.0 and etcd.v1.0.0 have one tag: 1.0.0"),
        ),
        (
            two("1.0.0", "1.0"),
            (
                "operatorhubv2",
                "spec.version \"1.0\" is no semantic version",
            ),
        ),
    ] {
        let refusals = refusals(&files);
        let said = refusals
            .iter()
            .any(|(rule, message)| *rule == wanted.0 && message.starts_with(wanted.1));
        assert!(said, "{wanted:?}: {refusals:?}");
    }
}

#[test]
fn long_names_and_keys_do_not_make_a_long_report() {
    let (name, key) = ("n".repeat(50_000), "k".repeat(50_000));
    let annotations = format!("annotations: {{? {key}\n    : [a], alm-examples");
    let csv = csv("1.0.0")
        .replace("etcd.v1.0.0", &name)
        .replace("annotations: {alm-examples", &annotations);
    let mut files = ready_made("", "1.0.0");
    files[0].1 = csv;

    let error = judged(&files, Validation::Normal).unwrap_err();

    let findings = error.validation_info().findings;
    let field = format!("metadata.annotations.{}…", &key[..400]);
    assert!(findings.iter().any(|finding| finding.field == field));
    for finding in findings {
        let bundle = finding.of_bundle.unwrap().bundle;
        assert!(bundle.is_none_or(|bundle| bundle.chars().count() <= 301));
        let (field, message) = (finding.field, finding.message);
        assert!(field.len() < 500 && message.len() < 2_100, "{message}");
    }
}

#[test]
fn errors_refuse_in_strict_mode_alone() {
    let mut files = ready_made("", "1.0.0");
    files[0].1 = csv_with("1.0.0", "", "  replaces: Not_A_Name\n");

    let normal = judged(&files, Validation::Normal).unwrap();
    let errors = normal
        .verdict()
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let messages: Vec<&str> = errors.map(|finding| finding.message.as_str()).collect();
    assert!(
        messages[0].starts_with("spec.replaces \"Not_A_Name\" is invalid: "),
        "{messages:?}"
    );
    assert_eq!(normal.verdict().first_refusal(), "");

    let strict = judged(&files, Validation::Strict).unwrap_err();
    assert_eq!(strict.to_string(), messages[0]);
    assert_eq!(strict.validation_info().errors, messages);
}

#[test]
fn a_finding_says_where_of_which_bundle_and_who_says_so() {
    let mut files = ready_made("b/", "1.0.0");
    files.push(file(
        "b/manifests/sa.yaml",
        "apiVersion: v1\nkind: Deployment\nmetadata: {name: etcd}\n",
    ));
    let error = judged(&files, Validation::Normal).unwrap_err();
    let findings = serde_json::to_value(error.validation_info().findings).unwrap();
    let wanted = json!({
        "severity": "refused",
        "rule": "kind",
        "file": "b/manifests/sa.yaml",
        "line": 2,
        "column": 7,
        "field": "kind",
        "found": "the string \"Deployment\"",
        "message": "Deployment is not supported type for registryV1 bundle: manifests/sa.yaml",
        "advice": "Take the file out of manifests/, or let the operator create the object itself.",
        "bundle": "etcd.v1.0.0",
        "says": ["opm"],
    });
    assert_eq!(findings[0], wanted);
}

#[test]
fn what_opm_cannot_read_beside_the_manifests_is_refused() {
    for (path, text, wanted) in [
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.nope}]",
            "couldn't parse dependency of type olm.nope",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.gvk, value: {kind: K, version: v}}]",
            "API Group is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.gvk, value: {group: g, version: v}}]",
            "API Kind is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.package, value: {version: 1.0.0}}]",
            "Package name is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.package, value: {packageName: a}}]",
            "Package version is empty",
        ),
        (
            "dependencies.yaml",
            "dependencies: [{type: olm.package, value: {packageName: a, version: ~1.0.0}}]",
            "Invalid semver format version: ~1.0.0",
        ),
        (
            "dependencies.yaml",
            "dependencies: [",
            "Unable to decode the dependencies file metadata/dependencies.yaml: ",
        ),
        (
            "properties.yaml",
            "properties: [{value: a}]",
            "couldn't parse property: type must be set",
        ),
    ] {
        let mut files = ready_made("", "1.0.0");
        files.push(file(&format!("metadata/{path}"), text));
        let refusals = refusals(&files);
        assert!(refusals[0].1.starts_with(wanted), "{text}: {refusals:?}");
        assert_eq!(
            (refusals[0].0, refusals.len()),
            ("dependencies", 1),
            "{text}"
        );
    }
}

#[test]
fn files_of_one_config_map_key_or_with_a_long_name_are_refused() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    let long = format!("manifests/{}.yaml", "n".repeat(249));
    for (paths, wanted) in [
        (
            ["manifests/a b.yaml", "manifests/a+b.yaml"],
            "manifests/a b.yaml and manifests/a+b.yaml are one ConfigMap key a-b.yaml",
        ),
        (
            ["manifests/x.yaml", "metadata/x.yaml"],
            "manifests/x.yaml and metadata/x.yaml are one ConfigMap key x.yaml",
        ),
        (
            [&long, "metadata/y.yaml"],
            "has 253 characters at most, this one 254",
        ),
    ] {
        let mut files = ready_made("", "1.0.0");
        files.extend(paths.map(|path| file(path, service)));
        let refusals = refusals(&files);
        assert!(refusals[0].1.contains(wanted), "{refusals:?}");
        assert_eq!(refusals[0].0, "layout");
    }
}
