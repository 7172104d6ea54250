//! The visibility of a repository after a push.

use omps_tests::operator::Operator;
use omps_tests::quay::accounts::oauth_token;
use omps_tests::quay::{Fault, Refusal};
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp};

const PUBLISH: &str = "/api/v1/repository/testorg/doorbell-operator/changevisibility";

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
async fn a_push_to_a_public_organization_without_an_oauth_token_gets_a_warning() {
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
async fn making_a_repository_public_is_tried_again() {
    for fault in [
        Fault::Refuse(Refusal::Crash),
        Fault::CloseBeforeActing,
        Fault::CloseAfterActing,
        Fault::TruncateBody,
    ] {
        let app = public_app().await;
        app.quay.fail_next(2, "POST", PUBLISH, fault.clone());

        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_eq!(answer.status, 200, "{fault:?}: {answer:?}");
        assert_eq!(
            app.quay.is_public(ORGANIZATION, "doorbell-operator"),
            Some(true)
        );
        assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_from_quay_is_a_failure_to_publish() {
    for body in ["<html>Welcome</html>", "null"] {
        let app = public_app().await;
        let reply = Fault::Reply {
            status: 200,
            content_type: "text/html",
            body: body.to_owned(),
        };
        app.quay.fail_next(1, "POST", PUBLISH, reply);

        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_eq!(answer.kind(), (500, "QuayPackageError"), "{body}");
        assert_eq!(answer.body["pushed"], true);
        assert_eq!(answer.body["version"], "1.0.0");
    }
}

#[tokio::test]
async fn a_release_that_could_not_be_made_public_is_reported_as_pushed() {
    let app = TestApp::with_organization("public = true\noauth_token = \"expired\"").await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.error(),
        json!({
            "status": 500,
            "error": "QuayPackageError",
            "message": "Unknown error",
            "pushed": true,
            "version": "1.0.0",
        })
    );
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn the_same_push_again_publishes_a_private_repository() {
    let app = public_app().await;
    let zip = Operator::doorbell().zip();
    app.quay
        .fail_next(3, "POST", PUBLISH, Fault::Refuse(Refusal::Crash));
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
async fn a_push_of_other_content_does_not_publish_a_private_repository() {
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
