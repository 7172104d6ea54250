//! Requests in, replies out: what every endpoint has in common. The one place that logs what failed.

pub mod form;
mod lambda;
mod response;
pub mod routes;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::Instrument;

pub use lambda::respond;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::telemetry::{self, metrics, scrub, trace};
use crate::token::Token;
use routes::{Endpoint, Found, Params};

/// Carries a request's id in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that found its endpoint, and carries a token where that needs one.
#[derive(Debug)]
pub struct Request {
    /// The path as written, without a stage's name.
    pub path: String,
    /// The values of its path.
    pub params: Params,
    /// What follows `?`.
    pub query: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Its `Authorization`.
    pub token: Option<Token>,
    /// When it must be answered.
    pub deadline: Deadline,
}

/// What is answered to a request that did not fail.
#[derive(Debug)]
pub struct Reply {
    /// 200 as a rule.
    pub status: StatusCode,
    /// JSON.
    pub body: Value,
    /// The methods of the path, where they were asked for.
    pub allow: Option<String>,
    /// Whether the same request was answered with this before.
    pub is_replayed: bool,
}

impl Reply {
    /// The body of a request that succeeded.
    ///
    /// # Errors
    /// `InternalServerError` for a body that cannot be written as JSON: a defect.
    pub fn ok(body: &impl Serialize) -> Answer {
        match serde_json::to_value(body) {
            Ok(body) => Ok(Reply {
                status: StatusCode::OK,
                body,
                allow: None,
                is_replayed: false,
            }),
            Err(error) => Err(Error::Internal(format!("an answer is no JSON: {error}"))),
        }
    }

    /// The answer that the same request got before.
    pub fn replayed(body: Value) -> Self {
        Reply {
            status: StatusCode::OK,
            body,
            allow: None,
            is_replayed: true,
        }
    }

    /// The answer to OPTIONS.
    fn options(allow: String) -> Self {
        Reply {
            status: StatusCode::OK,
            body: json!({}),
            allow: Some(allow),
            is_replayed: false,
        }
    }
}

/// What a handler makes of a request.
pub type Answer = Result<Reply, Error>;

/// A request as it came, before anything is known of it.
pub struct Incoming {
    /// Method, URI and headers.
    pub head: Parts,
    /// The path as written, without a stage's name.
    pub path: String,
    /// The id that a front gave it, if any.
    pub id: Option<String>,
    /// Its body, or why there is none.
    pub body: Result<Bytes, Error>,
    /// When it must be answered.
    pub deadline: Deadline,
}

/// Answers a request: the web layer's refusals first, then the endpoint's handler; always with JSON.
pub async fn answer<F>(
    incoming: Incoming,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Response<String>
where
    F: Future<Output = Answer>,
{
    let id = incoming.request_id();
    let span = telemetry::request_span(&id);
    let trace = trace::of(&incoming.head.headers);
    let token = incoming.token();
    let secret = token.as_ref().map(Token::secret);
    let answering = async {
        let started = Instant::now();
        let (method, path) = (incoming.head.method.clone(), incoming.path.clone());
        let result = dispatch(incoming, token, handler).await;
        if let Err(error) = &result {
            metrics::count_failure(error.id());
        }
        log(method.as_str(), &path, &result, started);
        response::of(&id, &path, result)
    };
    let answering = scrub::within(secret, answering.instrument(span));
    trace::within(trace, answering).await
}

/// A request's body is over the limit.
pub fn request_too_large(config: &Config) -> Error {
    Error::TooLarge {
        limit: config.max_content_length.get(),
        by_upload: config.takes_uploads(),
    }
}

/// Finds the endpoint, and runs its handler on a request that may reach it.
async fn dispatch<F>(
    incoming: Incoming,
    token: Option<Token>,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Answer
where
    F: Future<Output = Answer>,
{
    let head = incoming.head;
    let (endpoint, params) = match routes::find(&head.method, &incoming.path)? {
        Found::Endpoint(endpoint, params) => (endpoint, params),
        Found::Options(allow) => return Ok(Reply::options(allow)),
    };
    if endpoint.needs_token() && token.is_none() {
        return Err(Error::AuthorizationRequired(incoming.path));
    }
    let request = Request {
        path: incoming.path,
        params,
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body: incoming.body?,
        token,
        deadline: incoming.deadline,
    };
    // In a box: handlers' futures are large, and deep.
    AssertUnwindSafe(Box::pin(handler(endpoint, request)))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Error::of_panic(&*panic)))
}

impl Incoming {
    /// The caller's own id, when it is fit for headers and logs; else the front's, or a new one.
    fn request_id(&self) -> String {
        let is_fit = |id: &&str| {
            (1..=128).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        };
        let asked = self.head.headers.get(REQUEST_ID);
        asked
            .and_then(|id| id.to_str().ok())
            .filter(is_fit)
            .map(str::to_owned)
            .or_else(|| self.id.clone())
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }

    fn token(&self) -> Option<Token> {
        let header = self.head.headers.get(AUTHORIZATION)?;
        Some(Token::new(header.clone()))
    }
}

/// One line for every request.
fn log(method: &str, path: &str, result: &Answer, started: Instant) {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response::status_of(result).as_u16();
    let (asked, path) = (path, &*routes::shown(path));
    match result {
        Ok(_) => tracing::info!(method, path, status, duration_ms, "answered"),
        Err(Error::Internal(cause)) => {
            tracing::error!(
                method,
                path,
                status,
                duration_ms,
                cause,
                "failed by a defect"
            );
        }
        Err(failure) => {
            let (error, reason) = (failure.id(), failure.to_string().replace(asked, path));
            tracing::warn!(method, path, status, duration_ms, error, reason, "refused");
        }
    }
}
