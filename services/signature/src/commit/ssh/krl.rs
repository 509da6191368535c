//! OpenSSH's key revocation lists (PROTOCOL.krl).

use super::certificate::Certificate;
use crate::commit::{key::Hash, reader::Reader};
use std::collections::BTreeSet;

pub(super) const MAGIC: &[u8] = b"SSHKRL\n\0";

#[derive(Debug, Default)]
pub(super) struct List {
    /// On the wire.
    pub(super) keys: BTreeSet<Vec<u8>>,
    sha1: BTreeSet<Vec<u8>>,
    sha256: BTreeSet<Vec<u8>>,
    certificates: Vec<Certificates>,
}

/// Revoked certificates of an authority.
#[derive(Debug, Default)]
struct Certificates {
    /// On the wire; empty: of every authority.
    authority: Vec<u8>,
    serials: Vec<Serials>,
    ids: BTreeSet<Vec<u8>>,
}

#[derive(Debug)]
enum Serials {
    Range {
        first: u64,
        last: u64,
    },
    /// Bit n of the big-endian number stands for `first + n`.
    Bits {
        first: u64,
        number: Vec<u8>,
    },
}

impl Serials {
    fn contains(&self, serial: u64) -> bool {
        match self {
            Self::Range { first, last } => (*first..=*last).contains(&serial),
            Self::Bits { first, number } => {
                let offset = serial.checked_sub(*first).and_then(|offset| usize::try_from(offset).ok());
                let byte = offset.and_then(|offset| number.iter().rev().nth(offset / 8).zip(Some(offset % 8)));
                byte.is_some_and(|(byte, bit)| byte >> bit & 1 == 1)
            }
        }
    }
}

impl List {
    /// The list's own signatures are not asked for: the operator names the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let ends = "it does not end where it says";
        let mut reader = Reader::new(bytes);
        let mut list = Self::default();
        let version = Self::head(&mut reader).ok_or(ends)?;
        if version != 1 {
            return Err("it is of a version that is not known");
        }
        while !reader.is_empty() {
            let (kind, section) = reader.u8().zip(reader.string()).ok_or(ends)?;
            let section = Reader::new(section);
            match kind {
                1 => list.certificates.push(Certificates::read(section)?),
                2 => list.keys.extend(strings(section).ok_or(ends)?),
                3 => list.sha1.extend(strings(section).ok_or(ends)?),
                4 => {}
                5 => list.sha256.extend(strings(section).ok_or(ends)?),
                _ => return Err("it has a section that is not known"),
            }
        }
        Ok(list)
    }

    fn head(reader: &mut Reader<'_>) -> Option<u32> {
        reader.take(MAGIC.len())?;
        let version = reader.u32()?;
        let (_number, _made, _flags) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let (_reserved, _comment) = (reader.string()?, reader.string()?);
        Some(version)
    }

    pub(super) fn has_key(&self, blob: &[u8]) -> bool {
        self.keys.contains(blob)
            || self.sha1.contains(Hash::Sha1.digest(&[blob]).as_ref())
            || self.sha256.contains(Hash::Sha256.digest(&[blob]).as_ref())
    }

    pub(super) fn has_certificate(&self, certificate: &Certificate) -> bool {
        let of = |of: &&Certificates| of.authority.is_empty() || of.authority == certificate.authority.blob;
        self.certificates.iter().filter(of).any(|revoked| {
            // Serial 0 is what a certificate has that was given none.
            let numbered = certificate.serial != 0;
            numbered && revoked.serials.iter().any(|serials| serials.contains(certificate.serial))
                || revoked.ids.contains(&certificate.key_id)
        })
    }
}

impl Certificates {
    fn read(mut section: Reader<'_>) -> Result<Self, &'static str> {
        let ends = "it does not end where it says";
        let (authority, _reserved) = section.string().zip(section.string()).ok_or(ends)?;
        let mut found = Self { authority: authority.to_vec(), ..Self::default() };
        while !section.is_empty() {
            let (kind, part) = section.u8().zip(section.string()).ok_or(ends)?;
            let mut part = Reader::new(part);
            match kind {
                0x20 => {
                    while !part.is_empty() {
                        let serial = part.u64().ok_or(ends)?;
                        found.serials.push(Serials::Range { first: serial, last: serial });
                    }
                }
                0x21 => {
                    let (first, last) = part.u64().zip(part.u64()).ok_or(ends)?;
                    found.serials.push(Serials::Range { first, last });
                }
                0x22 => {
                    let (first, number) = part.u64().zip(part.string()).ok_or(ends)?;
                    found.serials.push(Serials::Bits { first, number: number.to_vec() });
                }
                0x23 => found.ids.extend(strings(part).ok_or(ends)?),
                _ => return Err("it revokes certificates in a way that is not known"),
            }
        }
        Ok(found)
    }
}

fn strings(mut reader: Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    while !reader.is_empty() {
        found.push(reader.string()?.to_vec());
    }
    Some(found)
}
