//! Work that is done once for all who ask for it at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};

type Work<V> = Pin<Box<dyn Future<Output = V> + Send>>;
/// A result that several wait for.
pub(crate) type Flight<V> = Shared<Work<V>>;

/// The work under way, by what it is for. It goes on while anybody waits for it, and ends when
/// the last one leaves.
#[derive(Debug)]
pub(crate) struct Flights<K, V: Clone> {
    under_way: Arc<Mutex<HashMap<K, Entry<V>>>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Entry<V: Clone> {
    number: u64,
    flight: WeakShared<Work<V>>,
}

impl<K: Eq + Hash, V: Clone> Default for Flights<K, V> {
    fn default() -> Self {
        Self { under_way: Arc::default(), next: AtomicU64::new(0) }
    }
}

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Joins the work under way for a key, or begins it. `known` is asked once more before: the work may have
    /// ended since the caller looked.
    pub(crate) fn join<F>(
        &self,
        key: &K,
        known: impl FnOnce() -> Option<V>,
        begin: impl FnOnce() -> F,
    ) -> Result<Flight<V>, V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = under_way.get(key).and_then(|entry| entry.flight.upgrade()) {
            return Ok(flight);
        }
        if let Some(value) = known() {
            return Err(value);
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let leave = Leave { key: key.clone(), number, under_way: self.under_way.clone() };
        let work = begin();
        let work: Work<V> = Box::pin(async move {
            let value = work.await;
            drop(leave);
            value
        });
        let flight = work.shared();
        if let Some(flight) = flight.downgrade() {
            under_way.insert(key.clone(), Entry { number, flight });
        }
        Ok(flight)
    }

    /// Tells whether work for a key is under way.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// Returns the number of different works under way.
    pub(crate) fn len(&self) -> u64 {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

/// Takes the work off the list when it ends or nobody waits any more.
struct Leave<K: Eq + Hash, V: Clone> {
    key: K,
    number: u64,
    under_way: Arc<Mutex<HashMap<K, Entry<V>>>>,
}

impl<K: Eq + Hash, V: Clone> Drop for Leave<K, V> {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have begun the same work since this one was given up.
        if under_way.get(&self.key).is_some_and(|entry| entry.number == self.number) {
            under_way.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_wait_for_one_computation() {
        let flights = Flights::<u8, u32>::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let wait = wait.shared();
        let asked: Vec<_> = (0..100)
            .map(|_| {
                let (runs, wait) = (runs.clone(), wait.clone());
                let begin = move || async move {
                    runs.fetch_add(1, Ordering::Relaxed);
                    let _ = wait.await;
                    7
                };
                flights.join(&1, || None, begin).unwrap()
            })
            .collect();
        assert_eq!(flights.len(), 1);
        go.send(()).unwrap();
        assert_eq!(futures_util::future::join_all(asked).await, vec![7; 100]);
        assert_eq!((runs.load(Ordering::Relaxed), flights.len()), (1, 0));
        assert_eq!(flights.join(&1, || Some(8), || async { 9 }).unwrap_err(), 8);
    }

    #[tokio::test]
    async fn when_the_first_leaves_the_others_still_get_it_and_when_all_leave_it_ends() {
        let flights = Flights::<u8, u32>::default();
        let begin = || async {
            tokio::task::yield_now().await;
            7
        };
        let first = flights.join(&1, || None, begin).unwrap();
        let second = flights.join(&1, || None, begin).unwrap();
        drop(first);
        assert_eq!(second.await, 7);
        let third = flights.join(&1, || None, begin).unwrap();
        assert_eq!(flights.len(), 1);
        drop(third);
        assert_eq!(flights.len(), 0);
    }
}
