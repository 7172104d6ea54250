//! The time that a thread works, as opposed to the time that passes while it waits for a processor.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Measures the CPU of the thread that started it.
#[derive(Debug)]
pub struct Stopwatch {
    started: Duration,
    allowed: Duration,
}

impl Stopwatch {
    /// Starts with what the thread may work from now on.
    pub fn start(allowed: Duration) -> Self {
        Stopwatch {
            started: worked(),
            allowed,
        }
    }

    /// What it may still work.
    pub fn left(&self) -> Duration {
        self.allowed
            .saturating_sub(worked().saturating_sub(self.started))
    }
}

/// What this thread has worked so far.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
