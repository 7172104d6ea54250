//! The rate limit of Quay's front: a number of requests each second for one `Authorization`, counted like nginx's
//! `limit_req`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Refusal, Shared, authorization};
use crate::stand_in::lock;

/// How many requests may exceed the rate for a moment (`burst=5 nodelay`).
const BURST: f64 = 5.0;

/// The requests of each `Authorization`.
#[derive(Default)]
pub(super) struct FrontLimit(Mutex<HashMap<String, Use>>);

struct Use {
    /// The number of requests over the rate.
    excess: f64,
    last: SystemTime,
}

impl FrontLimit {
    /// Counts a request at the time `now` if the rate allows it. A refused request is not counted.
    fn allows(&self, authorization: &str, rate: u32, now: SystemTime) -> bool {
        let mut uses = lock(&self.0);
        let excess = uses.get(authorization).map_or(0.0, |used| {
            let passed = now.duration_since(used.last).unwrap_or_default();
            (used.excess - passed.as_secs_f64() * f64::from(rate)).max(-1.0) + 1.0
        });
        let allowed = excess <= BURST;
        if allowed {
            uses.insert(authorization.to_owned(), Use { excess, last: now });
        }
        allowed
    }
}

/// Passes a request on, or refuses it. Requests without `Authorization` are not counted.
pub(super) async fn guard(
    State(quay): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let now = (quay.manners.clock)();
    let allowed = match (
        quay.manners.requests_a_second,
        authorization(request.headers()),
    ) {
        (Some(rate), Some(authorization)) => quay.front_limit.allows(authorization, rate, now),
        _ => true,
    };
    match allowed {
        true => next.run(request).await,
        false => Refusal::TooManyRequests.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_token_gets_its_rate_and_a_burst() {
        let limit = FrontLimit::default();
        let allowed = |token, milliseconds| {
            let now = UNIX_EPOCH + Duration::from_millis(milliseconds);
            (0..100).filter(|_| limit.allows(token, 10, now)).count()
        };
        for (case, token, milliseconds, expected) in [
            ("the first and a burst", "one", 0, 6),
            ("another token", "other", 0, 6),
            ("nothing before its time", "one", 50, 0),
            ("one in a tenth of a second", "one", 100, 1),
            ("two in two tenths", "one", 300, 2),
            ("no more than a burst after a long pause", "one", 60_000, 6),
        ] {
            assert_eq!(allowed(token, milliseconds), expected, "{case}");
        }
    }
}
