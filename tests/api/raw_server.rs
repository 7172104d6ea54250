//! A server to which a test sends single bytes, and whose sockets have small buffers, so that few bytes fill them.

use std::future::Future;
use std::time::Duration;

use omps::app::App;
use omps::config::Config;
use omps_server::Settings;
use omps_tests::multipart;
use omps_tests::operator::Operator;
use omps_tests::quay::accounts::Accounts;
use omps_tests::quay::{self, Fault, Quay};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::helpers::{ORGANIZATION, token};

/// Bytes that a socket's buffers hold; Linux doubles them.
const BUFFER: usize = 8 << 10;
/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub quay: Quay,
    pub address: String,
    pub stop: oneshot::Sender<()>,
    pub ended: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::with_config(settings, "").await
    }

    /// Starts a server with these lines in its configuration.
    pub(crate) async fn with_config(settings: Settings, lines: &str) -> Self {
        let quay = Quay::start(quay::Settings {
            accounts: Accounts::of_organizations(&[ORGANIZATION]),
            ..quay::Settings::default()
        })
        .await
        .expect("a port for Quay");
        let section = format!(
            "[Test]\nquay_url = \"{}\"\nrelease_format = \"app-registry\"\n{lines}",
            quay.url()
        );
        let config = Config::from_toml(&section, "Test").expect("a valid configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let settings = Settings {
            send_buffer: BUFFER,
            ..settings
        };
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

    pub(crate) async fn connect(&self) -> TcpStream {
        self.connect_from("127.0.0.1").await
    }

    /// Connects from another address of this machine.
    pub(crate) async fn connect_from(&self, peer: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = format!("{peer}:0").parse().expect("an address");
        socket.bind(from).expect("a port");
        let size = u32::try_from(BUFFER).expect("a size");
        socket.set_recv_buffer_size(size).expect("a small buffer");
        let address = self.address.parse().expect("an address");
        socket.connect(address).await.expect("a connection")
    }

    /// Sends these bytes, and no more.
    pub(crate) async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("bytes are taken");
        stream
    }

    /// Sends a request whose connection then ends, and reads the answer.
    pub(crate) async fn ask(&self, bytes: &[u8]) -> Reply {
        reply(self.send(bytes).await).await
    }

    pub(crate) fn delay_next_push(&self, delay: Duration) {
        let path = "/cnr/api/v1/packages/";
        self.quay
            .fail_next(1, "POST", path, Fault::DelayBeforeActing(delay));
    }

    pub(crate) fn releases(&self) -> Vec<String> {
        self.quay.releases(ORGANIZATION, "doorbell-operator")
    }
}

/// The bytes of a push of the small operator.
pub(crate) fn push(version: &str) -> Vec<u8> {
    request(
        &format!("/v2/{ORGANIZATION}/zipfile/{version}"),
        Some(&token()),
        &Operator::doorbell().zip(),
    )
}

/// The bytes of a push of a zip.
pub(crate) fn push_of(zip: &[u8]) -> Vec<u8> {
    request(&format!("/v2/{ORGANIZATION}/zipfile"), Some(&token()), zip)
}

/// The bytes of a validation of a zip.
pub(crate) fn validation(zip: &[u8]) -> Vec<u8> {
    request(&format!("/v2/{ORGANIZATION}/validate"), None, zip)
}

/// The same request with an id.
pub(crate) fn with_id(id: &str, request: &[u8]) -> Vec<u8> {
    let end_of_line = request
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a line");
    let (line, rest) = request.split_at(end_of_line + 1);
    [line, format!("X-Request-Id: {id}\r\n").as_bytes(), rest].concat()
}

/// The bytes of a request with a zip, after which the connection ends.
fn request(path: &str, token: Option<&str>, zip: &[u8]) -> Vec<u8> {
    let form = multipart::form("file", Some("a.zip"), zip);
    let token = token.map_or_else(String::new, |token| format!("Authorization: {token}\r\n"));
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: omps\r\nConnection: close\r\n{token}Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
        multipart::content_type(),
        form.len()
    );
    [head.into_bytes(), form].concat()
}

/// A request that asks for nothing but an answer.
pub(crate) const ABOUT: &[u8] = b"GET /v2/about HTTP/1.1\r\nHost: omps\r\n\r\n";

/// An answer, read to the end of its connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Reply {
    /// Its status and its error's id. Every answer is JSON and has a request id.
    pub(crate) fn kind(&self) -> (u16, &str) {
        assert!(
            self.head.contains("\r\ncontent-type: application/json"),
            "{self:?}"
        );
        assert!(self.head.contains("\r\nx-request-id: "), "{self:?}");
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    /// Whether the client is asked to send its request again later.
    pub(crate) fn asks_to_retry(&self) -> bool {
        self.head.contains("\r\nretry-after: 5")
    }
}

/// All bytes until the server closes the connection.
pub(crate) async fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    timeout(PATIENCE, read)
        .await
        .expect("the server closes the connection")
        .expect("an answer");
    String::from_utf8(answer).expect("text")
}

/// The answer, after which the server closes the connection.
pub(crate) async fn reply(stream: TcpStream) -> Reply {
    let answer = answer(stream).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
    Reply {
        status: status.expect("a status"),
        head: head.to_owned(),
        body: serde_json::from_str(body).expect("a JSON body"),
    }
}

pub(crate) async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen in ten seconds");
}
