//! A bare repository that only we write to, and the lock that keeps two fetches apart.
//!
//! A process may be killed at any instant. The lock is the operating system's, so it ends with the process; what gix
//! left behind of its own lock files is cleared by the next holder; and a new repository appears by a rename or not at
//! all.

use crate::{SourceError, error::describe, repository::isolated};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(50);

/// Held while a cache is written. Reading needs no lock: objects are only ever added, by rename.
#[derive(Debug)]
pub(crate) struct Held {
    _file: File,
}

/// Waits for the cache at `path`, creates it where it is not, and clears what a killed process left.
pub(crate) fn acquire(path: &Path, deadline: Instant) -> Result<Held, SourceError> {
    let fail = |e: io::Error| SourceError::Damaged { repository: path.display().to_string(), message: e.to_string() };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = OpenOptions::new().create(true).append(true).open(PathBuf::from(beside)).map_err(fail)?;
    lock(&file, path, deadline)?;
    if path.join("HEAD").is_file() {
        clear_stale_locks(path).map_err(fail)?;
    } else {
        create(path)?;
    }
    Ok(Held { _file: file })
}

fn lock(file: &File, path: &Path, deadline: Instant) -> Result<(), SourceError> {
    let repository = path.display().to_string();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(POLL),
            Err(TryLockError::WouldBlock) => {
                return Err(SourceError::Transient { repository, message: "another fetch holds the cache".into() });
            }
            Err(TryLockError::Error(e)) => return Err(SourceError::Damaged { repository, message: e.to_string() }),
        }
    }
}

/// Makes a bare repository at `path`, which must not be there yet; it appears whole or not at all.
pub(crate) fn create(path: &Path) -> Result<(), SourceError> {
    let fail = |message: String| SourceError::Damaged { repository: path.display().to_string(), message };
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(parent).map_err(|e| fail(e.to_string()))?;
    gix::ThreadSafeRepository::init_opts(
        fresh.path(),
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        isolated(),
    )
    .map_err(|e| fail(describe(&e)))?;
    let fresh = fresh.keep();
    fs::rename(&fresh, path).map_err(|e| {
        let _ = fs::remove_dir_all(&fresh);
        fail(format!("it is in the way of a new cache ({e})"))
    })
}

/// Under our lock nobody else writes, so every lock file of gix is a dead process's.
pub(crate) fn clear_stale_locks(path: &Path) -> io::Result<()> {
    let mut folders = vec![path.to_owned(), path.join("refs")];
    while let Some(folder) = folders.pop() {
        let below_refs = folder != path;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && below_refs {
                folders.push(entry.path());
            } else if kind.is_file() && entry.path().extension().is_some_and(|e| e == "lock") {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}
