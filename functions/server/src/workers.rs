//! Workers limit the requests that use much CPU and memory. Validations need no token, so they have workers of their own.

use std::sync::Arc;
use std::time::Duration;

use omps::deadline::Deadline;
use omps::error::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Settings;

/// Validations that wait for each worker; more of them are refused at once.
const WAITING: usize = 8;

/// A worker, as long as it is not free again.
pub(crate) type Worker = Vec<OwnedSemaphorePermit>;

pub(crate) struct Workers {
    pushes: Arc<Semaphore>,
    validations: Arc<Semaphore>,
    /// The validations that work or wait.
    queue: Arc<Semaphore>,
    /// The part of a request's time that a worker needs.
    enough: Duration,
}

impl Workers {
    pub(crate) fn new(settings: &Settings) -> Self {
        let of = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let validations = settings.validate_workers;
        Workers {
            pushes: of(settings.workers),
            validations: of(validations),
            queue: of(validations.saturating_mul(1 + WAITING)),
            enough: settings.worker_timeout / 10,
        }
    }

    /// Waits for a worker for a push.
    ///
    /// # Errors
    /// `ServiceUnavailable` if none is free in time.
    pub(crate) async fn for_push(&self, deadline: Deadline) -> Result<Worker, Error> {
        Ok(vec![self.wait(&self.pushes, deadline).await?])
    }

    /// Waits for a worker for a validation.
    ///
    /// # Errors
    /// `ServiceUnavailable` if too many wait already, or none is free in time.
    pub(crate) async fn for_validation(&self, deadline: Deadline) -> Result<Worker, Error> {
        let place = self.queue.clone().try_acquire_owned();
        let place = place.map_err(|_| {
            Error::ServiceUnavailable("Too many validations wait for a worker".to_owned())
        })?;
        Ok(vec![self.wait(&self.validations, deadline).await?, place])
    }

    /// If a worker is free only when the request's time is nearly up, the request is refused, because it could not be
    /// finished.
    async fn wait(
        &self,
        workers: &Arc<Semaphore>,
        deadline: Deadline,
    ) -> Result<OwnedSemaphorePermit, Error> {
        let worker = timeout(deadline.left(), workers.clone().acquire_owned()).await;
        match worker {
            Ok(Ok(worker)) if deadline.left() > self.enough => Ok(worker),
            _ => Err(Error::ServiceUnavailable(
                "No worker was free in time".to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_validation_whose_client_has_left_does_not_wait_any_more() {
        let workers = Workers::new(&Settings {
            validate_workers: 1,
            ..Settings::default()
        });
        let deadline = Deadline::after(Duration::from_secs(30));
        let begin = || workers.for_validation(deadline);
        let working = begin().now_or_never().map(|worker| worker.is_ok());
        assert_eq!(working, Some(true), "it is dropped at once");

        let working = begin().await;
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(begin())).collect();
        for validation in &mut waiting {
            assert!(validation.now_or_never().is_none());
        }
        assert!(matches!(begin().now_or_never(), Some(Err(_))), "too many");
        waiting.pop();
        assert!(begin().now_or_never().is_none(), "there is a place again");
        drop((working, waiting));
        assert!(matches!(begin().now_or_never(), Some(Ok(_))));
    }
}
