//! Failures that a test orders from the stand-in.

use std::time::Duration;

/// What happens to a request instead of, or beside, the usual answer.
#[derive(Clone, Debug)]
pub enum Fault<R> {
    /// Nothing is done; the answer is a refusal in one of the service's own shapes.
    Refuse(R),
    /// Nothing is done; the answer is this one.
    Reply {
        status: u16,
        content_type: &'static str,
        body: String,
    },
    /// Nothing is done; the client is sent to the same path below this URL.
    Redirect { base_url: String },
    /// The connection is closed, the request has had no effect.
    CloseBeforeActing,
    /// The connection is closed, the request has had its effect.
    CloseAfterActing,
    /// The connection is closed, the request has its effect so much later.
    CloseThenAct(Duration),
    /// The request is answered as usual, but late. Nothing is done if the client does not wait.
    DelayBeforeActing(Duration),
    /// The request has had its effect, the answer is late.
    DelayAfterActing(Duration),
    /// The request has had its effect, its answer ends in the middle.
    TruncateBody,
}

/// A fault, and the requests that it waits for.
pub(super) struct Armed<R> {
    pub fault: Fault<R>,
    pub method: &'static str,
    pub path_prefix: String,
    pub remaining: usize,
}

/// Takes the oldest fault that waits for such a request.
pub(super) fn take<R: Clone>(
    armed: &mut Vec<Armed<R>>,
    method: &str,
    path: &str,
) -> Option<Fault<R>> {
    let index = armed
        .iter()
        .position(|fault| fault.method == method && path.starts_with(&fault.path_prefix))?;
    armed[index].remaining -= 1;
    if armed[index].remaining == 0 {
        return Some(armed.remove(index).fault);
    }
    Some(armed[index].fault.clone())
}
