//! What differs between two trees, reading no more than is wanted.
//!
//! A tree can be made to hold more paths than there are atoms: ten levels that each name the level below ten times.
//! The walk therefore counts what it visits, keeps its own stack, and stops at fixed bounds.

use crate::{SourceError, error::describe};
use bytes::Bytes;
use gix::{ObjectId, bstr::BString, objs::tree::EntryKind};
use std::collections::BTreeMap;

/// Largest file that is read: 64 MiB, as much as a lockfile may have.
pub const MAX_BLOB_BYTES: u64 = 64 << 20;
/// Entries visited in one walk. The largest public repositories have some 500,000 files.
const MAX_ENTRIES: u64 = 1_000_000;
/// Levels of folders. Git's own limit is 2,048; paths end at 4,096 bytes.
const MAX_DEPTH: usize = 256;

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
}

/// A wanted path that is not a file. A package manager may follow it where we do not: the caller must not take it for
/// "no lockfile here".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: String,
    pub kind: SkippedKind,
}

/// The difference of two trees, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub files: Vec<ChangedFile>,
    /// Wanted paths that differ and are no files at the head.
    pub skipped: Vec<Skipped>,
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

impl Entry {
    fn tree(entry: Option<Self>) -> Option<ObjectId> {
        entry.filter(|e| e.kind == EntryKind::Tree).map(|e| e.id)
    }

    fn file(entry: Option<Self>) -> Option<ObjectId> {
        entry.filter(|e| matches!(e.kind, EntryKind::Blob | EntryKind::BlobExecutable)).map(|e| e.id)
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
        let tree = self.repo.find_tree(id).map_err(|e| self.damaged(describe(&e)))?;
        for entry in tree.iter() {
            let entry = entry.map_err(|e| self.damaged(describe(&e)))?;
            let value = Entry { kind: entry.kind(), id: entry.object_id() };
            // Two entries of one name: git's own check refuses such a tree, and which of them a client takes is open.
            if entries.insert(entry.filename().to_owned(), value).is_some() {
                return Err(self.damaged(format!("tree {id} names {} twice", entry.filename())));
            }
        }
        Ok(entries)
    }

    fn blob(&self, id: Option<ObjectId>, path: &str) -> Result<Option<Bytes>, SourceError> {
        let Some(id) = id else { return Ok(None) };
        let header = self.repo.find_header(id).map_err(|e| self.damaged(describe(&e)))?;
        if header.size() > MAX_BLOB_BYTES {
            let subject = format!("{path} in {}", self.name);
            return Err(SourceError::TooLarge { subject, limit: MAX_BLOB_BYTES, unit: "bytes" });
        }
        let mut blob = self.repo.find_blob(id).map_err(|e| self.damaged(describe(&e)))?;
        Ok(Some(Bytes::from(blob.take_data())))
    }

    fn damaged(&self, message: String) -> SourceError {
        SourceError::Damaged { repository: self.name.clone(), message }
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

/// Compares two trees. Folders with equal ids are equal, so the cost follows the size of the change.
pub(crate) fn changes(
    reader: &Reader<'_>,
    old: Option<ObjectId>,
    new: ObjectId,
    want: &dyn Fn(&str) -> bool,
) -> Result<Changes, SourceError> {
    let mut found = Changes::default();
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
            if want(&path) {
                compare(reader, &path, before, after, &mut found)?;
            }
            let (old, new) = (Entry::tree(before), Entry::tree(after));
            if old != new {
                stack.push(Folder { path: format!("{path}/"), depth: folder.depth + 1, old, new });
            }
        }
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
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
    path: &str,
    before: Option<Entry>,
    after: Option<Entry>,
    found: &mut Changes,
) -> Result<(), SourceError> {
    if let Some(kind) = Entry::skipped(after) {
        found.skipped.push(Skipped { path: path.to_owned(), kind });
    }
    let (old, new) = (Entry::file(before), Entry::file(after));
    if old != new {
        let file = ChangedFile { path: path.to_owned(), old: reader.blob(old, path)?, new: reader.blob(new, path)? };
        found.files.push(file);
    }
    Ok(())
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
