//! So many bytes a second and no more, so that looking at everything is in nobody's way.

use std::time::Duration;
use tokio::time::Instant;

/// A limit for one reader.
#[derive(Debug)]
pub struct Pace {
    bytes_a_second: u64,
    /// When what was taken so far is paid off.
    due: Instant,
}

impl Pace {
    /// 0 is no limit.
    pub fn new(bytes_a_second: u64) -> Self {
        Self { bytes_a_second, due: Instant::now() }
    }

    /// Waits until the bytes that were taken before are paid off, and takes these.
    pub async fn take(&mut self, bytes: u64) {
        if self.bytes_a_second == 0 {
            return;
        }
        tokio::time::sleep_until(self.due).await;
        #[expect(clippy::cast_precision_loss, reason = "a pace need not be exact to the byte")]
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_a_second as f64);
        self.due = self.due.max(Instant::now()) + cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_taken_is_waited_for() {
        let (mut pace, start) = (Pace::new(1000), Instant::now());
        for _ in 0..5 {
            pace.take(500).await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000, "four were waited for; the last one is still owed");
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_waits_for_nothing() {
        let (mut pace, start) = (Pace::new(0), Instant::now());
        pace.take(u64::MAX).await;
        pace.take(u64::MAX).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
