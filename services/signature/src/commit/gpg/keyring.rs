//! The keys that the operator named, and the question whether one of them signed.

use super::{
    MOST_KEYRING, armor,
    certificate::{Certificate, Which},
    packet,
    signature::{Signature, about},
};
use crate::{
    Error,
    bundle::Quoted,
    commit::{Committer, Rejection, Signer, object::Signed},
    file,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{fmt, path::Path};

/// Public keys that may sign: what `gpg --export` writes, armored or not.
pub struct Keyring {
    certificates: Vec<Certificate>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.certificates.len())
    }
}

/// Clocks differ.
const AHEAD: TimeDelta = TimeDelta::minutes(15);

const ARMOR: &str = "PGP PUBLIC KEY BLOCK";

impl Keyring {
    /// `name` is for messages.
    ///
    /// # Errors
    /// [`Error::BadKeyring`] when it is none, or holds no key that is known.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bad = |cause: &str| Error::BadKeyring { name: name.to_owned(), cause: cause.to_owned() };
        if bytes.len() > MOST_KEYRING {
            return Err(bad("it is too large"));
        }
        if bytes.get(8..12) == Some(b"KBXf") {
            return Err(bad("it is a keybox"));
        }
        let plain = match std::str::from_utf8(bytes) {
            Ok(text) if text.trim_start().starts_with("-----BEGIN ") => blocks(text).map_err(bad)?,
            _ => vec![bytes.to_vec()],
        };
        let mut certificates: Vec<Certificate> = Vec::new();
        for block in &plain {
            let packets = packet::all(block).ok_or_else(|| bad("it does not hold OpenPGP packets"))?;
            for certificate in Certificate::all(&packets).map_err(bad)? {
                let same = |known: &&mut Certificate| known.primary.key.hashed == certificate.primary.key.hashed;
                match certificates.iter_mut().find(same) {
                    Some(known) => known.merge(certificate),
                    None => certificates.push(certificate),
                }
            }
        }
        if certificates.is_empty() {
            return Err(bad("it holds no key that is known"));
        }
        Ok(Self { certificates })
    }

    /// # Errors
    /// As [`Self::read`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::read(&path.display().to_string(), &file::read(path, MOST_KEYRING)?)
    }

    /// 1. One signature of binary data, 2. in its time, 3. by a key of ours over these bytes, 4. and the key could.
    ///
    /// Several keys may be named, by a short id, or where somebody claims another's subkey: the first reason counts when
    /// none of them holds.
    pub(in crate::commit) fn verify(
        &self,
        signed: &Signed,
        armored: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(Signer, Committer), Rejection> {
        let signature = only(armored)?;
        let mut reason = None;
        for (certificate, which) in self.named(&signature) {
            match self.by(certificate, which, &signature, &signed.payload, now) {
                Ok(()) => return Ok(said(certificate, which, signed, now)),
                Err(other) => reason = reason.or(Some(other)),
            }
        }
        Err(reason.unwrap_or_else(|| Rejection::UnknownKey { key: signature.issuer_name().into() }))
    }

    fn named(&self, signature: &Signature) -> impl Iterator<Item = (&Certificate, Which)> {
        let keys = self.certificates.iter().flat_map(|certificate| {
            let subkeys = (0..certificate.subkeys.len()).map(Which::Subkey);
            [Which::Primary].into_iter().chain(subkeys).map(move |which| (certificate, which))
        });
        keys.filter(|(certificate, which)| signature.names(&certificate.part(*which).key))
    }

    fn by(
        &self,
        certificate: &Certificate,
        which: Which,
        signature: &Signature,
        payload: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), Rejection> {
        signature.verify(&certificate.part(which).key, &[payload])?;
        let made = signature.says.made.ok_or_else(|| malformed("it does not say when it was made"))?;
        if made > now + AHEAD {
            return Err(Rejection::FromTheFuture { at: made });
        }
        match signature.says.expires_after.and_then(|after| made.checked_add_signed(after)) {
            Some(at) if at <= now => return Err(Rejection::SignatureExpired { at }),
            _ => {}
        }
        certificate.check(which, made, now, &self.certificates)
    }
}

fn said(certificate: &Certificate, which: Which, signed: &Signed, now: DateTime<Utc>) -> (Signer, Committer) {
    let users = certificate.users(now);
    let committer = match users.iter().any(|user| address(user).eq_ignore_ascii_case(&signed.committer.address)) {
        true => Committer::IsSigner,
        false => Committer::IsAnother,
    };
    let (primary, key) = (certificate.primary.key.name(), certificate.part(which).key.name());
    // Their owners wrote them, and a person will read them.
    let users = users.into_iter().map(|user| Quoted::from(user).as_str().to_owned()).collect();
    (Signer::Gpg { primary, key, users }, committer)
}

/// Keys one after the other, as `cat` joins exports.
fn blocks(mut text: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut blocks = Vec::new();
    while !text.trim().is_empty() {
        let (block, rest) = armor::decode(text, ARMOR)?;
        blocks.push(block);
        text = rest;
    }
    Ok(blocks)
}

fn only(armored: &[u8]) -> Result<Signature, Rejection> {
    let text = std::str::from_utf8(armored).map_err(|_| malformed("its armor is not text"))?;
    let (bytes, rest) = armor::decode(text, "PGP SIGNATURE").map_err(malformed)?;
    if !rest.trim().is_empty() {
        return Err(malformed("something follows its armor"));
    }
    let packets = packet::all(&bytes).ok_or_else(|| malformed("it does not hold OpenPGP packets"))?;
    let packets: Vec<_> = packets.into_iter().filter(|packet| packet.kind != packet::MARKER).collect();
    let body = match packets.as_slice() {
        [one] if one.kind == packet::SIGNATURE => one.body,
        several if several.len() > 1 && several.iter().all(|packet| packet.kind == packet::SIGNATURE) => {
            return Err(Rejection::SignedTwice);
        }
        _ => return Err(malformed("it is not a signature")),
    };
    let signature = Signature::read(body)?;
    match signature.about {
        about::DATA => Ok(signature),
        about::TEXT => Err(Rejection::Unsupported("a signature of text, whose line ends may change".to_owned().into())),
        _ => Err(Rejection::OtherPurpose { found: "a key or a user id".to_owned().into() }),
    }
}

/// What a user id says as address: `Name (comment) <address>`, or the address alone.
fn address(user: &str) -> &str {
    match user.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => user.trim(),
    }
}

fn malformed(why: &str) -> Rejection {
    Rejection::Malformed(why.to_owned().into())
}
