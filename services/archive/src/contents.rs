//! What was found in an archive.

use crate::Irregularity;
use bytes::Bytes;

/// One regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// As in the archive, normalised: `/` separated, without empty and `.` components.
    pub path: String,
    /// Bytes unpacked.
    pub size: u64,
    /// Empty when the file is larger than [`crate::Limits::file_bytes`]; an irregularity then says so.
    pub content: Bytes,
    /// An execute bit is set.
    pub executable: bool,
}

/// The files of an archive, and what is wrong with it. Cheap to clone: contents are shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Sorted by path; a path stands once.
    pub files: Vec<File>,
    /// Sorted, each once.
    pub irregularities: Vec<Irregularity>,
}

impl Contents {
    pub fn get(&self, path: &str) -> Option<&File> {
        let index = self.files.binary_search_by(|f| f.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }

    /// Every file with its path below the one top folder that npm, sdist and crate archives have
    /// (`package/`, `name-1.2.3/`); whole paths where the files share no top folder (wheels).
    pub fn strip_root(&self) -> impl Iterator<Item = (&str, &File)> {
        let root = self.root().map_or(0, |r| r.len() + 1);
        self.files.iter().map(move |f| (f.path.get(root..).unwrap_or(&f.path), f))
    }

    /// Whether every byte that another reader could see was read.
    pub fn is_complete(&self) -> bool {
        !self.irregularities.iter().any(Irregularity::leaves_unread)
    }

    /// The folder that holds every file.
    fn root(&self) -> Option<&str> {
        let (root, _) = self.files.first()?.path.split_once('/')?;
        let shared = |f: &File| f.path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        self.files.iter().all(shared).then_some(root)
    }
}
