//! Asks sigstore-verify, with every check on.

use super::{Artifact, Expected, MOST_BUNDLE, MOST_ROOT, Rejection, Verification, Verified, rejection};
use crate::{Error, file};
use sigstore_verify::{
    Policy, PublicKeyVerificationPolicy, VerificationPolicy,
    trust_root::{SigstoreInstance, TrustedRoot},
    types::{Bundle, LogKeyId, Sha256Hash},
};
use std::{fmt, io::Read, path::Path};

/// Artifacts up to here are held in memory: a few kinds of keys (Ed25519) sign the bytes and not their digest.
const IN_MEMORY: usize = 16 << 20;

/// The bytes of a bundle's file, as far as [`Verifier::verify`] wants to see them.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    file::read(path, MOST_BUNDLE)
}

/// Instances of Sigstore whose trusted roots are built in. They age: see [`Verifier::from_root`].
#[derive(Debug, Clone, Copy)]
pub enum Instance {
    Production,
    Staging,
}

/// Verifies bundles against one trusted root: the certificates and keys of an instance's authorities and logs. It is
/// parsed once, so keep it.
pub struct Verifier {
    library: sigstore_verify::Verifier,
    logs: Vec<LogKeyId>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// By the trusted root as it was when this program was built.
    ///
    /// # Errors
    /// [`Error::BadRoot`], if it were broken.
    pub fn embedded(instance: Instance) -> Result<Self, Error> {
        let (name, instance) = match instance {
            Instance::Production => ("production", SigstoreInstance::PublicGood),
            Instance::Staging => ("staging", SigstoreInstance::Staging),
        };
        Self::from_root(name, instance.embedded_trusted_root_json().as_bytes())
    }

    /// By a `trusted_root.json`; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::RootTooLarge`]; [`Error::BadRoot`] when anything in it cannot be used: who asks for a key wants it heeded.
    pub fn from_root(name: &str, json: &[u8]) -> Result<Self, Error> {
        if json.len() > MOST_ROOT {
            return Err(Error::RootTooLarge { name: name.to_owned(), most: MOST_ROOT });
        }
        let bad = |cause: String| Error::BadRoot { name: name.to_owned(), cause };
        let json = std::str::from_utf8(json).map_err(|_| bad("it is not UTF-8".into()))?;
        let root = TrustedRoot::from_json(json).map_err(|error| bad(error.to_string()))?;
        let library = sigstore_verify::Verifier::new(&root).map_err(|error| bad(error.to_string()))?;
        Ok(Self { library, logs: root.tlogs.into_iter().map(|log| log.log_id.key_id).collect() })
    }

    /// # Errors
    /// As [`Self::from_root`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::from_root(&path.display().to_string(), &file::read(path, MOST_ROOT)?)
    }

    /// Whether `bundle` (JSON) is a signature for `artifact` by who is `expected`.
    ///
    /// # Errors
    /// When the artifact cannot be read. Whatever the bundle holds is answered.
    pub fn verify(&self, bundle: &[u8], artifact: &Artifact, expected: &Expected) -> Result<Verification, Error> {
        let bundle = match parse(bundle) {
            Ok(bundle) => bundle,
            Err(rejection) => return Ok(Verification::Rejected(rejection)),
        };
        // Asked first, since the library's words for it name no remedy.
        match (expected, bundle.signing_certificate()) {
            (Expected::Identity { .. }, None) => return Ok(Verification::Rejected(Rejection::NoCertificate)),
            (Expected::Key(_), Some(_)) => return Ok(Verification::Rejected(Rejection::NotByKey)),
            _ => {}
        }
        match self.ask(&bundle, artifact, policy(expected).as_ref())? {
            Ok(result) => Ok(Verification::Verified(Verified::new(&result))),
            Err(error) => {
                let asked = rejection::Asked { bundle: &bundle, expected, logs: &self.logs };
                asked.read(error).map(Verification::Rejected)
            }
        }
    }

    /// Outer: whether it could be asked. Inner: the library's answer.
    fn ask(&self, bundle: &Bundle, artifact: &Artifact, policy: &dyn Policy) -> Result<Answer, Error> {
        match artifact {
            Artifact::Bytes(bytes) => Ok(self.library.verify(bytes, bundle, policy)),
            Artifact::Sha256(digest) => Ok(self.library.verify(Sha256Hash::from(*digest), bundle, policy)),
            Artifact::File(path) => {
                let mut file = file::open(path)?;
                let unreadable = |cause| Error::Unreadable { path: path.clone(), cause };
                let mut head = Vec::new();
                file.by_ref().take(IN_MEMORY as u64 + 1).read_to_end(&mut head).map_err(unreadable)?;
                if head.len() <= IN_MEMORY {
                    return Ok(self.library.verify(&head, bundle, policy));
                }
                Ok(self.library.verify_reader(head.chain(file), bundle, policy))
            }
        }
    }
}

type Answer = Result<sigstore_verify::VerificationResult, sigstore_verify::Error>;

fn parse(bundle: &[u8]) -> Result<Bundle, Rejection> {
    if bundle.len() > MOST_BUNDLE {
        return Err(Rejection::TooLarge { most: MOST_BUNDLE });
    }
    let text = std::str::from_utf8(bundle).map_err(|_| Rejection::Malformed("it is not UTF-8".to_owned().into()))?;
    Bundle::from_json(text).map_err(|error| Rejection::Malformed(error.to_string().into()))
}

/// Nothing is left out of either: see the `skip_` methods of both, which are not called anywhere.
fn policy(expected: &Expected) -> Box<dyn Policy> {
    match expected {
        Expected::Identity { identity, issuer } => Box::new(VerificationPolicy::new(identity, issuer)),
        Expected::Key(key) => Box::new(PublicKeyVerificationPolicy::new(key.der().clone())),
    }
}
