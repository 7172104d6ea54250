//! Failures that a test arms in a stand-in.

use std::time::Duration;

use super::Recorded;

/// What happens to a request instead of the usual answer, or in addition to it.
#[derive(Clone, Debug)]
pub enum Fault<R> {
    /// The request has no effect; the answer is one of the service's own error answers.
    Refuse(R),
    /// The request has no effect; this is the answer.
    Reply {
        status: u16,
        content_type: &'static str,
        body: String,
    },
    /// The request has no effect; the answer is 429 with this `Retry-After`, in seconds.
    Busy { retry_after: u64 },
    /// The request has no effect; the answer never ends.
    Endless,
    /// The request has no effect; the answer redirects to the same path below this URL.
    Redirect { base_url: String },
    /// The connection is closed; the request has no effect.
    CloseBeforeActing,
    /// The request takes effect, then the connection is closed.
    CloseAfterActing,
    /// The connection is closed; the request takes effect after this time.
    CloseThenAct(Duration),
    /// The request is handled and answered after this time. If the client closes the connection before, it has no
    /// effect.
    DelayBeforeActing(Duration),
    /// The request is handled and answered after this time, even if the client closes the connection before.
    ActLate(Duration),
    /// The request takes effect now; the answer is sent after this time.
    DelayAfterActing(Duration),
    /// The request takes effect; the answer ends in the middle.
    TruncateBody,
    /// The request is answered as usual, but with this content type.
    Mislabel(&'static str),
}

/// A fault, and the requests that meet it.
pub(super) struct Armed<R> {
    pub fault: Fault<R>,
    pub method: String,
    pub path_prefix: String,
    /// A text that their bodies contain.
    pub containing: String,
    /// How many more requests will meet it; all, if absent.
    pub remaining: Option<usize>,
    /// Whether a request has met it.
    pub met: bool,
}

/// Takes the oldest fault for this request.
pub(super) fn take<R: Clone>(armed: &mut Vec<Armed<R>>, request: &Recorded) -> Option<Fault<R>> {
    let index = armed
        .iter()
        .position(|fault| request.is(&fault.method, &fault.path_prefix, &fault.containing))?;
    armed[index].met = true;
    if let Some(remaining) = &mut armed[index].remaining {
        *remaining -= 1;
        if *remaining == 0 {
            return Some(armed.remove(index).fault);
        }
    }
    Some(armed[index].fault.clone())
}
