//! Pushes to which Quay gives no clear answer. They are sent again, which never replaces a release. The result is
//! always one release or an error.

use std::time::Duration;

use omps_tests::operator::Operator;
use omps_tests::quay::{Fault, Refusal};
use serde_json::json;

use crate::helpers::{Answer, ORGANIZATION, TestApp};

/// The path of the first release in Quay.
const LOOK_UP: &str = "/cnr/api/v1/packages/testorg/doorbell-operator/1.0.0";
/// The path of the package in Quay.
const PACKAGE: &str = "/cnr/api/v1/packages/testorg/doorbell-operator";
const LONG: Duration = Duration::from_secs(30);

fn reply(status: u16, body: &str) -> Fault {
    Fault::Reply {
        status,
        content_type: "text/html",
        body: body.to_owned(),
    }
}

/// Pushes the sample without a version. Returns the answer, and the numbers of pushes and look-ups that reached Quay.
async fn push(app: &TestApp) -> (Answer, usize, usize) {
    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;
    let requests = app.quay.requests();
    let pushes = requests.iter().filter(|request| request.method == "POST");
    let look_ups = requests.iter().filter(|request| request.path == LOOK_UP);
    (answer, pushes.count(), look_ups.count())
}

fn assert_pushed(app: &TestApp, answer: &Answer, context: &str) {
    assert_eq!(answer.status, 200, "{context}: {answer:?}");
    assert_eq!(answer.body["version"], "1.0.0", "{context}");
    assert_eq!(app.releases("doorbell-operator"), ["1.0.0"], "{context}");
}

fn assert_failed(answer: &Answer, context: &str) {
    assert_eq!(answer.kind(), (500, "QuayCourierError"), "{context}");
    let start = "Failed to push manifest: ";
    assert!(answer.message().starts_with(start), "{}", answer.message());
}

#[tokio::test]
async fn a_push_that_took_effect_is_found_by_sending_it_again() {
    for fault in [Fault::CloseAfterActing, Fault::TruncateBody] {
        let app = TestApp::start().await;
        app.fail_next_push(fault.clone());

        let (answer, pushes, look_ups) = push(&app).await;

        let context = format!("{fault:?}");
        assert_pushed(&app, &answer, &context);
        assert_eq!((pushes, look_ups), (2, 1), "{context}");
    }
}

#[tokio::test]
async fn a_push_that_took_effect_after_the_time_limit_is_found() {
    let app = TestApp::with_settings("request_timeout = 1").await;
    for _ in 0..3 {
        app.fail_next_push(Fault::DelayAfterActing(LONG));
    }

    let (answer, pushes, look_ups) = push(&app).await;

    assert_pushed(&app, &answer, "slow");
    assert_eq!((pushes, look_ups), (3, 1));
}

#[tokio::test]
async fn a_push_that_took_no_effect_is_sent_again() {
    let busy = |status| reply(status, "<html>Not now</html>");
    for fault in [
        Fault::CloseBeforeActing,
        busy(429),
        busy(502),
        busy(503),
        busy(504),
    ] {
        let app = TestApp::start().await;
        app.fail_next_push(fault.clone());
        app.fail_next_push(fault.clone());

        let (answer, pushes, look_ups) = push(&app).await;

        let context = format!("{fault:?}");
        assert_pushed(&app, &answer, &context);
        assert_eq!((pushes, look_ups), (3, 1), "{context}");
    }
}

#[tokio::test]
async fn a_push_is_sent_three_times_at_most() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.fail_next_push(reply(503, r#"{"error": {"message": "restarting"}}"#));
    }

    let (answer, pushes, look_ups) = push(&app).await;

    assert_failed(&answer, "503");
    assert_eq!(
        answer.body["quay_response"]["error"]["message"],
        "restarting"
    );
    assert_eq!((pushes, look_ups), (3, 3)); // several look-ups, because a replica of Quay's database may be late
    assert!(app.releases("doorbell-operator").is_empty());
}

#[tokio::test]
async fn a_push_to_an_existing_repository_is_sent_again_too() {
    let app = TestApp::start().await;
    app.quay
        .add_release(ORGANIZATION, "doorbell-operator", "0.1.0");
    app.fail_next_push(Fault::CloseBeforeActing);

    let (answer, pushes, look_ups) = push(&app).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((pushes, look_ups), (2, 1));
}

#[tokio::test]
async fn a_push_succeeds_only_if_quay_shows_the_content() {
    for fault in [
        Fault::CloseBeforeActing,
        Fault::Refuse(Refusal::Crash),
        reply(503, "<html>Restarting</html>"),
        reply(200, "<html>Maintenance</html>"),
        reply(200, r#"[{"release": "1.0.0", "content": {}}]"#),
        reply(200, "[]"),
    ] {
        let app = TestApp::start().await;
        app.quay.fail_next(9, "GET", LOOK_UP, fault.clone());

        let (answer, pushes, _) = push(&app).await;

        let context = format!("{fault:?}");
        assert_failed(&answer, &context);
        assert_eq!(pushes, 1, "{context}");
        // The same push again uses another version: the first may exist, and its origin is unknown.
        app.quay.forget_faults();
        let (again, _, _) = push(&app).await;
        assert_eq!(again.status, 200, "{context}: {again:?}");
        assert_eq!(again.body["version"], "2.0.0", "{context}");
    }
}

#[tokio::test]
async fn a_release_of_another_push_is_a_conflict_as_usual() {
    for asked in [false, true] {
        let app = TestApp::start().await;
        app.fail_next_listing(reply(200, "[]"));
        app.quay
            .add_release(ORGANIZATION, "doorbell-operator", "1.0.0");
        app.fail_next_push(Fault::CloseBeforeActing);
        let zip = Operator::doorbell().zip();

        let answer = match asked {
            false => app.push_zipfile(&zip).await,
            true => {
                app.push_zipfile(&zip).await;
                app.fail_next_push(Fault::CloseBeforeActing);
                app.push_zipfile_as("1.0.0", &zip).await
            }
        };

        if asked {
            assert_eq!(
                answer.error(),
                json!({
                    "status": 500,
                    "error": "QuayCourierError",
                    "message": "Failed to push manifest: package exists already",
                    "quay_response": {"error": {
                        "code": "package-exists",
                        "details": {},
                        "message": "package exists already",
                    }},
                })
            );
        } else {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body["version"], "2.0.0");
        }
        assert_eq!(app.releases("doorbell-operator"), ["2.0.0", "1.0.0"]);
    }
}

#[tokio::test]
async fn a_conflict_with_an_earlier_try_of_the_same_push_is_a_success() {
    let app = TestApp::start().await;
    app.fail_next_push(Fault::CloseAfterActing);
    app.quay.fail_next(1, "GET", LOOK_UP, reply(200, "[]"));

    let (answer, pushes, look_ups) = push(&app).await;

    assert_pushed(&app, &answer, "stale");
    assert_eq!((pushes, look_ups), (2, 2));
}

#[tokio::test]
async fn a_conflict_after_an_unclear_try_is_an_error_if_the_content_differs() {
    let app = TestApp::start().await;
    app.fail_next_listing(reply(200, "[]"));
    app.quay.fail_next(1, "GET", PACKAGE, reply(404, "{}"));
    app.quay
        .add_release(ORGANIZATION, "doorbell-operator", "1.0.0");
    app.fail_next_push(Fault::CloseBeforeActing);

    let (answer, pushes, look_ups) = push(&app).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["version"], "2.0.0");
    assert_eq!((pushes, look_ups), (3, 1));
    assert_eq!(app.releases("doorbell-operator"), ["2.0.0", "1.0.0"]);
}

#[tokio::test]
async fn a_conflict_that_cannot_be_explained_makes_no_second_release() {
    for fault in [reply(200, "[]"), Fault::Refuse(Refusal::Crash)] {
        let app = TestApp::start().await;
        app.fail_next_push(Fault::CloseAfterActing);
        app.quay.fail_next(9, "GET", LOOK_UP, fault.clone());

        let (answer, pushes, _) = push(&app).await;

        app.quay.forget_faults();
        let context = format!("{fault:?}");
        assert_failed(&answer, &context);
        assert_eq!(pushes, 2, "{context}");
        assert_eq!(app.releases("doorbell-operator"), ["1.0.0"]);
    }
}

#[tokio::test]
async fn a_push_that_takes_effect_while_it_is_sent_again_makes_one_release() {
    for later in [1, 30, 100, 200] {
        let app = TestApp::start().await;
        let later = Duration::from_millis(later);
        app.fail_next_push(Fault::CloseThenAct(later));

        let (answer, _, _) = push(&app).await;

        tokio::time::sleep(later).await;
        assert_pushed(&app, &answer, &format!("{later:?}"));
    }
}

#[tokio::test]
async fn simultaneous_pushes_that_lose_their_answers_get_different_versions() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.fail_next_push(Fault::CloseAfterActing);
    }
    let [one, other, third] = [1, 2, 3].map(|number| {
        let csv = "doorbell-operator.v1.0.0.clusterserviceversion.yaml";
        let people = format!("The doorbell people {number}");
        Operator::doorbell()
            .edit(csv, "The doorbell people", &people)
            .zip()
    });

    let (one, other, third) = tokio::join!(
        app.push_zipfile(&one),
        app.push_zipfile(&other),
        app.push_zipfile(&third),
    );

    let mut versions = Vec::new();
    for answer in [one, other, third] {
        assert_eq!(answer.status, 200, "{answer:?}");
        versions.push(answer.body["version"].as_str().expect("text").to_owned());
    }
    versions.sort();
    versions.reverse();
    assert_eq!(app.releases("doorbell-operator"), versions);
}

#[tokio::test]
async fn a_push_is_looked_up_after_an_answer_that_is_not_from_quay() {
    let app = TestApp::start().await;
    app.fail_next_push(reply(200, "<html>Welcome</html>"));

    let (answer, pushes, look_ups) = push(&app).await;

    assert_failed(&answer, "a page");
    assert_eq!(
        answer.message(),
        "Failed to push manifest: Quay's answer could not be understood: expected value at line 1 column 1"
    );
    assert_eq!((pushes, look_ups), (1, 3));
    assert!(app.releases("doorbell-operator").is_empty());
}
