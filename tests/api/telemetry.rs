//! Traces and metrics of the running service.

use omps_server::{Settings, serve_metrics};
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

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

    let answer = ask_metrics(Method::GET, "/metrics").await;

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
    for (method, path, status) in [
        (Method::HEAD, "/metrics", 200),
        (Method::POST, "/metrics", 405),
        (Method::GET, "/", 404),
        (Method::GET, "/v2/about", 404),
    ] {
        let answer = ask_metrics(method, path).await;

        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn metrics_are_not_on_the_public_port() {
    let app = TestApp::start().await;

    let answer = app.send(app.request(Method::GET, "/metrics")).await;

    assert_eq!(answer.kind(), (404, "NotFound"));
}

/// Asks the port of the metrics, which all services of a process share.
async fn ask_metrics(method: Method, path: &str) -> reqwest::Response {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "http://{}{path}",
        listener.local_addr().expect("an address")
    );
    let (_stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(serve_metrics(listener, Settings::default(), async {
        drop(stopped.await);
    }));
    let answer = reqwest::Client::new().request(method, url).send().await;
    answer.expect("an answer")
}
