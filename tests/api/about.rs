//! `GET /v2/about`, and the same in v1.

use reqwest::Method;
use serde_json::json;

use crate::helpers::TestApp;

#[tokio::test]
async fn about_reports_both_versions() {
    let app = TestApp::start().await;

    let answer = app.about().await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"version": env!("CARGO_PKG_VERSION"), "operatorcourier": "2.1.11"})
    );
    assert_eq!(answer.header("deprecation"), "");
}

#[tokio::test]
async fn about_of_v1_is_deprecated() {
    let app = TestApp::start().await;

    let answer = app.send(app.request(Method::GET, "/v1/about")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, app.about().await.body);
    assert_eq!(answer.header("deprecation"), "@1554249600");
}

#[tokio::test]
async fn about_answers_head_without_a_body() {
    let app = TestApp::start().await;

    let answer = app.send(app.request(Method::HEAD, "/v2/about")).await;

    assert_eq!(answer.status, 200);
    assert!(answer.body.is_null());
}

#[tokio::test]
async fn an_answer_has_the_request_id_that_the_client_sent() {
    let app = TestApp::start().await;

    let request = app.request(Method::GET, "/v2/about");
    let answer = app.send(request.header("x-request-id", "pipeline-7")).await;

    assert_eq!(answer.header("x-request-id"), "pipeline-7");
}
