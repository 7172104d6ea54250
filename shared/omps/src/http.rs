//! Receives requests and sends replies: the code that all endpoints share. Only this module logs failed requests.

pub mod form;
mod lambda;
mod response;
pub mod routes;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, CONTENT_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::Instrument;

pub use lambda::{respond, respond_to_each};

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::telemetry::{self, metrics, scrub, trace};
use crate::token::Token;
use crate::uploads;
use routes::{Endpoint, Found, Params};

/// The header that carries a request's id, in requests and in answers.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request whose endpoint is known. It has a token if the endpoint requires one.
#[derive(Debug)]
pub struct Request {
    /// The path in its one spelling: decoded, and without empty segments.
    pub path: String,
    /// The values in the path.
    pub params: Params,
    /// The query: the part after `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The value of the header `Authorization`.
    pub token: Option<Token>,
    /// The time by which the service must answer.
    pub deadline: Deadline,
}

/// The body of an answer to a request that succeeded.
#[derive(Debug)]
pub enum Content {
    /// JSON: what all endpoints answer that programs call.
    Json(Value),
    /// A document that is part of the service, as the page for people.
    Document(&'static Document),
    /// Another text.
    Text(Text),
}

/// A text that is made for one answer.
#[derive(Debug)]
pub struct Text {
    /// The value of the header `Content-Type`.
    pub media_type: &'static str,
    /// The text.
    pub text: String,
}

/// A document that is part of the service.
#[derive(Debug)]
pub struct Document {
    /// The value of the header `Content-Type`.
    pub media_type: &'static str,
    /// What a browser lets the document do: the value of the header `Content-Security-Policy`.
    pub policy: String,
    /// The text.
    pub text: String,
}

/// The answer to a request that succeeded.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status; usually 200.
    pub status: StatusCode,
    /// The body.
    pub content: Content,
    /// The methods that the path accepts; only in the answer to OPTIONS.
    pub allow: Option<String>,
    /// Whether an earlier, identical request got this same answer.
    pub is_replayed: bool,
    /// The value of the header `ETag`, without its quotes.
    pub etag: Option<String>,
}

impl Reply {
    fn of(content: Content) -> Self {
        Reply {
            status: StatusCode::OK,
            content,
            allow: None,
            is_replayed: false,
            etag: None,
        }
    }

    /// A reply with this body and status 200.
    ///
    /// # Errors
    /// `InternalServerError` if the body cannot be serialized. That is a defect.
    pub fn ok(body: &impl Serialize) -> Answer {
        match serde_json::to_value(body) {
            Ok(body) => Ok(Reply::of(Content::Json(body))),
            Err(error) => Err(Error::Internal(format!(
                "an answer cannot be serialized: {error}"
            ))),
        }
    }

    /// A document.
    pub fn document(document: &'static Document) -> Self {
        Reply::of(Content::Document(document))
    }

    /// Another text.
    pub fn text(text: Text) -> Self {
        Reply::of(Content::Text(text))
    }

    /// The same answer with the header `ETag`.
    #[must_use]
    pub fn tagged(self, digest: Option<&str>) -> Self {
        let etag = digest.map(str::to_owned);
        Reply { etag, ..self }
    }

    /// The answer that an earlier, identical request got.
    pub fn replayed(body: Value) -> Self {
        Reply {
            is_replayed: true,
            ..Reply::of(Content::Json(body))
        }
    }

    /// The answer to OPTIONS.
    fn options(allow: String) -> Self {
        Reply {
            allow: Some(allow),
            ..Reply::of(Content::Json(json!({})))
        }
    }
}

/// The result of a handler.
pub type Answer = Result<Reply, Error>;

/// A request as it arrived, before its endpoint is known.
pub struct Incoming<B> {
    /// Method, URI and headers.
    pub head: Parts,
    /// The path as the client wrote it, without the name of an API Gateway stage.
    pub path: String,
    /// The id that API Gateway gave the request, if any.
    pub id: Option<String>,
    /// Reads the body. It is awaited only if the head is not refused.
    pub body: B,
}

/// A body that was read.
pub struct Received {
    /// The body.
    pub body: Bytes,
    /// The time by which the service must answer.
    pub deadline: Deadline,
}

/// Answers a request: first the checks of its head, then its body is read, then comes the handler of the endpoint. The
/// answer is always JSON.
pub async fn answer<B, F>(
    incoming: Incoming<B>,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Response<String>
where
    B: Future<Output = Result<Received, Error>>,
    F: Future<Output = Answer>,
{
    let id = incoming.request_id();
    let span = telemetry::request_span(&id, telemetry::is_cold_start());
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

/// The answer to what came in place of a request, or in place of the answer to a request that has this id and path.
pub fn refuse(id: Option<&str>, path: &str, error: Error) -> Response<String> {
    let id = id.map_or_else(new_id, str::to_owned);
    metrics::count_failure(error.id());
    let (status, reason) = (error.status().as_u16(), error.to_string());
    let path_in_log = &*routes::without_upload_id(path);
    tracing::warn!(
        request_id = id,
        path = path_in_log,
        status,
        error = error.id(),
        reason,
        "refused"
    );
    response::of(&id, path, Err(error))
}

/// The error for a request whose body is larger than the limit.
pub fn request_too_large(config: &Config) -> Error {
    Error::TooLarge {
        limit: config.max_content_length.get(),
        upload_is_possible: config.takes_uploads(),
    }
}

/// Finds the endpoint and runs its handler, if the request passes the checks.
async fn dispatch<B, F>(
    incoming: Incoming<B>,
    token: Option<Token>,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Answer
where
    B: Future<Output = Result<Received, Error>>,
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
    refuse_compressed(&head.headers)?;
    let Received { body, deadline } = incoming.body.await?;
    let request = Request {
        path: routes::canonical(&incoming.path),
        params,
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body,
        token,
        deadline,
    };
    // Boxed: the futures of handlers are large and deeply nested.
    AssertUnwindSafe(Box::pin(handler(endpoint, request)))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Error::of_panic(&*panic)))
}

/// Refuses a body that is compressed: no client of OMPS sends one, and what it would become has no limit.
///
/// # Errors
/// `UnsupportedMediaType`, which names the encoding.
pub fn refuse_compressed(headers: &HeaderMap) -> Result<(), Error> {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    let encoding = String::from_utf8_lossy(encoding.unwrap_or_default());
    match encoding.trim() {
        "" => Ok(()),
        encoding if encoding.eq_ignore_ascii_case("identity") => Ok(()),
        encoding => Err(Error::UnsupportedMediaType(
            encoding.chars().take(40).collect(),
        )),
    }
}

impl<B> Incoming<B> {
    /// The id that the client sent, if it is safe in headers and logs; otherwise API Gateway's id, or a new one.
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
            .unwrap_or_else(new_id)
    }

    fn token(&self) -> Option<Token> {
        let header = self.head.headers.get(AUTHORIZATION)?;
        // An empty header is no token.
        let is_empty = header.as_bytes().trim_ascii().is_empty();
        (!is_empty).then(|| Token::new(header.clone()))
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Logs one line for every request.
fn log(method: &str, path: &str, result: &Answer, started: Instant) {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response::status_of(result).as_u16();
    let (asked, path) = (path, &*routes::without_upload_id(path));
    match result {
        Ok(_) => tracing::info!(method, path, status, duration_ms, "answered"),
        Err(Error::Internal(cause)) => {
            tracing::error!(
                method,
                path,
                status,
                duration_ms,
                cause,
                "failed because of a defect"
            );
        }
        Err(failure) => {
            let reason = failure.to_string().replace(asked, path);
            let (error, reason) = (failure.id(), &*uploads::without_ids(&reason));
            tracing::warn!(method, path, status, duration_ms, error, reason, "refused");
        }
    }
}
