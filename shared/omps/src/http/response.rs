//! What goes out: JSON, and the headers that go with it.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::{Answer, REQUEST_ID};
use crate::error::Error;
use crate::scrub::scrub_json;

/// Says since when v1 is deprecated (RFC 9745): OMPS announced it on 2019-04-03.
const DEPRECATION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("deprecation"),
    HeaderValue::from_static("@1554249600"),
);
/// Seconds after which a request that found no room may come again.
const PAUSE: HeaderValue = HeaderValue::from_static("5");

/// The status of an answer.
pub(super) fn status_of(answer: &Answer) -> StatusCode {
    match answer {
        Ok(reply) => reply.status,
        Err(error) => error.kind().0,
    }
}

/// The answer to the request with that id and path.
pub(super) fn of(id: &str, path: &str, answer: Answer) -> Response<Vec<u8>> {
    let status = status_of(&answer);
    let is_busy = matches!(answer, Err(Error::ServiceUnavailable(_)));
    let (mut body, allow) = match answer {
        Ok(reply) => (reply.body, reply.allow),
        Err(error) => (error.body(id), error.allow()),
    };
    if !status.is_success() {
        scrub(&mut body);
    }
    let mut response = Response::new(serde_json::to_vec(&body).unwrap_or_default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Every answer is of its moment; that Quay was well, most of all.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(is_busy.then_some((RETRY_AFTER, PAUSE)));
    headers.extend(text(id).map(|id| (REQUEST_ID, id)));
    headers.extend(allow.as_deref().and_then(text).map(|allow| (ALLOW, allow)));
    headers.extend(path.starts_with("/v1/").then_some(DEPRECATION));
    response
}

/// Takes tokens out of what other services may have echoed. What clients go by has our own words.
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
