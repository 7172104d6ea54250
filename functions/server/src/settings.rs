//! What the server alone is told: how much it does at once, how long it waits, and for whom.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

/// Limits of one server process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WORKERS_NUM`: pushes and verdicts at once; others wait their turn. Default: 8.
    pub workers: usize,
    /// `WORKER_TIMEOUT`: seconds for a request, waiting and retries included. Default: 30.
    pub worker_timeout: Duration,
    /// Time in which a client must have sent its request's head.
    pub head_timeout: Duration,
    /// Time between two pieces of a request's body.
    pub pause_timeout: Duration,
    /// Time for a request's whole body.
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
    /// Reads `WORKERS_NUM` and `WORKER_TIMEOUT`, OMPS's names, from the environment.
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

    /// Time that requests in flight have once the server is told to stop: what one may take, and a little.
    pub(crate) fn drain_timeout(&self) -> Duration {
        self.worker_timeout + Duration::from_secs(5)
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
