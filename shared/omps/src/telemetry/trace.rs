//! The trace that a request belongs to, passed on to every service that is called on its behalf.

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::task::futures::TaskLocalFuture;

/// AWS X-Ray's header. API Gateway and Lambda set it on what they pass on.
pub const HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");
/// The longest header that is passed on; X-Ray's own are shorter.
const LONGEST: usize = 256;

tokio::task_local! {
    static TRACE: Option<HeaderValue>;
}

/// The trace that a request's headers name.
pub fn of(headers: &HeaderMap) -> Option<HeaderValue> {
    let trace = headers.get(HEADER).cloned();
    trace.filter(|trace| trace.len() <= LONGEST)
}

/// Runs what belongs to a trace.
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
