//! Finds the central directory (APPNOTE 4.3.14 to 4.3.16).

use super::{
    bytes::{u16_at, u32_at, u64_at},
    lie,
};
use crate::Irregularity;

const END: &[u8] = b"PK\x05\x06";
const END_SIZE: usize = 22;
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const LOCATOR64_SIZE: usize = 20;

/// Where the directory lies in the file.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) start: usize,
    pub(super) end: usize,
    /// As stated at the end of the archive.
    pub(super) entries: u64,
    /// Bytes before the archive: every stated offset is short by as many.
    pub(super) shift: u64,
    is_zip64: bool,
}

impl Directory {
    /// The directory, and what is odd about the way to it.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn find(bytes: &[u8]) -> Result<(Self, Vec<Irregularity>), Irregularity> {
        let nothing = |why: &str| Irregularity::NotAnArchive { why: why.to_owned() };
        let mut irregularities = Vec::new();
        let end =
            find_end(bytes, &mut irregularities).ok_or_else(|| nothing("it has no end of central directory record"))?;
        let stated = Stated::read(bytes, end).ok_or_else(|| nothing("its end of central directory is cut off"))?;

        let size = usize::try_from(stated.size).ok();
        let start = size
            .and_then(|size| stated.record.checked_sub(size))
            .ok_or_else(|| nothing("its central directory is larger than the file"))?;
        let shift = (start as u64)
            .checked_sub(stated.offset)
            .ok_or_else(|| nothing("its central directory is stated to begin after its end"))?;
        if shift > 0 {
            irregularities.push(Irregularity::LeadingData { bytes: shift });
        }
        let directory = Self { start, end: stated.record, entries: stated.entries, shift, is_zip64: stated.is_zip64 };
        Ok((directory, irregularities))
    }

    /// Whether `found` is the stated number of entries; without zip64 it is kept modulo 65,536.
    pub(super) fn counts(&self, found: u64) -> bool {
        if self.is_zip64 { self.entries == found } else { self.entries == found % 65_536 }
    }
}

/// The last end record whose comment reaches to the end of the file; failing that, the last one at all.
/// Readers search from behind, but not all check the comment, so a second record is an irregularity.
fn find_end(bytes: &[u8], irregularities: &mut Vec<Irregularity>) -> Option<usize> {
    let from = bytes.len().saturating_sub(END_SIZE + usize::from(u16::MAX));
    let tail = bytes.get(from..)?;
    let candidates: Vec<usize> =
        tail.windows(END.len()).enumerate().filter(|(_, w)| *w == END).map(|(i, _)| from + i).collect();
    let comment_end = |at: usize| u16_at(bytes, at + 20).map(|comment| at + END_SIZE + usize::from(comment));
    let exact = candidates.iter().rev().find(|at| comment_end(**at) == Some(bytes.len()));
    let chosen = *exact.or(candidates.last())?;
    let end = comment_end(chosen)?;
    if end < bytes.len() {
        irregularities.push(Irregularity::TrailingData { bytes: (bytes.len() - end) as u64 });
    }
    // One in stored data is no matter; one that another reader would take first is.
    if candidates.last() != Some(&chosen) {
        irregularities.push(lie("", "end of central directory records", "1", "2 or more"));
    }
    Some(chosen)
}

/// What the end of the archive says, zip64 where it is there.
struct Stated {
    /// Where the end record begins: the directory ends here.
    record: usize,
    entries: u64,
    size: u64,
    offset: u64,
    is_zip64: bool,
}

impl Stated {
    fn read(bytes: &[u8], end: usize) -> Option<Self> {
        if let Some(record) = end64(bytes, end) {
            return Some(Self {
                record,
                entries: u64_at(bytes, record + 32)?,
                size: u64_at(bytes, record + 40)?,
                offset: u64_at(bytes, record + 48)?,
                is_zip64: true,
            });
        }
        Some(Self {
            record: end,
            entries: u64::from(u16_at(bytes, end + 10)?),
            size: u64::from(u32_at(bytes, end + 12)?),
            offset: u64::from(u32_at(bytes, end + 16)?),
            is_zip64: false,
        })
    }
}

/// The zip64 end record. It stands right before its locator; where data precede the archive the locator's own
/// offset is short by their length, so the place is found from behind.
fn end64(bytes: &[u8], end: usize) -> Option<usize> {
    let locator = end.checked_sub(LOCATOR64_SIZE)?;
    if bytes.get(locator..locator + 4)? != LOCATOR64 {
        return None;
    }
    let record = locator.checked_sub(56)?;
    (bytes.get(record..record + 4)? == END64).then_some(record)
}
