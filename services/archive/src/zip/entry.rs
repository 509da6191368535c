//! One entry of the central directory (APPNOTE 4.3.12), and its content unpacked.

use super::bytes::{extra_field, slice, u16_at, u32_at, u64_at};
use crate::{Irregularity, budget::Budget};
use flate2::{Crc, Decompress, FlushDecompress, Status};

const SIGNATURE: &[u8] = b"PK\x01\x02";
const HEADER_SIZE: usize = 46;

/// What an entry is, by its Unix mode where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Symlink,
    Device(&'static str),
}

#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) flags: u16,
    /// 0 stored, 8 deflated.
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// Of the local header, from the beginning of the archive.
    pub(super) offset: u64,
    pub(super) name: &'a [u8],
    /// Info-ZIP's Unicode path (APPNOTE 4.6.9), which some readers prefer to the name.
    pub(super) unicode_name: Option<&'a [u8]>,
    /// 0 where the archive was not made on Unix.
    mode: u32,
}

impl<'a> Entry<'a> {
    /// The first entry of `directory` and what follows it.
    pub(super) fn parse(directory: &'a [u8]) -> Option<(Self, &'a [u8])> {
        if slice(directory, 0, 4)? != SIGNATURE {
            return None;
        }
        let name_length = usize::from(u16_at(directory, 28)?);
        let extra_length = usize::from(u16_at(directory, 30)?);
        let comment_length = usize::from(u16_at(directory, 32)?);
        let name = slice(directory, HEADER_SIZE, name_length)?;
        let extra = slice(directory, HEADER_SIZE + name_length, extra_length)?;
        let made_on_unix = matches!(directory.get(5)?, 3 | 19);
        let mut entry = Self {
            flags: u16_at(directory, 8)?,
            method: u16_at(directory, 10)?,
            crc: u32_at(directory, 16)?,
            packed: u64::from(u32_at(directory, 20)?),
            size: u64::from(u32_at(directory, 24)?),
            offset: u64::from(u32_at(directory, 42)?),
            name,
            unicode_name: extra_field(extra, 0x7075).and_then(|data| data.get(5..)),
            mode: if made_on_unix { u32_at(directory, 38)? >> 16 } else { 0 },
        };
        entry.widen(extra);
        let after = directory.get(HEADER_SIZE + name_length + extra_length + comment_length..)?;
        Some((entry, after))
    }

    /// zip64: fields that are all ones are continued in the extra field, in this order (APPNOTE 4.5.3).
    fn widen(&mut self, extra: &[u8]) {
        let Some(mut wide) = extra_field(extra, 1) else { return };
        for field in [&mut self.size, &mut self.packed, &mut self.offset] {
            if *field == u64::from(u32::MAX)
                && let Some(value) = u64_at(wide, 0)
            {
                *field = value;
                wide = wide.get(8..).unwrap_or_default();
            }
        }
    }

    /// Bit 0; bit 6 is strong encryption, bit 13 a masked local header.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & (1 | 1 << 6 | 1 << 13) != 0
    }

    pub(super) fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }

    pub(super) fn kind(&self) -> Kind {
        match self.mode & 0o170_000 {
            0o120_000 => Kind::Symlink,
            0o040_000 => Kind::Folder,
            0o020_000 => Kind::Device("character device"),
            0o060_000 => Kind::Device("block device"),
            0o010_000 => Kind::Device("named pipe"),
            0o140_000 => Kind::Device("socket"),
            _ => Kind::File,
        }
    }
}

pub(super) fn method_name(method: u16) -> String {
    match method {
        9 => "deflate64".to_owned(),
        12 => "bzip2".to_owned(),
        14 => "lzma".to_owned(),
        93 => "zstd".to_owned(),
        95 => "xz".to_owned(),
        99 => "AES".to_owned(),
        other => format!("method {other}"),
    }
}

/// What unpacking gave.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    pub(super) content: Vec<u8>,
    pub(super) size: u64,
    pub(super) crc: u32,
    /// Packed bytes that were needed.
    pub(super) consumed: u64,
    pub(super) broken: Option<Irregularity>,
}

pub(super) struct Unpacking<'b> {
    pub(super) budget: &'b mut Budget,
    pub(super) packed_before: u64,
    /// Bytes of content that are kept.
    pub(super) keep: u64,
}

impl Unpacking<'_> {
    /// # Errors
    /// When the budget is spent.
    pub(super) fn copy(&mut self, data: &[u8]) -> Result<Unpacked, Irregularity> {
        self.budget.charge(data.len(), u64::MAX)?;
        let mut crc = Crc::new();
        crc.update(data);
        let size = data.len() as u64;
        let content = if size <= self.keep { data.to_vec() } else { Vec::new() };
        Ok(Unpacked { content, size, crc: crc.sum(), consumed: size, broken: None })
    }

    /// # Errors
    /// When the budget is spent. Broken data are no error: what came before them is returned.
    pub(super) fn inflate(&mut self, data: &[u8]) -> Result<Unpacked, Irregularity> {
        let mut inflater = Decompress::new(false);
        let mut crc = Crc::new();
        let mut unpacked = Unpacked::default();
        let mut buffer = [0u8; 32 << 10];
        loop {
            let consumed = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
            let rest = data.get(consumed..).unwrap_or_default();
            let before = inflater.total_out();
            let status = inflater.decompress(rest, &mut buffer, FlushDecompress::None);
            let written = usize::try_from(inflater.total_out() - before).unwrap_or(0);
            let piece = buffer.get(..written).unwrap_or_default();
            unpacked.size += written as u64;
            crc.update(piece);
            self.budget.charge(written, self.packed_before.saturating_add(inflater.total_in()))?;
            if unpacked.size <= self.keep {
                unpacked.content.extend_from_slice(piece);
            } else {
                unpacked.content = Vec::new();
            }
            let at = self.budget.unpacked;
            match status {
                Ok(Status::StreamEnd) => break,
                Ok(_) if written > 0 => {}
                Ok(_) if rest.is_empty() => unpacked.broken = Some(Irregularity::Truncated { at }),
                Ok(_) => {}
                Err(e) => unpacked.broken = Some(Irregularity::Corrupt { at, why: format!("deflate: {e}") }),
            }
            let stuck = written == 0 && inflater.total_in() == consumed as u64;
            if stuck && unpacked.broken.is_none() {
                unpacked.broken = Some(Irregularity::Corrupt { at, why: "deflate: no progress".to_owned() });
            }
            if unpacked.broken.is_some() {
                break;
            }
        }
        unpacked.crc = crc.sum();
        unpacked.consumed = inflater.total_in();
        Ok(unpacked)
    }
}
