//! A service that gives the answers of a list, one for each connection, and keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// One answer of the list.
pub(crate) enum Answer {
    /// Status, other headers, body; `URL` in the body becomes the service's address.
    Says(u16, &'static str, &'static str),
    /// Reads the request and closes the connection.
    HangsUp,
}

/// What was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Method and path with query.
    pub(crate) line: String,
    /// Lower-case names and values, a line each.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub(crate) struct StandIn {
    pub(crate) url: String,
    thread: JoinHandle<Vec<Asked>>,
}

impl StandIn {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = url.clone();
        let thread = std::thread::spawn(move || {
            let answers = answers.into_iter();
            let asked = answers.map(|answer| serve(&listener.accept().unwrap().0, &answer, &own));
            asked.collect()
        });
        StandIn { url, thread }
    }

    /// What was asked, when the whole list has been used.
    pub(crate) fn asked(self) -> Vec<Asked> {
        self.thread.join().unwrap()
    }
}

fn serve(stream: &TcpStream, answer: &Answer, url: &str) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        let name = name.to_lowercase();
        if name == "content-length" {
            length = value.parse().unwrap();
        }
        headers += &format!("{name}: {value}\n");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    if let Answer::Says(status, headers, body) = answer {
        let body = body.replace("URL", url);
        let length = body.len();
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
    }
    Asked {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body,
    }
}
