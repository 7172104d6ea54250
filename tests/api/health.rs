//! `GET /v2/health/ping`, and the same in v1.

use std::time::{Duration, Instant};

use omps_tests::{greenwave, koji, quay};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::helpers::TestApp;

const REFUSED: &str = "error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)";

fn good() -> Value {
    json!({"ok": true, "details": "It works!"})
}

fn down(details: &str) -> Value {
    json!({"ok": false, "details": details})
}

fn health(services: &[Value; 3]) -> Value {
    let [koji, quay, greenwave] = services;
    let ok = services
        .iter()
        .all(|service| service.is_null() || service["ok"] == true);
    json!({
        "ok": ok,
        "status": if ok { 200 } else { 503 },
        "services": {"koji": koji, "quay": quay, "greenwave": greenwave},
    })
}

#[tokio::test]
async fn all_services_that_are_configured_are_asked() {
    let app = TestApp::with_greenwave().await;

    let answer = app.health().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, health(&[good(), good(), good()]));
    for (requests, line) in [
        (app.koji.requests(), "POST /kojihub"),
        (app.quay.requests(), "GET /cnr/version"),
        (app.greenwave.requests(), "GET /api/v1.0/about"),
    ] {
        let lines: Vec<_> = requests
            .iter()
            .map(|request| format!("{} {}", request.method, request.path))
            .collect();
        assert_eq!(lines, [line]);
    }
}

#[tokio::test]
async fn a_greenwave_that_is_not_configured_is_null() {
    let app = TestApp::start().await;

    let answer = app.health().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, health(&[good(), good(), Value::Null]));
    assert!(app.greenwave.requests().is_empty());
}

#[tokio::test]
async fn a_service_that_is_down_makes_it_503_and_is_named() {
    let reason = |service| down(&format!("{service} could not be reached: {REFUSED}"));
    for (service, services) in [
        ("Koji", [reason("Koji"), good(), good()]),
        ("Quay", [good(), reason("Quay"), good()]),
        ("Greenwave", [good(), good(), reason("Greenwave")]),
    ] {
        let mut app = TestApp::with_greenwave().await;
        match service {
            "Koji" => app.koji.stop().await,
            "Quay" => app.quay.stop().await,
            _ => app.greenwave.stop().await,
        }

        let answer = app.health().await;

        assert_eq!(answer.status, 503, "{service}");
        assert_eq!(answer.body, health(&services), "{service}");
    }
}

#[tokio::test]
async fn several_services_that_are_down_are_all_named() {
    let mut app = TestApp::start().await;
    app.koji.stop().await;
    app.quay.stop().await;

    let answer = app.health().await;

    assert_eq!(answer.status, 503);
    let reason = |service| down(&format!("{service} could not be reached: {REFUSED}"));
    assert_eq!(
        answer.body,
        health(&[reason("Koji"), reason("Quay"), Value::Null])
    );
}

#[tokio::test]
async fn an_answer_of_another_service_counts_as_down() {
    let app = TestApp::with_greenwave().await;
    let page = || (200, "text/html", "<html>Welcome</html>".to_owned());
    let (status, content_type, body) = page();
    app.koji.fail_next(
        1,
        "POST",
        koji::HUB,
        koji::Fault::Reply {
            status,
            content_type,
            body,
        },
    );
    let (status, content_type, body) = page();
    app.quay.fail_next(
        1,
        "GET",
        "/cnr/version",
        quay::Fault::Reply {
            status,
            content_type,
            body,
        },
    );
    let (status, content_type, body) = page();
    app.greenwave.fail_next(
        1,
        "GET",
        "/api/v1.0/about",
        greenwave::Fault::Reply {
            status,
            content_type,
            body,
        },
    );

    let answer = app.health().await;

    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.body,
        health(&[
            down(
                "Koji's answer to getAPIVersion could not be understood: it is not an XML-RPC response"
            ),
            down("its answer is not JSON with 'cnr-api'"),
            down("its answer is not JSON with 'version'"),
        ])
    );
}

#[tokio::test]
async fn a_fault_of_koji_is_reported() {
    let app = TestApp::start().await;
    let fault = koji::Refusal::Fault {
        code: 1014,
        text: "database outage".to_owned(),
    };
    app.koji
        .fail_next(1, "POST", koji::HUB, koji::Fault::Refuse(fault));

    let answer = app.health().await;

    assert_eq!(answer.status, 503);
    let koji = down("Koji answered with fault 1014: database outage");
    assert_eq!(answer.body, health(&[koji, good(), Value::Null]));
}

#[tokio::test]
async fn a_service_that_fails_for_a_moment_is_asked_again() {
    let app = TestApp::with_greenwave().await;
    app.koji
        .fail_next(1, "POST", koji::HUB, koji::Fault::CloseBeforeActing);
    app.quay
        .fail_next(1, "GET", "/cnr/version", quay::Fault::TruncateBody);
    let restarting = greenwave::Refusal {
        status: 503,
        message: "restarting".to_owned(),
    };
    app.greenwave
        .fail_next(1, "GET", "/api/v1.0", greenwave::Fault::Refuse(restarting));

    let answer = app.health().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, health(&[good(), good(), good()]));
}

#[tokio::test]
async fn silent_services_are_waited_for_at_the_same_time() {
    let app = TestApp::with_settings("request_timeout = 2").await;
    let long = Duration::from_secs(30);
    app.koji
        .fail_next(3, "POST", koji::HUB, koji::Fault::DelayBeforeActing(long));
    app.quay.fail_next(
        3,
        "GET",
        "/cnr/version",
        quay::Fault::DelayBeforeActing(long),
    );
    let started = Instant::now();

    let answer = app.health().await;

    assert_eq!(answer.status, 503);
    for service in ["koji", "quay"] {
        let details = answer.body["services"][service]["details"].as_str();
        assert!(
            details.is_some_and(|details| details.contains("could not be reached")),
            "{details:?}"
        );
    }
    assert!(started.elapsed() < Duration::from_millis(3500));
}

#[tokio::test]
async fn v1_answers_the_same_and_is_deprecated() {
    let app = TestApp::start().await;

    let answer = app.send(app.request(Method::GET, "/v1/health/ping")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, app.health().await.body);
    assert_eq!(answer.header("deprecation"), "@1554249600");
}

#[tokio::test]
async fn services_are_asked_once_whoever_asks() {
    let app = TestApp::with_greenwave().await;

    let (first, at_once) = tokio::join!(app.health(), app.health());
    let next = app.health().await;
    let v1 = app.send(app.request(Method::GET, "/v1/health/ping")).await;

    for answer in [first, at_once, next, v1] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, health(&[good(), good(), good()]));
    }
    for requests in [
        app.koji.requests(),
        app.quay.requests(),
        app.greenwave.requests(),
    ] {
        assert_eq!(requests.len(), 1);
    }
}

#[tokio::test]
async fn a_token_is_not_passed_on() {
    let app = TestApp::with_greenwave().await;

    let request = app.request(Method::GET, "/v2/health/ping");
    let answer = app.send(request.header(AUTHORIZATION, "basic eDp5")).await;

    assert_eq!(answer.status, 200);
    let requests = [
        app.koji.requests(),
        app.quay.requests(),
        app.greenwave.requests(),
    ];
    for request in requests.concat() {
        assert_eq!(request.authorization(), None);
    }
}
