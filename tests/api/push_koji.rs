//! `POST /v2/{organization}/koji/{nvr}[/{version}]`, and the same in v1.

use omps_tests::archive::unpack;
use omps_tests::koji::{Build, Koji};
use omps_tests::operator::Operator;
use omps_tests::quay::Fault;
use omps_tests::quay::accounts::{basic, robot_name};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::helpers::{ORGANIZATION, READER, READER_PASSWORD, TestApp, assert_error, token};

/// Where Quay checks a user and a password.
const LOGIN: &str = "/cnr/api/v1/users/login";

const NVR: &str = "doorbell-operator-container-v1.0.0-1";

/// A build of the small operator.
fn build() -> Build {
    Build::of_operator(NVR, Operator::doorbell().zip())
}

/// The request lines of all requests to Koji.
fn asked(koji: &Koji) -> Vec<String> {
    let requests = koji.requests();
    let lines = requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.path));
    lines.collect()
}

#[tokio::test]
async fn a_build_becomes_the_first_release_of_its_package() {
    let app = TestApp::start().await;
    app.koji.add_build(build());

    let answer = app.push_koji(NVR).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "organization": "testorg",
            "repo": "doorbell-operator",
            "version": "1.0.0",
            "nvr": NVR,
            "extracted_files": Operator::doorbell().paths(),
        })
    );
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
    assert_eq!(
        asked(&app.koji),
        [
            "POST /kojihub",
            "GET /kojifiles/packages/doorbell-operator-container/v1.0.0/1/files/operator-manifests/operator_manifests.zip",
        ]
    );
}

#[tokio::test]
async fn a_build_is_pushed_as_its_zip_would_be() {
    let app = TestApp::start().await;
    let operator = Operator::larder();
    app.koji
        .add_build(Build::of_operator("larder-1-1", operator.zip()));

    app.push_koji("larder-1-1").await;
    app.push_zipfile(&operator.zip()).await;

    let (built, uploaded) = ["1.0.0", "2.0.0"]
        .map(|version| app.pushed("larder-operator", version))
        .into();
    assert!(built == uploaded);
    assert_eq!(unpack(&built).keys().collect::<Vec<_>>(), operator.paths());
}

#[tokio::test]
async fn a_build_is_pushed_as_the_version_in_the_path() {
    let app = TestApp::start().await;
    app.koji.add_build(build());

    let answer = app.push_koji(&format!("{NVR}/7.0.1")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["version"], "7.0.1");
    assert_eq!(app.releases("doorbell-operator"), ["7.0.1"]);
}

#[tokio::test]
async fn v1_pushes_to_the_repository_in_the_path_and_is_deprecated() {
    let app = TestApp::start().await;
    app.koji.add_build(build());

    let path = format!("/v1/testorg/doorbell-operator/koji/{NVR}/2.0.0");
    let answer = app.with_token(Method::POST, &path).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "organization": "testorg",
            "repo": "doorbell-operator",
            "version": "2.0.0",
            "nvr": NVR,
            "extracted_files": Operator::doorbell().paths(),
        })
    );
    assert_eq!(answer.header("deprecation"), "@1554249600");
    assert_eq!(app.releases("doorbell-operator"), ["2.0.0"]);
}

#[tokio::test]
async fn an_archive_is_found_wherever_koji_stores_it() {
    let zip = || Operator::doorbell().zip();
    for (case, nvr, build) in [
        ("older", NVR, Build::of_older_operator(NVR, zip())),
        ("volume", NVR, build().on_volume("archive")),
        (
            "older, volume",
            NVR,
            Build::of_older_operator(NVR, zip()).on_volume("archive"),
        ),
        (
            "both ways",
            NVR,
            build().with_extra(|extra| extra["operator_manifests_archive"] = json!("gone.zip")),
        ),
        (
            "draft",
            "doorbell-1-1,draft_20",
            Build::of_older_operator("doorbell-1-1,draft_20", zip()),
        ),
        (
            "odd name",
            "door+bell-1.0~rc1%5Egit-1",
            Build::of_operator("door+bell-1.0~rc1^git-1", zip()),
        ),
        (
            "epoch",
            "9:doorbell-1-1",
            Build::of_operator("doorbell-1-1", zip()),
        ),
    ] {
        let app = TestApp::start().await;
        app.koji.add_build(build);

        let answer = app.push_koji(nvr).await;

        assert_eq!(answer.status, 200, "{case}: {answer:?}");
        // Koji's own name of the build: it has no epoch.
        let own = nvr.replace("%5E", "^");
        let own = own.trim_start_matches("9:");
        assert_eq!(answer.body["nvr"], own, "{case}");
    }
}

#[tokio::test]
async fn push_without_a_token_is_refused() {
    let app = TestApp::start().await;

    let request = app.request(Method::POST, &format!("/v2/testorg/koji/{NVR}"));
    let answer = app.send(request).await;

    assert_eq!(answer.kind(), (403, "OMPSAuthorizationHeaderRequired"));
    assert!(app.koji.requests().is_empty());
}

#[tokio::test]
async fn a_token_that_quay_does_not_know_makes_nobody_ask_koji() {
    let app = TestApp::with_greenwave().await;
    app.koji.add_build(build());
    let wrong_password = basic(&robot_name(ORGANIZATION), "wrong");
    for (case, token) in [
        ("a bogus header", "x"),
        ("a wrong password", &wrong_password),
        ("a scheme that Quay ignores", "Bearer whatever"),
    ] {
        let request = app.request(Method::POST, &format!("/v2/testorg/koji/{NVR}"));

        let answer = app.send(request.header(AUTHORIZATION, token)).await;

        assert_eq!(answer.kind(), (403, "QuayAuthorizationError"), "{case}");
        let reason = answer.message().strip_prefix("Failed to push manifest: ");
        assert!(
            reason.is_some_and(|reason| !reason.is_empty()),
            "{answer:?}"
        );
        assert_ne!(answer.body["quay_response"]["error"], json!(null), "{case}");
    }
    assert!(app.koji.requests().is_empty());
    assert!(app.greenwave.requests().is_empty());
}

#[tokio::test]
async fn a_caller_who_may_only_read_is_refused_by_the_push_itself() {
    let app = TestApp::start().await;
    app.koji.add_build(build());

    let request = app.request(Method::POST, &format!("/v2/testorg/koji/{NVR}"));
    let reader = basic(READER, READER_PASSWORD);
    let answer = app.send(request.header(AUTHORIZATION, reader)).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
    assert_eq!(app.releases("doorbell-operator"), Vec::<String>::new());
}

#[tokio::test]
async fn a_registry_without_a_login_knows_everybody() {
    let app = TestApp::start().await;
    app.koji.add_build(build());
    let not_there = Fault::Reply {
        status: 405,
        content_type: "text/html",
        body: String::new(),
    };
    app.quay.fail_next(1, "POST", LOGIN, not_there);

    let answer = app.push_koji(NVR).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn while_the_login_is_down_koji_is_not_asked() {
    let app = TestApp::start().await;
    app.koji.add_build(build());
    app.quay
        .fail_next(3, "POST", LOGIN, Fault::CloseBeforeActing);

    let answer = app.push_koji(NVR).await;

    assert_eq!(answer.kind(), (500, "QuayCourierError"));
    assert!(app.koji.requests().is_empty());
}

#[tokio::test]
async fn a_zip_costs_no_request_for_the_token() {
    let app = TestApp::start().await;

    app.push_zipfile(&Operator::doorbell().zip()).await;

    let requests = app.quay.requests();
    assert!(requests.iter().all(|request| request.path != LOGIN));
}

#[tokio::test]
async fn the_token_does_not_reach_koji_or_greenwave() {
    let app = TestApp::with_greenwave().await;
    app.koji.add_build(build());

    let answer = app.push_koji(NVR).await;

    assert_eq!(answer.status, 200);
    let requests = [app.koji.requests(), app.greenwave.requests()].concat();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!(request.authorization(), None);
        let values = request.headers.values();
        assert!(values.into_iter().all(|value| value != token().as_str()));
    }
}

#[tokio::test]
async fn a_name_that_is_not_an_nvr_is_refused_without_a_call_to_koji() {
    let app = TestApp::start().await;
    for nvr in [
        "foo",
        "foo-1",
        "a-b-c%20",
        "a-b-c%2Fd",
        "a-b-%C5%99",
        "a-b-c%0A",
        "a-b-%3Cc%3E",
    ] {
        let answer = app.push_koji(nvr).await;

        assert_eq!(answer.kind(), (400, "BadRequest"), "{nvr}");
    }
    let answer = app.push_koji("foo-1").await;
    assert_error(
        answer,
        &json!({
            "status": 400,
            "error": "BadRequest",
            "message": "N-V-R 'foo-1' is not valid: it must have a name, a version and a release with a dash between them, of letters, digits and ._+~^,:-, 255 characters at most",
        }),
    );
    assert!(app.koji.requests().is_empty());
}
