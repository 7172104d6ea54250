//! Calls to a service that follows a script.

use super::scripted::{Scripted, Step, say};
use super::*;

const TIMEOUT: Duration = Duration::from_secs(5);

fn unavailable(headers: &str) -> Step {
    say("503 Service Unavailable", headers, b"{}")
}

fn ok() -> Step {
    say("200 OK", "", b"fine")
}

/// The result of a call with this size limit and timeout: `status body`, or the error.
async fn read(service: &Scripted, limit: usize, timeout: Duration) -> String {
    let upstream = Scripted::upstream(timeout);
    let request = || upstream.client().get(service.url.clone());
    outcome(upstream.send_repeatable(request, limit).await)
}

fn outcome(result: Result<Response, CallError>) -> String {
    match result {
        Ok(Response { status, body, .. }) => {
            format!("{} {}", status.as_u16(), String::from_utf8_lossy(&body))
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_call_that_can_be_repeated_is_tried_three_times_at_most() {
    let truncated = || Step::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfine".to_vec());
    let cases = [
        (vec![ok()], "200 fine", 1),
        (vec![Step::Close, ok()], "200 fine", 2),
        (vec![truncated(), ok()], "200 fine", 2),
        (vec![unavailable(""), Step::Close, ok()], "200 fine", 3),
        (
            vec![say("429 Too Many Requests", "", b""), ok()],
            "200 fine",
            2,
        ),
        (
            vec![
                say("502 Bad Gateway", "", b""),
                say("504 Gateway Timeout", "", b""),
                unavailable(""),
            ],
            "503 {}",
            3,
        ),
        (
            vec![say("500 Internal Server Error", "", b"no"), ok()],
            "500 no",
            1,
        ),
        (vec![say("404 Not Found", "", b"no"), ok()], "404 no", 1),
        (
            vec![
                say("302 Found", "Location: http://127.0.0.1:1/\r\n", b""),
                ok(),
            ],
            "302 ",
            1,
        ),
    ];
    for (steps, wanted, tries) in cases {
        let service = Scripted::play(steps);
        assert_eq!(read(&service, 100, TIMEOUT).await, wanted);
        assert_eq!(service.requests().len(), tries, "{wanted}");
    }
}

#[tokio::test]
async fn the_error_is_the_last_failure_without_the_url() {
    let service = Scripted::play(vec![Step::Close, Step::Close, Step::Close]);

    let outcome = read(&service, 100, TIMEOUT).await;

    assert!(
        outcome.starts_with("Koji could not be reached: "),
        "{outcome}"
    );
    assert!(!outcome.contains("127.0.0.1"), "{outcome}");
    assert_eq!(service.requests().len(), 3);
}

#[tokio::test]
async fn the_pause_that_a_service_asks_for_is_made_if_there_is_time() {
    let service = Scripted::play(vec![unavailable("Retry-After: 1\r\n"), ok()]);
    let started = Instant::now();
    assert_eq!(read(&service, 100, TIMEOUT).await, "200 fine");
    assert!(started.elapsed() >= Duration::from_secs(1));

    let service = Scripted::play(vec![unavailable("Retry-After: 60\r\n"), ok()]);
    let started = Instant::now();
    assert_eq!(read(&service, 100, TIMEOUT).await, "503 {}");
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let asked = |value: &str| {
        let value = value.parse().unwrap();
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
    };
    assert_eq!(asked("7"), Some(Duration::from_secs(7)));
    assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
    assert!(asked(&soon).unwrap() > Duration::from_secs(50));
    for odd in ["", "-1", "soon"] {
        assert_eq!(asked(odd), None, "{odd}");
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_limit() {
    let exactly = Scripted::play(vec![say("200 OK", "", &[b'x'; 10])]);
    assert_eq!(read(&exactly, 10, TIMEOUT).await, "200 xxxxxxxxxx");

    let flood = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let endless = Scripted::play(vec![Step::Flood(flood), ok()]);
    assert_eq!(
        read(&endless, 1 << 20, TIMEOUT).await,
        "Koji's answer is larger than 1048576 bytes"
    );
    assert_eq!(endless.requests().len(), 1);

    let flood = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n";
    let endless = Scripted::play(vec![Step::Flood(flood)]);
    let outcome = read(&endless, 10 << 20, TIMEOUT).await;
    assert!(outcome.starts_with("500 xxx") && outcome.len() <= FAILURE_LIMIT + 4);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_called_again_while_there_is_time() {
    let service = Scripted::play(vec![Step::Hang, ok()]);
    assert_eq!(
        read(&service, 100, Duration::from_secs(2)).await,
        "200 fine"
    );

    let service = Scripted::play(vec![Step::Hang, Step::Hang, Step::Hang]);
    let outcome = read(&service, 100, Duration::from_millis(500)).await;
    assert!(outcome.contains("could not be reached"), "{outcome}");
    assert!(service.requests().len() > 1);
}

#[tokio::test]
async fn the_deadline_of_a_request_ends_its_calls() {
    let service = Scripted::play(vec![Step::Hang, Step::Hang, Step::Hang]);
    let mut upstream = Scripted::upstream(TIMEOUT);
    upstream.deadline = Deadline::after(Duration::from_millis(200));
    let started = Instant::now();

    let request = || upstream.client().get(service.url.clone());
    let outcome = outcome(upstream.send_repeatable(request, 100).await);

    assert!(outcome.contains("could not be reached"), "{outcome}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_answer_says_whether_a_try_before_it_may_have_taken_effect() {
    let conflict = || say("409 Conflict", "", b"");
    let refused = || say("429 Too Many Requests", "", b"");
    let cases = [
        ("at once", vec![conflict()], false),
        (
            "after a broken connection",
            vec![Step::Close, conflict()],
            true,
        ),
        ("after 503", vec![unavailable(""), conflict()], true),
        ("after a refusal", vec![refused(), conflict()], false),
        (
            "after a broken connection and a refusal",
            vec![Step::Close, refused(), conflict()],
            true,
        ),
    ];
    for (name, steps, repeated) in cases {
        let service = Scripted::play(steps);
        let upstream = Scripted::upstream(TIMEOUT);
        let request = || upstream.client().post(service.url.clone());
        let response = upstream.send_repeatable(request, 100).await.unwrap();
        assert_eq!(response.repeated, repeated, "{name}");
    }
}

#[tokio::test]
async fn a_persistent_call_is_repeated_after_a_server_error_too() {
    let no_room = || say("500 Internal Server Error", "", b"no");
    let service = Scripted::play(vec![no_room(), no_room(), ok()]);
    let upstream = Scripted::upstream(TIMEOUT);

    let request = || upstream.client().post(service.url.clone());
    let answer = outcome(upstream.send_persistently(request, 100).await);

    assert_eq!(answer, "200 fine");
}
