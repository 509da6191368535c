//! When a request is tried again, how long to wait before, and how the end of it is told.

use super::Limits;
use chrono::{DateTime, Utc};
use lockgate_model::{Cause, CauseKind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest wait before one attempt, whatever the registry asks for.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Why one attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Trying again may help.
    Passing { kind: CauseKind, why: String, retry_after: Option<Duration> },
    /// It will not.
    Lasting(Cause),
}

impl Failure {
    pub(super) fn passing(kind: CauseKind, why: impl Into<String>) -> Self {
        Self::Passing { kind, why: why.into(), retry_after: None }
    }
}

/// The attempts at one request.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    subject: &'a str,
    limits: &'a Limits,
    start: Instant,
    made: u32,
    /// Why they failed, while all failed for the same reason; empty before the first.
    reason: Option<String>,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(subject: &'a str, limits: &'a Limits) -> Self {
        Self { subject, limits, start: Instant::now(), made: 0, reason: Some(String::new()) }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The failure itself when it lasts; when no attempt is left, the failure with the number of attempts and
    /// the time that they took.
    pub(super) async fn after(&mut self, failure: Failure) -> Result<(), Cause> {
        let (kind, why, retry_after) = match failure {
            Failure::Lasting(cause) => return Err(cause),
            Failure::Passing { kind, why, retry_after } => (kind, why, retry_after),
        };
        self.made += 1;
        self.reason.take_if(|reason| *reason != why && !reason.is_empty());
        if self.made > self.limits.retries {
            let times = times(self.made, self.reason.is_some());
            let message = format!("{}: {why} {times} in {}", self.subject, seconds(self.start.elapsed()));
            return Err(Cause::new(kind, message).with_remedy("it is tried again later; see lockgate doctor"));
        }
        tracing::debug!(subject = self.subject, why, attempt = self.made, "registry request failed, trying again");
        if let Some(reason) = &mut self.reason {
            *reason = why;
        }
        tokio::time::sleep(wait(self.limits.backoff, self.made, retry_after, jitter())).await;
        Ok(())
    }
}

/// The wait before the attempt after `number`: what the registry asked for, or the doubled backoff, of which
/// `jitter` (0 to 1) takes away up to half, so that clients that failed together do not return together.
fn wait(backoff: Duration, number: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
    let doubled = backoff.saturating_mul(1 << (number - 1).min(16)).min(MAX_WAIT);
    let jittered = doubled.mul_f64(1.0 - jitter / 2.0);
    retry_after.map_or(jittered, |asked| asked.max(jittered).min(MAX_WAIT))
}

/// Spreads clients, no more: the clock's nanoseconds are random enough.
fn jitter() -> f64 {
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    f64::from(nanoseconds % 1000) / 1000.0
}

/// Reads a `Retry-After` header: seconds or a date (RFC 9110, 10.2.3).
pub(super) fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(header.trim()).ok()?;
    Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

fn times(number: u32, same: bool) -> String {
    let count = match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        3 => "three times".to_owned(),
        4 => "four times".to_owned(),
        more => format!("{more} times"),
    };
    if same { count } else { format!("in the last of {number} attempts") }
}

fn seconds(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(1) {
        format!("{} ms", elapsed.as_millis())
    } else {
        format!("{} s", elapsed.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_bounded() {
        let second = Duration::from_secs(1);
        assert_eq!(wait(second, 1, None, 0.0), second);
        assert_eq!(wait(second, 3, None, 0.0), second * 4);
        assert_eq!(wait(second, 3, None, 1.0), second * 2);
        assert_eq!(wait(second, 4_000_000_000, None, 0.0), MAX_WAIT);
        assert_eq!(wait(second, 1, Some(second * 7), 0.5), second * 7);
        assert_eq!(wait(second, 1, Some(second * 7000), 0.5), MAX_WAIT);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(retry_after("12", now), Some(Duration::from_secs(12)));
        assert_eq!(retry_after("Thu, 01 Jan 2026 00:00:09 GMT", now), Some(Duration::from_secs(9)));
        assert_eq!(retry_after("Thu, 01 Jan 2015 00:00:09 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    async fn give_up(whys: &[&str]) -> Cause {
        let retries = u32::try_from(whys.len()).unwrap() - 1;
        let limits = Limits { retries, backoff: Duration::ZERO, ..Limits::default() };
        let mut attempts = Attempts::new("fetch npm left-pad 1.3.0", &limits);
        for why in whys {
            if let Err(cause) = attempts.after(Failure::passing(CauseKind::Upstream, *why)).await {
                return cause;
            }
        }
        panic!("as many attempts as there are retries and one more must end")
    }

    #[tokio::test]
    async fn the_end_tells_how_often_and_how_long() {
        let cause = give_up(&["registry answered 503"; 4]).await;
        let message = "fetch npm left-pad 1.3.0: registry answered 503 four times in ";
        assert!(cause.message.starts_with(message), "{}", cause.message);
        assert!(cause.kind.is_transient());
        let cause = give_up(&["a", "b", "b"]).await;
        assert!(
            cause.message.starts_with("fetch npm left-pad 1.3.0: b in the last of 3 attempts in "),
            "{}",
            cause.message
        );
    }

    #[tokio::test]
    async fn a_lasting_failure_ends_at_once() {
        let limits = Limits::default();
        let gone = Failure::Lasting(Cause::new(CauseKind::NotFound, "gone"));
        assert_eq!(Attempts::new("x", &limits).after(gone).await.unwrap_err().kind, CauseKind::NotFound);
    }
}
