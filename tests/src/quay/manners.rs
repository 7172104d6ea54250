//! What a real Quay does and most tests do not need: each manner is switched on by itself.

use std::time::{Duration, SystemTime};

/// The manners of a Quay; by default those that every test can live with.
#[derive(Clone, Debug)]
pub struct Manners {
    /// How long a push pauses between its look for the release and its write. Two pushes of one release that overlap are
    /// then both answered 200, and the later content survives. A push is atomic when this is absent.
    pub push_window: Option<Duration>,
    /// How many packages an authenticated listing looks at, those without releases included
    /// (`APP_REGISTRY_RESULTS_LIMIT`; 50 in older Quays).
    pub listing_limit: usize,
    /// How many requests a second the front allows for one `Authorization`; any number when this is absent.
    pub requests_a_second: Option<u32>,
    /// Whether the second of a deletion is part of a unique key: a release name that was deleted cannot be deleted again
    /// within the same second.
    pub deletes_by_second: bool,
    /// The time of the two manners before.
    pub clock: fn() -> SystemTime,
}

impl Manners {
    /// All manners of a Quay in production.
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
