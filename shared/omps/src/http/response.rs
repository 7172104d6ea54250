//! The HTTP response: a body, which is JSON but for documents, and its headers.

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Content, REQUEST_ID, Reply, routes};
use crate::error::Error;
use crate::telemetry::scrub::scrub_json;

/// The time since which v1 is deprecated (RFC 9745): OMPS announced it on 2019-04-03.
const DEPRECATION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("deprecation"),
    HeaderValue::from_static("@1554249600"),
);
/// The seconds after which the client may send a request again that the service could not handle.
const PAUSE: HeaderValue = HeaderValue::from_static("5");

/// The header of an answer that an earlier, identical request also got.
const REPLAYED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("idempotency-replayed"),
    HeaderValue::from_static("true"),
);

/// The status of an answer.
pub(super) fn status_of(answer: &Answer) -> StatusCode {
    match answer {
        Ok(reply) => reply.status,
        Err(error) => error.status(),
    }
}

/// The answer to the request with that id and path.
pub(super) fn of(id: &str, path: &str, answer: Answer) -> Response<String> {
    let status = status_of(&answer);
    let asks_to_retry = answer.as_ref().is_err_and(Error::asks_to_retry);
    let reply = answer.unwrap_or_else(|error| Reply {
        allow: allow_of(&error),
        ..Reply::of(Content::Json(body_of(&error, id)))
    });
    let mut response = of_content(reply.content, status);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // No answer may be cached: it holds for this moment only, above all the answer to a health check.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.extend(asks_to_retry.then_some((RETRY_AFTER, PAUSE)));
    headers.extend(reply.is_replayed.then_some(REPLAYED));
    let etag = reply.etag.and_then(|etag| text(&format!("\"{etag}\"")));
    headers.extend(etag.map(|etag| (ETAG, etag)));
    headers.extend(text(id).map(|id| (REQUEST_ID, id)));
    headers.extend(
        reply
            .allow
            .as_deref()
            .and_then(text)
            .map(|allow| (ALLOW, allow)),
    );
    headers.extend(routes::is_v1(path).then_some(DEPRECATION));
    response
}

/// An answer with this content and the headers that belong to it.
fn of_content(content: Content, status: StatusCode) -> Response<String> {
    let mut media_type = HeaderValue::from_static("application/json");
    let mut policy = None;
    let body = match content {
        Content::Json(mut body) => {
            if !status.is_success() {
                scrub(&mut body);
            }
            body.to_string()
        }
        Content::Document(document) => {
            media_type = HeaderValue::from_static(document.media_type);
            policy = text(&document.policy).map(|policy| (CONTENT_SECURITY_POLICY, policy));
            document.text.clone()
        }
        Content::Text(text) => {
            media_type = HeaderValue::from_static(text.media_type);
            text.text
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.extend(policy);
    response
}

/// The body of an error. If it cannot be serialized, that is a defect, and the body reports the defect.
fn body_of(error: &Error, id: &str) -> Value {
    serde_json::to_value(error.answer(id)).unwrap_or_else(|defect| {
        tracing::error!(cause = %defect, "the body of an error cannot be serialized");
        json!({"status": 500, "error": "InternalServerError", "message": "Internal error; the log has its cause under this request id", "request_id": id})
    })
}

/// The methods that the path accepts, for the header `Allow`.
fn allow_of(error: &Error) -> Option<String> {
    match error {
        Error::MethodNotAllowed { allow, .. } => Some(allow.clone()),
        _ => None,
    }
}

/// Removes tokens that other services may have repeated. The keys in `OURS` contain only text of ours, and stay as they
/// are.
fn scrub(body: &mut Value) {
    const OURS: [&str; 3] = ["status", "error", "request_id"];
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        if !OURS.contains(&name.as_str()) {
            scrub_json(value);
        }
    }
}

fn text(value: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(value).ok()
}
