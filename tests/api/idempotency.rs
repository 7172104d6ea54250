//! `Idempotency-Key`: a push that is sent again is the same push.

use std::time::Duration;

use omps_tests::koji::Build;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Refusal};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use crate::helpers::{Answer, TestApp, token};

const ZIPFILE: &str = "/v2/testorg/zipfile";

/// Pushes a zip with a key.
async fn push(app: &TestApp, path: &str, key: &str, zip: &[u8]) -> Answer {
    let form = multipart::form("file", Some("operator.zip"), zip);
    let request = app
        .request(Method::POST, path)
        .header(AUTHORIZATION, token())
        .header(CONTENT_TYPE, multipart::content_type())
        .header("idempotency-key", key)
        .body(form);
    app.send(request).await
}

#[tokio::test]
async fn the_same_key_and_request_get_the_same_answer_again() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    let first = push(&app, ZIPFILE, "key", &zip).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert!(first.headers.get("idempotency-replayed").is_none());
    let asked = app.quay.requests().len();

    let again = push(&app, ZIPFILE, "key", &zip).await;

    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(app.quay.requests().len(), asked);
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    push(&app, ZIPFILE, "key", &zip).await;
    let full = format!("{ZIPFILE}?report=full");
    for (path, zip) in [
        (ZIPFILE, Operator::larder().zip()),
        ("/v2/testorg/zipfile/7.0.0", zip.clone()),
        (full.as_str(), zip),
    ] {
        let answer = push(&app, path, "key", &zip).await;

        assert_eq!(answer.kind(), (422, "IdempotencyKeyReuse"), "{path}");
    }
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn a_key_that_is_in_use_is_refused_for_now() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    app.fail_next_push(Fault::ActLate(Duration::from_secs(1)));
    let late = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        push(&app, ZIPFILE, "key", &zip).await
    };

    let (first, second) = tokio::join!(push(&app, ZIPFILE, "key", &zip), late);

    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(second.kind(), (409, "IdempotencyKeyInUse"));
    assert_eq!(second.header("retry-after"), "5");
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn a_push_that_failed_can_be_sent_again_with_its_key() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    app.fail_next_push(Fault::Refuse(Refusal::Crash));
    let failed = push(&app, ZIPFILE, "key", &zip).await;
    assert_eq!(failed.kind(), (500, "QuayCourierError"));

    let again = push(&app, ZIPFILE, "key", &zip).await;

    assert_eq!(again.status, 200, "{again:?}");
    assert!(again.headers.get("idempotency-replayed").is_none());
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_is_finished_under_its_number() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    app.fail_next_push(Fault::CloseAfterActing);
    let look = "/cnr/api/v1/packages/testorg/doorbell-operator/1.0.0";
    app.quay.fail_next(9, "GET", look, Fault::CloseBeforeActing);
    let failed = push(&app, ZIPFILE, "key", &zip).await;
    assert_eq!(failed.kind(), (500, "QuayCourierError"));
    app.quay.forget_faults();

    let again = push(&app, ZIPFILE, "key", &zip).await;

    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.body["version"], "1.0.0");
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
}

#[tokio::test]
async fn a_build_is_pushed_once_for_a_key() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    app.koji.add_build(Build::of_operator("doorbell-1-1", zip));
    let push = async |key: &str| {
        let request = app
            .request(Method::POST, "/v2/testorg/koji/doorbell-1-1")
            .header(AUTHORIZATION, token())
            .header("idempotency-key", key);
        app.send(request).await
    };

    let (first, again, other) = (push("a").await, push("a").await, push("b").await);

    assert_eq!(first.body, again.body);
    assert_eq!(first.body["nvr"], json!("doorbell-1-1"));
    assert_eq!(other.body["version"], "2.0.0");
}

#[tokio::test]
async fn another_callers_key_is_another_key() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    push(&app, ZIPFILE, "key", &zip).await;
    let request = app
        .request(Method::POST, ZIPFILE)
        .header(AUTHORIZATION, "basic c29tZWJvZHk6ZWxzZQ==")
        .header(CONTENT_TYPE, multipart::content_type())
        .header("idempotency-key", "key")
        .body(multipart::form("file", Some("operator.zip"), &zip));

    let answer = app.send(request).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
}

#[tokio::test]
async fn a_key_is_printable_and_not_too_long() {
    let app = TestApp::start().await;
    let zip = Operator::doorbell().zip();
    for key in ["", "ä", &"k".repeat(256)] {
        let answer = push(&app, ZIPFILE, key, &zip).await;

        assert_eq!(answer.kind(), (400, "BadRequest"), "{key:?}");
        assert!(answer.message().contains("1 to 255 printable ASCII"));
    }
    assert!(app.releases("doorbell-operator").is_empty());
    let longest = push(&app, ZIPFILE, &"k".repeat(255), &zip).await;
    assert_eq!(longest.status, 200);
}
