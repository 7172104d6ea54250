//! Pushes of builds with a configured Greenwave.

use omps_tests::greenwave::{CONTEXT, Fault, PRODUCT_VERSION, Problem, Refusal, TESTCASES};
use omps_tests::koji::Build;
use omps_tests::operator::Operator;
use serde_json::{Value, json};

use crate::helpers::{TestApp, assert_error};

const NVR: &str = "doorbell-operator-container-v1.0.0-1";

/// A build of the small operator.
fn build() -> Build {
    Build::of_operator(NVR, Operator::doorbell().zip())
}

#[tokio::test]
async fn greenwave_is_asked_about_the_build_after_its_archive_is_downloaded() {
    let app = TestApp::with_greenwave().await;
    app.koji.add_build(build());

    let missing = app.push_koji("no-such-1").await;
    let asked_before = app.greenwave.requests().len();
    let answer = app.push_koji(NVR).await;

    assert_eq!(missing.kind(), (404, "KojiNVRBuildNotFound"));
    assert_eq!(asked_before, 0);
    assert_eq!(answer.status, 200);
    let questions = app.greenwave.requests();
    assert_eq!(questions.len(), 1);
    let question: Value = serde_json::from_slice(&questions[0].body).expect("JSON");
    assert_eq!(
        question,
        json!({
            "decision_context": CONTEXT,
            "product_version": PRODUCT_VERSION,
            "subject_type": "koji_build",
            "subject_identifier": NVR,
        })
    );
}

#[tokio::test]
async fn greenwave_is_asked_about_the_build_that_koji_found_and_not_about_the_callers_name() {
    let app = TestApp::with_greenwave().await;
    app.koji.add_build(build());
    app.greenwave.refuse(NVR, TESTCASES[0], Problem::Failed);

    let answer = app.push_koji(&format!("9:{NVR}")).await;

    assert_eq!(answer.kind(), (400, "GreenwaveUnsatisfiedError"));
    assert!(
        answer
            .message()
            .starts_with(&format!("Policies for nvr {NVR} were not satisfied")),
        "{answer:?}"
    );
    let question: Value = serde_json::from_slice(&app.greenwave.requests()[0].body).expect("JSON");
    assert_eq!(question["subject_identifier"], NVR);
}

#[tokio::test]
async fn greenwave_is_not_asked_about_a_zip() {
    let app = TestApp::with_greenwave().await;

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.status, 200);
    assert!(app.greenwave.requests().is_empty());
}

#[tokio::test]
async fn a_build_that_lacks_required_tests_is_refused_with_their_names() {
    let app = TestApp::with_greenwave().await;
    app.koji.add_build(build());
    let [installs, upgrades] = TESTCASES;
    app.greenwave.refuse(NVR, installs, Problem::Missing);
    app.greenwave.refuse(NVR, upgrades, Problem::Failed);

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 400,
            "error": "GreenwaveUnsatisfiedError",
            "message": format!(
                "Policies for nvr {NVR} were not satisfied: \
                 larder.image.installs (test-result-missing), larder.operator.upgrades (test-result-failed)"
            ),
            "greenwave_response": {
                "policies_satisfied": false,
                "summary": "Of 2 required tests, 1 result missing, 1 test failed",
                "applicable_policies": ["larder_release_tests"],
                "satisfied_requirements": [],
                "unsatisfied_requirements": [
                    {
                        "type": "test-result-missing",
                        "testcase": "larder.image.installs",
                        "subject_type": "koji_build",
                        "subject_identifier": NVR,
                        "scenario": null,
                        "source": null,
                        "item": {"item": NVR, "type": "koji_build"},
                    },
                    {
                        "type": "test-result-failed",
                        "testcase": "larder.operator.upgrades",
                        "subject_type": "koji_build",
                        "subject_identifier": NVR,
                        "scenario": null,
                        "source": null,
                        "item": {"item": NVR, "type": "koji_build"},
                        "result_id": 123,
                    },
                ],
            },
        }),
    );
    assert_eq!(app.releases("doorbell-operator"), Vec::<String>::new());
    assert_eq!(app.quay.requests().len(), 1, "the token was tried");
}

#[tokio::test]
async fn a_greenwave_that_does_not_decide_is_an_error() {
    let app = TestApp::with_greenwave().await;
    app.koji.add_build(build());
    let refusal = Refusal {
        status: 404,
        message: "Found no applicable policies".to_owned(),
    };
    let decision = "/api/v1.0/decision";
    app.greenwave
        .fail_next(1, "POST", decision, Fault::Refuse(refusal));

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "GreenwaveError",
            "message": format!("Greenwave did not decide on build {NVR}: it answered 404 Not Found: Found no applicable policies"),
            "greenwave_response": {"message": "Found no applicable policies"},
        }),
    );
    assert_eq!(app.releases("doorbell-operator"), Vec::<String>::new());
    assert_eq!(app.quay.requests().len(), 1, "the token was tried");
}

#[tokio::test]
async fn a_greenwave_that_is_down_is_an_error() {
    let mut app = TestApp::with_greenwave().await;
    app.koji.add_build(build());
    app.greenwave.stop().await;

    let answer = app.push_koji(NVR).await;

    assert_error(
        answer,
        &json!({
            "status": 500,
            "error": "GreenwaveError",
            "message": "Greenwave could not be reached: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)",
            "greenwave_response": {},
        }),
    );
    assert_eq!(app.releases("doorbell-operator"), Vec::<String>::new());
    assert_eq!(app.quay.requests().len(), 1, "the token was tried");
}
