//! The log of the requests that a stand-in received.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};

/// One request.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: Method,
    /// The path as it was sent, with its percent-encoding.
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Recorded {
    pub(super) fn new(parts: &Parts, body: &[u8]) -> Self {
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(ToOwned::to_owned),
            headers: parts.headers.clone(),
            body: body.to_vec(),
        }
    }

    /// Whether the request has this method and path prefix, and its body contains this text.
    pub fn is(&self, method: &str, path_prefix: &str, containing: &str) -> bool {
        self.method == method
            && self.path.starts_with(path_prefix)
            && String::from_utf8_lossy(&self.body).contains(containing)
    }

    pub fn authorization(&self) -> Option<&str> {
        self.headers.get(AUTHORIZATION)?.to_str().ok()
    }
}
