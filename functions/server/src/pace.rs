//! How fast bytes must move, in either direction: a slow client is served as long as it makes progress.

use std::time::Duration;

use tokio::time::Instant;

use crate::Settings;

/// Bytes that move, and since when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    begun: Instant,
    last: Instant,
    bytes: u64,
}

impl Pace {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        let now = Instant::now();
        Pace {
            begun: now,
            last: now,
            bytes: 0,
        }
    }

    /// Counts bytes that have moved now.
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.last = Instant::now();
        self.bytes += bytes as u64;
    }

    /// The time by which more bytes must move: after the longest pause, or earlier if the bytes so far were too slow.
    pub(crate) fn deadline(&self, settings: &Settings) -> Instant {
        let pause = settings.pause_timeout;
        let earned = Duration::from_millis(self.bytes.saturating_mul(1000) / settings.least_rate);
        (self.last + pause).min(self.begun + pause + earned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_as_fast_as_the_least_rate_may_go_on() {
        let settings = Settings {
            pause_timeout: Duration::from_secs(10),
            least_rate: 1000,
            ..Settings::default()
        };
        let seconds = Duration::from_secs;
        let now = Instant::now();
        let left_after = |time, pause, bytes| {
            let pace = Pace {
                begun: now,
                last: now + time - pause,
                bytes,
            };
            let deadline = pace.deadline(&settings);
            deadline.saturating_duration_since(now + time)
        };

        assert_eq!(left_after(seconds(500), seconds(5), 500_000), seconds(5));
        assert_eq!(left_after(seconds(500), seconds(5), 9_000_000), seconds(5));
        assert_eq!(left_after(seconds(500), seconds(10), 500_000), seconds(0));
        assert_eq!(left_after(seconds(500), seconds(1), 493_000), seconds(3));
        assert_eq!(left_after(seconds(500), seconds(1), 490_000), seconds(0));
        assert_eq!(left_after(seconds(3), seconds(3), 0), seconds(7));
    }
}
