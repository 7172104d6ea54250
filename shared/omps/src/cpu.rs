//! Work that costs CPU: in a thread where it keeps no other request waiting, and never more of it than there are workers.

use std::any::Any;
use std::sync::Arc;

use tokio::task::{JoinError, spawn_blocking};

tokio::task_local! {
    /// The worker of the request that is worked on.
    static WORKER: Arc<dyn Any + Send + Sync>;
}

/// Does what a request asks for with a worker, beside one that it may have already. The worker is free when the request is
/// done, or when nobody waits for the request any more and the step that was running has ended.
pub async fn with_worker<T>(
    worker: impl Send + Sync + 'static,
    request: impl Future<Output = T>,
) -> T {
    let before = WORKER.try_with(Arc::clone).ok();
    WORKER.scope(Arc::new((worker, before)), request).await
}

/// Runs one step. It goes on if nobody waits for it any more, and keeps the worker that long.
pub(crate) async fn run<T: Send + 'static>(
    step: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let worker = WORKER.try_with(Arc::clone).ok();
    let step = spawn_blocking(move || {
        let result = step();
        drop(worker);
        result
    });
    step.await
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::sync::Semaphore;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_step_that_nobody_waits_for_keeps_its_worker() {
        let workers = Arc::new(Semaphore::new(1));
        let worker = workers.clone().try_acquire_owned().unwrap();
        let (end, ended) = mpsc::channel();

        let abandoned = with_worker(worker, run(move || ended.recv()));
        let result = timeout(Duration::from_millis(50), abandoned).await;

        assert!(result.is_err(), "it runs until it is told to end");
        assert_eq!(workers.available_permits(), 0);
        end.send(()).unwrap();
        let free = timeout(Duration::from_secs(10), workers.acquire()).await;
        assert!(free.is_ok());
    }
}
