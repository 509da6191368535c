//! Public keys, and whether they made a signature. The arithmetic is aws-lc-rs's.

use super::Rejection;
use aws_lc_rs::{digest, signature as lc};

/// What a signature may rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    /// Of revocations alone: a forged one takes trust away, and an old one must be heeded.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(super) fn digest(self, parts: &[&[u8]]) -> digest::Digest {
        let mut context = digest::Context::new(match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        });
        parts.iter().for_each(|part| context.update(part));
        context.finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// Big-endian, without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    Ecdsa {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519([u8; 32]),
}

/// A signature's numbers, big-endian.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbers<'a> {
    Rsa(&'a [u8]),
    Ecdsa { r: &'a [u8], s: &'a [u8] },
    Ed25519 { r: &'a [u8], s: &'a [u8] },
}

/// Shorter RSA keys can be broken, or nearly.
const LEAST_RSA: usize = 2048;
/// Longer ones are not computed with.
const MOST_RSA: usize = 8192;

impl PublicKey {
    /// `name` is for the answer.
    pub(super) fn check_strength(&self, name: &str) -> Result<(), Rejection> {
        let Self::Rsa { n, .. } = self else { return Ok(()) };
        match bits(n) {
            bits if bits < LEAST_RSA => Err(Rejection::WeakKey { key: name.to_owned(), bits }),
            bits if bits > MOST_RSA => Err(Rejection::Unsupported(format!("an RSA key of {bits} bits").into())),
            _ => Ok(()),
        }
    }

    /// That it signed the digest of `message`; Ed25519 signs `message` itself.
    ///
    /// # Errors
    /// [`Rejection::Signature`]; [`Rejection::Unsupported`] when that cannot be found out.
    pub(super) fn verify(&self, hash: Hash, message: &[u8], numbers: Numbers<'_>) -> Result<(), Rejection> {
        let verified = match (self, numbers) {
            (Self::Rsa { n, e }, Numbers::Rsa(number)) => {
                let parameters = match hash {
                    Hash::Sha1 => &lc::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    Hash::Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
                    Hash::Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
                    Hash::Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
                };
                lc::RsaPublicKeyComponents { n, e }.verify(parameters, message, &padded(number, n.len())?)
            }
            (Self::Ecdsa { curve, point }, Numbers::Ecdsa { r, s }) => {
                let algorithm = ecdsa(*curve, hash)?;
                let (r, s) = (padded(r, curve.bytes())?, padded(s, curve.bytes())?);
                lc::UnparsedPublicKey::new(algorithm, point).verify(message, &der(&r, &s))
            }
            (Self::Ed25519(key), Numbers::Ed25519 { r, s }) => {
                let numbers = [padded(r, 32)?, padded(s, 32)?].concat();
                lc::UnparsedPublicKey::new(&lc::ED25519, key).verify(message, &numbers)
            }
            _ => return Err(Rejection::Signature),
        };
        verified.map_err(|_| Rejection::Signature)
    }
}

impl Curve {
    /// Length of a coordinate.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

fn ecdsa(curve: Curve, hash: Hash) -> Result<&'static lc::EcdsaVerificationAlgorithm, Rejection> {
    Ok(match (curve, hash) {
        (Curve::P256, Hash::Sha1) => &lc::ECDSA_P256_SHA1_ASN1,
        (Curve::P256, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha1) => return Err(Rejection::Unsupported("SHA-1 with P-384".to_owned().into())),
        (Curve::P384, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha1) => &lc::ECDSA_P521_SHA1_ASN1,
        (Curve::P521, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
    })
}

/// A number as so many bytes; a larger one belongs to no signature of the key.
fn padded(number: &[u8], length: usize) -> Result<Vec<u8>, Rejection> {
    let number = trimmed(number);
    let missing = length.checked_sub(number.len()).ok_or(Rejection::Signature)?;
    Ok([vec![0; missing].as_slice(), number].concat())
}

/// Without leading zeros.
pub(super) fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn bits(number: &[u8]) -> usize {
    let number = trimmed(number);
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// `SEQUENCE { INTEGER r, INTEGER s }`, of numbers that fit a curve.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let body = [r, s].map(integer).concat();
    [&[0x30][..], &length(body.len()), &body].concat()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let number = trimmed(number);
    let sign: &[u8] = if number.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    [&[0x02][..], &length(sign.len() + number.len()), sign, number].concat()
}

/// Of at most 255 bytes.
fn length(of: usize) -> Vec<u8> {
    let byte = of.to_be_bytes()[size_of::<usize>() - 1];
    if of < 0x80 { vec![byte] } else { vec![0x81, byte] }
}
