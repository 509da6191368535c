//! A gzip stream, unpacked piece by piece within a budget.

use crate::{Irregularity, budget::Budget};
use flate2::bufread::GzDecoder;
use std::{
    io::{ErrorKind, Read},
    ops::Range,
};

/// The bytes of a tar archive, in order.
pub(crate) enum Source<'a> {
    Gzip(Box<Gunzip<'a>>),
    Plain(&'a [u8]),
}

impl Source<'_> {
    /// Fills as much of `buffer` as there are bytes; fewer only at the end.
    ///
    /// # Errors
    /// The irregularity with which reading ends.
    pub(crate) fn fill(&mut self, buffer: &mut [u8], budget: &mut Budget) -> Result<usize, Irregularity> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|r| !r.is_empty()) {
            let read = match self {
                Self::Gzip(gzip) => gzip.read(rest, budget)?,
                Self::Plain(bytes) => {
                    let read = bytes.read(rest).unwrap_or(0);
                    budget.charge(read, u64::MAX)?;
                    read
                }
            };
            if read == 0 {
                break;
            }
            filled += read;
        }
        Ok(filled)
    }

    /// Bytes that follow the packed stream and belong to no archive.
    pub(crate) fn trailing(&self) -> u64 {
        match self {
            Self::Gzip(gzip) => gzip.trailing,
            Self::Plain(_) => 0,
        }
    }
}

/// Bytes inflated at a time. An inflater is several times slower when it may write only a header's 512 bytes.
const WINDOW: usize = 64 << 10;

/// A gzip file: one or more members one after another (RFC 1952, section 2.2).
pub(crate) struct Gunzip<'a> {
    packed: usize,
    /// `None` after the last member.
    member: Option<GzDecoder<&'a [u8]>>,
    trailing: u64,
    /// Inflated ahead; empty where nothing is.
    window: Vec<u8>,
    /// The part of `window` that was not yet given out.
    ahead: Range<usize>,
}

impl<'a> Gunzip<'a> {
    /// Fast, for streams that are whole. Where a stream breaks, what was inflated together with the broken part is
    /// lost; [`Self::exact`] then gives all that there is.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { window: vec![0; WINDOW], ..Self::exact(bytes) }
    }

    /// Inflates no more than what is asked for.
    pub(crate) fn exact(bytes: &'a [u8]) -> Self {
        let member = Some(GzDecoder::new(bytes));
        Self { packed: bytes.len(), member, trailing: 0, window: Vec::new(), ahead: 0..0 }
    }

    fn read(&mut self, buffer: &mut [u8], budget: &mut Budget) -> Result<usize, Irregularity> {
        if buffer.len() >= self.window.len() && self.ahead.is_empty() {
            let read = self.inflate(buffer, budget)?;
            budget.charge(read, self.consumed())?;
            return Ok(read);
        }
        if self.ahead.is_empty() {
            let mut window = std::mem::take(&mut self.window);
            let read = self.inflate(&mut window, budget);
            self.window = window;
            self.ahead = 0..read?;
        }
        let read = buffer.len().min(self.ahead.len());
        let from = self.window.get(self.ahead.start..self.ahead.start + read).unwrap_or_default();
        buffer[..from.len()].copy_from_slice(from);
        self.ahead.start += read;
        budget.charge(read, self.consumed())?;
        Ok(read)
    }

    /// Packed bytes that were read so far.
    fn consumed(&self) -> u64 {
        let left = self.member.as_ref().map_or(0, |member| member.get_ref().len());
        self.packed.saturating_sub(left) as u64
    }

    fn inflate(&mut self, buffer: &mut [u8], budget: &Budget) -> Result<usize, Irregularity> {
        while let Some(member) = &mut self.member {
            match member.read(buffer) {
                Ok(0) => self.next_member(),
                Ok(read) => return Ok(read),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Irregularity::Truncated { at: budget.unpacked });
                }
                Err(e) => return Err(Irregularity::Corrupt { at: budget.unpacked, why: format!("gzip: {e}") }),
            }
        }
        Ok(0)
    }

    /// Goes on with the next member. Zero padding is allowed, as gzip itself allows it; anything else is kept
    /// as trailing.
    fn next_member(&mut self) {
        let Some(rest) = self.member.take().map(GzDecoder::into_inner) else { return };
        if rest.starts_with(&[0x1f, 0x8b]) {
            self.member = Some(GzDecoder::new(rest));
        } else if rest.iter().any(|b| *b != 0) {
            self.trailing = rest.len() as u64;
        }
    }
}
