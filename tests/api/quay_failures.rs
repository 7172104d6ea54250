//! Pushes while Quay fails.

use std::time::{Duration, Instant};

use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Quay, Refusal, Settings};
use serde_json::json;

use crate::helpers::{Answer, TestApp};

#[tokio::test]
async fn a_failed_push_has_quays_message_if_there_is_one() {
    for (refusal, message) in refusals() {
        let app = TestApp::start().await;
        app.fail_next_push(Fault::Refuse(refusal.clone()));

        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_eq!(answer.kind(), (500, "QuayCourierError"), "{refusal:?}");
        let reason = message.unwrap_or("Failed to get error details.");
        assert_eq!(
            answer.message(),
            format!("Failed to push manifest: {reason}")
        );
    }
}

#[tokio::test]
async fn a_failed_listing_has_quays_message_if_there_is_one() {
    for (refusal, message) in refusals() {
        let app = TestApp::start().await;
        app.fail_next_listing(Fault::Refuse(refusal.clone()));

        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_eq!(answer.status, 500, "{refusal:?}");
        let reason = message.unwrap_or("Unknown error");
        assert_eq!(
            answer.error(),
            json!({
                "status": 500,
                "error": "QuayPackageError",
                "message": format!("Cannot retrieve information about package testorg/doorbell-operator: {reason}"),
            })
        );
        assert!(app.releases("doorbell-operator").is_empty());
    }
}

#[tokio::test]
async fn the_error_contains_quays_answer_if_it_is_json() {
    let app = TestApp::start().await;
    app.fail_next_push(Fault::Refuse(Refusal::Abort {
        status: 405,
        error: "Cannot push an application".to_owned(),
    }));
    let refused = app.push_zipfile(&Operator::doorbell().zip()).await;
    app.fail_next_push(Fault::Refuse(Refusal::Crash));
    let crashed = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(
        refused.body["quay_response"],
        json!({"error": "Cannot push an application"})
    );
    assert_eq!(crashed.body["quay_response"], json!({}));
}

#[tokio::test]
async fn a_refused_token_is_an_authorization_error() {
    for status in [401, 403] {
        let refusal = || {
            Fault::Refuse(Refusal::Abort {
                status,
                error: "no".to_owned(),
            })
        };
        let app = TestApp::start().await;
        app.fail_next_listing(refusal());
        let listing = app.push_zipfile(&Operator::doorbell().zip()).await;
        app.fail_next_push(refusal());
        let pushing = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_eq!(listing.kind(), (403, "QuayAuthorizationError"));
        assert_eq!(
            listing.message(),
            "Cannot retrieve information about package testorg/doorbell-operator: Unknown error"
        );
        assert_eq!(pushing.kind(), (403, "QuayAuthorizationError"));
        assert_eq!(
            pushing.message(),
            "Failed to push manifest: Failed to get error details."
        );
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_once_is_fetched_again() {
    for fault in [Fault::CloseBeforeActing, Fault::TruncateBody, bad_gateway()] {
        let app = TestApp::start().await;
        app.fail_next_listing(fault.clone());

        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_eq!(answer.status, 200, "{fault:?}: {answer:?}");
        assert_eq!(listings(&app), 2, "{fault:?}");
        assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_three_times_is_an_error() {
    for fault in [Fault::CloseBeforeActing, Fault::TruncateBody, bad_gateway()] {
        let app = TestApp::start().await;
        app.quay
            .fail_next(3, "GET", "/cnr/api/v1/packages", fault.clone());

        let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

        assert_listing_failed(&answer, &fault);
        assert_eq!(listings(&app), 3, "{fault:?}");
        assert!(app.releases("doorbell-operator").is_empty());
    }
}

#[tokio::test]
async fn a_listing_that_cannot_be_read_is_an_error() {
    let html = Fault::Reply {
        status: 200,
        content_type: "text/html",
        body: "<html>Maintenance</html>".to_owned(),
    };
    let app = TestApp::start().await;
    app.fail_next_listing(html.clone());

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_listing_failed(&answer, &html);
    assert_eq!(listings(&app), 1);
    assert!(app.releases("doorbell-operator").is_empty());
}

fn bad_gateway() -> Fault {
    Fault::Reply {
        status: 502,
        content_type: "text/html",
        body: "<html>Bad Gateway</html>".to_owned(),
    }
}

/// The number of listings that the service requested.
fn listings(app: &TestApp) -> usize {
    let requests = app.quay.requests();
    let is_listing = |path: &str| path == "/cnr/api/v1/packages";
    let listings = requests.iter().filter(|request| is_listing(&request.path));
    listings.count()
}

fn assert_listing_failed(answer: &Answer, fault: &Fault) {
    assert_eq!(answer.kind(), (500, "QuayPackageError"), "{fault:?}");
    let start = "Cannot retrieve information about package testorg/doorbell-operator: ";
    assert!(answer.message().starts_with(start), "{}", answer.message());
}

#[tokio::test]
async fn a_redirect_does_not_take_the_token_to_another_host() {
    let app = TestApp::start().await;
    let elsewhere = Quay::start(Settings::default()).await.expect("a port");
    let redirect = || Fault::Redirect {
        base_url: elsewhere.url(),
    };
    app.fail_next_listing(redirect());
    let listing = app.push_zipfile(&Operator::doorbell().zip()).await;
    app.fail_next_push(redirect());
    let pushing = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(listing.kind(), (500, "QuayPackageError"));
    assert_eq!(pushing.kind(), (500, "QuayCourierError"));
    let followed = elsewhere.requests();
    assert!(
        followed
            .iter()
            .all(|request| request.authorization().is_none()),
        "{followed:?}"
    );
}

#[tokio::test]
async fn a_quay_that_does_not_answer_in_time_is_an_error() {
    let app = TestApp::with_settings("request_timeout = 1").await;
    let hang = Fault::DelayBeforeActing(Duration::from_secs(30));
    app.quay.fail_next(3, "POST", "/cnr/api/v1/packages", hang);
    let started = Instant::now();

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (500, "QuayCourierError"));
    assert!(started.elapsed() < Duration::from_secs(5));
    // How many tries the time is enough for is not what is tested here.
    app.quay.forget_faults();
}

#[tokio::test]
async fn a_listing_that_does_not_come_in_time_is_an_error() {
    let app = TestApp::with_settings("request_timeout = 1").await;
    let hang = Fault::DelayBeforeActing(Duration::from_secs(30));
    app.quay.fail_next(3, "GET", "/cnr/api/v1/packages", hang);
    let started = Instant::now();

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (500, "QuayPackageError"));
    assert!(started.elapsed() < Duration::from_secs(5));
    // How many tries the time is enough for is not what is tested here.
    app.quay.forget_faults();
}

#[tokio::test]
async fn an_image_repository_with_the_same_name_is_an_error() {
    let app = TestApp::start().await;
    app.quay
        .add_image_repository("testorg", "doorbell-operator");

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (500, "QuayCourierError"));
    assert_eq!(
        answer.body["quay_response"],
        json!({"error": "Cannot push an application to an image repository with the same name"})
    );
}

/// Quay's five forms of error answers, and the message in each.
fn refusals() -> [(Refusal, Option<&'static str>); 5] {
    let message = "no room".to_owned();
    [
        (
            Refusal::Cnr {
                status: 400,
                code: "invalid-usage",
                message: message.clone(),
                details: json!({}),
            },
            Some("no room"),
        ),
        (
            Refusal::Abort {
                status: 405,
                error: message.clone(),
            },
            None,
        ),
        (
            Refusal::Rest {
                status: 400,
                error_type: "invalid_request",
                message: message.clone(),
            },
            None,
        ),
        (Refusal::DataModel { message }, None),
        (Refusal::Crash, None),
    ]
}
