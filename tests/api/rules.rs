//! What an organization's configuration does to a push.

use omps_tests::archive::unpack;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::oauth_token;
use omps_tests::quay::{Fault, Refusal};
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp};

const CSV: &str = "0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml";
const PACKAGE: &str = "larder.package.yaml";
const PUBLISH: &str = "/api/v1/repository/testorg/doorbell-operator/changevisibility";

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
async fn a_suffix_that_is_there_already_is_not_repeated() {
    let app = TestApp::with_organization("package_name_suffix = \"-operator\"").await;

    let answer = app.push_zipfile(&Operator::larder().zip()).await;

    assert_eq!(answer.body["repo"], "larder-operator");
}

#[tokio::test]
async fn v1_wants_the_name_with_the_suffix_in_the_path() {
    let app = TestApp::with_organization("package_name_suffix = \"-mirrored\"").await;
    let zip = Operator::larder().zip();

    let plain = app.push_zipfile_v1("larder-operator", &zip).await;
    let suffixed = app.push_zipfile_v1("larder-operator-mirrored", &zip).await;

    assert_eq!(plain.kind(), (400, "PackageValidationError"));
    assert_eq!(suffixed.status, 200);
}

#[tokio::test]
async fn a_registry_is_replaced_wherever_its_text_is() {
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
async fn rules_reach_the_bundle_of_a_flat_operator() {
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
async fn the_rules_of_one_organization_leave_others_alone() {
    let app =
        TestApp::with_settings("[Test.organizations.other]\npackage_name_suffix = \"-x\"").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.body["repo"], "doorbell-operator");
}

#[tokio::test]
async fn a_push_to_a_private_organization_stays_private() {
    let app = TestApp::start().await;

    app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(
        app.quay.is_public(ORGANIZATION, "doorbell-operator"),
        Some(false)
    );
}

#[tokio::test]
async fn a_push_to_a_public_organization_is_made_public() {
    let app = public_app().await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    let keys: Vec<_> = answer
        .body
        .as_object()
        .into_iter()
        .flat_map(|body| body.keys())
        .collect();
    assert_eq!(keys, ["extracted_files", "organization", "repo", "version"]);
    assert_eq!(
        app.quay.is_public(ORGANIZATION, "doorbell-operator"),
        Some(true)
    );
    let publishing = app.quay.requests().pop().expect("a request");
    let bearer = format!("Bearer {}", oauth_token(ORGANIZATION));
    assert_eq!(publishing.authorization(), Some(bearer.as_str()));
}

#[tokio::test]
async fn a_public_organization_without_an_oauth_token_is_warned() {
    let app = TestApp::with_organization("public = true").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    let warnings = answer.body["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].to_string().contains("OAuth token"),
        "{warnings:?}"
    );
    assert_eq!(
        app.quay.is_public(ORGANIZATION, "doorbell-operator"),
        Some(false)
    );
}

#[tokio::test]
async fn publishing_is_tried_again() {
    let app = public_app().await;
    app.quay
        .fail_next(1, "POST", PUBLISH, Fault::Refuse(Refusal::Crash));

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        app.quay.is_public(ORGANIZATION, "doorbell-operator"),
        Some(true)
    );
}

#[tokio::test]
async fn a_release_that_could_not_be_made_public_is_told_as_pushed() {
    let app = TestApp::with_organization("public = true\noauth_token = \"expired\"").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.error(),
        json!({
            "status": 500,
            "error": "QuayPackageError",
            "message": "Unknown error",
            "quay_response": {"error": "CSRF token was invalid or missing."},
            "pushed": true,
            "version": "1.0.0",
        })
    );
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn the_same_push_again_publishes_what_is_still_private() {
    let app = public_app().await;
    let zip = Operator::doorbell().zip();
    app.quay
        .fail_next(2, "POST", PUBLISH, Fault::Refuse(Refusal::Crash));
    let failed = app.push_zipfile(&zip).await;

    let again = app.push_zipfile_as("1.0.0", &zip).await;
    let and_again = app.push_zipfile_as("1.0.0", &zip).await;

    assert_eq!(failed.kind(), (500, "QuayPackageError"));
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(
        app.quay.is_public(ORGANIZATION, "doorbell-operator"),
        Some(true)
    );
    assert_eq!(and_again.kind(), (500, "QuayCourierError"));
}

#[tokio::test]
async fn another_content_does_not_publish_what_is_still_private() {
    let app = public_app().await;
    app.quay
        .add_release(ORGANIZATION, "doorbell-operator", "1.0.0");

    let answer = app
        .push_zipfile_as("1.0.0", &Operator::doorbell().zip())
        .await;

    assert_eq!(answer.kind(), (500, "QuayCourierError"));
    assert_eq!(
        answer.message(),
        "Failed to push manifest: package exists already"
    );
    assert_eq!(
        app.quay.is_public(ORGANIZATION, "doorbell-operator"),
        Some(false)
    );
}

async fn public_app() -> TestApp {
    let oauth_token = oauth_token(ORGANIZATION);
    TestApp::with_organization(&format!("public = true\noauth_token = \"{oauth_token}\"")).await
}

fn assert_pushed(app: &TestApp, package: &str, expected: &Operator) {
    let pushed = unpack(&app.pushed(package, "1.0.0"));
    assert_eq!(pushed.keys().collect::<Vec<_>>(), expected.paths());
    for (path, content) in &pushed {
        assert!(content == expected.file(path).as_bytes(), "{path} differs");
    }
}
