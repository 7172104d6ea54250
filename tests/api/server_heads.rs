//! Requests that their head decides: they are answered before their body is read, and always in JSON.

use std::time::Duration;

use omps_server::Settings;
use tokio::io::AsyncWriteExt;

use crate::helpers::token;
use crate::raw_server::{ABOUT, Server, answer, reply};

#[tokio::test]
async fn a_request_that_its_head_refuses_is_answered_before_its_body_is_there() {
    let server = Server::start(Settings::default()).await;
    let token = format!("Authorization: {}\r\n", token());
    for (line, header, kind) in [
        ("POST /nowhere", "", (404, "NotFound")),
        ("PUT /v2/about", "", (405, "MethodNotAllowed")),
        ("OPTIONS /v2/about", "", (200, "")),
        (
            "POST /v2/testorg/zipfile",
            "",
            (403, "OMPSAuthorizationHeaderRequired"),
        ),
        (
            "POST /v2/testorg/zipfile",
            &*token,
            (413, "RequestEntityTooLarge"),
        ),
        (
            "POST /v2/testorg/validate",
            "",
            (413, "RequestEntityTooLarge"),
        ),
        (
            "PUT /v2/testorg/uploads/00000000-0000-4000-8000-000000000000",
            "",
            (400, "OMPSUploadedFileError"),
        ),
    ] {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: omps\r\nExpect: 100-continue\r\n{header}Content-Length: 3000000\r\n\r\n"
        );

        let answer = server.ask(head.as_bytes()).await;

        assert_eq!(answer.kind(), kind, "{line}");
        assert!(answer.head.contains("\r\nconnection: close"), "{answer:?}");
    }
    assert!(server.quay.requests().is_empty());
}

#[tokio::test]
async fn a_client_that_sends_all_of_its_body_first_gets_the_answer() {
    let server = Server::start(Settings::default()).await;
    let head = "POST /nowhere HTTP/1.1\r\nHost: omps\r\nContent-Length: 8000000\r\n\r\n";
    let request = [head.as_bytes(), &[b'x'; 8_000_000]].concat();

    let answer = server.ask(&request).await;

    assert_eq!(answer.kind(), (404, "NotFound"));
}

#[tokio::test]
async fn what_is_not_http_gets_json() {
    let server = Server::start(Settings::default()).await;
    let headers = |count: usize| "X: 1\r\n".repeat(count);
    for (name, bytes, status) in [
        ("a word", "NONSENSE\r\n\r\n".to_owned(), 400),
        (
            "a header without a name",
            "GET / HTTP/1.1\r\n: x\r\n\r\n".to_owned(),
            400,
        ),
        ("HTTP/3", "GET / HTTP/3.0\r\n\r\n".to_owned(), 400),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
            400,
        ),
        (
            "101 headers",
            format!("GET /v2/about HTTP/1.1\r\n{}\r\n", headers(101)),
            431,
        ),
        (
            "a long header",
            format!(
                "GET /v2/about HTTP/1.1\r\nX: {}\r\n\r\n",
                "x".repeat(70_000)
            ),
            431,
        ),
        (
            "a long header without an end",
            format!("GET /v2/about HTTP/1.1\r\nX: {}", "x".repeat(70_000)),
            431,
        ),
    ] {
        let answer = server.ask(bytes.as_bytes()).await;

        assert_eq!(answer.kind(), (status, "BadRequest"), "{name}");
        assert_eq!(answer.body["status"], status, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_http_gets_json_also_after_a_request() {
    let server = Server::start(Settings::default()).await;

    let answers = answer(server.send(&[ABOUT, b"NONSENSE\r\n\r\n"].concat()).await).await;

    assert!(answers.starts_with("HTTP/1.1 200 "), "{answers}");
    let (_, last) = answers.split_once("HTTP/1.1 400 ").expect("two answers");
    assert!(last.contains("\"error\":\"BadRequest\""), "{last}");
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_is_answered() {
    let server = Server::start(Settings {
        head_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;

    let silent = server.connect().await;
    let answer_to_part = server.ask(&ABOUT[..ABOUT.len() - 2]).await;

    assert_eq!(answer_to_part.kind(), (408, "RequestTimeout"));
    assert!(answer_to_part.asks_to_retry());
    assert_eq!(answer(silent).await, "", "it did not ask for anything");
}

#[tokio::test]
async fn an_idle_connection_waits_longer_than_a_head_may_take() {
    let usual = Settings::default();
    assert!(
        usual.idle_timeout > Duration::from_secs(60),
        "as proxies do"
    );
    let server = Server::start(Settings {
        head_timeout: Duration::from_millis(200),
        ..usual
    })
    .await;

    let mut stream = server.send(ABOUT).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let last = b"GET /v2/about HTTP/1.1\r\nHost: omps\r\nConnection: close\r\n\r\n";
    stream.write_all(last).await.expect("it is still open");

    let answers = answer(stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 2, "{answers}");
}

#[tokio::test]
async fn a_connection_that_is_idle_for_too_long_is_closed_without_a_word() {
    let server = Server::start(Settings {
        idle_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;

    let answer = reply(server.send(ABOUT).await).await;

    assert_eq!(answer.kind(), (200, ""));
}
