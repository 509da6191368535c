//! DER (X.690), as far as a CMS needs it: a tag of one byte, a length, a value.

use crate::commit::reader::Reader;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[n]` around others.
pub(super) const fn context(n: u8) -> u8 {
    0xa0 | n
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a>(Reader<'a>);

impl<'a> Values<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, if it has this tag; else what is next stays.
    pub(super) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.whole(tag).map(|(value, _)| value)
    }

    /// As [`Self::value`], and the value with its tag and length.
    pub(super) fn whole(&mut self, tag: u8) -> Option<(&'a [u8], &'a [u8])> {
        let mut reader = self.0;
        let before = reader.rest();
        if reader.u8()? != tag {
            return None;
        }
        let value = Self::length(&mut reader).and_then(|length| reader.take(length))?;
        self.0 = reader;
        Some((value, &before[..before.len() - reader.rest().len()]))
    }

    /// The next value whatever its tag, whole.
    pub(super) fn any(&mut self) -> Option<&'a [u8]> {
        let tag = *self.0.rest().first()?;
        self.whole(tag).map(|(_, whole)| whole)
    }

    /// The length in as few bytes as it takes: DER has one way to write a value.
    fn length(reader: &mut Reader<'_>) -> Option<usize> {
        match reader.u8()? {
            short @ 0..=0x7f => Some(short.into()),
            0x81 => reader.u8().filter(|length| *length >= 0x80).map(usize::from),
            0x82 => reader.u16().filter(|length| *length >= 0x100).map(usize::from),
            0x83 => {
                let (high, low) = reader.u8().zip(reader.u16())?;
                (high > 0).then(|| usize::from(high) << 16 | usize::from(low))
            }
            _ => None,
        }
    }
}
