//! Failures that a test orders from the stand-in.

use std::time::Duration;

use super::Recorded;

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
    /// Nothing is done; the answer is 429 and asks for a pause of so many seconds.
    Busy { retry_after: u64 },
    /// Nothing is done; the answer never ends.
    Endless,
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
    /// Effect and answer are late. The effect comes whether the client waits or not.
    ActLate(Duration),
    /// The request has had its effect, the answer is late.
    DelayAfterActing(Duration),
    /// The request has had its effect, its answer ends in the middle.
    TruncateBody,
    /// The request is answered as usual, under another content type.
    Mislabel(&'static str),
}

/// A fault, and the requests that it waits for.
pub(super) struct Armed<R> {
    pub fault: Fault<R>,
    pub method: String,
    pub path_prefix: String,
    /// What is in their bodies.
    pub containing: String,
    /// How many more will meet it; all, when absent.
    pub remaining: Option<usize>,
    /// Whether one has met it.
    pub met: bool,
}

/// Takes the oldest fault that waits for such a request.
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
