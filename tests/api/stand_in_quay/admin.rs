//! The administration shows the content and the requests of Quay, and arms faults.

use std::net::SocketAddr;

use omps_tests::admin::Admin;
use omps_tests::koji::Koji;
use omps_tests::operator::Operator;
use omps_tests::quay::Manners;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::manners::{MOMENT, MOMENTS, PACKAGE, ROBOT, push_to, quay_with};

/// The administration, and the administered Quay's address.
async fn start() -> (Admin, String) {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let quay = quay_with(Manners::default()).await;
    let koji = Koji::start(free).await.expect("a port");
    let quay_url = quay.url();
    let admin = Admin::start(free, quay, koji).await.expect("a port");
    (admin, quay_url)
}

/// The status and the body of an answer. A body that is not JSON is a text.
async fn ask(admin: &Admin, method: Method, path: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let request = Client::new().request(method, format!("{}{path}", admin.url()));
    let answer = request.body(body.into()).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    (status, serde_json::from_str(&text).unwrap_or(json!(text)))
}

async fn order(admin: &Admin, order: &Value) -> (u16, Value) {
    ask(admin, Method::POST, "/faults", order.to_string()).await
}

async fn state(admin: &Admin) -> (Value, Value) {
    let (_, holdings) = ask(admin, Method::GET, "/holdings", "").await;
    let (_, faults) = ask(admin, Method::GET, "/faults", "").await;
    let releases = holdings.pointer("/repositories/0/releases");
    (
        releases.cloned().unwrap_or(Value::Null),
        faults["unmet"].clone(),
    )
}

/// Waits until all faults are met and Quay has this number of releases of its only repository.
async fn holds(admin: &Admin, count: usize) {
    for _ in 0..MOMENTS {
        let (releases, unmet) = state(admin).await;
        if unmet == json!(0) && releases.as_array().map_or(0, Vec::len) == count {
            return;
        }
        tokio::time::sleep(MOMENT).await;
    }
    panic!("Quay never held {count} releases");
}

#[tokio::test]
async fn it_shows_the_content_and_the_requests_of_quay() {
    let (admin, quay) = start().await;
    assert_eq!(
        push_to(&quay, PACKAGE, ROBOT, "1.0.0", "content").await,
        200
    );

    let (_, holdings) = ask(&admin, Method::GET, "/holdings", "").await;
    let (_, requests) = ask(&admin, Method::GET, "/requests", "").await;
    let archive = ask(&admin, Method::GET, "/archives/testorg/pkg/1.0.0", "").await;
    let missing = ask(&admin, Method::GET, "/archives/testorg/pkg/2.0.0", "").await;

    // `printf content | sha256sum`
    let digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
    let held = json!({
        "organization": "testorg",
        "name": "pkg",
        "public": false,
        "releases": [{"release": "1.0.0", "digest": digest}],
    });
    assert_eq!(holdings, json!({"repositories": [held]}));
    assert_eq!((archive.0, missing.0), (200, 404));
    let asked = &requests["requests"][0];
    assert_eq!(asked["path"], PACKAGE);
    assert_eq!(asked["body"]["release"], "1.0.0");
    assert_eq!(asked["body"]["blob"], Value::Null);
}

#[tokio::test]
async fn a_push_hangs_before_or_after_its_effect() {
    for (kind, held) in [("hang-before", 0), ("hang-after", 1)] {
        let (admin, quay) = start().await;
        let fault = json!({"kind": kind, "method": "POST", "path_prefix": PACKAGE});
        assert_eq!(order(&admin, &fault).await, (200, json!({"unmet": 1})));

        tokio::select! {
            status = push_to(&quay, PACKAGE, ROBOT, "1.0.0", "content") => panic!("answered {status}"),
            () = holds(&admin, held) => {}
        }

        let again = push_to(&quay, PACKAGE, ROBOT, "1.0.0", "content").await;
        assert_eq!(again, if held == 1 { 409 } else { 200 }, "{kind}");
    }
}

#[tokio::test]
async fn a_late_push_takes_effect_although_the_client_has_left() {
    let (admin, quay) = start().await;
    let fault =
        json!({"kind": "act-late", "method": "POST", "path_prefix": PACKAGE, "seconds": 0.5});
    order(&admin, &fault).await;

    tokio::select! {
        status = push_to(&quay, PACKAGE, ROBOT, "1.0.0", "content") => panic!("answered {status}"),
        () = holds(&admin, 0) => {}
    }

    holds(&admin, 1).await;
}

#[tokio::test]
async fn an_invalid_fault_is_refused() {
    let (admin, _) = start().await;
    for wrong in [
        json!({"kind": "explode", "method": "GET", "path_prefix": "/"}),
        json!({"kind": "hang-after", "method": "GET"}),
        json!({"kind": "hang-after", "method": "GET", "path_prefix": "/", "seconds": -1}),
        json!({"kind": "hang-after", "method": "GET", "path_prefix": "/", "times": 1}),
    ] {
        assert_eq!(order(&admin, &wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(state(&admin).await, (Value::Null, json!(0)));
}

#[tokio::test]
async fn faults_are_removed() {
    let (admin, quay) = start().await;
    let fault = json!({"kind": "crash", "method": "POST", "path_prefix": PACKAGE, "count": null});
    order(&admin, &fault).await;
    assert_eq!(
        push_to(&quay, PACKAGE, ROBOT, "1.0.0", "content").await,
        500
    );

    ask(&admin, Method::DELETE, "/faults", "").await;

    assert_eq!(
        push_to(&quay, PACKAGE, ROBOT, "1.0.0", "content").await,
        200
    );
}

#[tokio::test]
async fn builds_are_added_to_koji() {
    let (admin, _) = start().await;
    let zip = Operator::doorbell().zip();
    let added = ask(&admin, Method::POST, "/builds/a-b-1", zip).await;
    assert_eq!(added, (200, json!({"nvr": "a-b-1"})));
}
