//! Validations, which need no token, do not keep pushes waiting.

use std::time::Duration;

use omps_server::Settings;
use omps_tests::operator::Operator;
use omps_tests::quay::Fault;

use crate::canary::{self, WATCHED};
use crate::raw_server::{Server, eventually, push, push_of, reply, validation, with_id};

/// An operator that takes nearly as long to read as one may.
fn heavy() -> Vec<u8> {
    let list = format!("a: [{}]\n", "1,".repeat(8_000));
    Operator::doorbell().with("list.yaml", &list).zip()
}

#[tokio::test]
async fn a_validation_takes_no_worker_of_pushes() {
    let server = Server::start(Settings {
        workers: 1,
        ..Settings::default()
    })
    .await;
    let long = Fault::DelayBeforeActing(Duration::from_secs(60));
    server.quay.fail_next(9, "POST", "/cnr/", long);
    let _busy = server.send(&push("1.0.0")).await;
    let is_busy = || async {
        server
            .quay
            .requests()
            .iter()
            .any(|request| request.method == "POST")
    };
    eventually(is_busy).await;

    let answer = server.ask(&validation(&Operator::doorbell().zip())).await;

    assert_eq!(answer.kind(), (200, ""));
}

#[tokio::test]
async fn of_many_validations_at_once_most_are_refused_and_pushes_are_not() {
    let server = Server::start(Settings {
        validate_workers: 1,
        ..Settings::default()
    })
    .await;
    let bytes = validation(&heavy());

    let mut waiting = Vec::new();
    for _ in 0..40 {
        waiting.push(server.send(&bytes).await);
    }
    let pushed = server.ask(&push("1.0.0")).await;
    let mut statuses = Vec::new();
    for stream in waiting {
        let answer = reply(stream).await;
        assert_eq!(answer.asks_to_retry(), answer.status == 503);
        statuses.push(answer.status);
    }

    assert_eq!(pushed.kind(), (200, ""));
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!(count(200) + count(503), 40, "{statuses:?}");
    assert!(count(200) >= 9, "one works, and eight wait: {statuses:?}");
}

#[tokio::test]
async fn validations_whose_clients_have_left_are_not_done() {
    canary::watch_the_log();
    let server = Server::start(Settings {
        validate_workers: 1,
        ..Settings::default()
    })
    .await;
    let (left, stayed) = (format!("{WATCHED}left"), format!("{WATCHED}stayed"));
    let (heavy, light) = (heavy(), Operator::doorbell().zip());

    let mut waiting = Vec::new();
    for _ in 0..9 {
        waiting.push(server.send(&with_id(&left, &validation(&heavy))).await);
    }
    let are_waiting = || async { server.ask(&validation(&light)).await.status == 503 };
    eventually(are_waiting).await;
    drop(waiting);
    let is_free = || async {
        let request = with_id(&stayed, &validation(&light));
        server.ask(&request).await.status == 200
    };
    eventually(is_free).await;

    // Validations are done in their order, and each that was done has a line.
    assert!(canary::lines_of(&stayed) > 0);
    assert!(canary::lines_of(&left) < 9, "{}", canary::lines_of(&left));
}

#[tokio::test]
async fn values_over_the_limit_are_refused_by_validations_and_pushes_alike() {
    let server = Server::start(Settings::default()).await;
    let list = format!("a: [{}]\n", "1,".repeat(30_000));
    let zip = Operator::doorbell().with("list.yaml", &list).zip();

    let validated = server.ask(&validation(&zip)).await;
    let pushed = server.ask(&push_of(&zip)).await;

    assert_eq!(pushed.kind(), (400, "PackageValidationError"));
    let message = pushed.body["message"].as_str().expect("a message");
    assert!(message.contains("list.yaml: "), "{message}");
    assert!(
        message.contains(" values in all files together"),
        "{message}"
    );
    assert!(
        validated
            .body
            .to_string()
            .contains(" values in all files together"),
        "{validated:?}"
    );
}
