//! The limits of a fetch in time and size, which gix does not have.
//!
//! A second thread looks at the clock and at what has arrived, and tells gix to stop.

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
pub(crate) enum Verdict {
    Late,
    Large,
}

/// Interrupts a fetch that takes too long or brings too much. gix has no limit of either kind.
pub(crate) struct Watch {
    packs: PathBuf,
    deadline: Instant,
    limit: u64,
    pub(crate) interrupt: AtomicBool,
    pub(crate) done: AtomicBool,
    verdict: Mutex<Option<Verdict>>,
}

impl Watch {
    pub(crate) fn new(cache: &Path, deadline: Instant, pack_bytes: u64) -> Self {
        let packs = cache.join("objects").join("pack");
        let limit = size(&packs).saturating_add(pack_bytes);
        Self { packs, deadline, limit, interrupt: false.into(), done: false.into(), verdict: Mutex::default() }
    }

    pub(crate) fn stand(&self) {
        while !self.done.load(Ordering::Relaxed) {
            let verdict = if Instant::now() >= self.deadline {
                Verdict::Late
            } else if size(&self.packs) > self.limit {
                Verdict::Large
            } else {
                thread::sleep(POLL);
                continue;
            };
            *self.verdict.lock().expect("no holder panics") = Some(verdict);
            self.interrupt.store(true, Ordering::Relaxed);
            return;
        }
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        *self.verdict.lock().expect("no holder panics")
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}
