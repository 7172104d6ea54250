//! The server itself: clients that close the connection, busy workers, and a stop during a push.

use std::time::Duration;

use omps_server::Settings;
use omps_tests::quay::Fault;
use tokio::net::TcpStream;

use crate::helpers::ORGANIZATION;
use crate::raw_server::{Server, answer, eventually, push};

#[tokio::test]
async fn a_push_is_finished_although_its_client_closes_the_connection() {
    let server = Server::start(Settings::default()).await;
    server.delay_next_push(Duration::from_millis(300));

    let stream = server.send(&push("1.0.0")).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    drop(stream);

    eventually(|| async { server.releases() == ["1.0.0"] }).await;
}

#[tokio::test]
async fn a_push_in_flight_is_finished_before_the_server_stops() {
    let server = Server::start(Settings::default()).await;
    server.delay_next_push(Duration::from_millis(500));

    let stream = server.send(&push("1.0.0")).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.send(()).expect("the server runs");
    let answer = answer(stream).await;

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.ended.await.expect("no panic");
    assert!(TcpStream::connect(&server.address).await.is_err());
}

#[tokio::test]
async fn a_push_without_a_free_worker_may_be_sent_again_later() {
    let server = Server::start(Settings {
        workers: 1,
        worker_timeout: Duration::from_secs(1),
        ..Settings::default()
    })
    .await;
    let hang = Fault::DelayBeforeActing(Duration::from_secs(5));
    server.quay.fail_next(3, "POST", "/cnr/", hang);

    let busy = server.send(&push("1.0.0")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Its deadline is later than the other request's, so it gets the worker when that request's time is up.
    let waiting = server.send(&push("2.0.0")).await;
    let (busy, waiting) = (answer(busy).await, answer(waiting).await);

    assert!(busy.starts_with("HTTP/1.1 500 "), "{busy}");
    assert!(waiting.starts_with("HTTP/1.1 200 "), "{waiting}");

    server.quay.forget_faults();
    server.quay.fail_next(
        9,
        "POST",
        "/cnr/",
        Fault::DelayBeforeActing(Duration::from_secs(5)),
    );
    let at_once = [
        server.send(&push("3.0.0")).await,
        server.send(&push("4.0.0")).await,
    ];
    let mut answers = Vec::new();
    for stream in at_once {
        answers.push(answer(stream).await);
    }
    answers.sort();
    assert!(answers[0].starts_with("HTTP/1.1 500 "), "{}", answers[0]);
    assert!(answers[1].starts_with("HTTP/1.1 503 "), "{}", answers[1]);
    assert!(answers[1].contains("retry-after: 5"), "{}", answers[1]);
    assert!(
        answers[1].contains("\"ServiceUnavailable\""),
        "{}",
        answers[1]
    );
}

#[tokio::test]
async fn a_push_whose_client_hung_up_is_finished_before_the_server_ends() {
    let server = Server::start(Settings::default()).await;
    let late = Fault::DelayAfterActing(Duration::from_millis(800));
    server.quay.fail_next(1, "POST", "/cnr/", late);
    let stream = server.send(&push("1.0.0")).await;
    let is_sent = || async { server.releases() == ["1.0.0"] };
    eventually(is_sent).await;
    drop(stream);

    let Server {
        quay, stop, ended, ..
    } = server;
    stop.send(()).expect("a running server");
    ended.await.expect("the server ends");

    // The push looked at what Quay has before it ended.
    let look = format!("/cnr/api/v1/packages/{ORGANIZATION}/doorbell-operator/1.0.0");
    let requests = quay.requests();
    let last = requests.last().expect("requests");
    assert_eq!((last.method.as_str(), last.path.as_str()), ("GET", &*look));
    assert_eq!(requests.len(), 3); // a look, the push, and a look
}
