//! A bounded number of threads for everything that may block.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::ServerError;

/// Jobs that may wait for a worker; one more is refused.
const QUEUE_MAX: usize = 2_048;

/// Runs blocking jobs, so many at a time, so many waiting.
#[derive(Clone, Debug)]
pub struct Workers {
    queue: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

impl Workers {
    /// `threads` jobs run at a time.
    pub fn new(threads: usize) -> Self {
        Self {
            queue: Arc::new(Semaphore::new(QUEUE_MAX + threads)),
            threads: Arc::new(Semaphore::new(threads)),
        }
    }

    /// Runs a job on a worker. A job that has begun runs to its end, and holds its worker until
    /// then, even if nobody waits for the outcome any more.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServerError> {
        let place = Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| ServerError::Busy)?;
        let thread = Arc::clone(&self.threads)
            .acquire_owned()
            .await
            .map_err(|_| ServerError::Internal)?;
        let running = tokio::task::spawn_blocking(move || {
            let outcome = job();
            drop((place, thread));
            outcome
        });
        running.await.map_err(|error| {
            tracing::error!(%error, "rpc: a job panicked");
            ServerError::Internal
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_and_recovers() {
        let workers = Workers::new(1);
        let (release, gate) = mpsc::channel::<()>();
        let blocked = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run(move || gate.recv()).await }
        });
        while workers.threads.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting: Vec<_> = (0..QUEUE_MAX)
            .map(|_| {
                let workers = workers.clone();
                tokio::spawn(async move { workers.run(|| ()).await })
            })
            .collect();
        while workers.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workers.run(|| ()).await, Err(ServerError::Busy)));

        release.send(()).unwrap();
        blocked.await.unwrap().unwrap().unwrap();
        for job in waiting {
            job.await.unwrap().unwrap();
        }
        assert_eq!(workers.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_the_worker() {
        let workers = Workers::new(1);
        for _ in 0..3 {
            let outcome = workers.run(|| panic!("inside")).await;
            assert!(matches!(outcome, Err::<(), _>(ServerError::Internal)));
        }
        assert_eq!(workers.run(|| 7).await.unwrap(), 7);
    }
}
