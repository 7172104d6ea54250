//! The effect of an organization's rules on manifests.

use omps_tests::archive::unpack;
use omps_tests::operator::Operator;

use crate::helpers::TestApp;

const CSV: &str = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
const PACKAGE: &str = "larder.package.yaml";

#[tokio::test]
async fn a_suffix_renames_the_package_and_changes_nothing_else() {
    let app = TestApp::with_organization("package_name_suffix = \"-mirrored\"").await;
    let operator = Operator::larder();

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["repo"], "larder-operator-mirrored");
    assert_pushed(
        &app,
        "larder-operator-mirrored",
        &operator.edit(
            PACKAGE,
            "packageName: larder-operator",
            "packageName: \"larder-operator-mirrored\"",
        ),
    );
}

#[tokio::test]
async fn a_suffix_is_not_added_twice() {
    let app = TestApp::with_organization("package_name_suffix = \"-operator\"").await;

    let answer = app.push_zipfile(&Operator::larder().zip()).await;

    assert_eq!(answer.body["repo"], "larder-operator");
}

#[tokio::test]
async fn v1_requires_the_name_with_the_suffix_in_the_path() {
    let app = TestApp::with_organization("package_name_suffix = \"-mirrored\"").await;
    let zip = Operator::larder().zip();

    let plain = app.push_zipfile_v1("larder-operator", &zip).await;
    let suffixed = app.push_zipfile_v1("larder-operator-mirrored", &zip).await;

    assert_eq!(plain.kind(), (400, "PackageValidationError"));
    assert_eq!(suffixed.status, 200);
}

#[tokio::test]
async fn a_registry_is_replaced_wherever_its_text_occurs() {
    let app = TestApp::with_organization(
        r#"replace_registry = [
            { old = "quay.io/larder/", new = "registry.example.com/mirror/" },
            { old = "registry.example.com", new = "registry.internal" },
        ]"#,
    )
    .await;
    let operator = Operator::larder();

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.status, 200);
    let old_csv = "0.4.0/larder-operator.v0.4.0.clusterserviceversion.yaml";
    let replaced = [CSV, old_csv].into_iter().fold(operator, |operator, csv| {
        operator.edit(csv, "quay.io/larder/", "registry.internal/mirror/")
    });
    assert_pushed(&app, "larder-operator", &replaced);
}

#[tokio::test]
async fn a_registry_is_replaced_by_a_regular_expression_with_groups() {
    let app = TestApp::with_organization(
        r#"replace_registry = [
            { old = '^(\s*image: )quay\.io/(?P<path>.+)$', new = '\1mirror.example.com/\g<path>', regexp = true },
        ]"#,
    )
    .await;
    let operator = Operator::larder();

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.status, 200);
    let old_csv = "0.4.0/larder-operator.v0.4.0.clusterserviceversion.yaml";
    let replaced = [CSV, old_csv].into_iter().fold(operator, |operator, csv| {
        operator.edit(csv, " image: quay.io/", " image: mirror.example.com/")
    });
    assert_pushed(&app, "larder-operator", &replaced);
}

#[tokio::test]
async fn only_yaml_files_are_changed() {
    let app = TestApp::with_organization(
        r#"replace_registry = [{ old = "quay.io", new = "registry.internal" }]"#,
    )
    .await;
    let operator = Operator::larder()
        .with("deep/er/notes.YML", "see: quay.io\n")
        .with("deep/er/notes.txt", "see quay.io\n");

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.status, 200);
    let pushed = unpack(&app.pushed("larder-operator", "1.0.0"));
    assert_eq!(pushed["deep/er/notes.YML"], b"see: registry.internal\n");
    assert_eq!(pushed["deep/er/notes.txt"], b"see quay.io\n");
}

#[tokio::test]
async fn annotations_are_set_in_every_csv_and_nowhere_else() {
    let app = TestApp::with_organization(
        r#"package_name_suffix = "-mirrored"
           csv_annotations = [
               { name = "example.com/from", value = "{package_name}, {{kept}}" },
               { name = "certified", value = "no" },
           ]"#,
    )
    .await;
    let operator = Operator::larder();

    let answer = app.push_zipfile(&operator.zip()).await;

    assert_eq!(answer.status, 200);
    let pushed = unpack(&app.pushed("larder-operator-mirrored", "1.0.0"));
    for (path, content) in &pushed {
        let content = String::from_utf8_lossy(content);
        let annotated = content.contains("example.com/from");
        assert_eq!(
            annotated,
            path.ends_with("clusterserviceversion.yaml"),
            "{path}"
        );
        if annotated {
            assert!(
                content.contains("\"larder-operator-mirrored, {kept}\""),
                "{path}"
            );
            assert!(content.contains("    certified: \"no\"\n"), "{path}");
            let ours =
                |line: &&str| !line.contains("example.com/from") && !line.contains("certified:");
            let kept: Vec<_> = content.lines().filter(ours).collect();
            let original: Vec<_> = operator.file(path).lines().filter(ours).collect();
            assert!(kept == original, "{path} has other changes");
        }
    }
}

#[tokio::test]
async fn rules_apply_to_the_bundle_of_a_flat_operator() {
    let app = TestApp::with_organization(
        r#"package_name_suffix = "-mirrored"
           replace_registry = [{ old = "quay.io", new = "registry.internal" }]
           csv_annotations = [{ name = "example.com/from", value = "{package_name}" }]"#,
    )
    .await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["repo"], "doorbell-operator-mirrored");
    let pushed = unpack(&app.pushed("doorbell-operator-mirrored", "1.0.0"));
    let bundle = String::from_utf8_lossy(&pushed["bundle.yaml"]);
    assert!(!bundle.contains("quay.io"), "{bundle}");
    for text in [
        "registry.internal/doorbell",
        "example.com/from",
        "packageName: \"doorbell-operator-mirrored\"",
    ] {
        assert!(bundle.contains(text), "{text} is missing: {bundle}");
    }
}

#[tokio::test]
async fn the_rules_of_one_organization_do_not_apply_to_others() {
    let app =
        TestApp::with_settings("[Test.organizations.other]\npackage_name_suffix = \"-x\"").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["repo"], "doorbell-operator");
}

fn assert_pushed(app: &TestApp, package: &str, expected: &Operator) {
    let pushed = unpack(&app.pushed(package, "1.0.0"));
    assert_eq!(pushed.keys().collect::<Vec<_>>(), expected.paths());
    for (path, content) in &pushed {
        assert!(content == expected.file(path).as_bytes(), "{path} differs");
    }
}
