//! The signature itself (PROTOCOL.sshsig).

use super::{
    certificate,
    certificate::Certificate,
    key::{Key, string},
};
use crate::commit::{Rejection, key::Hash, reader::Reader};
use base64::{Engine, engine::general_purpose::STANDARD};

#[derive(Debug)]
pub(super) struct Signature {
    pub(super) signer: By,
    pub(super) purpose: Vec<u8>,
    reserved: Vec<u8>,
    hash_name: Vec<u8>,
    value: Vec<u8>,
}

/// Whose key it is said to be.
#[derive(Debug)]
pub(super) enum By {
    Key(Key),
    Certificate(Box<Certificate>),
}

impl By {
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::Key(key) => key,
            Self::Certificate(certificate) => &certificate.key,
        }
    }
}

const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

impl Signature {
    /// # Errors
    /// [`Rejection::Malformed`], [`Rejection::Unsupported`].
    pub(super) fn read(armored: &[u8]) -> Result<Self, Rejection> {
        let text = std::str::from_utf8(armored).map_err(|_| malformed("its armor is not text"))?;
        let inside = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
        let inside = inside.ok_or_else(|| malformed("its armor does not begin and end"))?;
        let base64: String = inside.split(['\n', '\r']).collect();
        let bytes = STANDARD.decode(base64).map_err(|_| malformed("its armor is not base64"))?;
        let fields = Fields::read(&bytes).ok_or_else(|| malformed("it does not end where it says"))?;
        if fields.version != 1 {
            return Err(Rejection::Unsupported(format!("an SSH signature of version {}", fields.version).into()));
        }
        let kind = Reader::new(fields.key).string().unwrap_or_default();
        let signer = match certificate::certified(kind) {
            Some(_) => By::Certificate(Box::new(Certificate::read(fields.key)?)),
            None => By::Key(Key::read(fields.key)?),
        };
        Ok(Self {
            signer,
            purpose: fields.purpose.to_vec(),
            reserved: fields.reserved.to_vec(),
            hash_name: fields.hash_name.to_vec(),
            value: fields.value.to_vec(),
        })
    }

    /// That its key made it over `payload`.
    pub(super) fn verify(&self, payload: &[u8]) -> Result<(), Rejection> {
        let hash = match self.hash_name.as_slice() {
            b"sha256" => Hash::Sha256,
            b"sha512" => Hash::Sha512,
            _ => return Err(Rejection::Unsupported("an SSH signature over another digest".to_owned().into())),
        };
        let digest = hash.digest(&[payload]);
        let fields: [&[u8]; 4] = [&self.purpose, &self.reserved, &self.hash_name, digest.as_ref()];
        let message = [MAGIC, &fields.map(string).concat()].concat();
        self.signer.key().verify(&message, &self.value)
    }
}

struct Fields<'a> {
    version: u32,
    key: &'a [u8],
    purpose: &'a [u8],
    reserved: &'a [u8],
    hash_name: &'a [u8],
    value: &'a [u8],
}

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes.strip_prefix(MAGIC)?);
        let version = reader.u32()?;
        let (key, purpose, reserved) = (reader.string()?, reader.string()?, reader.string()?);
        let (hash_name, value) = (reader.string()?, reader.string()?);
        reader.is_empty().then_some(Self { version, key, purpose, reserved, hash_name, value })
    }
}

fn malformed(why: &str) -> Rejection {
    Rejection::Malformed(why.to_owned().into())
}
