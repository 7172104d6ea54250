//! The trace that a request belongs to. It is passed on to every service that the request calls.

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::task::futures::TaskLocalFuture;

/// AWS X-Ray's header. API Gateway and Lambda set it in the requests that they pass on.
pub const HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");
/// The longest header that is passed on, in bytes; X-Ray's own headers are shorter.
const LONGEST: usize = 256;

tokio::task_local! {
    static TRACE: Option<HeaderValue>;
}

/// The trace in the headers of a request.
pub fn of(headers: &HeaderMap) -> Option<HeaderValue> {
    let trace = headers.get(HEADER).cloned();
    trace.filter(|trace| trace.len() <= LONGEST)
}

/// The trace with this text, if it can be a header.
pub fn named(text: &str) -> Option<HeaderValue> {
    let trace = HeaderValue::try_from(text).ok();
    trace.filter(|trace| trace.len() <= LONGEST)
}

/// Runs `work` as part of a trace.
pub fn within<F: Future>(
    trace: Option<HeaderValue>,
    work: F,
) -> TaskLocalFuture<Option<HeaderValue>, F> {
    TRACE.scope(trace, work)
}

/// The trace that the current task belongs to.
pub fn current() -> Option<HeaderValue> {
    TRACE.try_with(Clone::clone).ok().flatten()
}
