//! Public keys (RFC 9580, 5.5.2).

use super::packet;
use crate::commit::{
    Rejection,
    key::{Curve, Hash, PublicKey, trimmed},
    reader::Reader,
};
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};

/// A key as its packet says it. That it belongs to anybody is shown by signatures.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) version: u8,
    pub(super) algorithm: u8,
    pub(super) created: DateTime<Utc>,
    pub(super) fingerprint: Vec<u8>,
    /// Of a kind that is not verified: what kind that is.
    pub(super) public: Result<PublicKey, String>,
    /// As it is hashed where a signature is about it.
    pub(super) hashed: Vec<u8>,
}

const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

impl Key {
    /// `None` when it cannot be read, or is of a version that is not known.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version = reader.u8()?;
        let created = DateTime::from_timestamp(i64::from(reader.u32()?), 0)?;
        let algorithm = reader.u8()?;
        let (hashed, fingerprint) = match version {
            4 => {
                let length = u16::try_from(body.len()).ok()?.to_be_bytes();
                let hashed = [&[0x99][..], &length, body].concat();
                let fingerprint = Hash::Sha1.digest(&[&hashed]);
                (hashed, fingerprint)
            }
            6 => {
                let length = reader.u32()?;
                if usize::try_from(length).ok()? != reader.rest().len() {
                    return None;
                }
                let length = u32::try_from(body.len()).ok()?.to_be_bytes();
                let hashed = [&[0x9b][..], &length, body].concat();
                let fingerprint = Hash::Sha256.digest(&[&hashed]);
                (hashed, fingerprint)
            }
            _ => return None,
        };
        let fingerprint = fingerprint.as_ref().to_vec();
        Some(Self { version, algorithm, created, fingerprint, public: public(algorithm, reader)?, hashed })
    }

    /// Eight bytes that signatures name a key by (RFC 9580, 5.5.4).
    pub(super) fn id(&self) -> &[u8] {
        match self.version {
            4 => &self.fingerprint[self.fingerprint.len() - 8..],
            _ => &self.fingerprint[..8],
        }
    }

    pub(super) fn name(&self) -> String {
        hex::encode_upper(&self.fingerprint)
    }

    /// The key, when it is known and strong enough.
    pub(super) fn usable(&self) -> Result<&PublicKey, Rejection> {
        let public = self.public.as_ref().map_err(|kind| Rejection::Unsupported(kind.clone().into()))?;
        public.check_strength(&self.name())?;
        Ok(public)
    }
}

/// Outer: whether it can be read.
fn public(algorithm: u8, mut reader: Reader<'_>) -> Option<Result<PublicKey, String>> {
    let key = match algorithm {
        1 | 3 => {
            let (n, e) = (packet::number(&mut reader)?, packet::number(&mut reader)?);
            PublicKey::Rsa { n: trimmed(n).to_vec(), e: trimmed(e).to_vec() }
        }
        19 | 22 => {
            let length = reader.u8()?;
            let oid = reader.take(usize::from(length))?;
            let point = packet::number(&mut reader)?;
            match (algorithm, oid) {
                (19, P256) => PublicKey::Ecdsa { curve: Curve::P256, point: point.to_vec() },
                (19, P384) => PublicKey::Ecdsa { curve: Curve::P384, point: point.to_vec() },
                (19, P521) => PublicKey::Ecdsa { curve: Curve::P521, point: point.to_vec() },
                (22, ED25519) => PublicKey::Ed25519(point.strip_prefix(&[0x40])?.try_into().ok()?),
                _ => return Some(Err("a key on another curve than P-256, P-384, P-521 and Ed25519".to_owned())),
            }
        }
        27 => PublicKey::Ed25519(reader.take(32)?.try_into().ok()?),
        17 => return Some(Err("a DSA key".to_owned())),
        28 => return Some(Err("an Ed448 key".to_owned())),
        other => return Some(Err(format!("a key of OpenPGP's algorithm {other}"))),
    };
    reader.is_empty().then_some(Ok(key))
}

/// SHA-1's length, or SHA-256's.
pub(super) fn is_fingerprint(bytes: &[u8]) -> bool {
    [digest::SHA1_OUTPUT_LEN, digest::SHA256_OUTPUT_LEN].contains(&bytes.len())
}
