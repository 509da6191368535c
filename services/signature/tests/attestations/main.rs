//! Attestations of npm, PyPI and GitHub, made by an instance of Sigstore of our own: the honest ones, and what an attacker
//! makes of them. Each is rejected for its own reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod github;
mod mutations;
mod npm;
mod provenance;
mod pypi;
mod signers;
mod statements;

use lockgate_authority::{Authority, Signer};
use lockgate_signature::{
    Attestation, Attested, Reason,
    bundle::{Verification, Verified, Verifier},
    provenance::GITHUB_ISSUER,
};
use serde_json::{Value, json};

const REPOSITORY: &str = "https://github.com/owner/left-pad";

/// An authority and who trusts it.
struct World {
    authority: Authority,
    verifier: Verifier,
}

impl World {
    fn new() -> Self {
        let authority = Authority::new();
        let root = authority.trusted_root().to_string();
        Self { verifier: Verifier::from_root("root.json", root.as_bytes()).unwrap(), authority }
    }

    /// The workflow that releases left-pad.
    fn releaser(&self) -> Signer {
        self.authority.signer(&identity())
    }
}

fn identity() -> lockgate_authority::Identity {
    lockgate_authority::Identity::workflow(REPOSITORY).issued_by(GITHUB_ISSUER)
}

fn attested(attestation: &Attestation) -> &Attested {
    attestation.attested().unwrap_or_else(|| panic!("{attestation:?}"))
}

/// Why it does not hold; the words are for a person, and on one line.
fn reason(attestation: &Attestation) -> Reason {
    match attestation {
        Attestation::Rejected { rejected, .. } => {
            assert!(!rejected.detail.is_empty() && !rejected.detail.contains(char::is_control), "{rejected:?}");
            rejected.reason
        }
        Attestation::Verified(attested) => panic!("accepted: {attested:?}"),
    }
}

fn verified(verification: Verification) -> Verified {
    match verification {
        Verification::Verified(verified) => verified,
        Verification::Rejected(rejection) => panic!("{rejection}"),
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

fn hex_sha512(bytes: &[u8]) -> String {
    hex::encode(<sha2::Sha512 as sha2::Digest>::digest(bytes))
}

/// A subject, by name and the digests of `bytes`.
fn subject(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "digest": {"sha256": hex_sha256(bytes), "sha512": hex_sha512(bytes)}})
}
