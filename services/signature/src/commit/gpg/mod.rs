//! OpenPGP signatures (RFC 9580, and RFC 4880 with the EdDSA that GnuPG brought), as GnuPG makes them over commits.
//!
//! A signature of version 4 or 6 over binary data, by RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) or Ed25519,
//! with SHA-256, SHA-384 or SHA-512. Of the signer's key must hold, by signatures that it made itself with such a digest:
//! that it owns a user id or says of itself what it is for; that it may sign; that it has not expired and was not revoked;
//! and of a subkey that the primary key and it both want to belong together. Without the second half of that (the
//! back-signature) anybody could claim another's signing key, and so the authorship of all that it signed.
//!
//! The order of the reasons is GnuPG's: what is wrong with the signature comes before what is wrong with the key. Stricter
//! than GnuPG 2.2: SHA-1 does not carry a signature, nor a binding; several signatures in one are refused; a text signature
//! (whose line ends may change) is; a critical notation is.
//!
//! A revoked key counts for nothing, whatever its signatures' dates and the reason: a thief writes the date. Nor does an
//! expired one.

mod armor;
mod certificate;
mod key;
mod keyring;
mod packet;
mod signature;

pub use keyring::Keyring;

/// What begins a signature of this kind.
pub(super) const MARK: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

/// Largest keyring, in bytes.
pub const MOST_KEYRING: usize = 32 << 20;
