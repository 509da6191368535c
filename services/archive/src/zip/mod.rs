//! zip: the central directory is read, and every local header is held against it.
//!
//! Installers read the directory at the end; readers that stream see only the local headers. Where the two
//! disagree, one archive shows two contents, so each disagreement is a fact to report.

mod bytes;
mod directory;
mod entry;
mod local;
#[cfg(test)]
mod tests;

use crate::{
    Contents, Irregularity, Limits,
    assembly::{Assembly, LinkKind},
    budget::Budget,
    name,
};
use directory::Directory;
use entry::{Entry, Kind};
use local::Local;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Contents {
    let mut reader =
        Reader { bytes, budget: Budget::new(limits), packed: 0, assembly: Assembly::new(limits), ranges: Vec::new() };
    if let Err(irregularity) = reader.read_entries() {
        reader.assembly.note(irregularity);
    }
    reader.assembly.finish()
}

struct Reader<'a> {
    bytes: &'a [u8],
    budget: Budget,
    /// Packed bytes of the entries unpacked so far.
    packed: u64,
    assembly: Assembly<'a>,
    /// Where each entry lies, header included.
    ranges: Vec<(usize, usize, String)>,
}

impl Reader<'_> {
    fn read_entries(&mut self) -> Result<(), Irregularity> {
        let (directory, irregularities) = Directory::find(self.bytes)?;
        irregularities.into_iter().for_each(|i| self.assembly.note(i));

        let mut rest = &self.bytes[directory.start..directory.end];
        let mut entries = 0u64;
        while !rest.is_empty() {
            let Some((entry, after)) = Entry::parse(rest) else {
                return Err(Irregularity::Corrupt {
                    at: self.budget.unpacked,
                    why: "an entry of the central directory cannot be read".to_owned(),
                });
            };
            rest = after;
            entries += 1;
            self.entry(&entry, &directory)?;
        }
        if !directory.counts(entries) {
            self.assembly.note(lie("", "number of entries", &directory.entries.to_string(), &entries.to_string()));
        }
        self.find_overlaps_and_gaps(directory.start);
        Ok(())
    }

    fn entry(&mut self, entry: &Entry<'_>, directory: &Directory) -> Result<(), Irregularity> {
        let number = self.assembly.count_entry()?;
        let shown = name::shown(entry.name);
        let name = self.assembly.name(entry.name, number);
        if let Some(other) = entry.unicode_name.filter(|n| *n != entry.name) {
            self.assembly.note(lie(&shown, "name", &shown, &name::shown(other)));
        }
        let Some(local) = entry.offset.checked_add(directory.shift).and_then(|at| Local::parse(self.bytes, at)) else {
            self.assembly.note(lie(&shown, "place", &entry.offset.to_string(), "no local header"));
            return Ok(());
        };
        local.disagreements(entry).into_iter().for_each(|i| self.assembly.note(i));

        let packed = usize::try_from(entry.packed).ok().and_then(|n| local.data.checked_add(n));
        let Some(data) = packed.filter(|end| *end <= directory.start).and_then(|end| self.bytes.get(local.data..end))
        else {
            return Err(Irregularity::Truncated { at: self.budget.unpacked });
        };
        self.ranges.push((local.start, local.data + data.len(), shown.clone()));

        if entry.is_encrypted() || local.is_encrypted() {
            self.assembly.note(Irregularity::Encrypted { path: shown });
            return Ok(());
        }
        let content = self.unpack(entry, data, &shown, name.is_some())?;
        if let (Some(name), Some((content, size))) = (name, content) {
            self.keep(entry, name, content, size);
        }
        Ok(())
    }

    fn keep(&mut self, entry: &Entry<'_>, name: name::Name, content: Vec<u8>, size: u64) {
        if name.is_folder || entry.kind() == Kind::Folder {
            if size > 0 {
                self.assembly.note(lie(&name.path, "size of a folder", "0", &size.to_string()));
            }
            return;
        }
        match entry.kind() {
            Kind::Symlink => self.assembly.link(name.path, &content, LinkKind::Symbolic),
            Kind::Device(kind) => self.assembly.note(Irregularity::Device { path: name.path, kind: kind.to_owned() }),
            Kind::File | Kind::Folder => self.assembly.file(name.path, size, content, entry.is_executable()),
        }
    }

    /// The content and its size; the content is empty when it is larger than is kept. `None` when it is
    /// packed in a way that is not read.
    fn unpack(
        &mut self,
        entry: &Entry<'_>,
        data: &[u8],
        shown: &str,
        wanted: bool,
    ) -> Result<Option<(Vec<u8>, u64)>, Irregularity> {
        let before = self.packed;
        self.packed = self.packed.saturating_add(data.len() as u64);
        let keep = if wanted { self.assembly.limits.file_bytes } else { 0 };
        let mut unpacking = entry::Unpacking { budget: &mut self.budget, packed_before: before, keep };
        let unpacked = match entry.method {
            0 => unpacking.copy(data)?,
            8 => unpacking.inflate(data)?,
            other => {
                let method = entry::method_name(other);
                self.assembly.note(Irregularity::UnknownCompression { path: shown.to_owned(), method });
                return Ok(None);
            }
        };
        for (what, stated, found) in [
            ("size", entry.size, unpacked.size),
            ("packed size", entry.packed, unpacked.consumed),
            ("checksum", u64::from(entry.crc), u64::from(unpacked.crc)),
        ] {
            if stated != found {
                self.assembly.note(lie(shown, what, &stated.to_string(), &found.to_string()));
            }
        }
        if let Some(broken) = unpacked.broken {
            self.assembly.note(broken);
        }
        Ok(Some((unpacked.content, unpacked.size)))
    }

    /// Entries may not share bytes (Fifield, "A better zip bomb", 2019), and what lies between them may not
    /// be an entry that only a streaming reader sees.
    fn find_overlaps_and_gaps(&mut self, directory_start: usize) {
        self.ranges.sort();
        let mut end = 0;
        for (start, next, path) in std::mem::take(&mut self.ranges) {
            if start < end {
                self.assembly.note(Irregularity::Overlap { path });
            } else {
                self.find_unlisted(end, start);
            }
            end = end.max(next);
        }
        self.find_unlisted(end, directory_start);
    }

    fn find_unlisted(&mut self, from: usize, to: usize) {
        let gap = self.bytes.get(from..to).unwrap_or_default();
        if let Some(at) = gap.windows(4).position(|w| w == local::SIGNATURE) {
            self.assembly.note(Irregularity::UnlistedEntry { at: (from + at) as u64 });
        }
    }
}

fn lie(path: &str, what: &str, stated: &str, found: &str) -> Irregularity {
    Irregularity::LyingHeader { path: path.into(), what: what.into(), stated: stated.into(), found: found.into() }
}
