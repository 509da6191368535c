//! Keeping the cache within its limit: the repository that was used least recently goes first.

use super::{
    Cache,
    generation::{self, Generation},
    lock::{self, Mode},
};
use std::{
    fs, io,
    time::{Duration, Instant, SystemTime},
};

/// How long the count of this process is believed, since others add to the cache too.
const BELIEVED: Duration = Duration::from_secs(300);

/// What this process believes to be in the cache.
#[derive(Debug, Default)]
pub(super) struct Account {
    bytes: u64,
    counted: Option<Instant>,
}

/// A repository of the cache.
struct Entry {
    name: String,
    bytes: u64,
    used: SystemTime,
}

impl Cache {
    /// Bytes in the cache, counted now.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn bytes(&self) -> io::Result<u64> {
        Ok(self.entries()?.iter().map(|e| e.bytes).sum())
    }

    /// Removes what was used least recently until the cache is within its limit, and what killed processes left.
    /// Repositories in use stay. Returns the bytes removed. [`Self::fetch`] does this by itself.
    ///
    /// # Errors
    /// When the folder cannot be read or changed.
    pub fn evict(&self) -> io::Result<u64> {
        let mut entries = self.entries()?;
        entries.sort_by_key(|e| e.used);
        let mut total: u64 = entries.iter().map(|e| e.bytes).sum();
        let before = total;
        for entry in &entries {
            if total > self.limit && self.remove(&entry.name)? {
                total -= entry.bytes;
            }
        }
        *self.account.lock().expect("no holder panics") = Account { bytes: total, counted: Some(Instant::now()) };
        Ok(before - total)
    }

    /// Adds to the account, and evicts when it is over the limit or old. Room is made on a best effort: what stands in
    /// the way now is found the next time.
    pub(super) fn make_room(&self, received: u64) {
        let due = {
            let mut account = self.account.lock().expect("no holder panics");
            account.bytes = account.bytes.saturating_add(received);
            account.bytes > self.limit || account.counted.is_none_or(|at| at.elapsed() > BELIEVED)
        };
        if due {
            let _ = self.evict();
        }
    }

    fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in generation::listed(&self.root)? {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if entry.file_type()?.is_dir() && is_ours(&name) {
                let used = fs::metadata(self.lock_path(&name)).and_then(|m| m.modified());
                let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push(Entry { bytes: generation::bytes(&entry.path()), name, used });
            }
        }
        Ok(entries)
    }

    /// Removes a repository, unless somebody fetches into it or reads it.
    fn remove(&self, name: &str) -> io::Result<bool> {
        let path = self.lock_path(name);
        let Some(_held) = lock::try_make(&path, Mode::Exclusive)? else { return Ok(false) };
        let home = self.root.join(name);
        generation::clear_halves(&home)?;
        for generation in Generation::all(&home)? {
            if !generation.remove_unread(&home)? {
                return Ok(false);
            }
        }
        let gone = |r: io::Result<()>| match r {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        };
        gone(fs::remove_dir(&home))?;
        gone(fs::remove_file(&path))?;
        Ok(true)
    }
}

/// Whether a folder's name is one that [`super::CacheKey`] makes: nothing else is ever removed.
fn is_ours(name: &str) -> bool {
    let id = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    name.parse::<u64>().is_ok() || name.strip_prefix("address-").is_some_and(id)
}
