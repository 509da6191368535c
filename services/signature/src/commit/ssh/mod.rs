//! SSH signatures (OpenSSH's PROTOCOL.sshsig), as `git` has `ssh-keygen -Y sign` make them.
//!
//! A signature for the purpose `git` by Ed25519, ECDSA, RSA (2048 to 8192 bits, never with SHA-1) or a security key, over
//! SHA-256 or SHA-512 of the object; the key, or the authority of its certificate, stands in the file of allowed signers,
//! in a line that admits git and is valid at the commit's time; and neither is among the revoked keys. A signature for
//! another purpose (a file, an e-mail) is not one of a commit: without that, whoever gets anything signed gets a commit.
//!
//! As with `git verify-commit`, the time that counts is the committer's. Its author chooses it: `valid-before` retires a
//! key, and the file of revoked keys is what stops a thief.

mod allowed;
mod certificate;
mod key;
mod krl;
mod patterns;
mod revoked;
mod signature;
mod time;

pub use allowed::AllowedSigners;
pub use certificate::CertificateFault;
pub use revoked::Revoked;

/// What begins a signature of this kind.
pub(super) const MARK: &[u8] = b"-----BEGIN SSH SIGNATURE-----";

/// Largest file of allowed signers, or of revoked keys, in bytes.
pub const MOST_LIST: usize = 16 << 20;
