//! Tokens that other services repeat do not reach the client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omps_tests::operator::Operator;
use omps_tests::quay::Fault;
use omps_tests::quay::accounts::{oauth_token, robot_password};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::helpers::{ORGANIZATION, TestApp, assert_error, token};

/// An answer of Quay that repeats the caller's token in several forms.
fn echo(status: u16, secret: &str) -> Fault {
    let credentials = secret.trim_start_matches("basic ");
    Fault::Reply {
        status,
        content_type: "application/json",
        body: json!({"error": {
            "code": "unauthorized-access",
            "message": format!("not with {secret}"),
            "details": {credentials: [robot_password(ORGANIZATION)]},
        }})
        .to_string(),
    }
}

#[tokio::test]
async fn a_callers_token_that_quay_repeats_is_not_in_the_answer() {
    let app = TestApp::start().await;
    app.fail_next_push(echo(403, &token()));

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_error(
        answer,
        &json!({
            "status": 403,
            "error": "QuayAuthorizationError",
            "message": "Failed to push manifest: not with [secret]",
            "quay_response": {"error": {
                "code": "unauthorized-access",
                "message": "not with [secret]",
                "details": {"[secret]": ["[secret]"]},
            }},
        }),
    );
}

#[tokio::test]
async fn a_callers_token_that_quay_escapes_is_not_in_the_answer() {
    let app = TestApp::start().await;
    let credentials = token().trim_start_matches("basic ").to_owned();
    let password = robot_password(ORGANIZATION);
    let in_url = format!("basic%20{}", credentials.replace('=', "%3D"));
    let in_html = password.replace('O', "&#x4f;");
    let in_base64 = STANDARD.encode(format!("the password {password}, that is"));
    let body = json!({"error": {"message": format!("{in_url} {in_html} {in_base64}")}});
    app.fail_next_push(Fault::Reply {
        status: 403,
        content_type: "application/json",
        body: body.to_string(),
    });

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (403, "QuayAuthorizationError"));
    let message = answer.message();
    assert_eq!(message.matches("[secret]").count(), 3, "{message}");
    assert!(
        !message.contains("%3D") && !message.contains("&#x4f;"),
        "{message}"
    );
}

#[tokio::test]
async fn an_organizations_token_that_quay_repeats_is_not_in_the_answer() {
    let oauth = oauth_token(ORGANIZATION);
    let app =
        TestApp::with_organization(&format!("public = true\noauth_token = \"{oauth}\"")).await;
    let publish = "/api/v1/repository/testorg/doorbell-operator/changevisibility";
    app.quay.fail_next(3, "POST", publish, echo(500, &oauth));

    let answer = app.push_zipfile(&Operator::doorbell().zip()).await;

    assert_eq!(answer.kind(), (500, "QuayPackageError"));
    assert_eq!(answer.message(), "not with [secret]");
}

#[tokio::test]
async fn a_token_that_equals_a_word_of_the_answer_leaves_it_readable() {
    let app = TestApp::start().await;

    for word in ["status", "NotFound", "message"] {
        let request = app.request(Method::GET, "/nowhere");
        let answer = app.send(request.header(AUTHORIZATION, word)).await;

        assert_eq!(answer.kind(), (404, "NotFound"), "{word}");
        assert_eq!(answer.body["status"], 404);
        assert_ne!(answer.message(), "");
    }
}
