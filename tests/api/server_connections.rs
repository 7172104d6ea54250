//! How many connections there may be.

use omps_server::Settings;

use crate::raw_server::{ABOUT, Server, eventually, reply};

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
