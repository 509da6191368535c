//! Puts entries together to contents, whichever format they come from.

use crate::{Contents, File, Irregularity, Limits, name};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Irregularities that are listed; a hostile archive could have one for each of its entries.
const LISTED: usize = 1000;

/// How a link names its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    Symbolic,
    Hard,
}

/// Contents in the making.
pub(crate) struct Assembly<'l> {
    pub(crate) limits: &'l Limits,
    files: BTreeMap<String, File>,
    /// Path of a link and the path in the archive at which it points.
    links: BTreeMap<String, Option<String>>,
    irregularities: BTreeSet<Irregularity>,
    unlisted: u64,
    entries: usize,
}

impl<'l> Assembly<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            irregularities: BTreeSet::new(),
            unlisted: 0,
            entries: 0,
        }
    }

    pub(crate) fn note(&mut self, irregularity: Irregularity) {
        if self.irregularities.len() < LISTED || irregularity.ends_reading() {
            self.irregularities.insert(irregularity);
        } else if !self.irregularities.contains(&irregularity) {
            self.unlisted += 1;
        }
    }

    /// Counts one entry of any kind.
    ///
    /// # Errors
    /// When there are more than [`Limits::files`].
    pub(crate) fn count_entry(&mut self) -> Result<u64, Irregularity> {
        if self.entries >= self.limits.files {
            return Err(Irregularity::TooManyFiles { limit: self.limits.files as u64 });
        }
        self.entries += 1;
        Ok(self.entries as u64)
    }

    /// The normalised path of an entry, its irregularities noted; `None` when the entry is left out.
    pub(crate) fn name(&mut self, raw: &[u8], entry: u64) -> Option<name::Name> {
        match name::read(raw, entry, self.limits) {
            Ok(mut name) => {
                name.irregularities.drain(..).for_each(|i| self.note(i));
                Some(name)
            }
            Err(irregularity) => {
                self.note(irregularity);
                None
            }
        }
    }

    /// Adds a file. The last of several with one name stays, as it does on a disk.
    pub(crate) fn file(&mut self, path: String, size: u64, content: Vec<u8>, executable: bool) {
        // `.` and `/` name the archive's own folder, and a file of that name nowhere can be.
        if path.is_empty() {
            return self.note(Irregularity::EmptyName { entry: self.entries as u64 });
        }
        if size > self.limits.file_bytes {
            self.note(Irregularity::FileTooLarge { path: path.clone(), limit: self.limits.file_bytes });
        }
        let file = File { path: path.clone(), size, content: Bytes::from(content), executable };
        let was_link = self.links.remove(&path).is_some();
        if self.files.insert(path.clone(), file).is_some() || was_link {
            self.note(Irregularity::DuplicateName { path });
        }
    }

    pub(crate) fn link(&mut self, path: String, raw_target: &[u8], kind: LinkKind) {
        if path.is_empty() {
            return self.note(Irregularity::EmptyName { entry: self.entries as u64 });
        }
        let target = String::from_utf8_lossy(raw_target);
        let shown = name::shown(raw_target);
        let inside = name::resolve_link(&path, &target, kind == LinkKind::Symbolic);
        if inside.is_none() {
            self.note(Irregularity::LinkOut { path: path.clone(), target: shown.clone() });
        }
        self.note(match kind {
            LinkKind::Symbolic => Irregularity::Symlink { path: path.clone(), target: shown },
            LinkKind::Hard => Irregularity::Hardlink { path: path.clone(), target: shown },
        });
        let was_file = self.files.remove(&path).is_some();
        if self.links.insert(path.clone(), inside).is_some() || was_file {
            self.note(Irregularity::DuplicateName { path });
        }
    }

    pub(crate) fn finish(mut self) -> Contents {
        if self.entries == 0 && self.irregularities.is_empty() {
            self.note(Irregularity::NotAnArchive { why: "it has no entries".to_owned() });
        }
        self.find_paths_through_entries();
        self.follow_links();
        self.find_case_collisions();
        if self.unlisted > 0 {
            self.irregularities.insert(Irregularity::More { count: self.unlisted });
        }
        Contents {
            files: self.files.into_values().collect(),
            irregularities: self.irregularities.into_iter().collect(),
        }
    }

    /// A file below a link is written to wherever the link leads; a file below a file cannot be written.
    fn find_paths_through_entries(&mut self) {
        let mut found = Vec::new();
        for path in self.files.keys().chain(self.links.keys()) {
            for (end, _) in path.match_indices('/') {
                let folder = &path[..end];
                if self.links.contains_key(folder) {
                    found.push(Irregularity::ThroughLink { path: path.clone(), link: folder.to_owned() });
                } else if self.files.contains_key(folder) {
                    found.push(Irregularity::FileAsFolder { path: folder.to_owned() });
                }
            }
        }
        found.into_iter().for_each(|i| self.note(i));
    }

    /// A link to a file of the archive reads as that file, so checks must see it under both names. Bounded
    /// like unpacked bytes: thousands of links to one large file would else multiply the work of every check.
    fn follow_links(&mut self) {
        let mut shared = 0u64;
        for (path, target) in std::mem::take(&mut self.links) {
            let Some(target) = target.and_then(|t| self.files.get(&t)) else { continue };
            shared = shared.saturating_add(target.size);
            if shared > self.limits.total_bytes {
                self.note(Irregularity::TooLarge { limit: self.limits.total_bytes });
                return;
            }
            let file = File { path: path.clone(), ..target.clone() };
            self.files.insert(path, file);
        }
    }

    fn find_case_collisions(&mut self) {
        let mut folded: HashMap<String, &str> = HashMap::with_capacity(self.files.len());
        let mut found = Vec::new();
        for path in self.files.keys() {
            if let Some(other) = folded.insert(path.to_lowercase(), path) {
                found.push(Irregularity::CaseCollision { path: path.clone(), other: other.to_owned() });
            }
        }
        found.into_iter().for_each(|i| self.note(i));
    }
}
