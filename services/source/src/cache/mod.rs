//! A cache of bare repositories, bounded in bytes, that any number of processes share.
//!
//! ```text
//! ROOT/42.lock          held by whoever fetches into repository 42; its time is that of the last use
//! ROOT/42/1/            a bare repository: commits and trees, of files only those that were wanted
//! ROOT/42/next/         its successor, being filled; renamed to ROOT/42/2 when it is whole
//! ```
//!
//! A process may be killed at any instant: locks are the operating system's and end with it, what is half made has a
//! name that nothing reads, and the next holder of the lock removes it.

mod evict;
mod fill;
mod generation;
mod lock;

pub(crate) use generation::Lease;

use crate::{Repository, Secret, SourceError, server::Server};
use evict::Account;
use fill::Filling;
use generation::{Generation, damaged};
use lockgate_model::CommitSha;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};
use url::Url;

/// Which repository is meant, whatever it is called at present.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CacheKey {
    /// GitHub's id of the repository: a renamed or transferred one keeps it.
    GitHub(u64),
    /// The address, where nothing better is known.
    Address(Url),
}

impl CacheKey {
    /// A name that no repository can choose.
    fn folder(&self) -> String {
        match self {
            Self::GitHub(id) => id.to_string(),
            Self::Address(url) => {
                let bytes = url.as_str().as_bytes();
                let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, bytes);
                format!("address-{}", id.expect("an address holds no collision attack on SHA-1"))
            }
        }
    }
}

/// Two commits that are to be compared, and where they are.
#[derive(Debug, Clone)]
pub struct CacheRequest {
    pub key: CacheKey,
    /// `https://HOST/OWNER/NAME.git`; http for loopback addresses alone when there is a token.
    pub url: Url,
    pub token: Option<Secret>,
    /// `None` compares with nothing: everything at the head is new.
    pub base: Option<CommitSha>,
    pub head: CommitSha,
    /// Files whose content will be read where it differs; the same function as is given to
    /// [`Repository::changed_files`]. Of others only the names come.
    pub want: fn(&str) -> bool,
    /// Paths whose content at the head will be read with [`Repository::files_at`] where the given one differs, whether
    /// they differ themselves or not. `.gitmodules` comes with any submodule that differs.
    pub beside: fn(&str) -> Vec<String>,
    pub timeout: Duration,
    /// Limit for what this fetch may add.
    pub pack_bytes: u64,
}

/// Bare repositories below one folder. Cheap to clone; clones, and other processes, share the folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
    account: Arc<Mutex<Account>>,
}

impl Cache {
    /// A cache below `root`, which belongs to it alone, of at most `limit` bytes. While fetches run, each of them may be
    /// over the limit by what it brings; repositories that are being read are not removed.
    pub fn new(root: impl Into<PathBuf>, limit: u64) -> Self {
        Self { root: root.into(), limit, account: Arc::default() }
    }

    /// The repository with both commits, their trees, and the wanted files that differ. What is here costs no request;
    /// of the rest only what is new is sent. Fetches of one repository wait for each other, in any process; reading never
    /// waits. The repository stays on disk for as long as the value, or a clone of it, lives.
    ///
    /// # Errors
    /// [`SourceError::CommitMissing`] while the server does not have one of the commits, [`SourceError::Moved`] when
    /// the repository has another address, else as the texts say.
    pub fn fetch(&self, request: &CacheRequest) -> Result<Repository, SourceError> {
        let server = Server::new(&request.url, request.token.as_ref())?;
        let deadline = Instant::now() + request.timeout;
        let name = request.key.folder();
        let home = self.root.join(&name);
        let mut filling = Filling::new(request, &server, deadline);
        // 1. Nothing to do: no lock, no request.
        if let Some(repository) = ready(&home, &filling)? {
            self.touch(&name);
            return Ok(repository);
        }
        // 2. One at a time for one repository.
        let held = self.hold(&name, deadline)?;
        generation::clear_halves(&home).map_err(|e| damaged(&home, &e))?;
        let repository = bring(&home, &mut filling)?;
        let _ = held.set_modified(SystemTime::now());
        drop(held);
        // 3. Make room, never at the cost of the answer.
        self.make_room(filling.received());
        Ok(repository)
    }

    fn hold(&self, name: &str, deadline: Instant) -> Result<File, SourceError> {
        fs::create_dir_all(self.root.join(name)).map_err(|e| damaged(&self.root, &e))?;
        let held = lock::wait(&self.lock_path(name), deadline).map_err(|e| damaged(&self.root, &e))?;
        let held = held.ok_or_else(|| SourceError::Transient {
            repository: self.root.join(name).display().to_string(),
            message: "another fetch holds the cache".into(),
        })?;
        // Whoever held it before may have removed the folder.
        fs::create_dir_all(self.root.join(name)).map_err(|e| damaged(&self.root, &e))?;
        Ok(held)
    }

    fn touch(&self, name: &str) {
        if let Ok(file) = File::options().append(true).open(self.lock_path(name)) {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.lock"))
    }
}

/// The newest repository, when it has everything.
fn ready(home: &Path, filling: &Filling<'_>) -> Result<Option<Repository>, SourceError> {
    let newest = Generation::all(home).map_err(|e| damaged(home, &e))?.into_iter().next();
    let Some(newest) = newest.filter(Generation::is_sound) else { return Ok(None) };
    match newest.open() {
        Ok(Some(repository)) => match filling.lacks(&repository) {
            Ok(lacks) => Ok(lacks.is_empty().then_some(repository)),
            Err(SourceError::Damaged { .. }) => Ok(None),
            Err(e) => Err(e),
        },
        Ok(None) | Err(_) => Ok(None),
    }
}

/// Under the lock: completes the newest repository, or makes a fresh one, and removes those that nobody reads.
fn bring(home: &Path, filling: &mut Filling<'_>) -> Result<Repository, SourceError> {
    let mut all = Generation::all(home).map_err(|e| damaged(home, &e))?.into_iter();
    let newest = all.next();
    for old in all {
        old.remove_unread(home).map_err(|e| damaged(home, &e))?;
    }
    if let Some(newest) = newest.filter(Generation::is_sound) {
        newest.clear().map_err(|e| damaged(home, &e))?;
        match filling.complete(&newest) {
            Ok(Some(repository)) => return Ok(repository),
            // It has grown ragged, or what is here cannot be read: a fresh one.
            Ok(None) | Err(SourceError::Damaged { .. }) => {}
            Err(e) => return Err(e),
        }
    }
    let fresh = Generation::begin(home)?;
    filling.fill(&fresh)?;
    let fresh = fresh.publish(home)?;
    for old in Generation::all(home).map_err(|e| damaged(home, &e))?.into_iter().filter(|g| g.path() != fresh.path()) {
        old.remove_unread(home).map_err(|e| damaged(home, &e))?;
    }
    let opened = fresh.open()?;
    opened.ok_or_else(|| damaged(home, &std::io::Error::other("it was removed while it was locked")))
}
