//! The answers that the service gives before it calls a handler.

use std::future::ready;
use std::time::Duration;

use axum::body::Bytes;
use omps::deadline::Deadline;
use omps::http::routes::Endpoint;
use omps::http::{Incoming, Received, Request, answer};
use omps_tests::operator::Operator;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::helpers::{TestApp, token};

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let app = TestApp::start().await;
    for path in [
        "/v2",
        "/v2/testorg",
        "/v3/testorg/zipfile",
        "/v2/testorg/zipfile/1.0.0/more",
        "/v2/testorg/zipfile/",
        "/v1/testorg/repo/nosuch/1.0.0",
    ] {
        let request = app.request(Method::POST, path);
        let answer = app.send(request.header(AUTHORIZATION, token())).await;

        assert_eq!(answer.kind(), (404, "NotFound"), "{path}");
        assert!(answer.message().contains(path), "{}", answer.message());
    }
}

#[tokio::test]
async fn known_paths_refuse_other_methods_and_list_theirs() {
    let app = TestApp::start().await;
    for (method, path, allow) in [
        ("GET", "/v2/testorg/zipfile", "DELETE, OPTIONS, POST"),
        ("GET", "/v2/testorg/zipfile/1.0.0", "DELETE, OPTIONS, POST"),
        ("PUT", "/v2/testorg/anything", "DELETE, OPTIONS"),
        ("HEAD", "/v2/testorg/zipfile", "DELETE, OPTIONS, POST"),
        ("BREW", "/v2/about", "GET, HEAD, OPTIONS"),
        ("POST", "/v2/about", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/testorg/repo/zipfile/1.0.0", "OPTIONS, POST"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let answer = app.send(app.request(method.clone(), path)).await;

        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(sorted(answer.header("allow")), allow, "{method} {path}");
        if method != Method::HEAD {
            assert_eq!(answer.kind(), (405, "MethodNotAllowed"));
        }
    }
}

#[tokio::test]
async fn options_lists_the_methods_of_a_path() {
    let app = TestApp::start().await;
    for (path, allow) in [
        ("/v2/about", "GET, HEAD, OPTIONS"),
        ("/v2/testorg/zipfile", "DELETE, OPTIONS, POST"),
        ("/v1/testorg/repo/zipfile/1.0.0", "OPTIONS, POST"),
    ] {
        let answer = app.send(app.request(Method::OPTIONS, path)).await;

        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(sorted(answer.header("allow")), allow, "{path}");
    }
}

#[tokio::test]
async fn a_missing_token_is_refused_after_unknown_paths_and_methods() {
    let app = TestApp::start().await;
    for (method, path, kind) in [
        (Method::POST, "/v2", (404, "NotFound")),
        (
            Method::PUT,
            "/v2/testorg/zipfile",
            (405, "MethodNotAllowed"),
        ),
        (
            Method::POST,
            "/v2/testorg/zipfile/nonsense",
            (403, "OMPSAuthorizationHeaderRequired"),
        ),
    ] {
        let answer = app.send(app.request(method, path)).await;

        assert_eq!(answer.kind(), kind, "{path}");
    }
    assert!(app.quay.requests().is_empty());
}

#[tokio::test]
async fn an_empty_authorization_is_no_token() {
    let app = TestApp::start().await;
    for empty in ["", "   "] {
        let request = app.request(Method::POST, "/v2/testorg/koji/a-1-1");
        let answer = app.send(request.header("authorization", empty)).await;

        assert_eq!(answer.kind(), (403, "OMPSAuthorizationHeaderRequired"));
    }
    assert!(app.quay.requests().is_empty());
    assert!(app.koji.requests().is_empty());
}

#[tokio::test]
async fn an_organization_is_spelled_as_it_is_configured() {
    let rules = "replace_registry = [{old = \"quay.io/dev\", new = \"quay.io/prod\"}]";
    let app = TestApp::with_organization(rules).await;
    let zip = Operator::doorbell().zip();
    let refused = "organization 'TestOrg' is not valid: it must have upper and lower case as in the configuration";

    for path in [
        "/v2/TestOrg/zipfile",
        "/v1/TestOrg/doorbell-operator/zipfile/1.0.0",
    ] {
        let answer = app.upload(path, &zip).await;

        assert_eq!(answer.kind(), (400, "BadRequest"), "{path}");
        assert_eq!(answer.message(), refused, "{path}");
    }
    let deleted = app
        .with_token(Method::DELETE, "/v2/TestOrg/doorbell-operator")
        .await;
    let built = app.with_token(Method::POST, "/v2/TestOrg/koji/a-1-1").await;
    assert_eq!(deleted.message(), refused);
    assert_eq!(built.message(), refused);
    assert!(app.quay.requests().is_empty());
    assert_eq!(app.upload("/v2/testorg/zipfile", &zip).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = TestApp::with_settings("max_content_length = 1000").await;

    let answer = app.push_zipfile(&[0; 1000]).await;

    assert_eq!(answer.kind(), (413, "RequestEntityTooLarge"));
    assert!(answer.message().contains("1000"), "{}", answer.message());
}

#[tokio::test]
async fn errors_of_the_web_layer_have_the_same_body_as_others() {
    let app = TestApp::start().await;

    let body = app.send(app.request(Method::GET, "/v2")).await.error();

    let keys: Vec<_> = body
        .as_object()
        .into_iter()
        .flat_map(|body| body.keys())
        .collect();
    assert_eq!(keys, ["error", "message", "status"]);
    assert_eq!(body["status"], Value::from(404));
}

fn sorted(allow: &str) -> String {
    let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods.join(", ")
}

#[tokio::test]
async fn a_defect_is_an_internal_error_without_its_cause() {
    async fn defect(_: Endpoint, _: Request) -> omps::http::Answer {
        panic!("what is nobody's business")
    }
    let request = http::Request::get("/v2/about").header("x-request-id", "1");
    let (head, ()) = request.body(()).expect("a request").into_parts();
    let incoming = Incoming {
        head,
        path: "/v2/about".to_owned(),
        id: None,
        body: ready(Ok(Received {
            body: Bytes::new(),
            deadline: Deadline::after(Duration::from_secs(1)),
        })),
    };

    let response = answer(incoming, defect).await;

    assert_eq!(response.status(), 500);
    let body: Value = serde_json::from_str(response.body()).expect("JSON");
    assert_eq!(
        body,
        json!({
            "status": 500,
            "error": "InternalServerError",
            "message": "Internal error; the log has its cause under this request id",
            "request_id": "1",
        })
    );
}
