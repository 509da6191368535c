//! What differs between two trees, reading no more than is wanted.
//!
//! A tree can be made to hold more paths than there are atoms: ten levels that each name the level below ten times.
//! The walk therefore counts what it visits, keeps its own stack, and stops at fixed bounds. A tree whose entries git's
//! own check (`git fsck`) refuses is refused as a whole: what a client makes of it is open.

use crate::{SourceError, error::describe};
use bytes::Bytes;
use gix::{
    ObjectId,
    bstr::{BStr, BString},
    objs::tree::EntryKind,
    validate::path::component,
};
use lockgate_model::CommitSha;
use std::collections::BTreeMap;

/// Largest file that is read: 64 MiB, as much as a lockfile may have.
pub const MAX_BLOB_BYTES: u64 = 64 << 20;
/// Bytes read in one comparison, both sides of all files together: 500 lockfiles of 1 MiB on both sides, all changed.
const MAX_TOTAL_BYTES: u64 = 1 << 30;
/// Wanted files that differ.
const MAX_FILES: usize = 10_000;
/// Largest tree object: a folder with a million files of 40 letters.
const MAX_TREE_BYTES: u64 = 64 << 20;
/// Largest Git LFS pointer (Git LFS specification, "The Pointer").
const MAX_POINTER_BYTES: usize = 1024;
/// Entries visited in one walk. The largest public repositories have some 500,000 files.
const MAX_ENTRIES: u64 = 1_000_000;
/// Levels of folders. Git's own limit is 2,048; paths end at 4,096 bytes.
const MAX_DEPTH: usize = 256;
/// Where git notes from which repository a submodule comes (gitmodules(5)).
const SUBMODULES: &str = ".gitmodules";

/// A file that differs, with its content on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Path within the repository; bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    /// `None` when there was no such file.
    pub old: Option<Bytes>,
    /// `None` when there is none any more.
    pub new: Option<Bytes>,
}

/// What stands at the head where a wanted file was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkippedKind {
    /// A symbolic link. Following it would let a repository choose what is read.
    Symlink,
    /// A commit of another repository.
    Submodule,
    /// A Git LFS pointer, whose content is on another server. It is not fetched.
    LfsPointer,
}

/// A wanted path that is not a file. A package manager may follow it where we do not: the caller must not take it for
/// "no lockfile here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: String,
    pub kind: SkippedKind,
}

/// A commit of another repository that stands at a path of this one (git's submodules), on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedSubmodule {
    pub path: String,
    /// `None` when there was no such submodule.
    pub old: Option<CommitSha>,
    /// `None` when there is none any more.
    pub new: Option<CommitSha>,
}

/// The difference of two trees, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub files: Vec<ChangedFile>,
    /// Wanted paths that differ and are no files at the head.
    pub skipped: Vec<Skipped>,
    /// All that differ, wanted or not: they are few, and in the trees already.
    pub submodules: Vec<ChangedSubmodule>,
}

/// Files of one tree, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Path and content.
    pub files: Vec<(String, Bytes)>,
    pub skipped: Vec<Skipped>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    kind: EntryKind,
    id: ObjectId,
}

/// A wanted path whose entry is not the same on both sides.
struct Difference {
    path: String,
    before: Option<Entry>,
    after: Option<Entry>,
}

impl Entry {
    fn tree(entry: Option<Self>) -> Option<ObjectId> {
        entry.filter(|e| e.kind == EntryKind::Tree).map(|e| e.id)
    }

    fn file(entry: Option<Self>) -> Option<ObjectId> {
        entry.filter(|e| matches!(e.kind, EntryKind::Blob | EntryKind::BlobExecutable)).map(|e| e.id)
    }

    fn submodule(entry: Option<Self>) -> Option<CommitSha> {
        let commit = entry.filter(|e| e.kind == EntryKind::Commit)?;
        Some(commit.id.to_string().parse().expect("an object id prints as hexadecimal of full length"))
    }

    fn skipped(entry: Option<Self>) -> Option<SkippedKind> {
        match entry?.kind {
            EntryKind::Link => Some(SkippedKind::Symlink),
            EntryKind::Commit => Some(SkippedKind::Submodule),
            EntryKind::Tree | EntryKind::Blob | EntryKind::BlobExecutable => None,
        }
    }
}

/// Objects of a repository, read in bounds.
pub(crate) struct Reader<'a> {
    repo: &'a gix::Repository,
    name: String,
    max_entries: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(repo: &'a gix::Repository, name: String) -> Self {
        Self { repo, name, max_entries: MAX_ENTRIES }
    }

    fn entries(&self, id: Option<ObjectId>) -> Result<BTreeMap<BString, Entry>, SourceError> {
        let mut entries = BTreeMap::new();
        let Some(id) = id else { return Ok(entries) };
        let header = self.repo.find_header(id).map_err(|e| self.damaged(describe(&e)))?;
        if header.size() > MAX_TREE_BYTES {
            return Err(self.too_large(MAX_TREE_BYTES, "bytes"));
        }
        let tree = self.repo.find_object(id).map_err(|e| self.damaged(describe(&e)))?;
        let tree = tree.try_into_tree().map_err(|e| self.hostile(describe(&gix::Error::from_error(e))))?;
        for entry in tree.iter() {
            let entry = entry.map_err(|e| self.hostile(describe(&e)))?;
            check_name(entry.filename(), entry.kind())
                .map_err(|why| self.hostile(format!("tree {id} has an entry {:?}: {why}", shown(entry.filename()))))?;
            let value = Entry { kind: entry.kind(), id: entry.object_id() };
            // Which of two a client takes is open.
            if entries.insert(entry.filename().to_owned(), value).is_some() {
                return Err(self.hostile(format!("tree {id} names {:?} twice", shown(entry.filename()))));
            }
        }
        Ok(entries)
    }

    fn blob(&self, id: Option<ObjectId>, path: &str, budget: &mut u64) -> Result<Option<Bytes>, SourceError> {
        let Some(id) = id else { return Ok(None) };
        let header = self.repo.find_header(id).map_err(|e| self.damaged(describe(&e)))?;
        if header.size() > MAX_BLOB_BYTES {
            let subject = format!("{path} in {}", self.name);
            return Err(SourceError::TooLarge { subject, limit: MAX_BLOB_BYTES, unit: "bytes" });
        }
        *budget = budget.checked_sub(header.size()).ok_or_else(|| SourceError::TooLarge {
            subject: format!("all wanted files of {} together", self.name),
            limit: MAX_TOTAL_BYTES,
            unit: "bytes",
        })?;
        let object = self.repo.find_object(id).map_err(|e| self.damaged(describe(&e)))?;
        let mut blob = object.try_into_blob().map_err(|e| self.hostile(describe(&gix::Error::from_error(e))))?;
        Ok(Some(Bytes::from(blob.take_data())))
    }

    fn damaged(&self, message: String) -> SourceError {
        SourceError::Damaged { repository: self.name.clone(), message }
    }

    fn hostile(&self, message: String) -> SourceError {
        SourceError::Hostile { repository: self.name.clone(), message }
    }

    fn too_large(&self, limit: u64, unit: &'static str) -> SourceError {
        SourceError::TooLarge { subject: format!("the tree of {}", self.name), limit, unit }
    }
}

/// A folder that differs, still to be compared.
struct Folder {
    path: String,
    depth: usize,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
}

/// Names with which a tree could lead out of itself or into `.git`, on any file system that a client may have
/// (CVE-2014-9390, CVE-2018-11235). The byte NUL cannot be in a name: it ends it.
fn check_name(name: &BStr, kind: EntryKind) -> Result<(), String> {
    let mode = (kind == EntryKind::Link).then_some(component::Mode::Symlink);
    let options = component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
    component(name, mode, options).map(drop).map_err(|e| e.to_string())
}

/// A name for an error's text.
fn shown(name: &BStr) -> String {
    name.to_string().chars().take(80).collect()
}

/// Compares two trees and reads the wanted files that differ.
pub(crate) fn changes(
    reader: &Reader<'_>,
    old: Option<ObjectId>,
    new: ObjectId,
    want: &dyn Fn(&str) -> bool,
) -> Result<Changes, SourceError> {
    let Differences { wanted, submodules } = differences(reader, old, new, want)?;
    let mut found = Changes { submodules, ..Changes::default() };
    let mut budget = MAX_TOTAL_BYTES;
    for difference in wanted {
        compare(reader, difference, &mut budget, &mut found)?;
    }
    Ok(found)
}

/// The blobs that [`changes`] reads, and those that lie beside them and beside differing submodules at the head, each
/// once.
pub(crate) fn wanted(
    reader: &Reader<'_>,
    old: Option<ObjectId>,
    new: ObjectId,
    want: &dyn Fn(&str) -> bool,
    beside: &dyn Fn(&str) -> Vec<String>,
) -> Result<Vec<ObjectId>, SourceError> {
    let Differences { wanted, submodules } = differences(reader, old, new, want)?;
    let mut ids: Vec<ObjectId> = Vec::new();
    let mut neighbours: Vec<String> = Vec::new();
    for difference in wanted {
        let (old, new) = (Entry::file(difference.before), Entry::file(difference.after));
        if old != new {
            ids.extend([old, new].into_iter().flatten());
            neighbours.extend(new.into_iter().flat_map(|_| beside(&difference.path)));
        }
    }
    neighbours.extend((!submodules.is_empty()).then(|| SUBMODULES.to_owned()));
    for path in neighbours {
        ids.extend(Entry::file(at(reader, new, &path)?));
    }
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// The files at `paths`, with their content; what is not there or is no file is left out.
pub(crate) fn files(
    reader: &Reader<'_>,
    tree: ObjectId,
    paths: &[String],
) -> Result<Vec<(String, Bytes)>, SourceError> {
    let mut found = Vec::new();
    let mut budget = MAX_TOTAL_BYTES;
    for path in paths {
        let content = reader.blob(Entry::file(at(reader, tree, path)?), path, &mut budget)?;
        found.extend(content.filter(|content| !is_lfs_pointer(content)).map(|content| (path.clone(), content)));
    }
    Ok(found)
}

/// The commits at `paths`; what is no submodule is left out.
pub(crate) fn submodules(
    reader: &Reader<'_>,
    tree: ObjectId,
    paths: &[String],
) -> Result<Vec<(String, CommitSha)>, SourceError> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(Entry::submodule(at(reader, tree, path)?).map(|commit| (path.clone(), commit)));
    }
    Ok(found)
}

/// What stands at `path`; links are not followed.
fn at(reader: &Reader<'_>, tree: ObjectId, path: &str) -> Result<Option<Entry>, SourceError> {
    let mut folder = tree;
    let mut parts = path.split('/').peekable();
    while let Some(name) = parts.next() {
        let entry = reader.entries(Some(folder))?.remove(BStr::new(name));
        match (parts.peek(), Entry::tree(entry)) {
            (None, _) => return Ok(entry),
            (Some(_), Some(below)) => folder = below,
            (Some(_), None) => return Ok(None),
        }
    }
    Ok(None)
}

/// What [`differences`] finds.
struct Differences {
    /// Of wanted paths.
    wanted: Vec<Difference>,
    submodules: Vec<ChangedSubmodule>,
}

/// The wanted paths that differ, sorted. Folders with equal ids are equal and are not opened, so the cost follows the
/// size of the change.
fn differences(
    reader: &Reader<'_>,
    old: Option<ObjectId>,
    new: ObjectId,
    want: &dyn Fn(&str) -> bool,
) -> Result<Differences, SourceError> {
    let mut found = Vec::new();
    let mut submodules = Vec::new();
    let mut visited = 0;
    let mut stack = vec![Folder { path: String::new(), depth: 0, old, new: Some(new) }];
    while let Some(folder) = stack.pop() {
        if folder.old == folder.new {
            continue;
        }
        if folder.depth > MAX_DEPTH {
            return Err(reader.too_large(MAX_DEPTH as u64, "levels"));
        }
        for (name, before, after) in differing(reader.entries(folder.old)?, reader.entries(folder.new)?) {
            visited += 1;
            if visited > reader.max_entries {
                return Err(reader.too_large(reader.max_entries, "entries"));
            }
            let path = format!("{}{name}", folder.path);
            let (old, new) = (Entry::tree(before), Entry::tree(after));
            if old != new {
                stack.push(Folder { path: format!("{path}/"), depth: folder.depth + 1, old, new });
            }
            let (old, new) = (Entry::submodule(before), Entry::submodule(after));
            if old != new {
                submodules.push(ChangedSubmodule { path: path.clone(), old, new });
            }
            if want(&path) {
                if found.len() == MAX_FILES {
                    return Err(reader.too_large(MAX_FILES as u64, "changed lockfiles"));
                }
                found.push(Difference { path, before, after });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    submodules.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Differences { wanted: found, submodules })
}

/// Entries that are not the same on both sides.
fn differing(
    old: BTreeMap<BString, Entry>,
    mut new: BTreeMap<BString, Entry>,
) -> impl Iterator<Item = (BString, Option<Entry>, Option<Entry>)> {
    let before: Vec<_> = old
        .into_iter()
        .map(|(name, o)| {
            let n = new.remove(&name);
            (name, Some(o), n)
        })
        .collect();
    before.into_iter().chain(new.into_iter().map(|(name, n)| (name, None, Some(n)))).filter(|(_, o, n)| o != n)
}

fn compare(
    reader: &Reader<'_>,
    difference: Difference,
    budget: &mut u64,
    found: &mut Changes,
) -> Result<(), SourceError> {
    let Difference { path, before, after } = difference;
    let (old, new) = (Entry::file(before), Entry::file(after));
    let mut skipped = Entry::skipped(after);
    if old != new {
        let (old, new) = (reader.blob(old, &path, budget)?, reader.blob(new, &path, budget)?);
        if new.as_ref().is_some_and(is_lfs_pointer) {
            skipped = Some(SkippedKind::LfsPointer);
        }
        // What a pointer points at is not here, so on that side there is no file.
        let (old, new) = (old.filter(|b| !is_lfs_pointer(b)), new.filter(|b| !is_lfs_pointer(b)));
        if old.is_some() || new.is_some() {
            found.files.push(ChangedFile { path: path.clone(), old, new });
        }
    }
    found.skipped.extend(skipped.map(|kind| Skipped { path, kind }));
    Ok(())
}

/// Git LFS specification, "The Pointer": the first line is `version` and an address, the others are sorted by key, and
/// among them are the id and the size.
fn is_lfs_pointer(content: &Bytes) -> bool {
    if content.len() > MAX_POINTER_BYTES {
        return false;
    }
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.strip_prefix("version https://"));
    let has = |prefix: &str| lines.clone().any(|line| line.starts_with(prefix));
    version.is_some_and(|address| address.contains("/spec/")) && has("oid sha256:") && has("size ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::objs::{Tree, tree};

    /// Twelve levels, each naming the one below ten times: a few hundred bytes that hold 10^12 paths.
    #[test]
    fn a_tree_bomb_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let repo = gix::init_bare(folder.path()).unwrap();
        let mut id = repo.write_blob(b"x").unwrap().detach();
        let mut kind = EntryKind::Blob;
        for _ in 0..12 {
            let entry = |n: u8| tree::Entry { mode: kind.into(), filename: format!("t{n}").into(), oid: id };
            id = repo.write_object(Tree { entries: (0..10).map(entry).collect() }).unwrap().detach();
            kind = EntryKind::Tree;
        }
        let reader = Reader { max_entries: 10_000, ..Reader::new(&repo, "bomb".into()) };
        let error = changes(&reader, None, id, &|_| true).unwrap_err();
        assert!(matches!(error, SourceError::TooLarge { limit: 10_000, unit: "entries", .. }), "{error}");
        // Compared with itself it is nothing: equal ids are never opened.
        assert_eq!(changes(&reader, Some(id), id, &|_| true).unwrap(), Changes::default());
    }
}
