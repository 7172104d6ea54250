//! Settings that only the server has: its concurrency, its time limits, and what clients may hold of it.

use std::num::{NonZeroU64, NonZeroUsize};
use std::thread::available_parallelism;
use std::time::Duration;

/// The longest idle time: a year of seconds.
const MAX_IDLE: u64 = 365 * 24 * 60 * 60;

/// Limits of one server process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `WORKERS_NUM`: how many pushes run at the same time; others wait. Default: 8.
    pub workers: usize,
    /// `OMPS_VALIDATE_WORKERS`: how many validations run at the same time; others wait. Default: one less than the CPUs, and
    /// at least one.
    pub validate_workers: usize,
    /// `WORKER_TIMEOUT`: the time limit for a request, including waiting and retries. Default: 30 seconds.
    pub worker_timeout: Duration,
    /// The time limit for the head of a request.
    pub head_timeout: Duration,
    /// The longest time between two pieces of a request's body, or of an answer.
    pub pause_timeout: Duration,
    /// `OMPS_LEAST_RATE`: bytes a second that a client must send of a body, or take of an answer, in the long run. Default:
    /// 8,192.
    pub least_rate: u64,
    /// `OMPS_IDLE_TIMEOUT`: how long a connection stays open without a request. Default: 75 seconds.
    pub idle_timeout: Duration,
    /// The same when three quarters of the connections are taken.
    pub crowded_idle_timeout: Duration,
    /// `OMPS_BODY_BUDGET`: bytes of bodies that wait to be worked on, half of them of one peer or without a token.
    /// Default: 128 MiB.
    pub body_budget: usize,
    /// `OMPS_ANSWER_BUDGET`: bytes of answers that clients have not taken yet, half of them of one peer or without a
    /// token. Default: 64 MiB.
    pub answer_budget: usize,
    /// Bytes of an answer that the system takes over before the client takes them. It doubles them.
    pub send_buffer: usize,
    /// `OMPS_MAX_CONNECTIONS`: connections at the same time. Default: 512.
    pub max_connections: usize,
    /// `OMPS_MAX_CONNECTIONS_PER_PEER`: connections at the same time from one address. Default: 384.
    pub max_connections_per_peer: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: 8,
            validate_workers: available_parallelism().map_or(1, |cpus| (cpus.get() - 1).max(1)),
            worker_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(10),
            pause_timeout: Duration::from_secs(10),
            least_rate: 8 << 10,
            idle_timeout: Duration::from_secs(75),
            crowded_idle_timeout: Duration::from_secs(5),
            body_budget: 128 << 20,
            answer_budget: 64 << 20,
            send_buffer: 128 << 10,
            max_connections: 512,
            max_connections_per_peer: 384,
        }
    }
}

impl Settings {
    /// Reads the variables from the environment. The names `WORKERS_NUM` and `WORKER_TIMEOUT` are those of OMPS.
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
        if let Some(seconds) = variable::<NonZeroU64>("OMPS_IDLE_TIMEOUT")? {
            settings.idle_timeout = Duration::from_secs(seconds.get().min(MAX_IDLE));
        }
        if let Some(rate) = variable::<NonZeroU64>("OMPS_LEAST_RATE")? {
            settings.least_rate = rate.get();
        }
        for (name, setting) in [
            ("OMPS_VALIDATE_WORKERS", &mut settings.validate_workers),
            ("OMPS_BODY_BUDGET", &mut settings.body_budget),
            ("OMPS_ANSWER_BUDGET", &mut settings.answer_budget),
            ("OMPS_MAX_CONNECTIONS", &mut settings.max_connections),
            (
                "OMPS_MAX_CONNECTIONS_PER_PEER",
                &mut settings.max_connections_per_peer,
            ),
        ] {
            if let Some(number) = variable::<NonZeroUsize>(name)? {
                *setting = number.get();
            }
        }
        Ok(settings)
    }

    /// Fits the budget of bodies to the largest body: one of unknown size counts twice, and one peer may take half of the budget.
    ///
    /// # Errors
    /// A message, if `OMPS_BODY_BUDGET` is too small for that.
    pub fn fit(&mut self, max_content_length: usize) -> Result<(), String> {
        let least = max_content_length.saturating_mul(4);
        if self.body_budget == Settings::default().body_budget {
            self.body_budget = self.body_budget.max(least);
        }
        match self.body_budget < least {
            true => Err(format!(
                "OMPS_BODY_BUDGET must be at least four times max_content_length, which is {least}, found {}",
                self.body_budget
            )),
            false => Ok(()),
        }
    }

    /// How long the server waits for requests in progress when it stops: the time limit of a request, and a little
    /// more.
    pub(crate) fn drain_timeout(&self) -> Duration {
        self.worker_timeout.saturating_add(Duration::from_secs(5))
    }
}

fn variable<T: std::str::FromStr>(name: &str) -> Result<Option<T>, String> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty());
    let number = text.map(|text| {
        text.parse()
            .map_err(|_| format!("{name} must be a whole number above 0, found {text:?}"))
    });
    number.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_of_bodies_has_room_for_the_largest() {
        let fitted = |body_budget, largest| {
            let mut settings = Settings {
                body_budget,
                ..Settings::default()
            };
            settings.fit(largest).map(|()| settings.body_budget)
        };
        let usual = Settings::default().body_budget;

        assert_eq!(fitted(usual, 2 << 20), Ok(usual));
        assert_eq!(fitted(usual, 64 << 20), Ok(256 << 20));
        assert_eq!(fitted(400, 100), Ok(400));
        assert_eq!(
            fitted(399, 100),
            Err("OMPS_BODY_BUDGET must be at least four times max_content_length, which is 400, found 399".to_owned())
        );
    }
}
