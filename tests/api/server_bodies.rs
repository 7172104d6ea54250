//! Bodies that come slowly, and many of them at once.

use std::time::Duration;

use omps_server::Settings;
use omps_tests::operator::Operator;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::raw_server::{Reply, Server, eventually, push, reply, validation};

/// Sends the pieces with a pause before each, and reads the answer.
async fn trickle(mut stream: TcpStream, bytes: &[u8], piece: usize, pause: Duration) -> Reply {
    for piece in bytes.chunks(piece) {
        sleep(pause).await;
        // The server may have answered already.
        if stream.write_all(piece).await.is_err() {
            break;
        }
    }
    reply(stream).await
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered() {
    let server = Server::start(Settings {
        pause_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;
    let push = push("1.0.0");

    let answer = server.ask(&push[..push.len() - 1]).await;

    assert_eq!(answer.kind(), (408, "RequestTimeout"));
    assert!(answer.asks_to_retry());
    let message = answer.body["message"].as_str().expect("a message");
    assert!(message.contains("did not arrive in time"), "{message}");
    assert_eq!(server.releases(), Vec::<String>::new());
}

#[tokio::test]
async fn a_slow_body_that_keeps_coming_is_read() {
    let server = Server::start(Settings {
        pause_timeout: Duration::from_secs(1),
        least_rate: 500,
        ..Settings::default()
    })
    .await;
    let push = push("1.0.0");
    let (head, body) = push.split_at(push.len() - 1500);

    let stream = server.send(head).await;
    let answer = trickle(stream, body, 50, Duration::from_millis(50)).await;

    assert_eq!(answer.kind(), (200, ""));
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_answered_although_it_keeps_coming() {
    let server = Server::start(Settings {
        pause_timeout: Duration::from_millis(500),
        least_rate: 1 << 20,
        ..Settings::default()
    })
    .await;
    let push = push("1.0.0");
    let (head, body) = push.split_at(push.len() - 1500);

    let stream = server.send(head).await;
    let answer = trickle(stream, &body[..200], 1, Duration::from_millis(20)).await;

    assert_eq!(answer.kind(), (408, "RequestTimeout"));
}

#[tokio::test]
async fn bodies_take_their_bytes_from_one_budget_as_they_come() {
    let push_bytes = push("1.0.0");
    let server = Server::start(Settings {
        body_budget: push_bytes.len() * 3,
        ..Settings::default()
    })
    .await;

    // Announced alone costs nothing.
    let head =
        "POST /v2/testorg/zipfile HTTP/1.1\r\nAuthorization: x\r\nContent-Length: 2000000\r\n\r\n";
    let mut announced = Vec::new();
    for _ in 0..20 {
        announced.push(server.send(head.as_bytes()).await);
    }
    assert_eq!(server.ask(&push("1.0.0")).await.kind(), (200, ""));

    // What has come costs, until it is worked on or its client leaves.
    let held = server.send(&push_bytes[..push_bytes.len() - 1]).await;
    let is_full = || async { server.ask(&push("1.0.0")).await.status == 503 };
    eventually(is_full).await;
    let refused = server.ask(&push("2.0.0")).await;
    assert_eq!(refused.kind(), (503, "ServiceUnavailable"));
    assert!(refused.asks_to_retry());
    drop(held);
    let is_free = || async { server.ask(&push("2.0.0")).await.status == 200 };
    eventually(is_free).await;
    assert_eq!(server.releases().len(), 2);
}

#[tokio::test]
async fn a_body_of_unknown_size_counts_twice() {
    let server = Server::start(Settings {
        body_budget: 20_000,
        ..Settings::default()
    })
    .await;
    let chunked = |size: usize| {
        let head = "POST /v2/testorg/zipfile HTTP/1.1\r\nConnection: close\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size)).into_bytes()
    };

    assert_eq!(server.ask(&chunked(5000)).await.status, 400, "no form");
    assert_eq!(server.ask(&chunked(5001)).await.status, 503);
}

#[tokio::test]
async fn bodies_without_a_token_and_bodies_of_one_peer_leave_half_of_the_budget() {
    let zip = Operator::doorbell().zip();
    let server = Server::start(Settings {
        body_budget: push("1.0.0").len() * 3,
        ..Settings::default()
    })
    .await;
    let validation = validation(&zip);

    let _held = server.send(&validation[..validation.len() - 1]).await;
    let is_full = || async { server.ask(&validation).await.status == 503 };
    eventually(is_full).await;

    let other = || server.connect_from("127.0.0.2");
    let of_other_peer = |bytes: Vec<u8>| async move {
        let mut stream = other().await;
        stream.write_all(&bytes).await.expect("bytes are taken");
        reply(stream).await
    };
    assert_eq!(server.ask(&push("1.0.0")).await.status, 503, "this peer");
    assert_eq!(of_other_peer(validation.clone()).await.status, 503);
    assert_eq!(of_other_peer(push("1.0.0")).await.kind(), (200, ""));
}
