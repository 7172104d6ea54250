//! Requests in, replies out: the only place that knows lambda_http, and the one that logs what failed.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, RequestExt};
use multer::bytes::Bytes;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;
use crate::routes::{self, Endpoint, Found, Params};
use crate::scrub::scrub_json;
use crate::token::Token;
use crate::upstream::Deadline;

/// Carries a request's id in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Says since when v1 is deprecated (RFC 9745): OMPS announced it on 2019-04-03.
const DEPRECATION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("deprecation"),
    HeaderValue::from_static("@1554249600"),
);
/// Time for a request, all its calls to other services included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// What a Lambda function keeps of its time to answer that the time is up.
const LAMBDA_RESERVE: Duration = Duration::from_secs(1);

/// A request that found its endpoint, and carries a token where that needs one.
#[derive(Debug)]
pub struct Request {
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
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        let status = StatusCode::OK;
        Reply { status, body }
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

/// Answers a request to a Lambda function that has one endpoint.
///
/// # Errors
/// Never: what goes wrong is an answer, too.
pub async fn respond<F>(
    app: &App,
    endpoint: Endpoint,
    event: lambda_http::Request,
    handler: impl FnOnce(Request) -> F,
) -> Result<Response<Body>, lambda_http::Error>
where
    F: Future<Output = Answer>,
{
    let incoming = from_event(event, app.config.max_content_length.get());
    let dispatch = |asked, request: Request| async move {
        if asked != endpoint {
            return Err(Error::NotFound(
                "this function has another endpoint".to_owned(),
            ));
        }
        handler(request).await
    };
    let response = answer(incoming, dispatch).await;
    Ok(response.map(|body| Body::Text(String::from_utf8(body).unwrap_or_default())))
}

fn from_event(event: lambda_http::Request, limit: usize) -> Incoming {
    let stage_and_id = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => (None, context.request_id.clone()),
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.stage.clone(), context.request_id.clone())
        }
        _ => (None, None),
    };
    let (stage, id) = stage_and_id;
    let raw = event.raw_http_path();
    // The path of an HTTP API's event starts with its stage, unless that is the default one.
    let path = stage
        .and_then(|stage| raw.strip_prefix('/')?.strip_prefix(&stage))
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(raw)
        .to_owned();
    let deadline = Deadline::after(time_left(&event).unwrap_or(REQUEST_TIMEOUT));
    let (head, body) = event.into_parts();
    let body = match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    };
    let body = if body.len() > limit {
        Err(Error::TooLarge { limit })
    } else {
        Ok(body)
    };
    Incoming {
        head,
        path,
        id,
        body,
        deadline,
    }
}

/// The time that the Lambda function has left, less what it takes to say that there is none. An end in the past is none:
/// such a function would not run.
fn time_left(event: &lambda_http::Request) -> Option<Duration> {
    let end = Duration::from_millis(event.lambda_context_ref()?.deadline);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    Some(end.checked_sub(now)?.saturating_sub(LAMBDA_RESERVE))
}

/// Answers a request: the web layer's refusals first, then the endpoint's handler; always with JSON.
pub async fn answer<F>(
    incoming: Incoming,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Response<Vec<u8>>
where
    F: Future<Output = Answer>,
{
    let started = Instant::now();
    let Incoming {
        head,
        path,
        id,
        body,
        deadline,
    } = incoming;
    let id = request_id(&head.headers)
        .or(id)
        .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let (method, log_path) = (head.method.clone(), path.clone());
    let found = routes::find(&head.method, &path);
    let (result, allow) = match found {
        Ok(Found::Options(allow)) => (Ok(json!({}).into()), Some(allow)),
        Err(Error::MethodNotAllowed {
            path,
            method,
            allow,
        }) => (
            Err(Error::MethodNotAllowed {
                path,
                method,
                allow: allow.clone(),
            }),
            Some(allow),
        ),
        Err(refusal) => (Err(refusal), None),
        Ok(Found::Endpoint(endpoint, params)) => (
            handled(endpoint, params, head, &path, body, deadline, handler).await,
            None,
        ),
    };
    let (status, error) = match &result {
        Ok(reply) => (reply.status, None),
        Err(error) => (error.kind().0, Some(error)),
    };
    log(&id, method.as_str(), &log_path, status, started, error);
    let is_busy = matches!(error, Some(Error::ServiceUnavailable(_)));
    let mut body = result.map_or_else(|error| error.body(&id), |reply| reply.body);
    if !status.is_success() {
        scrub_json(&mut body); // another service may have echoed a token
    }
    let mut response = Response::new(serde_json::to_vec(&body).unwrap_or_default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Every answer is of its moment; that Quay was well, most of all.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if is_busy {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    headers.extend(HeaderValue::try_from(&id).ok().map(|id| (REQUEST_ID, id)));
    headers.extend(
        allow
            .and_then(|allow| HeaderValue::try_from(allow).ok())
            .map(|allow| (ALLOW, allow)),
    );
    if log_path.starts_with("/v1/") {
        headers.insert(DEPRECATION.0, DEPRECATION.1);
    }
    response
}

/// Runs an endpoint's handler on a request that may reach it.
async fn handled<F>(
    endpoint: Endpoint,
    params: Params,
    head: Parts,
    path: &str,
    body: Result<Bytes, Error>,
    deadline: Deadline,
    handler: impl FnOnce(Endpoint, Request) -> F,
) -> Answer
where
    F: Future<Output = Answer>,
{
    let token = head.headers.get(AUTHORIZATION).cloned().map(Token::new);
    if endpoint.needs_token() && token.is_none() {
        return Err(Error::AuthorizationRequired(path.to_owned()));
    }
    let query = head.uri.query().map(str::to_owned);
    let request = Request {
        params,
        query,
        headers: head.headers,
        body: body?,
        token,
        deadline,
    };
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Err(Error::Internal(format!(
            "panic: {}",
            message.unwrap_or("without a message")
        )))
    };
    AssertUnwindSafe(handler(endpoint, request))
        .catch_unwind()
        .await
        .unwrap_or_else(panicked)
}

/// One line for every request.
fn log(
    request_id: &str,
    method: &str,
    path: &str,
    status: StatusCode,
    started: Instant,
    error: Option<&Error>,
) {
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = status.as_u16();
    match error {
        None => tracing::info!(request_id, method, path, status, duration_ms, "answered"),
        Some(Error::Internal(cause)) => {
            tracing::error!(
                request_id,
                method,
                path,
                status,
                duration_ms,
                cause,
                "failed by a defect"
            );
        }
        Some(failure) => {
            let (error, message) = (failure.kind().1, failure.to_string());
            tracing::warn!(
                request_id,
                method,
                path,
                status,
                duration_ms,
                error,
                message,
                "refused"
            );
        }
    }
}

/// A caller's own id, when it is fit for headers and logs.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    fits.then(|| id.to_owned())
}
