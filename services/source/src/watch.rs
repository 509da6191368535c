//! The limits of a fetch in time and size, which gix does not have.
//!
//! A second thread looks at the clock and at what has arrived, and tells gix to stop.

use crate::{SourceError, server::Failure};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Late,
    Large,
}

/// Interrupts a fetch that takes too long or brings too much. gix has no limit of either kind.
pub(crate) struct Watch {
    packs: PathBuf,
    deadline: Instant,
    /// The whole time limit, for the error's text.
    timeout: Duration,
    /// What may be added, and the size at which that much was.
    pack_bytes: u64,
    limit: u64,
    interrupt: AtomicBool,
    done: AtomicBool,
    verdict: Mutex<Option<Verdict>>,
}

impl Watch {
    /// Watches the repository at `folder`.
    pub(crate) fn new(folder: &Path, deadline: Instant, timeout: Duration, pack_bytes: u64) -> Self {
        let packs = folder.join("objects").join("pack");
        let limit = size(&packs).saturating_add(pack_bytes);
        let (interrupt, done, verdict) = (false.into(), false.into(), Mutex::default());
        Self { packs, deadline, timeout, pack_bytes, limit, interrupt, done, verdict }
    }

    /// Does `work` under this watch.
    ///
    /// # Errors
    /// `Ok(failure)` when the watch ended it, `Err(error)` when it failed by itself.
    pub(crate) fn over<T>(
        self,
        repository: &str,
        work: impl FnOnce(&AtomicBool) -> Result<T, gix::Error>,
    ) -> Result<T, Result<Failure, gix::Error>> {
        let result = thread::scope(|scope| {
            let standing = scope.spawn(|| self.stand());
            let result = work(&self.interrupt);
            self.done.store(true, Ordering::Relaxed);
            // Most fetches take less than a look's interval, and would wait for its end.
            standing.thread().unpark();
            result
        });
        let verdict = *self.verdict.lock().expect("no holder panics");
        let repository = repository.to_owned();
        result.map_err(|error| match verdict {
            Some(Verdict::Late) => {
                Ok(Failure::Other(SourceError::TimedOut { repository, seconds: self.timeout.as_secs() }))
            }
            Some(Verdict::Large) => Ok(Failure::Other(SourceError::TooLarge {
                subject: format!("what the server sends for {repository}"),
                limit: self.pack_bytes,
                unit: "bytes",
            })),
            None => Err(error),
        })
    }

    fn stand(&self) {
        while !self.done.load(Ordering::Relaxed) {
            let verdict = if Instant::now() >= self.deadline {
                Verdict::Late
            } else if size(&self.packs) > self.limit {
                Verdict::Large
            } else {
                thread::park_timeout(POLL);
                continue;
            };
            *self.verdict.lock().expect("no holder panics") = Some(verdict);
            self.interrupt.store(true, Ordering::Relaxed);
            return;
        }
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}
