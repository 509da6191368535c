//! Signatures (RFC 9580, 5.2), of data and of keys.

use super::{
    key::{Key, is_fingerprint},
    packet,
};
use crate::commit::{
    Rejection,
    key::{Hash, Numbers},
    reader::Reader,
};
use chrono::{DateTime, TimeDelta, Utc};

/// What a signature is about (RFC 9580, 5.2.1).
pub(super) mod about {
    pub(in super::super) const DATA: u8 = 0x00;
    pub(in super::super) const TEXT: u8 = 0x01;
    pub(in super::super) const USER: std::ops::RangeInclusive<u8> = 0x10..=0x13;
    pub(in super::super) const SUBKEY: u8 = 0x18;
    pub(in super::super) const PRIMARY_KEY: u8 = 0x19;
    pub(in super::super) const KEY: u8 = 0x1f;
    pub(in super::super) const KEY_REVOKED: u8 = 0x20;
    pub(in super::super) const SUBKEY_REVOKED: u8 = 0x28;
    pub(in super::super) const USER_REVOKED: u8 = 0x30;
}

#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) about: u8,
    /// What it says of itself, and is covered by it.
    pub(super) says: Says,
    /// Who is said to have made it; not proven by being said.
    pub(super) issuers: Vec<Vec<u8>>,
    /// Signatures within it: that of a subkey over its primary key.
    pub(super) embedded: Vec<Vec<u8>>,
    version: u8,
    algorithm: u8,
    hash: u8,
    /// Hashed before the data, of version 6.
    salt: Vec<u8>,
    /// Hashed after it.
    trailer: Vec<u8>,
    left: [u8; 2],
    numbers: Vec<u8>,
}

/// RFC 9580, 5.2.3.
#[derive(Debug, Clone, Default)]
pub(super) struct Says {
    pub(super) made: Option<DateTime<Utc>>,
    pub(super) expires_after: Option<TimeDelta>,
    /// Counted from the key's creation.
    pub(super) key_expires_after: Option<TimeDelta>,
    pub(super) flags: Option<u8>,
    pub(super) revocation: Option<u8>,
    /// Fingerprints of those who may revoke the key.
    pub(super) revokers: Vec<Vec<u8>>,
    /// Something that must be understood and is not.
    critical: Option<u8>,
}

/// Of `Says::flags`: the key may sign data.
pub(super) const MAY_SIGN: u8 = 0x02;

impl Signature {
    /// # Errors
    /// [`Rejection::Malformed`], [`Rejection::Unsupported`].
    pub(super) fn read(body: &[u8]) -> Result<Self, Rejection> {
        let malformed = || Rejection::Malformed("the OpenPGP signature does not end where it says".to_owned().into());
        let version = *body.first().ok_or_else(malformed)?;
        if ![4, 6].contains(&version) {
            return Err(Rejection::Unsupported(format!("an OpenPGP signature of version {version}").into()));
        }
        Self::fields(version, body).ok_or_else(malformed)
    }

    fn fields(version: u8, body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let length = |reader: &mut Reader<'_>| match version {
            4 => reader.u16().map(usize::from),
            _ => reader.u32().and_then(|length| usize::try_from(length).ok()),
        };
        let [_, about, algorithm, hash] = reader.take(4)?.try_into().ok()?;
        let hashed_length = length(&mut reader)?;
        let hashed = reader.take(hashed_length)?;
        let covered = &body[..body.len() - reader.rest().len()];
        let trailer = [covered, &[version, 0xff], &u32::try_from(covered.len()).ok()?.to_be_bytes()].concat();
        let unhashed_length = length(&mut reader)?;
        let unhashed = reader.take(unhashed_length)?;
        let left = reader.take(2)?.try_into().ok()?;
        let salt_length = if version == 6 { reader.u8()? } else { 0 };
        let salt = reader.take(usize::from(salt_length))?.to_vec();
        let numbers = reader.rest().to_vec();
        let mut signature = Self {
            about,
            says: Says::default(),
            issuers: Vec::new(),
            embedded: Vec::new(),
            version,
            algorithm,
            hash,
            salt,
            trailer,
            left,
            numbers,
        };
        signature.subpackets(hashed, Covered::Yes)?;
        signature.subpackets(unhashed, Covered::No)?;
        Some(signature)
    }

    fn subpackets(&mut self, area: &[u8], covered: Covered) -> Option<()> {
        let mut reader = Reader::new(area);
        while !reader.is_empty() {
            let length = packet::sublength(&mut reader)?;
            let mut sub = Reader::new(reader.take(length)?);
            let kind = sub.u8()?;
            match (kind & 0x7f, covered) {
                (16 | 33, _) => self.issuer(kind & 0x7f, sub.rest()),
                (32, _) => self.embedded.push(sub.rest().to_vec()),
                (_, Covered::No) => {}
                (known, Covered::Yes) => self.says.read(known, kind & 0x80 != 0, sub)?,
            }
        }
        Some(())
    }

    fn issuer(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (16, id) if id.len() == 8 => self.issuers.push(id.to_vec()),
            (33, [_, fingerprint @ ..]) if is_fingerprint(fingerprint) => self.issuers.push(fingerprint.to_vec()),
            _ => {}
        }
    }

    /// Whether it says that `key` made it, or nothing that excludes that: a fingerprint counts before an id.
    pub(super) fn names(&self, key: &Key) -> bool {
        let fingerprints: Vec<_> = self.issuers.iter().filter(|issuer| is_fingerprint(issuer)).collect();
        match fingerprints.as_slice() {
            [] => self.issuers.iter().any(|issuer| issuer == key.id()),
            some => some.iter().any(|issuer| **issuer == key.fingerprint),
        }
    }

    /// As [`Self::names`], or it names nobody.
    pub(super) fn may_be_by(&self, key: &Key) -> bool {
        self.issuers.is_empty() || self.names(key)
    }

    /// In words, for who looks for the key.
    pub(super) fn issuer_name(&self) -> String {
        let longest = self.issuers.iter().max_by_key(|issuer| issuer.len());
        longest.map_or_else(|| "the signature names none".to_owned(), hex::encode_upper)
    }

    /// The digest, when it is one that carries trust.
    pub(super) fn strong_hash(&self) -> Result<Hash, Rejection> {
        match self.hash {
            8 => Ok(Hash::Sha256),
            9 => Ok(Hash::Sha384),
            10 => Ok(Hash::Sha512),
            1 => Err(Rejection::WeakHash { hash: "MD5" }),
            2 => Err(Rejection::WeakHash { hash: "SHA-1" }),
            3 => Err(Rejection::WeakHash { hash: "RIPEMD-160" }),
            other => Err(Rejection::Unsupported(format!("OpenPGP's digest {other}").into())),
        }
    }

    /// That `key` made it over `data`.
    pub(super) fn verify(&self, key: &Key, data: &[&[u8]]) -> Result<(), Rejection> {
        let hash = self.strong_hash()?;
        self.verify_by(key, hash, data)?;
        match self.says.critical {
            None => Ok(()),
            Some(kind) => Err(Rejection::Unsupported(format!("a critical subpacket {kind}").into())),
        }
    }

    /// As [`Self::verify`], for what takes trust away: SHA-1 is enough, and so is what cannot be verified.
    pub(super) fn verify_revocation(&self, key: &Key, data: &[&[u8]]) -> Result<(), Rejection> {
        if !self.may_be_by(key) {
            return Err(Rejection::Signature);
        }
        let hash = if self.hash == 2 { Ok(Hash::Sha1) } else { self.strong_hash() };
        match hash.and_then(|hash| self.verify_by(key, hash, data)) {
            Err(Rejection::Signature) => Err(Rejection::Signature),
            _ => Ok(()),
        }
    }

    fn verify_by(&self, key: &Key, hash: Hash, data: &[&[u8]]) -> Result<(), Rejection> {
        let public = key.usable()?;
        if self.version != key.version || self.algorithm != key.algorithm || !self.salt_fits(hash) {
            return Err(Rejection::Signature);
        }
        let parts: Vec<&[u8]> = [&[self.salt.as_slice()][..], data, &[&self.trailer]].concat();
        let digest = hash.digest(&parts);
        if !digest.as_ref().starts_with(&self.left) {
            return Err(Rejection::Signature);
        }
        let numbers = self.numbers().ok_or(Rejection::Signature)?;
        match numbers {
            Numbers::Ed25519 { .. } => public.verify(hash, digest.as_ref(), numbers),
            _ => public.verify(hash, &parts.concat(), numbers),
        }
    }

    /// RFC 9580, 9.5: half of the digest's length, and at least 16 bytes. Version 4 has none.
    fn salt_fits(&self, hash: Hash) -> bool {
        let length = match hash {
            _ if self.version == 4 => 0,
            Hash::Sha1 | Hash::Sha256 => 16,
            Hash::Sha384 => 24,
            Hash::Sha512 => 32,
        };
        self.salt.len() == length
    }

    fn numbers(&self) -> Option<Numbers<'_>> {
        let mut reader = Reader::new(&self.numbers);
        let numbers = match self.algorithm {
            1 | 3 => Numbers::Rsa(packet::number(&mut reader)?),
            19 => Numbers::Ecdsa { r: packet::number(&mut reader)?, s: packet::number(&mut reader)? },
            22 => Numbers::Ed25519 { r: packet::number(&mut reader)?, s: packet::number(&mut reader)? },
            27 => Numbers::Ed25519 { r: reader.take(32)?, s: reader.take(32)? },
            _ => return None,
        };
        reader.is_empty().then_some(numbers)
    }
}

#[derive(Debug, Clone, Copy)]
enum Covered {
    Yes,
    No,
}

impl Says {
    fn read(&mut self, kind: u8, critical: bool, mut value: Reader<'_>) -> Option<()> {
        let seconds = |value: &mut Reader<'_>| {
            value.u32().filter(|seconds| *seconds != 0).map(|seconds| TimeDelta::seconds(seconds.into()))
        };
        match kind {
            2 => self.made = Some(DateTime::from_timestamp(i64::from(value.u32()?), 0)?),
            3 => self.expires_after = seconds(&mut value),
            9 => self.key_expires_after = seconds(&mut value),
            12 => self.revokers.extend(value.rest().get(2..).map(<[u8]>::to_vec)),
            27 => self.flags = Some(value.rest().first().copied().unwrap_or_default()),
            29 => self.revocation = Some(value.u8()?),
            // Exportable, trust, revocable, preferences of encryption, servers and addresses: nothing for who verifies.
            4 | 5 | 6 | 7 | 11 | 21 | 22 | 23 | 24 | 25 | 26 | 28 | 30 | 31 | 34 | 35 | 39 => {}
            20 if !critical => {}
            unknown if critical => self.critical = Some(unknown),
            _ => {}
        }
        Some(())
    }
}
