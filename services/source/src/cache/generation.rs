//! One bare repository of a cache. It is filled, used, and when it has grown ragged a fresh one takes its place.
//!
//! gix adds a pack for each fetch and has no garbage collector. After some packs the newest commits are therefore fetched
//! into a repository beside the old one, under the next number. Whoever still reads the old one goes on doing so: it is
//! removed when nobody does.

use super::lock::{self, Mode};
use crate::{Repository, SourceError, folder, repository::object_id};
use gix::ObjectId;
use lockgate_model::CommitSha;
use std::{
    cmp::Reverse,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Packs after which a repository is replaced. Each fetch adds two: the trees, and the wanted contents.
const MAX_PACKS: usize = 48;
/// A repository is replaced when it has grown to so many times its largest pack, which is what a fresh one would have,
const MAX_GROWTH: u64 = 4;
/// and so much more: small ones may grow.
const FREE_GROWTH: u64 = 64 << 20;
/// Commits that are named to the server as here. Each costs it a walk, and the newest are the likeliest to help.
const HAVES: usize = 8;

/// Locked by whoever reads; in each repository.
const LEASE: &str = "lockgate-lease";
/// Names the commits that were fetched whole, oldest first.
const COMMITS: &str = "lockgate-commits";
/// Stands in a repository whose objects could not be read.
const DAMAGED: &str = "lockgate-damaged";

#[derive(Debug)]
pub(super) struct Generation {
    path: PathBuf,
}

/// Keeps a repository from being removed.
#[derive(Debug)]
pub(crate) struct Lease {
    path: PathBuf,
    _file: File,
}

impl Lease {
    /// Has the repository replaced by the next fetch.
    pub(crate) fn mark_damaged(&self) {
        let _ = File::create(self.path.join(DAMAGED));
    }
}

impl Generation {
    /// The numbered repositories in `home`, newest first.
    pub(super) fn all(home: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for entry in listed(home)? {
            if let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()) {
                found.push((number, entry.path()));
            }
        }
        found.sort_by_key(|(number, _)| Reverse(*number));
        Ok(found.into_iter().map(|(_, path)| Self { path }).collect())
    }

    /// Makes a repository that is not yet one of [`Self::all`]; [`Self::publish`] makes it the newest.
    pub(super) fn begin(home: &Path) -> Result<Self, SourceError> {
        let next = home.join("next");
        let fail = |e: io::Error| damaged(home, &e);
        remove(&next).map_err(fail)?;
        folder::create(&next)?;
        File::create(next.join(LEASE)).map_err(fail)?;
        Ok(Self { path: next })
    }

    pub(super) fn publish(self, home: &Path) -> Result<Self, SourceError> {
        let fail = |e: io::Error| damaged(home, &e);
        let newest = Self::all(home).map_err(fail)?.first().map_or(0, Self::number);
        let path = home.join((newest + 1).to_string());
        fs::rename(&self.path, &path).map_err(fail)?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// [`SourceError::Damaged`]; `Ok(None)` when it is being removed.
    pub(super) fn open(&self) -> Result<Option<Repository>, SourceError> {
        let lease = lock::try_open(&self.path.join(LEASE), Mode::Shared).map_err(|e| damaged(&self.path, &e))?;
        let Some(file) = lease else { return Ok(None) };
        let lease = Lease { path: self.path.clone(), _file: file };
        Ok(Some(Repository::open(&self.path)?.under(Arc::new(lease))))
    }

    /// Removes it unless somebody reads it. A half removed one is never taken for a whole one: it is renamed first.
    pub(super) fn remove_unread(&self, home: &Path) -> io::Result<bool> {
        let Some(_alone) = lock::try_make(&self.path.join(LEASE), Mode::Exclusive)? else { return Ok(false) };
        let gone = home.join(format!("gone-{}", self.number()));
        remove(&gone)?;
        fs::rename(&self.path, &gone)?;
        remove(&gone)?;
        Ok(true)
    }

    /// Whether it can be used further.
    pub(super) fn is_sound(&self) -> bool {
        !self.path.join(DAMAGED).exists() && self.path.join("HEAD").is_file()
    }

    /// Whether a fresh one should take its place before more is added.
    pub(super) fn is_overgrown(&self) -> bool {
        let sizes: Vec<u64> = packs(&self.path).map(|(_, bytes)| bytes).collect();
        let (total, largest) = (sizes.iter().sum::<u64>(), sizes.iter().max().copied().unwrap_or_default());
        sizes.len() >= MAX_PACKS || total > MAX_GROWTH * largest + FREE_GROWTH
    }

    /// Clears what a killed process left: locks, files that were not finished, packs without an index.
    pub(super) fn clear(&self) -> io::Result<()> {
        folder::clear_stale_locks(&self.path)?;
        for entry in listed(&self.path.join("objects").join("pack"))? {
            let (name, path) = (entry.file_name(), entry.path());
            let finished = name.to_string_lossy().starts_with("pack-")
                && (path.extension().is_some_and(|e| e == "idx") || path.with_extension("idx").is_file())
                && path.extension().is_some_and(|e| e == "idx" || e == "pack");
            if !finished && entry.file_type()?.is_file() {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Remembers that these commits are here whole.
    pub(super) fn note(&self, commits: &[&CommitSha]) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path.join(COMMITS))?;
        file.write_all(commits.iter().map(|sha| format!("{sha}\n")).collect::<String>().as_bytes())
    }

    /// The newest commits that are here whole.
    pub(super) fn haves(&self, repository: &Repository) -> Vec<ObjectId> {
        let noted = fs::read_to_string(self.path.join(COMMITS)).unwrap_or_default();
        let commits = noted.lines().rev().filter_map(|line| line.parse::<CommitSha>().ok());
        let here = commits.filter(|sha| repository.has_commit(sha)).filter_map(|sha| object_id(&sha));
        let mut haves: Vec<ObjectId> = Vec::with_capacity(HAVES);
        for id in here {
            if haves.len() == HAVES {
                break;
            }
            if !haves.contains(&id) {
                haves.push(id);
            }
        }
        haves
    }

    fn number(&self) -> u64 {
        self.path.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse().ok()).unwrap_or_default()
    }
}

/// Removes what a killed process left beside the numbered repositories of `home`.
pub(super) fn clear_halves(home: &Path) -> io::Result<()> {
    for entry in listed(home)? {
        if entry.file_name().to_str().is_none_or(|name| name.parse::<u64>().is_err()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Bytes of all files below `folder`.
pub(super) fn bytes(folder: &Path) -> u64 {
    let mut total = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in listed(&folder).unwrap_or_default() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => total += found.len(),
                Err(_) => {}
            }
        }
    }
    total
}

fn packs(repository: &Path) -> impl Iterator<Item = (PathBuf, u64)> {
    let entries = listed(&repository.join("objects").join("pack")).unwrap_or_default().into_iter();
    let packs = entries.filter(|e| e.path().extension().is_some_and(|x| x == "pack"));
    packs.filter_map(|e| Some((e.path(), e.metadata().ok()?.len())))
}

/// The entries of a folder; none where there is no folder.
pub(super) fn listed(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

pub(super) fn damaged(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Damaged { repository: path.display().to_string(), message: error.to_string() }
}
