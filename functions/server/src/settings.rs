//! Settings that only the server has: its concurrency and its time limits.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

/// Limits of one server process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WORKERS_NUM`: how many pushes and validations run at the same time; others wait. Default: 8.
    pub workers: usize,
    /// `WORKER_TIMEOUT`: the time limit for a request, including waiting and retries. Default: 30 seconds.
    pub worker_timeout: Duration,
    /// The time limit for the head of a request.
    pub head_timeout: Duration,
    /// The longest time between two pieces of a request's body.
    pub pause_timeout: Duration,
    /// The time limit for the whole body of a request.
    pub body_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: 8,
            worker_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(10),
            pause_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
        }
    }
}

impl Settings {
    /// Reads `WORKERS_NUM` and `WORKER_TIMEOUT` from the environment. The names are those of OMPS.
    ///
    /// # Errors
    /// A message that names the variable.
    pub fn from_env() -> Result<Self, String> {
        let mut settings = Settings::default();
        if let Some(workers) = variable::<NonZeroUsize>("WORKERS_NUM")? {
            settings.workers = workers.get();
        }
        if let Some(seconds) = variable::<NonZeroU64>("WORKER_TIMEOUT")? {
            settings.worker_timeout = Duration::from_secs(seconds.get());
        }
        Ok(settings)
    }

    /// How long the server waits for requests in progress when it stops: the time limit of a request, and a little
    /// more.
    pub(crate) fn drain_timeout(&self) -> Duration {
        self.worker_timeout.saturating_add(Duration::from_secs(5))
    }
}

fn variable<T: std::str::FromStr>(name: &str) -> Result<Option<T>, String> {
    match std::env::var(name) {
        Err(_) => Ok(None),
        Ok(text) => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!(
                "{name} must be a whole number above 0, found {text:?}"
            )),
        },
    }
}
