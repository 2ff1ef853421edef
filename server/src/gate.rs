//! Bounded queues before work that keeps a core busy: what can not be done soon is refused at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest that a request is expected to wait for its turn; a queue grows only so long.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A queue may always have so many requests for each worker, however slow the work has been.
const LEAST_QUEUE: usize = 4;

/// The work can not be begun soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server has more to do than it can: ask again in a second")]
pub(crate) struct Overloaded;

/// One kind of work: so many workers, and a queue before them.
#[derive(Debug)]
pub(crate) struct Gate {
    workers: usize,
    permits: Arc<Semaphore>,
    /// Requests that wait or work.
    inside: AtomicUsize,
    most: usize,
    /// Mean time that the work takes, microseconds; 0 before the first.
    mean_micros: AtomicU64,
    refused: AtomicU64,
}

impl Gate {
    /// Makes a gate for `workers` at a time, with at most `most` requests waiting.
    pub(crate) fn new(workers: usize, most: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(workers));
        let (inside, mean_micros, refused) = Default::default();
        Arc::new(Self { workers, permits, inside, most, mean_micros, refused })
    }

    /// Runs blocking work on a thread of its own when its turn comes. A caller that goes away before gives its
    /// place to the next.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, tokio::task::JoinError>, Overloaded> {
        let turn = self.turn().await?;
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        Ok(task.await)
    }

    /// Runs work that is over before another thread would have taken it up, when its turn comes; `None` when it
    /// panics.
    pub(crate) async fn run_here<T>(
        self: &Arc<Self>,
        work: impl FnOnce() -> T,
    ) -> Result<Option<T>, Overloaded> {
        let _turn = self.turn().await?;
        Ok(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok())
    }

    async fn turn(self: &Arc<Self>) -> Result<Turn, Overloaded> {
        let place = self.enter()?;
        let Ok(permit) = self.permits.clone().acquire_owned().await else {
            return Err(Overloaded);
        };
        Ok(Turn { place, _permit: permit, begun: Instant::now() })
    }

    /// Returns how many wait or work.
    pub(crate) fn inside(&self) -> u64 {
        self.inside.load(Ordering::Relaxed) as u64
    }

    /// Returns how many were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Returns how many may wait: as many as are done in [`LONGEST_WAIT`] at the pace of late.
    fn queue_limit(&self) -> usize {
        let mean = self.mean_micros.load(Ordering::Relaxed).max(1);
        let done = LONGEST_WAIT.as_micros() as u64 * self.workers as u64 / mean;
        usize::try_from(done).unwrap_or(usize::MAX).clamp(LEAST_QUEUE * self.workers, self.most)
    }

    /// Tells whether nobody else may enter now.
    pub(crate) fn is_full(&self) -> bool {
        self.inside.load(Ordering::Relaxed) >= self.workers + self.queue_limit()
    }

    /// Counts one that was refused without coming in.
    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(self: &Arc<Self>) -> Result<Place, Overloaded> {
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.clone());
        if before < self.workers + self.queue_limit() {
            return Ok(place);
        }
        self.refuse();
        Err(Overloaded)
    }

    fn learn(&self, taken: Duration) {
        let taken = taken.as_micros() as u64;
        let mean = self.mean_micros.load(Ordering::Relaxed);
        // Two that learn at the same time may lose one figure of many.
        let next = if mean == 0 { taken } else { (mean * 15 + taken) / 16 };
        self.mean_micros.store(next.max(1), Ordering::Relaxed);
    }
}

/// A place in the queue or at work.
struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Turn {
    place: Place,
    _permit: OwnedSemaphorePermit,
    begun: Instant,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.place.0.learn(self.begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_queue_refuses_and_those_who_leave_make_room() {
        let gate = Gate::new(1, 8);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let busy = gate.clone();
        let worker = tokio::spawn(async move { busy.run(move || wait.recv().is_err()).await });
        while gate.permits.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting: Vec<_> = (0..8)
            .map(|i| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.run(move || i).await })
            })
            .collect();
        while gate.inside() < 9 {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        assert!(matches!(gate.run(|| 0).await, Err(Overloaded)));
        assert!(started.elapsed() < Duration::from_millis(50));
        waiting[3].abort();
        waiting[5].abort();
        while gate.inside() > 7 {
            tokio::task::yield_now().await;
        }
        drop(go);
        for (i, task) in waiting.into_iter().enumerate() {
            match task.await {
                Ok(done) => assert_eq!(done.unwrap().unwrap(), i),
                Err(error) => assert!(error.is_cancelled()),
            }
        }
        assert!(worker.await.unwrap().unwrap().unwrap());
        assert_eq!((gate.inside(), gate.refused()), (0, 1));
    }

    #[test]
    fn slow_work_has_a_short_queue() {
        let gate = Gate::new(2, 1000);
        assert_eq!(gate.queue_limit(), 1000);
        for _ in 0..100 {
            gate.learn(Duration::from_millis(100));
        }
        assert_eq!(gate.queue_limit(), 20);
        for _ in 0..100 {
            gate.learn(Duration::from_secs(10));
        }
        assert_eq!(gate.queue_limit(), 8);
    }
}
