//! Bundles that somebody has made are taken as they are.

use omps_operator::bundle_image::Validation;
use omps_operator::rules::Rules;
use serde_json::{Value, json};

use super::support::*;

#[test]
fn a_ready_made_bundle_is_taken_byte_by_byte() {
    for directory in ["", "bundle/", "bundle-1/bundle/"] {
        let mut files = ready_made(directory, "1.0.0");
        files.push(file(&format!("{directory}Dockerfile"), "FROM scratch\n"));
        files.push(file(&format!("{directory}release-config.yaml"), "---\n"));
        files.push(file(
            &format!("{directory}tests/scorecard/config.yaml"),
            "a: b\n",
        ));
        let release = release(&files);
        let bundle = &release.bundles[0];
        assert_eq!(bundle.release_config.as_deref(), Some(&b"---\n"[..]));
        let paths: Vec<&String> = bundle.files.keys().collect();
        let wanted = [
            "manifests/crd.yaml",
            "manifests/csv.yaml",
            "metadata/annotations.yaml",
            "tests/scorecard/config.yaml",
        ];
        assert_eq!(paths, wanted);
        assert_eq!(
            &*bundle.files["metadata/annotations.yaml"],
            ANNOTATIONS.as_bytes()
        );
        assert_eq!(
            (bundle.channels.as_slice(), &bundle.default_channel),
            (&["stable".to_owned()][..], &None)
        );
    }
}

#[test]
fn several_ready_made_bundles_are_one_release() {
    let files = [
        ready_made("bundle-1.0.0/", "1.0.0"),
        ready_made("bundle-1.1.0/", "1.1.0"),
    ]
    .concat();
    let release = release(&files);
    let manifest = json_of(&release.manifest("1.0.0").unwrap());
    let package: Value =
        serde_json::from_str(manifest["annotations"]["omps.package"].as_str().unwrap()).unwrap();
    assert_eq!(
        package["channels"],
        json!({"stable": ["etcd.v1.0.0", "etcd.v1.1.0"]})
    );
    assert_eq!(
        (&package["form"], &package["default"]),
        (&json!("bundle"), &Value::Null)
    );

    let mut mixed = files;
    mixed[2].1 = ANNOTATIONS.replace("etcd #", "other #");
    let wanted = "the upload has bundles of several packages: other and etcd".to_owned();
    assert!(refusals(&mixed).contains(&("format", wanted)));

    let rules = Rules {
        package_name_suffix: Some("-test".to_owned()),
        ..Rules::default()
    };
    let operator = opened(&mixed).unwrap().apply(&rules, true).unwrap();
    let error = operator
        .judge_bundles("other-test", Validation::Normal)
        .unwrap_err();
    let wanted = "the upload has bundles of several packages: other-test and etcd";
    assert_eq!(error.to_string(), wanted);
}

#[test]
fn the_suffix_is_set_where_a_ready_made_bundle_names_its_package() {
    let rules = Rules {
        package_name_suffix: Some("-test".to_owned()),
        ..Rules::default()
    };
    let operator = opened(&ready_made("", "1.0.0"))
        .unwrap()
        .apply(&rules, true)
        .unwrap();
    assert_eq!(operator.package().name, "etcd-test");
    let release = operator
        .judge_bundles("etcd-test", Validation::Normal)
        .unwrap()
        .into_release()
        .unwrap();
    let wanted = ANNOTATIONS.replace("etcd #", "\"etcd-test\" #");
    assert_eq!(
        &*release.bundles[0].files["metadata/annotations.yaml"],
        wanted.as_bytes()
    );
    assert_eq!(release.package, "etcd-test");
}

#[test]
fn annotations_are_set_in_a_csv_with_empty_documents_around_it() {
    let annotation = json!({"name": "certified", "value": "{package_name}"});
    let rules = Rules {
        csv_annotations: vec![serde_json::from_value(annotation).unwrap()],
        ..Rules::default()
    };
    let mut files = ready_made("", "1.0.0");
    files[0].1 = format!("---\n# generated\n---\n{}---\n", csv("1.0.0"));
    let operator = opened(&files).unwrap().apply(&rules, true).unwrap();
    let judged = operator.judge_bundles("etcd", Validation::Normal).unwrap();
    let release = judged.into_release().unwrap();
    let shipped =
        String::from_utf8_lossy(&release.bundles[0].files["manifests/csv.yaml"]).into_owned();
    let wanted = files[0].1.replace(
        "{alm-examples: '[]'}",
        "{\"certified\": \"etcd\", alm-examples: '[]'}",
    );
    assert_eq!(shipped, wanted);
}

#[test]
fn documents_of_a_ready_made_bundle_are_split_and_the_archive_is_listed_as_it_is() {
    let mut files = ready_made("", "1.0.0");
    files.remove(1);
    files[0].1 = format!("{}---\n{}", csv("1.0.0"), crd());
    let operator = opened(&files).unwrap();
    assert_eq!(
        operator.file_names(),
        ["manifests/csv.yaml", "metadata/annotations.yaml"]
    );
    let release = operator
        .judge_bundles("etcd", Validation::Normal)
        .unwrap()
        .into_release()
        .unwrap();
    let split = &release
        .verdict
        .findings
        .iter()
        .find(|finding| finding.rule == "layout")
        .unwrap()
        .message;
    assert_eq!(
        split,
        "manifests/csv.yaml has several documents; they become csv-1.yaml, csv-2.yaml"
    );
    assert_eq!(
        &*release.bundles[0].files["manifests/csv-2.yaml"],
        crd().as_bytes()
    );
}

#[test]
fn an_upload_without_a_package_says_what_its_bundles_lack() {
    let nothing = opened(&[file("a.yaml", "b: c\n")]).err().unwrap();
    assert_eq!(
        nothing.to_string(),
        "Could not find packageName in manifests."
    );

    let files = &ready_made("", "1.0.0")[..2];
    let error = opened(files).err().unwrap();
    let wanted = "Could not find packageName in manifests. Unable to locate metadata directory";
    assert_eq!(error.to_string(), wanted);
    assert_eq!(
        error.validation_info().errors,
        ["Unable to locate metadata directory"]
    );
}

#[test]
fn an_app_registry_takes_no_ready_made_bundle() {
    let error = opened(&ready_made("", "1.0.0"))
        .unwrap()
        .judge("etcd")
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "Could not find packageName in manifests."
    );
}
