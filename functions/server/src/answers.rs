//! Answers on their way to clients: their bytes count until the client has taken them.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HeaderValue};
use omps::http::{REQUEST_ID, refuse};

use crate::budget::{Counted, Held};

/// An answer as hyper sends it.
pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// Bytes of a request's head, and of what is read from a socket at once.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// Answers of so many bytes do not count: the bound on connections bounds them.
const SMALL: usize = 16 << 10;

/// Takes the bytes of an answer from the budget. If there are not enough left, the answer is another one, unless it must not
/// be lost.
pub(crate) fn counted(
    answer: hyper::Response<String>,
    path: &str,
    must_be_sent: bool,
    mut held: Held,
) -> Response {
    if answer.body().len() <= SMALL {
        return answer.map(Full::from);
    }
    match held.take(answer.body().len()) {
        Ok(()) => answer.map(|content| {
            Full::new(Bytes::from_owner(Counted {
                content,
                _held: held,
            }))
        }),
        Err(_) if must_be_sent => answer.map(Full::from),
        Err(refusal) => {
            let id = answer.headers().get(REQUEST_ID);
            let id = id.and_then(|id| id.to_str().ok());
            refuse(id, path, refusal).map(Full::from)
        }
    }
}

/// The same answer, after which the connection ends.
pub(crate) fn last<B>(mut answer: hyper::Response<B>) -> hyper::Response<B> {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
    answer
}

/// An answer as it goes over the wire, after which the connection ends.
pub(crate) fn as_bytes(answer: hyper::Response<String>) -> Vec<u8> {
    let answer = last(answer);
    let (status, body) = (answer.status(), answer.body());
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    for (name, value) in answer.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend([b"\r\n", body.as_bytes()].concat());
    bytes
}
