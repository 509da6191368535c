//! SSH certificates (PROTOCOL.certkeys): an authority says whose key it is, and until when.

use super::key::{Algorithm, Key, unsupported};
use crate::commit::{Rejection, reader::Reader};
use chrono::{DateTime, Utc};
use std::fmt;

/// A certificate of a user, as far as a signature asks.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) key: Key,
    pub(super) authority: Key,
    pub(super) principals: Vec<String>,
    pub(super) serial: u64,
    pub(super) key_id: Vec<u8>,
    valid_after: u64,
    valid_before: u64,
    kind: u32,
    critical: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// Why a certificate does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// The authority did not make it so.
    Signature,
    /// It is a machine's, not a person's.
    NotOfUser,
    /// It names nobody.
    NoPrincipal,
    NotYetValid,
    Expired,
    /// It limits its use in ways that no signature of a commit meets.
    CriticalOption,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "its authority did not make it so",
            Self::NotOfUser => "it is a machine's",
            Self::NoPrincipal => "it names nobody",
            Self::NotYetValid => "it was not yet valid at the commit's time",
            Self::Expired => "it had expired at the commit's time",
            Self::CriticalOption => "it limits its use in a way that is not known",
        })
    }
}

const SUFFIX: &[u8] = b"-cert-v01@openssh.com";
const OF_USER: u32 = 1;

/// The algorithm of the key that is certified, if `name` is that of a certificate.
pub(super) fn certified(name: &[u8]) -> Option<Algorithm> {
    let base = name.strip_suffix(SUFFIX)?;
    let security = [&b"sk-ssh-ed25519"[..], b"sk-ecdsa-sha2-nistp256"].contains(&base);
    Algorithm::named(&if security { [base, b"@openssh.com"].concat() } else { base.to_vec() })
}

impl Certificate {
    /// # Errors
    /// [`Rejection::Unsupported`], [`Rejection::Malformed`].
    pub(super) fn read(blob: &[u8]) -> Result<Self, Rejection> {
        let malformed = || Rejection::Malformed("an SSH certificate does not end where it says".to_owned().into());
        let mut reader = Reader::new(blob);
        let name = reader.string().ok_or_else(malformed)?;
        let algorithm = certified(name).ok_or_else(|| unsupported(name))?;
        let fields = Fields::read(algorithm, reader, blob).ok_or_else(malformed)?;
        let authority = Key::read(fields.authority)?;
        Ok(Self {
            key: fields.key,
            authority,
            principals: fields.principals,
            serial: fields.serial,
            key_id: fields.key_id.to_vec(),
            valid_after: fields.valid_after,
            valid_before: fields.valid_before,
            kind: fields.kind,
            critical: fields.critical.to_vec(),
            signed: fields.signed.to_vec(),
            signature: fields.signature.to_vec(),
        })
    }

    /// That it is its authority's, of a person, and counts at `at`. Whether the authority is trusted is asked elsewhere.
    pub(super) fn check(&self, at: DateTime<Utc>) -> Result<(), Rejection> {
        match self.authority.verify(&self.signed, &self.signature) {
            Err(Rejection::Signature) => Err(Rejection::Certificate(CertificateFault::Signature)),
            other => other,
        }?;
        self.fault(at).map_or(Ok(()), |fault| Err(Rejection::Certificate(fault)))
    }

    fn fault(&self, at: DateTime<Utc>) -> Option<CertificateFault> {
        // Before 1970 no certificate is valid.
        let at = u64::try_from(at.timestamp()).unwrap_or_default();
        [
            (self.kind != OF_USER, CertificateFault::NotOfUser),
            (self.principals.is_empty(), CertificateFault::NoPrincipal),
            (!self.critical.is_empty(), CertificateFault::CriticalOption),
            (at < self.valid_after, CertificateFault::NotYetValid),
            (at >= self.valid_before, CertificateFault::Expired),
        ]
        .into_iter()
        .find_map(|(is, fault)| is.then_some(fault))
    }
}

struct Fields<'a> {
    key: Key,
    serial: u64,
    kind: u32,
    key_id: &'a [u8],
    principals: Vec<String>,
    valid_after: u64,
    valid_before: u64,
    critical: &'a [u8],
    authority: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(algorithm: Algorithm, mut reader: Reader<'a>, blob: &'a [u8]) -> Option<Self> {
        let _nonce = reader.string()?;
        let key = Key::fields(algorithm, &mut reader)?;
        let (serial, kind, key_id) = (reader.u64()?, reader.u32()?, reader.string()?);
        let principals = strings(reader.string()?)?;
        let (valid_after, valid_before) = (reader.u64()?, reader.u64()?);
        let (critical, _extensions, _reserved) = (reader.string()?, reader.string()?, reader.string()?);
        let authority = reader.string()?;
        let signed = &blob[..blob.len() - reader.rest().len()];
        let signature = reader.string()?;
        reader.is_empty().then_some(Self {
            key,
            serial,
            kind,
            key_id,
            principals,
            valid_after,
            valid_before,
            critical,
            authority,
            signed,
            signature,
        })
    }
}

fn strings(bytes: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while !reader.is_empty() {
        found.push(String::from_utf8(reader.string()?.to_vec()).ok()?);
    }
    Some(found)
}
