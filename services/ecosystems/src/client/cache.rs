//! What is remembered between requests: answers with their validators, and requests that are under way.

use super::Shared;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared as SharedFuture};
use lockgate_model::{Cause, CauseKind, Ecosystem, PublishedPackage};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most answers kept.
const MAX_ANSWERS: usize = 4096;
/// Largest sum of the answers' bodies, in bytes. What is kept is the part of a body that was read.
const MAX_WEIGHT: usize = 256 << 20;

pub(super) type Key = (Ecosystem, String);

/// What a conditional request sends back (RFC 9110, 8.8).
#[derive(Debug, Clone, Default)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// Answers, bounded by number and by weight; the one not used for longest goes first.
#[derive(Debug)]
pub(super) struct Cache<T> {
    answers: Mutex<Answers<T>>,
}

#[derive(Debug)]
struct Answers<T> {
    by_key: HashMap<Key, Answer<T>>,
    weight: usize,
}

#[derive(Debug)]
struct Answer<T> {
    value: T,
    validators: Validators,
    weight: usize,
    confirmed: Instant,
    used: Instant,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { answers: Mutex::new(Answers { by_key: HashMap::new(), weight: 0 }) }
    }
}

impl<T: Clone> Cache<T> {
    fn lock(&self) -> MutexGuard<'_, Answers<T>> {
        // Each change below is complete before anything can panic.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer that was given or confirmed within `fresh`.
    pub(super) fn fresh(&self, key: &Key, fresh: Duration) -> Option<T> {
        let mut answers = self.lock();
        let answer = answers.by_key.get_mut(key).filter(|answer| answer.confirmed.elapsed() < fresh)?;
        answer.used = Instant::now();
        Some(answer.value.clone())
    }

    /// An answer of any age, where the registry can be asked whether it still holds.
    pub(super) fn stale(&self, key: &Key) -> Option<(T, Validators)> {
        let answers = self.lock();
        let answer = answers.by_key.get(key)?;
        let validators = answer.validators.clone();
        (validators.etag.is_some() || validators.last_modified.is_some()).then(|| (answer.value.clone(), validators))
    }

    /// The registry said that the answer still holds.
    pub(super) fn confirm(&self, key: &Key) {
        if let Some(answer) = self.lock().by_key.get_mut(key) {
            answer.confirmed = Instant::now();
            answer.used = answer.confirmed;
        }
    }

    pub(super) fn keep(&self, key: Key, value: T, validators: Validators, weight: usize) {
        let now = Instant::now();
        let mut answers = self.lock();
        answers.remove(&key);
        while !answers.by_key.is_empty()
            && (answers.by_key.len() >= MAX_ANSWERS || answers.weight.saturating_add(weight) > MAX_WEIGHT)
        {
            let oldest = answers.by_key.iter().min_by_key(|(_, answer)| answer.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            answers.remove(&oldest);
        }
        answers.weight += weight;
        answers.by_key.insert(key, Answer { value, validators, weight, confirmed: now, used: now });
    }
}

impl<T> Answers<T> {
    fn remove(&mut self, key: &Key) {
        if let Some(answer) = self.by_key.remove(key) {
            self.weight -= answer.weight;
        }
    }
}

type Outcome = Result<Arc<PublishedPackage>, Cause>;

/// Requests under way, so that many callers of one package make one request.
#[derive(Debug, Default)]
pub(super) struct Flights {
    by_key: Mutex<HashMap<Key, SharedFuture<BoxFuture<'static, Outcome>>>>,
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, SharedFuture<BoxFuture<'static, Outcome>>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the request of `key` that is under way, or starts `flight`.
    ///
    /// A started flight is a task of its own: it ends even if every caller goes away.
    pub(super) async fn join(
        &self,
        shared: &Arc<Shared>,
        key: Key,
        flight: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        let joined = {
            let mut flights = self.lock();
            let known = flights.get(&key).cloned();
            known.unwrap_or_else(|| {
                let (shared, done) = (Arc::clone(shared), key.clone());
                let task = tokio::spawn(async move {
                    let outcome = std::panic::AssertUnwindSafe(flight).catch_unwind().await;
                    shared.flights.lock().remove(&done);
                    outcome
                });
                let outcome = async move { task.await.ok().and_then(Result::ok).unwrap_or_else(|| Err(failed())) };
                let started = outcome.boxed().shared();
                flights.insert(key, started.clone());
                started
            })
        };
        joined.await
    }
}

fn failed() -> Cause {
    Cause::new(CauseKind::Internal, "a registry request ended without an answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        (Ecosystem::Npm, name.to_owned())
    }

    #[test]
    fn answers_go_when_the_weight_is_too_much() {
        let cache = Cache::default();
        cache.keep(key("a"), 1, Validators::default(), MAX_WEIGHT / 2);
        cache.keep(key("b"), 2, Validators::default(), MAX_WEIGHT / 2);
        assert_eq!(cache.fresh(&key("a"), Duration::MAX), Some(1));
        cache.keep(key("c"), 3, Validators::default(), MAX_WEIGHT / 2);
        assert_eq!(cache.fresh(&key("b"), Duration::MAX), None);
        assert_eq!(cache.fresh(&key("a"), Duration::MAX), Some(1));
        assert_eq!(cache.lock().weight, MAX_WEIGHT / 2 * 2);
    }

    #[test]
    fn the_number_of_answers_is_bounded() {
        let cache = Cache::default();
        for number in 0..MAX_ANSWERS + 10 {
            cache.keep(key(&number.to_string()), number, Validators::default(), 1);
        }
        assert_eq!(cache.lock().by_key.len(), MAX_ANSWERS);
        assert_eq!(cache.lock().weight, MAX_ANSWERS);
    }

    #[test]
    fn an_answer_without_validators_is_asked_for_anew() {
        let cache = Cache::default();
        cache.keep(key("a"), 1, Validators::default(), 1);
        assert!(cache.stale(&key("a")).is_none());
        assert_eq!(cache.fresh(&key("a"), Duration::ZERO), None);
        let validators = Validators { etag: Some("\"1\"".into()), last_modified: None };
        cache.keep(key("a"), 1, validators, 1);
        assert!(cache.stale(&key("a")).is_some());
    }
}
