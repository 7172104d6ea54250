//! Behaviour of a real Quay that most tests do not need. Each kind can be switched on separately.

use std::time::{Duration, SystemTime};

/// The behaviour of a Quay. The default suits all tests.
#[derive(Clone, Debug)]
pub struct Manners {
    /// How long a push waits after it has checked for the release and before it writes it. If two pushes of one release
    /// overlap, both get 200, and the later content stays. If absent, a push is atomic.
    pub push_window: Option<Duration>,
    /// How many packages an authenticated listing reads, including those without releases
    /// (`APP_REGISTRY_RESULTS_LIMIT`; 50 in older Quays).
    pub listing_limit: usize,
    /// How many requests each second the front allows for one `Authorization`; if absent, any number.
    pub requests_a_second: Option<u32>,
    /// Whether the second of a deletion is part of a unique key. Then a release cannot be deleted twice within one
    /// second.
    pub deletes_by_second: bool,
    /// The clock for the rate limit and for deletions.
    pub clock: fn() -> SystemTime,
}

impl Manners {
    /// The behaviour of a Quay in production.
    pub fn in_production() -> Self {
        Self {
            push_window: Some(PUSH_WINDOW),
            requests_a_second: Some(REQUESTS_A_SECOND),
            deletes_by_second: true,
            ..Self::default()
        }
    }
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            push_window: None,
            listing_limit: 100,
            requests_a_second: None,
            deletes_by_second: false,
            clock: SystemTime::now,
        }
    }
}

/// About the time that Quay needs to store a blob of some kilobytes.
pub(crate) const PUSH_WINDOW: Duration = Duration::from_millis(5);
/// From `rate-limiting.conf` of Quay's front.
pub(crate) const REQUESTS_A_SECOND: u32 = 30;
