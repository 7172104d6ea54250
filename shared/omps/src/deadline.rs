//! Deadlines, and the part of the remaining time that is reserved for the last steps.

use std::time::{Duration, Instant, SystemTime};

/// The longest time that is reserved.
const LONGEST_RESERVE: Duration = Duration::from_secs(5);

/// The time by which work must end.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline after this duration, which is a year at most.
    pub fn after(time: Duration) -> Self {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        Deadline(Instant::now() + time.min(YEAR))
    }

    /// The deadline of a Lambda function that must end at `end` (milliseconds since 1970): `reserve` earlier, so that
    /// the function can still answer. `None` if `end` is in the past; then the function would not run.
    pub fn of_function(end: u64, reserve: Duration) -> Option<Self> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        let left = Duration::from_millis(end).checked_sub(now)?;
        Some(Deadline::after(left.saturating_sub(reserve)))
    }

    /// The earlier of this deadline and the deadline after this duration.
    #[must_use]
    pub fn or_after(self, time: Duration) -> Self {
        Deadline(self.0.min(Deadline::after(time).0))
    }

    /// The remaining time.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The deadline for a call that may get no answer. It reserves a fifth of the remaining time, five seconds at most,
    /// to find out whether the call took effect, and to finish.
    #[must_use]
    pub fn less_reserve(self) -> Self {
        let left = self.left();
        Deadline::after(left - (left / 5).min(LONGEST_RESERVE))
    }
}
