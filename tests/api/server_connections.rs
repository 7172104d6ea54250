//! How many connections there may be.

use std::io::ErrorKind;
use std::time::Duration;

use omps_server::Settings;
use tokio::io::AsyncReadExt;

use crate::raw_server::{self, ABOUT, Server, eventually, push, reply};

const LAST: &[u8] = b"GET /v2/about HTTP/1.1\r\nHost: omps\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn connections_over_the_limits_are_told_so() {
    for (settings, reason) in [
        (
            Settings {
                max_connections: 2,
                ..Settings::default()
            },
            "in all",
        ),
        (
            Settings {
                max_connections_per_peer: 2,
                ..Settings::default()
            },
            "from this address",
        ),
    ] {
        let server = Server::start(settings).await;

        let first = server.send(ABOUT).await;
        let _second = server.send(ABOUT).await;
        let third = server.ask(ABOUT).await;

        assert_eq!(third.kind(), (503, "ServiceUnavailable"), "{reason}");
        assert!(third.asks_to_retry());
        let message = third.body["message"].as_str().expect("a message");
        assert!(message.contains(reason), "{message}");
        drop(first);
        let is_free = || async { server.ask(LAST).await.status == 200 };
        eventually(is_free).await;
    }
}

#[tokio::test]
async fn connections_that_have_ended_do_not_count() {
    let server = Server::start(Settings {
        max_connections: 1,
        ..Settings::default()
    })
    .await;

    for _ in 0..5 {
        let is_served = || async { reply(server.send(LAST).await).await.status == 200 };
        eventually(is_served).await;
    }
}

#[tokio::test]
async fn a_push_whose_client_has_left_counts_until_it_is_done() {
    let server = Server::start(Settings {
        max_connections: 1,
        ..Settings::default()
    })
    .await;
    server.delay_next_push(Duration::from_secs(2));

    let client = server.send(&push("1.0.0")).await;
    let pushes = || {
        server
            .quay
            .requests()
            .into_iter()
            .filter(|sent| sent.is("POST", "/cnr/", ""))
    };
    let reaches_quay = || async { pushes().next().is_some() };
    eventually(reaches_quay).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let meanwhile = server.ask(LAST).await;

    assert_eq!(meanwhile.kind(), (503, "ServiceUnavailable"));
    let is_free = || async { server.ask(LAST).await.status == 200 };
    eventually(is_free).await;
    assert_eq!(server.releases(), ["1.0.0"]);
}

#[tokio::test]
async fn idle_connections_make_room_when_there_are_many() {
    let server = Server::start(Settings {
        max_connections: 4,
        crowded_idle_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;

    let mut idle = Vec::new();
    for _ in 0..2 {
        idle.push(server.send(ABOUT).await);
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut answer = [0; 1 << 10];
    for stream in &mut idle {
        let read = stream.read(&mut answer).await.expect("an answer");
        assert!(answer[..read].starts_with(b"HTTP/1.1 200 "));
        let more = stream.try_read(&mut answer).map_err(|error| error.kind());
        assert_eq!(more, Err(ErrorKind::WouldBlock), "it is still open");
    }

    let third = server.send(ABOUT).await;

    // One is enough.
    let (first, second) = (idle.remove(0), idle.remove(0));
    tokio::select! {
        _ = raw_server::answer(first) => {}
        _ = raw_server::answer(second) => {}
        _ = raw_server::answer(third) => {}
    }
}
