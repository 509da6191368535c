//! Public keys and signatures on the wire (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8332; RFC 8709; PROTOCOL.u2f).

use crate::commit::{
    Rejection,
    key::{Curve, Hash, Numbers, PublicKey, trimmed},
    reader::Reader,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

/// A plain key, not a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// As on the wire; keys are equal when these are.
    pub(super) blob: Vec<u8>,
    algorithm: Algorithm,
    public: PublicKey,
    /// Of a key that lies in a security key: for which application.
    application: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rsa,
    Ecdsa(Curve),
    Ed25519,
    SecurityEcdsa,
    SecurityEd25519,
}

impl Algorithm {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ssh-rsa" => Self::Rsa,
            b"ecdsa-sha2-nistp256" => Self::Ecdsa(Curve::P256),
            b"ecdsa-sha2-nistp384" => Self::Ecdsa(Curve::P384),
            b"ecdsa-sha2-nistp521" => Self::Ecdsa(Curve::P521),
            b"ssh-ed25519" => Self::Ed25519,
            b"sk-ecdsa-sha2-nistp256@openssh.com" => Self::SecurityEcdsa,
            b"sk-ssh-ed25519@openssh.com" => Self::SecurityEd25519,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "ssh-rsa",
            Self::Ecdsa(Curve::P256) => "ecdsa-sha2-nistp256",
            Self::Ecdsa(Curve::P384) => "ecdsa-sha2-nistp384",
            Self::Ecdsa(Curve::P521) => "ecdsa-sha2-nistp521",
            Self::Ed25519 => "ssh-ed25519",
            Self::SecurityEcdsa => "sk-ecdsa-sha2-nistp256@openssh.com",
            Self::SecurityEd25519 => "sk-ssh-ed25519@openssh.com",
        }
    }

    /// The digest that signatures under `name` rest on, if keys of this kind make such ones.
    fn hash(self, name: &[u8]) -> Result<Hash, Rejection> {
        match (self, name) {
            (Self::Rsa, b"rsa-sha2-256") => Ok(Hash::Sha256),
            (Self::Rsa, b"rsa-sha2-512") => Ok(Hash::Sha512),
            (Self::Rsa, b"ssh-rsa") => Err(Rejection::WeakHash { hash: "SHA-1" }),
            (Self::Rsa, _) => Err(Rejection::Signature),
            (_, name) if name != self.name().as_bytes() => Err(Rejection::Signature),
            (Self::Ecdsa(Curve::P384), _) => Ok(Hash::Sha384),
            (Self::Ecdsa(Curve::P521), _) => Ok(Hash::Sha512),
            _ => Ok(Hash::Sha256),
        }
    }
}

impl Key {
    /// # Errors
    /// [`Rejection::Unsupported`], [`Rejection::Malformed`].
    pub(super) fn read(blob: &[u8]) -> Result<Self, Rejection> {
        let malformed = || Rejection::Malformed("an SSH key does not end where it says".to_owned().into());
        let mut reader = Reader::new(blob);
        let name = reader.string().ok_or_else(malformed)?;
        let algorithm = Algorithm::named(name).ok_or_else(|| unsupported(name))?;
        let key = Self::fields(algorithm, &mut reader).ok_or_else(malformed)?;
        if reader.is_empty() { Ok(key) } else { Err(malformed()) }
    }

    /// The fields that follow the name of the algorithm; in a certificate, more follow them.
    pub(super) fn fields(algorithm: Algorithm, reader: &mut Reader<'_>) -> Option<Self> {
        let before = reader.rest();
        let public = match algorithm {
            Algorithm::Rsa => {
                let (e, n) = (reader.string()?, reader.string()?);
                PublicKey::Rsa { n: trimmed(n).to_vec(), e: trimmed(e).to_vec() }
            }
            Algorithm::Ecdsa(curve) => ecdsa(curve, reader)?,
            Algorithm::SecurityEcdsa => ecdsa(Curve::P256, reader)?,
            Algorithm::Ed25519 | Algorithm::SecurityEd25519 => PublicKey::Ed25519(reader.string()?.try_into().ok()?),
        };
        let security = matches!(algorithm, Algorithm::SecurityEcdsa | Algorithm::SecurityEd25519);
        let application = if security { Some(reader.string()?.to_vec()) } else { None };
        let fields = &before[..before.len() - reader.rest().len()];
        let blob = [&string(algorithm.name().as_bytes()), fields].concat();
        Some(Self { blob, algorithm, public, application })
    }

    pub(super) fn is_called(&self, kind: &str) -> bool {
        self.algorithm.name() == kind
    }

    /// As `ssh-keygen -l` prints it.
    pub(super) fn name(&self) -> String {
        fingerprint(&self.blob)
    }

    /// That the key made `signature` (on the wire) over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        self.public.check_strength(&self.name())?;
        let malformed = || Rejection::Malformed("an SSH signature does not end where it says".to_owned().into());
        let mut reader = Reader::new(signature);
        let (name, value) = reader.string().zip(reader.string()).ok_or_else(malformed)?;
        let hash = self.algorithm.hash(name)?;
        let message = match &self.application {
            None => message.to_vec(),
            // What a security key signs: for whom, whether somebody touched it, its counter, and what was asked for.
            Some(application) => {
                let state = reader.take(5).ok_or_else(malformed)?;
                let (application, message) = (Hash::Sha256.digest(&[application]), Hash::Sha256.digest(&[message]));
                [application.as_ref(), state, message.as_ref()].concat()
            }
        };
        if !reader.is_empty() {
            return Err(malformed());
        }
        let numbers = self.numbers(value).ok_or(Rejection::Signature)?;
        self.public.verify(hash, &message, numbers)
    }

    fn numbers<'a>(&self, value: &'a [u8]) -> Option<Numbers<'a>> {
        Some(match &self.public {
            PublicKey::Rsa { .. } => Numbers::Rsa(value),
            PublicKey::Ed25519(_) => {
                let (r, s) = value.split_at_checked(32)?;
                Numbers::Ed25519 { r, s }
            }
            PublicKey::Ecdsa { .. } => {
                let mut reader = Reader::new(value);
                let (r, s) = (reader.string()?, reader.string()?);
                reader.is_empty().then_some(())?;
                Numbers::Ecdsa { r, s }
            }
        })
    }
}

fn ecdsa(curve: Curve, reader: &mut Reader<'_>) -> Option<PublicKey> {
    let name: &[u8] = match curve {
        Curve::P256 => b"nistp256",
        Curve::P384 => b"nistp384",
        Curve::P521 => b"nistp521",
    };
    let found = reader.string()?;
    let point = reader.string()?.to_vec();
    (found == name).then_some(PublicKey::Ecdsa { curve, point })
}

pub(super) fn unsupported(name: &[u8]) -> Rejection {
    Rejection::Unsupported(format!("an SSH key of the kind {}", String::from_utf8_lossy(name)).into())
}

pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Hash::Sha256.digest(&[blob])))
}

/// With its length before it.
pub(super) fn string(bytes: &[u8]) -> Vec<u8> {
    // What is given here was read with such a length, or is short.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}
