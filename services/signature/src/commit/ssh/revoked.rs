//! Keys that count no more: a list of public keys, or OpenSSH's key revocation list.

use super::{MOST_LIST, certificate::Certificate, key::Key, krl, krl::List, signature::By};
use crate::{
    Error,
    commit::{Rejection, reader::Reader},
    file,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::path::Path;

/// None is revoked by default.
#[derive(Debug, Default)]
pub struct Revoked {
    list: List,
}

impl Revoked {
    /// `name` is for messages.
    ///
    /// # Errors
    /// [`Error::BadRevoked`] when anything of it cannot be read: it would not be heeded.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let bad = |cause: &str| Error::BadRevoked { name: name.to_owned(), cause: cause.to_owned() };
        if bytes.len() > MOST_LIST {
            return Err(bad("it is too large"));
        }
        if bytes.starts_with(krl::MAGIC) {
            return Ok(Self { list: List::read(bytes).map_err(bad)? });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| bad("it is neither"))?;
        let mut list = List::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            list.keys.insert(plain(line).ok_or_else(|| bad("a line of it is no public key"))?);
        }
        Ok(Self { list })
    }

    /// # Errors
    /// As [`Self::read`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::read(&path.display().to_string(), &file::read(path, MOST_LIST)?)
    }

    /// The key, and of a certificate the authority, its serial number and its id.
    pub(super) fn check(&self, signer: &By) -> Result<(), Rejection> {
        let refused = |key: &Key, why| Err(Rejection::KeyRevoked { key: key.name(), why });
        if self.list.has_key(&signer.key().blob) {
            return refused(signer.key(), "it is on the list of revoked keys");
        }
        match signer {
            By::Certificate(certificate) if self.list.has_key(&certificate.authority.blob) => {
                refused(&certificate.authority, "the authority is on the list of revoked keys")
            }
            By::Certificate(certificate) if self.list.has_certificate(certificate) => {
                refused(signer.key(), "its certificate is on the list of revoked keys")
            }
            _ => Ok(()),
        }
    }
}

/// The key of a line `kind base64`, on the wire; of a certificate, the key that it certifies.
fn plain(line: &str) -> Option<Vec<u8>> {
    let mut words = line.split_ascii_whitespace();
    let (kind, base64) = words.next().zip(words.next())?;
    let blob = STANDARD.decode(base64).ok()?;
    if Reader::new(&blob).string()? != kind.as_bytes() {
        return None;
    }
    match Certificate::read(&blob) {
        Ok(certificate) => Some(certificate.key.blob),
        Err(_) => Some(blob),
    }
}
