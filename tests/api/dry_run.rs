//! `dry_run=true` on pushes to an App Registry: the answer of a push, and nothing is pushed.

use std::collections::BTreeMap;
use std::fs;

use omps_tests::greenwave::{Problem, TESTCASES};
use omps_tests::koji::Build;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::basic;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::helpers::{Answer, ORGANIZATION, TestApp, token};

const NVR: &str = "doorbell-operator-container-v1.0.0-1";
const DRY: &str = "/v2/testorg/zipfile?dry_run=true";

/// A rule of each kind.
const RULES: &str = r#"
    package_name_suffix = "-mirrored"
    replace_registry = [{ old = "quay.io/larder/", new = "registry.internal/larder/" }]
    csv_annotations = [{ name = "example.com/from", value = "{package_name}" }]
"#;

/// The requests to Quay that may change something there. Its login changes nothing.
fn writes(app: &TestApp) -> Vec<String> {
    let requests = app.quay.requests().into_iter();
    let requests = requests.filter(|request| {
        !["GET", "HEAD"].contains(&request.method.as_str())
            && request.path != "/cnr/api/v1/users/login"
    });
    requests
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

/// What the rules change, by file.
fn diffs(answer: &Answer) -> BTreeMap<&str, &str> {
    let changes = answer.body["changes"].as_array().expect("changes");
    let text = |change: &'_ Value, member: &str| change[member].as_str().map(str::to_owned);
    assert!(changes.iter().all(|change| text(change, "diff").is_some()));
    changes
        .iter()
        .map(|change| {
            let file = change["file"].as_str().expect("a file");
            (file, change["diff"].as_str().expect("a diff"))
        })
        .collect()
}

#[tokio::test]
async fn a_dry_run_answers_as_the_push_after_it_and_pushes_nothing() {
    let app = TestApp::start().await;
    app.quay
        .add_release(ORGANIZATION, "larder-operator", "2.5.1");
    let zip = Operator::larder().zip();

    let dry = app.upload(DRY, &zip).await;
    let written = writes(&app);
    let again = app.upload(DRY, &zip).await;
    let pushed = app.push_zipfile(&zip).await;

    assert_eq!(dry.status, 200, "{dry:?}");
    assert_eq!(written, Vec::<String>::new());
    assert_eq!(dry.body, again.body);
    assert_eq!(dry.body["version"], "3.0.0");
    let mut body = dry.body.clone();
    let fields = body.as_object_mut().expect("an object");
    let digest = fields.remove("digest").expect("a digest");
    assert_eq!(fields.remove("dry_run"), Some(json!(true)));
    assert_eq!(fields.remove("changes"), Some(json!([])));
    assert_eq!(body, pushed.body);
    let stored = app.quay.holdings();
    assert!(
        format!("{stored:?}").contains(digest.as_str().expect("a text")),
        "{digest}"
    );
}

#[tokio::test]
async fn a_dry_run_shows_what_each_kind_of_rule_changes() {
    let app = TestApp::with_organization(RULES).await;

    let answer = app.upload(DRY, &Operator::larder().zip()).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["repo"], "larder-operator-mirrored");
    let diffs = diffs(&answer);
    let csv = |version| format!("{version}/larder-operator.v{version}.clusterserviceversion.yaml");
    let (old, new) = (csv("0.4.0"), csv("0.5.1"));
    assert_eq!(
        diffs.keys().copied().collect::<Vec<_>>(),
        [old.as_str(), new.as_str(), "larder.package.yaml"]
    );
    for line in [
        "--- a/0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml",
        "+++ b/0.5.1/larder-operator.v0.5.1.clusterserviceversion.yaml",
        "-                    image: quay.io/larder/larder-operator:v0.5.1",
        "+                    image: registry.internal/larder/larder-operator:v0.5.1",
        "+    \"example.com/from\": \"larder-operator-mirrored\"",
    ] {
        let diff = diffs[new.as_str()];
        assert!(diff.lines().any(|found| found == line), "{line}: {diff}");
    }
    let package = diffs["larder.package.yaml"];
    assert!(
        package.contains(
            "-packageName: larder-operator\n+packageName: \"larder-operator-mirrored\"\n"
        ),
        "{package}"
    );
}

#[tokio::test]
async fn v1_and_a_version_in_the_path_have_dry_runs_too() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();

    let v1 = app
        .upload("/v1/testorg/doorbell-operator/zipfile?dry_run=true", &zip)
        .await;
    let asked = app
        .upload("/v2/testorg/zipfile/7.0.0?dry_run=true&report=full", &zip)
        .await;

    assert_eq!((v1.status, &v1.body["version"]), (200, &json!("1.0.0")));
    assert_eq!(asked.body["version"], "7.0.0");
    assert!(asked.body["findings"].is_array(), "{asked:?}");
    assert_eq!(writes(&app), Vec::<String>::new());
}

#[tokio::test]
async fn a_version_that_exists_is_the_error_of_a_push() {
    let app = TestApp::start().await;
    let (zip, other) = (Operator::doorbell().zip(), Operator::doorbell());
    let other = other.with("notes.txt", "another content").zip();
    assert_eq!(app.push_zipfile_as("1.0.0", &zip).await.status, 200);
    let before = writes(&app).len();

    for zip in [&zip, &other] {
        let answer = app
            .upload("/v2/testorg/zipfile/1.0.0?dry_run=true", zip)
            .await;

        assert_eq!(answer.kind(), (500, "QuayCourierError"));
        let wanted = "Failed to push manifest: package exists already";
        assert!(answer.message().starts_with(wanted), "{answer:?}");
    }
    assert_eq!(writes(&app).len(), before);
}

#[tokio::test]
async fn a_number_that_the_ledger_knows_as_released_is_not_shown() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    let pushed = app.push_zipfile(&zip).await;
    assert_eq!(pushed.body["version"], "1.0.0");
    app.delete("doorbell-operator", "1.0.0").await;

    let free_again = app.upload(DRY, &zip).await;
    let taken_again = app.push_zipfile(&zip).await;
    let next = app.upload(DRY, &zip).await;

    assert_eq!(free_again.body["version"], "1.0.0");
    assert_eq!(taken_again.body["version"], "1.0.0");
    assert_eq!(next.body["version"], "2.0.0");
}

#[tokio::test]
async fn what_a_push_refuses_is_refused_in_the_same_words() {
    let app = TestApp::start().await;
    let csv = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";
    let invalid = Operator::doorbell().edit(csv, "  install:\n", "  instal:\n");
    let zip = invalid.zip();

    let dry = app.upload(DRY, &zip).await;
    let pushed = app.push_zipfile(&zip).await;
    let version = app
        .upload("/v2/testorg/zipfile/1.0?dry_run=true", &zip)
        .await;

    assert_eq!(dry.kind(), (400, "PackageValidationError"));
    assert_eq!(dry.error(), pushed.error());
    assert_eq!(version.kind(), (400, "OMPSInvalidVersionFormat"));
}

#[tokio::test]
async fn a_caller_whom_quay_does_not_know_gets_no_dry_run() {
    let app = TestApp::start().await;
    let form = multipart::form("file", Some("a.zip"), &Operator::doorbell().zip());
    let request = app
        .request(Method::POST, DRY)
        .header(AUTHORIZATION, basic("testorg+omps", "wrong"))
        .header(CONTENT_TYPE, multipart::content_type());

    let answer = app.send(request.body(form)).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
}

#[tokio::test]
async fn another_value_of_dry_run_is_refused() {
    let app = TestApp::start().await;

    let answer = app
        .upload(
            "/v2/testorg/zipfile?dry_run=false",
            &Operator::doorbell().zip(),
        )
        .await;

    assert_eq!(answer.kind(), (400, "BadRequest"));
    assert!(answer.message().contains("dry_run=true"), "{answer:?}");
}

#[tokio::test]
async fn a_dry_run_with_an_idempotency_key_leaves_the_key_to_the_push() {
    let app = TestApp::start().await;
    let send = async |path: &str| {
        let form = multipart::form("file", Some("a.zip"), &Operator::doorbell().zip());
        let request = app
            .request(Method::POST, path)
            .header(AUTHORIZATION, token())
            .header("Idempotency-Key", "build-42")
            .header(CONTENT_TYPE, multipart::content_type());
        app.send(request.body(form)).await
    };

    let dry = send(DRY).await;
    let pushed = send("/v2/testorg/zipfile").await;
    let dry_again = send(DRY).await;

    assert_eq!((dry.status, pushed.status), (200, 200));
    assert_eq!(pushed.header("idempotency-replayed"), "");
    assert_eq!(dry_again.body["version"], "2.0.0");
    assert_eq!(dry_again.body["dry_run"], true);
}

#[tokio::test]
async fn an_upload_is_still_there_after_its_dry_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display();
    let settings = format!("upload_dir = '{path}'\npublic_url = \"http://omps.test\"");
    let app = TestApp::with_settings(&settings).await;
    let created = app.with_token(Method::POST, "/v2/testorg/uploads").await;
    let id = created.body["upload"].as_str().expect("an id").to_owned();
    let put = app.request(Method::PUT, &format!("/v2/testorg/uploads/{id}"));
    app.send(put.body(Operator::doorbell().zip())).await;
    let push = async |path: &str| {
        let request = app
            .request(Method::POST, path)
            .header(AUTHORIZATION, token())
            .header(CONTENT_TYPE, "application/json")
            .body(json!({"upload": id}).to_string());
        app.send(request).await
    };

    let dry = push(DRY).await;
    let waiting = fs::read_dir(directory.path().join(ORGANIZATION)).map(Iterator::count);
    let pushed = push("/v2/testorg/zipfile").await;

    assert_eq!(dry.status, 200, "{dry:?}");
    assert!(waiting.expect("a directory") > 0);
    assert_eq!(
        (pushed.status, pushed.header("idempotency-replayed")),
        (200, "")
    );
    assert_eq!(dry.body["version"], pushed.body["version"]);
}

#[tokio::test]
async fn a_builds_dry_run_asks_koji_and_greenwave() {
    let app = TestApp::with_greenwave().await;
    let build = Build::of_operator(NVR, Operator::doorbell().zip());
    app.koji.add_build(build);

    let dry = app.push_koji(&format!("{NVR}?dry_run=true")).await;
    app.greenwave.refuse(NVR, TESTCASES[0], Problem::Failed);
    let refused = app.push_koji(&format!("{NVR}?dry_run=true")).await;

    assert_eq!(dry.status, 200, "{dry:?}");
    assert_eq!(
        (&dry.body["nvr"], &dry.body["dry_run"], &dry.body["version"]),
        (&json!(NVR), &json!(true), &json!("1.0.0"))
    );
    assert_eq!(refused.kind(), (400, "GreenwaveUnsatisfiedError"));
    assert_eq!(writes(&app), Vec::<String>::new());
}

#[tokio::test]
async fn a_public_organization_without_a_token_is_told_beforehand() {
    let app = TestApp::with_organization("public = true").await;

    let answer = app.upload(DRY, &Operator::doorbell().zip()).await;

    let warning = answer.body["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("has no OAuth token"), "{warning}");
}
