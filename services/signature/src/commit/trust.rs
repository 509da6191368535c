//! Whom the operator trusts to sign, and the question.

use super::{Raw, Rejection, Verification, Verified, gitsign::Authority, gpg, gpg::Keyring, object::Signed, ssh};
use chrono::{DateTime, Utc};

/// What is left out is not trusted.
#[derive(Debug)]
pub struct Trust {
    pub keyring: Option<Keyring>,
    pub signers: Option<ssh::AllowedSigners>,
    /// SSH keys and certificates that count no more.
    pub revoked: ssh::Revoked,
    pub authority: Option<Authority>,
    /// The time by which keys expire.
    pub now: DateTime<Utc>,
}

impl Trust {
    pub fn verify(&self, object: &Raw<'_>) -> Verification {
        let signed = match object.open() {
            Ok(signed) => signed,
            Err(rejection) => return Verification::Rejected(rejection),
        };
        match &signed.signature {
            None => Verification::Unsigned,
            Some(signature) => match self.verify_signature(&signed, signature) {
                Ok(verified) => Verification::Verified(verified),
                Err(rejection) => Verification::Rejected(rejection),
            },
        }
    }

    fn verify_signature(&self, signed: &Signed, signature: &[u8]) -> Result<Verified, Rejection> {
        let nobody = |kind| Rejection::NobodyTrusted { kind };
        let (signer, committer) = if signature.starts_with(gpg::MARK) {
            let keyring = self.keyring.as_ref().ok_or_else(|| nobody("an OpenPGP key"))?;
            keyring.verify(signed, signature, self.now)?
        } else if signature.starts_with(ssh::MARK) {
            let signers = self.signers.as_ref().ok_or_else(|| nobody("an SSH key"))?;
            signers.verify(signed, signature, &self.revoked)?
        } else if signature.starts_with(super::gitsign::MARK) {
            let authority = self.authority.as_ref().ok_or_else(|| nobody("a certificate (gitsign, S/MIME)"))?;
            authority.verify(signed, signature)?
        } else {
            return Err(Rejection::Unsupported(
                "a signature that is neither OpenPGP's, SSH's nor Sigstore's".to_owned().into(),
            ));
        };
        Ok(Verified::new(signer, committer))
    }
}
