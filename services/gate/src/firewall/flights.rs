//! Work under way, so that many who ask for the same wait for one.

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Flight<T> = Shared<BoxFuture<'static, Option<T>>>;

#[derive(Debug)]
pub(super) struct Flights<K, T: Clone> {
    by_key: Arc<Mutex<HashMap<K, Flight<T>>>>,
}

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self { by_key: Arc::default() }
    }
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> Flights<K, T> {
    fn lock(by_key: &Mutex<HashMap<K, Flight<T>>>) -> MutexGuard<'_, HashMap<K, Flight<T>>> {
        // Each change is one call of the map.
        by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the work of `key` that is under way, or starts `work`. A started one is a task of its own: it ends even
    /// if everybody who waited has gone. `None` when it panicked.
    pub(super) async fn join(&self, key: K, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let flight = {
            let mut flights = Self::lock(&self.by_key);
            let known = flights.get(&key).cloned();
            known.unwrap_or_else(|| {
                let (by_key, done) = (Arc::clone(&self.by_key), key.clone());
                let task = tokio::spawn(async move {
                    let outcome = std::panic::AssertUnwindSafe(work).catch_unwind().await;
                    Self::lock(&by_key).remove(&done);
                    outcome.ok()
                });
                let started = async move { task.await.ok().flatten() }.boxed().shared();
                flights.insert(key, started.clone());
                started
            })
        };
        flight.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    #[tokio::test]
    async fn those_who_ask_at_once_wait_for_one() {
        let (flights, worked) = (Flights::<&str, u32>::default(), Arc::new(AtomicU32::new(0)));
        let ask = || {
            let worked = Arc::clone(&worked);
            flights.join("a", async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                worked.fetch_add(1, Ordering::SeqCst)
            })
        };
        assert_eq!(futures::future::join3(ask(), ask(), ask()).await, (Some(0), Some(0), Some(0)));
        assert_eq!(ask().await, Some(1), "what is over is begun again");
    }

    #[tokio::test]
    async fn a_panic_is_no_answer_and_is_not_kept() {
        let flights = Flights::<&str, u32>::default();
        assert_eq!(flights.join("a", async { panic!("on purpose") }).await, None);
        assert_eq!(flights.join("a", async { 7 }).await, Some(7));
    }
}
