//! A service for tests that follows a script: one step for each connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Url;

use super::*;

/// What the service does with a request.
pub enum Step {
    /// It sends these bytes and closes the connection.
    Say(Vec<u8>),
    /// It closes the connection.
    Close,
    /// It never answers.
    Hang,
    /// It sends an answer that never ends.
    Flood(&'static str),
}

/// A complete answer.
pub fn say(status: &str, headers: &str, body: &[u8]) -> Step {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    Step::Say([head.as_bytes(), body].concat())
}

/// The service, and the requests that it received.
pub struct Scripted {
    pub url: Url,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub fn play(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for step in steps {
                let (mut stream, _) = listener.accept().unwrap();
                seen.lock().unwrap().push(read_request(&mut stream));
                match step {
                    // The client may have closed the connection, which is not an error here.
                    Step::Say(bytes) => drop(stream.write_all(&bytes)),
                    Step::Close => {}
                    Step::Hang => std::mem::forget(stream),
                    Step::Flood(head) => {
                        drop(stream.write_all(head.as_bytes()));
                        while stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
                    }
                }
            }
        });
        let url = Url::parse(&url).unwrap();
        Scripted { url, requests }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A client for the service, with this time limit for calls.
    pub fn upstream(call_timeout: Duration) -> Upstream {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let deadline = Deadline::after(Duration::from_secs(20));
        Upstream::new(client.unwrap(), "Koji", call_timeout, deadline)
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).unwrap_or(0);
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head
                .split_once("content-length: ")
                .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
            body.len() >= length
        });
        if whole || read == 0 {
            return text;
        }
    }
}
