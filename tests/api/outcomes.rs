//! Outcomes of pushes by event, in front of an EventBridge that does not take every one at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use axum::{Json, Router};
use omps::aws::Aws;
use omps::events::outcome::{End, Outcome, Outcomes};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An EventBridge that refuses the first entries; returns what calls it, and the number of calls so far.
async fn bus_that_refuses(entries: usize) -> (Outcomes, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let answer = move || async move {
        match seen.fetch_add(1, Ordering::SeqCst) < entries {
            true => Json(json!({
                "FailedEntryCount": 1,
                "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}],
            })),
            false => Json(json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(url)
        .load()
        .await;
    (
        Outcomes::on_event_bridge(Arc::new(Aws::from(config))),
        calls,
    )
}

fn outcome() -> Outcome {
    Outcome::new(
        End::Succeeded,
        json!({"version": "1.0.0"}),
        Value::Null,
        "id",
    )
}

#[tokio::test]
async fn an_outcome_that_is_refused_is_sent_again() {
    let (outcomes, calls) = bus_that_refuses(2).await;

    outcomes.send(outcome()).await;

    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_outcome_that_is_always_refused_is_given_up() {
    let (outcomes, calls) = bus_that_refuses(usize::MAX).await;

    outcomes.send(outcome()).await;

    assert_eq!(calls.load(Ordering::SeqCst), 4);
}
