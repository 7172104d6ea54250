//! The server itself: clients that send slowly or close the connection, busy workers, and a stop during a push.

use std::future::Future;
use std::time::Duration;

use omps::app::App;
use omps::config::Config;
use omps_server::Settings;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::Accounts;
use omps_tests::quay::{self, Fault, Quay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::helpers::{ORGANIZATION, token};

/// A server to which a test sends single bytes.
struct Server {
    quay: Quay,
    address: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(settings: Settings) -> Self {
        let quay = Quay::start(quay::Settings {
            accounts: Accounts::of_organizations(&[ORGANIZATION]),
            ..quay::Settings::default()
        })
        .await
        .expect("a port for Quay");
        let section = format!("[Test]\nquay_url = \"{}\"", quay.url());
        let config = Config::from_toml(&section, "Test").expect("a valid configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (stop, stopped) = oneshot::channel();
        let app = App::new(config);
        let ended = tokio::spawn(omps_server::serve(listener, app, settings, async {
            drop(stopped.await);
        }));
        Server {
            quay,
            address,
            stop,
            ended,
        }
    }

    /// Sends these bytes, and no more.
    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address)
            .await
            .expect("a connection");
        stream.write_all(bytes).await.expect("bytes are taken");
        stream
    }

    fn delay_next_push(&self, delay: Duration) {
        let path = "/cnr/api/v1/packages/";
        self.quay
            .fail_next(1, "POST", path, Fault::DelayBeforeActing(delay));
    }

    fn releases(&self) -> Vec<String> {
        self.quay.releases(ORGANIZATION, "doorbell-operator")
    }
}

/// The bytes of a push of the small operator.
fn push(version: &str) -> Vec<u8> {
    let form = multipart::form("file", Some("a.zip"), &Operator::doorbell().zip());
    let head = format!(
        "POST /v2/{ORGANIZATION}/zipfile/{version} HTTP/1.1\r\nHost: omps\r\nConnection: close\r\n\
         Authorization: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        token(),
        multipart::content_type(),
        form.len()
    );
    [head.into_bytes(), form].concat()
}

/// All bytes until the server closes the connection.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .expect("the server closes the connection")
        .expect("an answer");
    String::from_utf8(answer).expect("text")
}

async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen in ten seconds");
}

#[tokio::test]
async fn a_client_that_sends_its_head_too_slowly_is_disconnected() {
    let server = Server::start(Settings {
        head_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;

    let stream = server
        .send(b"GET /v2/about HTTP/1.1\r\nHost: omps\r\n")
        .await;

    assert_eq!(answer(stream).await, "");
}

#[tokio::test]
async fn a_client_that_sends_its_body_too_slowly_gets_an_error() {
    let server = Server::start(Settings {
        pause_timeout: Duration::from_millis(200),
        ..Settings::default()
    })
    .await;
    let push = push("1.0.0");

    let answer = answer(server.send(&push[..push.len() - 1]).await).await;

    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("the request body did not arrive in time"));
    assert_eq!(server.releases(), Vec::<String>::new());
}

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
