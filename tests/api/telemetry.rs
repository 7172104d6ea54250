//! Traces and metrics of the running service.

use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

use crate::helpers::{TestApp, token};
use omps_tests::multipart;

#[tokio::test]
async fn the_trace_of_a_request_is_passed_on_to_every_service() {
    const TRACE: &str = "Root=1-67891233-abcdef012345678912345678;Sampled=1";
    let app = TestApp::start().await;

    let answer = app
        .send(
            app.request(Method::POST, "/v2/testorg/zipfile")
                .header(AUTHORIZATION, token())
                .header(CONTENT_TYPE, multipart::content_type())
                .header("x-amzn-trace-id", TRACE)
                .body(multipart::form(
                    "file",
                    Some("operator.zip"),
                    &Operator::doorbell().zip(),
                )),
        )
        .await;

    assert_eq!(answer.status, 200);
    let requests = app.quay.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert_eq!(request.headers["x-amzn-trace-id"], TRACE);
    }
}

#[tokio::test]
async fn a_request_without_a_trace_gets_none() {
    let app = TestApp::start().await;

    app.push_zipfile(&Operator::doorbell().zip()).await;

    let requests = app.quay.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.headers.get("x-amzn-trace-id").is_none())
    );
}

#[tokio::test]
async fn prometheus_reads_the_metrics() {
    let app = TestApp::start().await;
    app.push_zipfile(&Operator::doorbell().zip()).await;
    app.push_koji("larder-nowhere-1").await;

    let answer = app.request(Method::GET, "/metrics").send().await;

    let answer = answer.expect("an answer");
    assert_eq!(
        answer.headers()[CONTENT_TYPE],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = answer.text().await.expect("a body");
    for line in [
        "omps_pushes_total ",
        "omps_failures_total{error=\"KojiNVRBuildNotFound\"} ",
        "omps_upstream_seconds_count{upstream=\"Quay\"} ",
        "omps_upstream_seconds_count{upstream=\"Koji\"} ",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn metrics_can_only_be_read() {
    let app = TestApp::start().await;

    let answer = app.send(app.request(Method::POST, "/metrics")).await;

    assert_eq!(answer.kind(), (404, "NotFound"));
}
