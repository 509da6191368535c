//! Failures on order, so that a test can see what the product makes of them.

use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An answer with this status and these headers.
    Status(u16, Vec<(&'static str, String)>),
    /// Silence for so long, then the connection closes.
    Hang(Duration),
}

impl Fault {
    /// GitHub's secondary rate limit.
    pub fn rate_limited(seconds: u64) -> Self {
        Self::Status(403, vec![("retry-after", seconds.to_string())])
    }
}

/// Whether the request takes effect before it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultTiming {
    /// Nothing happens but the failure.
    Before,
    /// The request is carried out and its answer lost: what makes a retry dangerous.
    After,
}

#[derive(Debug)]
struct Ordered {
    remaining: usize,
    path: String,
    timing: FaultTiming,
    fault: Fault,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    ordered: Vec<Ordered>,
}

impl Faults {
    pub(super) fn add(&mut self, count: usize, path: &str, timing: FaultTiming, fault: Fault) {
        self.ordered.push(Ordered { remaining: count, path: path.to_owned(), timing, fault });
    }

    /// The fault that `request` (`METHOD /path`) meets; each is met as often as it was ordered.
    pub(super) fn take(&mut self, request: &str) -> Option<(FaultTiming, Fault)> {
        self.ordered.retain(|o| o.remaining > 0);
        let met = self.ordered.iter_mut().find(|o| request.contains(&o.path))?;
        met.remaining -= 1;
        Some((met.timing, met.fault.clone()))
    }
}
