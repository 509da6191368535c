//! A local header (APPNOTE 4.3.7), and where it disagrees with the central directory.

use super::{
    bytes::{extra_field, slice, u16_at, u32_at, u64_at},
    entry::Entry,
    lie,
};
use crate::{Irregularity, name};

pub(super) const SIGNATURE: &[u8] = b"PK\x03\x04";
const HEADER_SIZE: usize = 30;
/// Bit 3: sizes and checksum follow the data, and stand as zero in the header.
const SIZES_FOLLOW: u16 = 1 << 3;

#[derive(Debug)]
pub(super) struct Local<'a> {
    pub(super) start: usize,
    /// Where the packed content begins.
    pub(super) data: usize,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    name: &'a [u8],
}

impl<'a> Local<'a> {
    pub(super) fn parse(bytes: &'a [u8], at: u64) -> Option<Self> {
        let start = usize::try_from(at).ok()?;
        let header = bytes.get(start..)?;
        if slice(header, 0, 4)? != SIGNATURE {
            return None;
        }
        let name_length = usize::from(u16_at(header, 26)?);
        let extra_length = usize::from(u16_at(header, 28)?);
        let extra = slice(header, HEADER_SIZE + name_length, extra_length)?;
        let mut packed = u64::from(u32_at(header, 18)?);
        let mut size = u64::from(u32_at(header, 22)?);
        if let Some(wide) = extra_field(extra, 1)
            && size == u64::from(u32::MAX)
        {
            size = u64_at(wide, 0)?;
            packed = u64_at(wide, 8)?;
        }
        Some(Self {
            start,
            data: start + HEADER_SIZE + name_length + extra_length,
            flags: u16_at(header, 6)?,
            method: u16_at(header, 8)?,
            crc: u32_at(header, 14)?,
            packed,
            size,
            name: slice(header, HEADER_SIZE, name_length)?,
        })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// What this header and the directory's entry state differently.
    pub(super) fn disagreements(&self, entry: &Entry<'_>) -> Vec<Irregularity> {
        let path = name::shown(entry.name);
        let mut found = Vec::new();
        if self.name != entry.name {
            found.push(lie(&path, "local name", &path, &name::shown(self.name)));
        }
        let sizes_follow = self.flags & SIZES_FOLLOW != 0;
        for (what, listed, local, may_be_zero) in [
            ("local method", u64::from(entry.method), u64::from(self.method), false),
            ("local encryption", u64::from(entry.is_encrypted()), u64::from(self.is_encrypted()), false),
            ("local checksum", u64::from(entry.crc), u64::from(self.crc), sizes_follow),
            ("local packed size", entry.packed, self.packed, sizes_follow),
            ("local size", entry.size, self.size, sizes_follow),
        ] {
            if listed != local && !(may_be_zero && local == 0) {
                found.push(lie(&path, what, &listed.to_string(), &local.to_string()));
            }
        }
        found
    }
}
