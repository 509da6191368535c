//! Packets (RFC 9580, 4): a kind, a length, a body. Lengths that are not known beforehand are for messages, not for keys.

use crate::commit::reader::Reader;

pub(super) const SIGNATURE: u8 = 2;
pub(super) const SECRET_KEY: u8 = 5;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const SECRET_SUBKEY: u8 = 7;
pub(super) const MARKER: u8 = 10;
pub(super) const TRUST: u8 = 12;
pub(super) const USER_ID: u8 = 13;
pub(super) const PUBLIC_SUBKEY: u8 = 14;
pub(super) const USER_ATTRIBUTE: u8 = 17;
pub(super) const PADDING: u8 = 21;

#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
}

/// All packets of `bytes`; `None` when they do not fill it.
pub(super) fn all(bytes: &[u8]) -> Option<Vec<Packet<'_>>> {
    let mut reader = Reader::new(bytes);
    let mut packets = Vec::new();
    while !reader.is_empty() {
        packets.push(one(&mut reader)?);
    }
    Some(packets)
}

fn one<'a>(reader: &mut Reader<'a>) -> Option<Packet<'a>> {
    let head = reader.u8().filter(|head| head & 0x80 != 0)?;
    let (kind, length) = if head & 0x40 == 0 {
        let length = match head & 3 {
            0 => u32::from(reader.u8()?),
            1 => u32::from(reader.u16()?),
            2 => reader.u32()?,
            _ => return None,
        };
        ((head >> 2) & 0x0f, length)
    } else {
        let length = match reader.u8()? {
            short @ 0..=191 => u32::from(short),
            high @ 192..=223 => two(high, reader.u8()?),
            255 => reader.u32()?,
            _ => return None,
        };
        (head & 0x3f, length)
    };
    Some(Packet { kind, body: reader.take(usize::try_from(length).ok()?)? })
}

/// The length of a subpacket (RFC 9580, 5.2.3.7).
pub(super) fn sublength(reader: &mut Reader<'_>) -> Option<usize> {
    let length = match reader.u8()? {
        short @ 0..=191 => u32::from(short),
        high @ 192..=254 => two(high, reader.u8()?),
        255 => reader.u32()?,
    };
    usize::try_from(length).ok()
}

fn two(high: u8, low: u8) -> u32 {
    ((u32::from(high) - 192) << 8) + u32::from(low) + 192
}

/// A number, with its length in bits before it (RFC 9580, 3.2).
pub(super) fn number<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let bits = reader.u16()?;
    reader.take(usize::from(bits).div_ceil(8))
}
