//! OpenPGP keys and signatures made by hand: what GnuPG would not make, and an attacker would.

use aws_lc_rs::{
    digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};

pub(crate) const SHA1: u8 = 2;
pub(crate) const STRONG: u8 = 8;

/// A subpacket: its kind (with 0x80: critical) and value.
pub(crate) type Says = (u8, Vec<u8>);

pub(crate) struct Key {
    pair: Ed25519KeyPair,
    version: u8,
    body: Vec<u8>,
}

impl Key {
    pub(crate) fn new(version: u8, created: i64) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = pair.public_key().as_ref();
        let start = [&[version][..], &seconds(created)].concat();
        let body = match version {
            4 => {
                let oid = [9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
                [&start[..], &[22], &oid, &number(&[&[0x40], public].concat())].concat()
            }
            _ => [&start[..], &[27, 0, 0, 0, 32], public].concat(),
        };
        Self { pair, version, body }
    }

    /// As signatures hash it.
    pub(crate) fn hashed(&self) -> Vec<u8> {
        let length = self.body.len();
        match self.version {
            4 => [&[0x99][..], &(length as u16).to_be_bytes(), &self.body].concat(),
            _ => [&[0x9b][..], &(length as u32).to_be_bytes(), &self.body].concat(),
        }
    }

    pub(crate) fn fingerprint(&self) -> Vec<u8> {
        let algorithm = if self.version == 4 { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA256 };
        digest::digest(algorithm, &self.hashed()).as_ref().to_vec()
    }

    pub(crate) fn issuer(&self) -> Says {
        (33, [&[self.version][..], &self.fingerprint()].concat())
    }

    pub(crate) fn packet(&self, kind: u8) -> Vec<u8> {
        packet(kind, &self.body)
    }

    /// A signature's body over `data`; who signed is said, covered, unless `says` does.
    pub(crate) fn sign(&self, about: u8, hash: u8, says: &[Says], data: &[&[u8]]) -> Vec<u8> {
        let says = match says.iter().any(|(kind, _)| *kind == 33) {
            true => says.to_vec(),
            false => [says, &[self.issuer()]].concat(),
        };
        self.sign_raw(self.version, about, hash, &[7; 16], &says, &[], data)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a field of a signature")]
    pub(crate) fn sign_raw(
        &self,
        version: u8,
        about: u8,
        hash: u8,
        salt: &[u8],
        says: &[Says],
        uncovered: &[Says],
        data: &[&[u8]],
    ) -> Vec<u8> {
        let length = |area: &[u8]| match version {
            4 => (area.len() as u16).to_be_bytes().to_vec(),
            _ => (area.len() as u32).to_be_bytes().to_vec(),
        };
        let (says, uncovered) = (area(says), area(uncovered));
        let algorithm = self.body[5];
        let covered = [&[version, about, algorithm, hash][..], &length(&says), &says].concat();
        let trailer = [&covered[..], &[version, 0xff], &(covered.len() as u32).to_be_bytes()].concat();
        let salt = if version == 6 { salt } else { &[] };
        let whole = [&[salt], data, &[&trailer]].concat().concat();
        let digest = digest::digest(if hash == SHA1 { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA256 }, &whole);
        let made = self.pair.sign(digest.as_ref());
        let (r, s) = made.as_ref().split_at(32);
        let numbers = if algorithm == 27 { made.as_ref().to_vec() } else { [number(r), number(s)].concat() };
        let salt = if version == 6 { [&[salt.len() as u8][..], salt].concat() } else { Vec::new() };
        [covered, length(&uncovered), uncovered, digest.as_ref()[..2].to_vec(), salt, numbers].concat()
    }

    /// This key as a primary one with a user id, over which it says `says`.
    pub(crate) fn with_user(&self, user: &str, hash: u8, says: &[Says]) -> Vec<u8> {
        let hashed = [&[0xb4][..], &(user.len() as u32).to_be_bytes(), user.as_bytes()].concat();
        let own = self.sign(0x13, hash, says, &[&self.hashed(), &hashed]);
        [self.packet(6), packet(13, user.as_bytes()), packet(2, &own)].concat()
    }
}

pub(crate) fn made(at: i64) -> Says {
    (2, seconds(at).to_vec())
}

pub(crate) fn flags(flags: u8) -> Says {
    (27, vec![flags])
}

pub(crate) fn seconds(seconds: i64) -> [u8; 4] {
    u32::try_from(seconds).unwrap().to_be_bytes()
}

pub(crate) fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[0xc0 | kind, 0xff][..], &(body.len() as u32).to_be_bytes(), body].concat()
}

pub(crate) fn armor(packets: &[u8]) -> String {
    format!("-----BEGIN PGP SIGNATURE-----\n\n{}\n-----END PGP SIGNATURE-----\n", STANDARD.encode(packets))
}

fn area(says: &[Says]) -> Vec<u8> {
    let one = |(kind, value): &Says| [&[0xff][..], &(value.len() as u32 + 1).to_be_bytes(), &[*kind], value].concat();
    says.iter().flat_map(one).collect()
}

fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize);
    [&(bits as u16).to_be_bytes(), bytes].concat()
}
