//! Locks on files, which end with the process that holds them.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Shared,
    Exclusive,
}

/// Locks the file at `path`, made where it is not; `None` while somebody else holds it.
pub(super) fn try_make(path: &Path, mode: Mode) -> io::Result<Option<File>> {
    loop {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        if !take(&file, mode)? {
            return Ok(None);
        }
        // Who removes a repository removes its lock too: a lock on a file that is no longer there keeps nobody out.
        if stands_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

/// Locks the file at `path`; `None` while somebody else holds it, or when it is not there.
pub(super) fn try_open(path: &Path, mode: Mode) -> io::Result<Option<File>> {
    match OpenOptions::new().append(true).open(path) {
        Ok(file) => Ok((take(&file, mode)? && stands_at(&file, path)?).then_some(file)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// As [`try_make`], but waits until `deadline`.
pub(super) fn wait(path: &Path, deadline: Instant) -> io::Result<Option<File>> {
    loop {
        match try_make(path, Mode::Exclusive)? {
            None if Instant::now() < deadline => thread::sleep(POLL),
            outcome => return Ok(outcome),
        }
    }
}

fn take(file: &File, mode: Mode) -> io::Result<bool> {
    let tried = match mode {
        Mode::Shared => file.try_lock_shared(),
        Mode::Exclusive => file.try_lock(),
    };
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

fn stands_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}
