//! When something must be done, and the part of that time that is kept back for finishing.

use std::time::{Duration, Instant, SystemTime};

/// The longest time that is kept back of a deadline.
const LONGEST_RESERVE: Duration = Duration::from_secs(5);

/// When something must be done.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that is so far away, a year at most.
    pub fn after(time: Duration) -> Self {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        Deadline(Instant::now() + time.min(YEAR))
    }

    /// The deadline of a Lambda function that ends so many milliseconds after 1970, less what it keeps to say that its
    /// time is up. An end in the past is none: such a function would not run.
    pub fn of_function(end: u64, reserve: Duration) -> Option<Self> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        let left = Duration::from_millis(end).checked_sub(now)?;
        Some(Deadline::after(left.saturating_sub(reserve)))
    }

    /// This deadline, or the one that is so far away when that comes first.
    #[must_use]
    pub fn or_after(self, time: Duration) -> Self {
        Deadline(self.0.min(Deadline::after(time).0))
    }

    /// The time until then.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The deadline of what may fail to answer: a fifth of the time, five seconds at most, is kept back for asking what
    /// became of it, and for finishing.
    #[must_use]
    pub fn less_reserve(self) -> Self {
        let left = self.left();
        Deadline::after(left - (left / 5).min(LONGEST_RESERVE))
    }
}
