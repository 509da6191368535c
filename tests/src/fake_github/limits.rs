//! GitHub's rate limits, for tests that want them: answered as documented ("Rate limits for the REST API").

use chrono::Utc;
use http::{HeaderMap, HeaderValue};
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);

/// What an installation may ask, and the App.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// The primary limit: requests within a period, which GitHub sets to an hour.
    pub requests: u32,
    pub period: Duration,
    /// Secondary: points a minute (reading 1, writing 5), creations a minute.
    pub points_per_minute: u32,
    pub creations_per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { requests: 5000, period: Duration::from_secs(3600), points_per_minute: 900, creations_per_minute: 80 }
    }
}

/// A refusal: its words and its headers.
#[derive(Debug)]
pub(super) struct Exceeded {
    pub(super) message: String,
    pub(super) headers: HeaderMap,
}

/// What each token's holder has used.
#[derive(Debug, Default)]
pub(super) struct Meters {
    of: HashMap<String, Meter>,
    /// The most points that any holder was granted within a minute.
    pub(super) most_points: u32,
    /// How many requests were refused.
    pub(super) refused: u64,
}

#[derive(Debug)]
struct Meter {
    period_began: Instant,
    used: u32,
    granted: VecDeque<(Instant, u32, bool)>,
}

impl Meters {
    /// Counts a request of `holder`. The headers go onto its answer.
    pub(super) fn count(
        &mut self,
        limits: &RateLimits,
        holder: &str,
        write: bool,
        creates: bool,
    ) -> Result<HeaderMap, Exceeded> {
        let now = Instant::now();
        let fresh = || Meter { period_began: now, used: 0, granted: VecDeque::new() };
        let meter = self.of.entry(holder.to_owned()).or_insert_with(fresh);
        if now.duration_since(meter.period_began) >= limits.period {
            (meter.period_began, meter.used) = (now, 0);
        }
        while meter.granted.front().is_some_and(|(at, ..)| now.duration_since(*at) >= MINUTE) {
            meter.granted.pop_front();
        }
        if meter.used >= limits.requests {
            self.refused += 1;
            let message = format!("API rate limit exceeded for {holder}.");
            return Err(Exceeded { message, headers: told(limits, meter, now) });
        }
        meter.used += 1;
        let cost = if write { 5 } else { 1 };
        let points: u32 = meter.granted.iter().map(|(_, points, _)| points).sum();
        let created = meter.granted.iter().filter(|(.., creates)| *creates).count();
        if points + cost > limits.points_per_minute || creates && created >= limits.creations_per_minute as usize {
            self.refused += 1;
            let mut headers = told(limits, meter, now);
            let oldest =
                meter.granted.front().map_or(MINUTE, |(at, ..)| MINUTE.saturating_sub(now.duration_since(*at)));
            headers.insert("retry-after", HeaderValue::from(oldest.as_secs() + 1));
            let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            return Err(Exceeded { message: message.into(), headers });
        }
        meter.granted.push_back((now, cost, creates));
        self.most_points = self.most_points.max(points + cost);
        Ok(told(limits, meter, now))
    }
}

fn told(limits: &RateLimits, meter: &Meter, now: Instant) -> HeaderMap {
    let left = limits.period.saturating_sub(now.duration_since(meter.period_began));
    let reset = Utc::now().timestamp().unsigned_abs() + left.as_millis().div_ceil(1000) as u64;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-ratelimit-limit", u64::from(limits.requests)),
        ("x-ratelimit-remaining", u64::from(limits.requests.saturating_sub(meter.used))),
        ("x-ratelimit-used", u64::from(meter.used)),
        ("x-ratelimit-reset", reset),
    ] {
        headers.insert(name, HeaderValue::from(value));
    }
    headers.insert("x-ratelimit-resource", HeaderValue::from_static("core"));
    headers
}
