//! What may be asked of GitHub, and when: the documented rate limits, kept before GitHub has to refuse.
//!
//! GitHub REST, "Rate limits for the REST API". The primary limit is told by each answer (`x-ratelimit-*`). Secondary
//! limits are not told: points a minute, content made a minute and an hour, and requests at a time. Whoever goes on after
//! a refusal risks being banned, so an installation that was told to wait sends nothing until then.

use crate::transport::{self, Answer};
use http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Below this part of any limit (a quarter), what can be left out should be.
const SCARCE_PART: u64 = 4;

/// The limits to keep. The defaults are those that GitHub documents; a GitHub Enterprise Server may have others or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Points that an installation may spend in any 60 s: reading costs 1, writing 5. 0: no such limit.
    pub points_per_minute: u32,
    /// Things (check runs) that an installation may create in any 60 s. 0: no such limit.
    pub creations_per_minute: u32,
    /// The same in any hour. 0: no such limit.
    pub creations_per_hour: u32,
    /// Requests at a time over all installations. GitHub allows 100; other users of the App need some.
    pub concurrent_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { points_per_minute: 900, creations_per_minute: 80, creations_per_hour: 500, concurrent_requests: 40 }
    }
}

impl Limits {
    /// For a server that has none of its own. What its answers say is honoured all the same.
    pub fn none() -> Self {
        Self { points_per_minute: 0, creations_per_minute: 0, creations_per_hour: 0, ..Self::default() }
    }
}

/// How much room an installation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headroom {
    Ample,
    /// Less than a quarter of some limit is left, or GitHub said to wait: leave out what a later request will say anyway.
    Scarce,
}

/// Whose budget a request is paid from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    App,
    Installation(u64),
}

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    points: u32,
    creates: bool,
}

impl Cost {
    /// "GET, HEAD, OPTIONS: 1 point; POST, PATCH, PUT, DELETE: 5". Content is made by POST.
    pub(crate) fn of(method: &Method) -> Self {
        let points = if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) { 1 } else { 5 };
        Self { points, creates: *method == Method::POST }
    }
}

/// The budgets of an App and its installations.
#[derive(Debug)]
pub(crate) struct Budgets {
    limits: Limits,
    of: Mutex<HashMap<Holder, Budget>>,
}

impl Budgets {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, of: Mutex::default() }
    }

    /// Pays for a request that is sent at `now`.
    ///
    /// # Errors
    /// The time until there is room; nothing is paid then.
    pub(crate) fn spend(&self, holder: Holder, cost: Cost, now: Instant) -> Result<(), Duration> {
        self.with(holder, |budget| budget.spend(&self.limits_of(holder), cost, now))
    }

    /// The time until `cost` could be paid; `None` is now.
    pub(crate) fn wait(&self, holder: Holder, cost: Cost, now: Instant) -> Option<Duration> {
        self.with(holder, |budget| budget.wait(&self.limits_of(holder), cost, now))
    }

    pub(crate) fn headroom(&self, holder: Holder, now: Instant) -> Headroom {
        self.with(holder, |budget| budget.headroom(&self.limits_of(holder), now))
    }

    /// Takes in what an answer says of limits.
    pub(crate) fn observe(&self, holder: Holder, answer: &Answer, now: Instant) {
        let told = Told::of(&answer.headers);
        let refused = answer.rate_limit();
        self.with(holder, |budget| budget.observe(told, refused, now));
    }

    /// Tokens are no content that anybody sees.
    fn limits_of(&self, holder: Holder) -> Limits {
        match holder {
            Holder::App => Limits { creations_per_minute: 0, creations_per_hour: 0, ..self.limits.clone() },
            Holder::Installation(_) => self.limits.clone(),
        }
    }

    fn with<T>(&self, holder: Holder, act: impl FnOnce(&mut Budget) -> T) -> T {
        act(self.of.lock().unwrap_or_else(PoisonError::into_inner).entry(holder).or_default())
    }
}

/// The primary limit as an answer tells it.
#[derive(Debug, Clone, Copy)]
struct Told {
    limit: u64,
    remaining: u64,
    reset_in: Duration,
}

impl Told {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        // Search and GraphQL have budgets of their own.
        if text("x-ratelimit-resource").is_some_and(|resource| resource != "core") {
            return None;
        }
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        let reset_in = transport::until_reset(headers)?;
        Some(Self { limit: number("x-ratelimit-limit")?, remaining: number("x-ratelimit-remaining")?, reset_in })
    }
}

#[derive(Debug, Clone, Copy)]
struct Primary {
    limit: u64,
    remaining: u64,
    reset_at: Instant,
}

/// One installation's spending within the last hour.
#[derive(Debug, Default)]
struct Budget {
    points: Window,
    created_in_minute: Window,
    created_in_hour: Window,
    primary: Option<Primary>,
    /// GitHub said to wait until then.
    blocked_until: Option<Instant>,
}

impl Budget {
    fn spend(&mut self, limits: &Limits, cost: Cost, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.wait(limits, cost, now) {
            return Err(wait);
        }
        if limits.points_per_minute > 0 {
            self.points.add(cost.points, now);
        }
        if cost.creates && limits.creations_per_minute > 0 {
            self.created_in_minute.add(1, now);
        }
        if cost.creates && limits.creations_per_hour > 0 {
            self.created_in_hour.add(1, now);
        }
        // Answers on their way do not know of this request yet.
        if let Some(primary) = &mut self.primary {
            primary.remaining = primary.remaining.saturating_sub(1);
        }
        Ok(())
    }

    fn wait(&mut self, limits: &Limits, cost: Cost, now: Instant) -> Option<Duration> {
        self.primary = self.primary.filter(|primary| primary.reset_at > now);
        self.blocked_until = self.blocked_until.filter(|until| *until > now);
        let told = self.primary.filter(|primary| primary.remaining == 0).map(|primary| primary.reset_at);
        let told = told.into_iter().chain(self.blocked_until).map(|until| until - now);
        let points = self.points.wait(limits.points_per_minute, cost.points, MINUTE, now);
        let created = cost.creates.then(|| {
            let minute = self.created_in_minute.wait(limits.creations_per_minute, 1, MINUTE, now);
            minute.max(self.created_in_hour.wait(limits.creations_per_hour, 1, HOUR, now))
        });
        told.chain(points).chain(created.flatten()).max()
    }

    fn headroom(&mut self, limits: &Limits, now: Instant) -> Headroom {
        if self.wait(limits, Cost { points: 1, creates: false }, now).is_some() {
            return Headroom::Scarce;
        }
        let windows = [
            self.points.left(limits.points_per_minute, MINUTE, now),
            self.created_in_minute.left(limits.creations_per_minute, MINUTE, now),
            self.created_in_hour.left(limits.creations_per_hour, HOUR, now),
        ];
        let told = self.primary.map(|primary| (primary.remaining, primary.limit));
        let scarce = |(left, limit): (u64, u64)| left < limit / SCARCE_PART;
        if windows.into_iter().flatten().chain(told).any(scarce) { Headroom::Scarce } else { Headroom::Ample }
    }

    fn observe(&mut self, told: Option<Told>, refused: Option<Duration>, now: Instant) {
        if let Some(told) = told {
            let reset_at = now + told.reset_in;
            // Within one period the lowest figure counts, since answers overtake each other; a period that began later
            // replaces the one before it. Both ends are known to the second only.
            let same = self.primary.filter(|p| reset_at < p.reset_at + Duration::from_secs(5));
            let remaining = same.map_or(told.remaining, |p| p.remaining.min(told.remaining));
            let reset_at = same.map_or(reset_at, |p| p.reset_at.max(reset_at));
            self.primary = Some(Primary { limit: told.limit, remaining, reset_at });
        }
        if let Some(wait) = refused {
            let until = now + wait;
            self.blocked_until = Some(self.blocked_until.map_or(until, |earlier| earlier.max(until)));
        }
    }
}

/// What was spent within a sliding span of time.
#[derive(Debug, Default)]
struct Window {
    /// When, and how much; oldest first.
    spent: VecDeque<(Instant, u32)>,
    sum: u64,
}

impl Window {
    fn add(&mut self, amount: u32, now: Instant) {
        self.spent.push_back((now, amount));
        self.sum += u64::from(amount);
    }

    /// Drops what lies `span` or more back.
    fn forget(&mut self, span: Duration, now: Instant) {
        while let Some((at, amount)) = self.spent.front().copied().filter(|(at, _)| now.duration_since(*at) >= span) {
            debug_assert!(at <= now);
            self.spent.pop_front();
            self.sum -= u64::from(amount);
        }
    }

    /// What is left of `limit`, with it; `None` where there is no limit.
    fn left(&mut self, limit: u32, span: Duration, now: Instant) -> Option<(u64, u64)> {
        self.forget(span, now);
        (limit > 0).then(|| (u64::from(limit).saturating_sub(self.sum), u64::from(limit)))
    }

    /// The time until `amount` more stays within `limit`.
    fn wait(&mut self, limit: u32, amount: u32, span: Duration, now: Instant) -> Option<Duration> {
        let (left, limit) = self.left(limit, span, now)?;
        // A single request dearer than the whole limit can never be sent; a minute's wait each time tells so.
        let missing = u64::from(amount).min(limit).saturating_sub(left);
        if missing == 0 {
            return (u64::from(amount) > limit).then_some(span);
        }
        let mut freed = 0;
        let frees = self.spent.iter().find(|(_, spent)| {
            freed += u64::from(*spent);
            freed >= missing
        });
        Some(frees.map_or(span, |(at, _)| span.saturating_sub(now.duration_since(*at))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits() -> Limits {
        Limits { points_per_minute: 30, creations_per_minute: 4, creations_per_hour: 9, concurrent_requests: 1 }
    }

    fn cost(write: bool) -> Cost {
        Cost::of(if write { &Method::POST } else { &Method::GET })
    }

    /// The most that was spent in any span that ends with a request: what GitHub could count at worst.
    fn worst(sent: &[(Instant, u32)], span: Duration) -> u32 {
        let within = |end: Instant| {
            let counted = sent.iter().filter(move |(at, _)| *at <= end && end.duration_since(*at) < span);
            counted.map(|(_, amount)| amount).sum()
        };
        sent.iter().map(|(end, _)| within(*end)).max().unwrap_or(0)
    }

    #[test]
    fn an_installation_that_was_told_to_wait_waits_and_others_go_on() {
        let budgets = Budgets::new(Limits::none());
        let (one, other, now) = (Holder::Installation(1), Holder::Installation(2), Instant::now());
        budgets.with(one, |b| b.observe(None, Some(Duration::from_secs(17)), now));
        assert_eq!(budgets.spend(one, cost(false), now + Duration::from_secs(2)), Err(Duration::from_secs(15)));
        assert_eq!(budgets.headroom(one, now), Headroom::Scarce);
        assert_eq!(budgets.spend(other, cost(false), now), Ok(()));
        assert_eq!(budgets.spend(one, cost(false), now + Duration::from_secs(17)), Ok(()));
    }

    #[test]
    fn the_primary_limit_is_kept_whatever_order_answers_come_in() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        let told = |remaining, reset_in| Some(Told { limit: 5000, remaining, reset_in: Duration::from_secs(reset_in) });
        budget.observe(told(1, 100), None, now);
        budget.observe(told(2, 100), None, now);
        assert_eq!(budget.headroom(&Limits::none(), now), Headroom::Scarce);
        assert_eq!(budget.spend(&Limits::none(), cost(true), now), Ok(()));
        assert_eq!(budget.spend(&Limits::none(), cost(true), now), Err(Duration::from_secs(100)));
        // The next hour has begun.
        budget.observe(told(4999, 3600), None, now + Duration::from_secs(50));
        assert_eq!(budget.headroom(&Limits::none(), now + Duration::from_secs(50)), Headroom::Ample);
    }

    #[test]
    fn scarcity_begins_with_the_last_quarter() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        for _ in 0..22 {
            assert_eq!(budget.headroom(&limits(), now), Headroom::Ample);
            budget.spend(&limits(), cost(false), now).unwrap();
        }
        budget.spend(&limits(), cost(false), now).unwrap();
        budget.spend(&limits(), cost(false), now).unwrap();
        assert_eq!(budget.headroom(&limits(), now), Headroom::Scarce);
        assert_eq!(budget.headroom(&limits(), now + MINUTE), Headroom::Ample);
    }

    #[test]
    fn what_can_never_be_paid_is_never_sent() {
        let tiny = Limits { points_per_minute: 3, ..Limits::none() };
        assert_eq!(Budget::default().spend(&tiny, cost(true), Instant::now()), Err(MINUTE));
    }

    proptest! {
        #[test]
        fn no_sequence_exceeds_the_budget(steps in proptest::collection::vec((0u64..20_000, any::<bool>()), 1..200)) {
            let (mut budget, mut now) = (Budget::default(), Instant::now());
            let (mut points, mut created) = (Vec::new(), Vec::new());
            for (pause, write) in steps {
                now += Duration::from_millis(pause);
                if budget.spend(&limits(), cost(write), now).is_ok() {
                    points.push((now, cost(write).points));
                    created.extend(write.then_some((now, 1)));
                }
            }
            prop_assert!(worst(&points, MINUTE) <= 30);
            prop_assert!(worst(&created, MINUTE) <= 4);
            prop_assert!(worst(&created, HOUR) <= 9);
        }

        /// Neither too early nor needlessly late: after the stated wait there is room, a moment before there is none.
        #[test]
        fn the_stated_wait_is_exact(steps in proptest::collection::vec((0u64..5_000, any::<bool>()), 1..200), write: bool) {
            let (mut budget, mut now) = (Budget::default(), Instant::now());
            for (pause, write) in steps {
                now += Duration::from_millis(pause);
                let _ = budget.spend(&limits(), cost(write), now);
            }
            if let Some(wait) = budget.wait(&limits(), cost(write), now) {
                let early = now + wait - Duration::from_millis(1);
                prop_assert!(budget.wait(&limits(), cost(write), early).is_some());
                prop_assert_eq!(budget.wait(&limits(), cost(write), now + wait), None);
            }
        }
    }
}
