//! Asks sigstore-verify, with every check on, and then what it does not ask.

use super::{
    Artifact, Ended, Expected, MOST_BUNDLE, MOST_ROOT, Rejection, Verification, Verified,
    known::{self, Known},
    rejection, stricter, unambiguous,
};
use crate::{Error, file};
use chrono::{DateTime, Utc};
use sigstore_verify::{
    Policy, PublicKeyVerificationPolicy, VerificationPolicy,
    trust_root::{SigstoreInstance, TrustedRoot},
    types::{ArtifactDigest, Bundle, HashAlgorithm, Sha256Hash},
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
    /// GitHub's own, which signs what is built in private repositories. It has no public log, neither of signatures nor of
    /// certificates: nobody can find out afterwards what it signed. A timestamp authority vouches for the time.
    GitHub,
}

impl Instance {
    /// A `trusted_root.json`, as it was when this program was built.
    pub fn trusted_root(self) -> &'static [u8] {
        let instance = match self {
            Self::Production => SigstoreInstance::PublicGood,
            Self::Staging => SigstoreInstance::Staging,
            Self::GitHub => SigstoreInstance::GitHub,
        };
        instance.embedded_trusted_root_json().as_bytes()
    }
}

/// Verifies bundles against one trusted root: the certificates and keys of an instance's authorities and logs. It is
/// parsed once, so keep it.
pub struct Verifier {
    library: sigstore_verify::Verifier,
    known: Known,
    publicity: Publicity,
}

/// Whether what an instance signs must be shown to be in its logs.
#[derive(Debug, Clone, Copy)]
enum Publicity {
    Logged,
    /// Of GitHub's instance alone.
    Unlogged,
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
        let root = instance.trusted_root();
        match instance {
            Instance::Production => Self::from_root("production", root),
            Instance::Staging => Self::from_root("staging", root),
            Instance::GitHub => Self::from_github_root("GitHub", root),
        }
    }

    /// By a `trusted_root.json`; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::RootTooLarge`]; [`Error::BadRoot`] when anything in it cannot be used: who asks for a key wants it heeded.
    pub fn from_root(name: &str, json: &[u8]) -> Result<Self, Error> {
        Self::new(name, parse_root(name, json)?, Publicity::Logged)
    }

    /// By a trusted root of GitHub's own instance, under its rules (see [`Instance::GitHub`]).
    ///
    /// # Errors
    /// As [`Self::from_root`]; [`Error::RootWithLogs`] for a root that names a log: of that instance a proof is asked for,
    /// and these rules would leave it out.
    pub fn from_github_root(name: &str, json: &[u8]) -> Result<Self, Error> {
        let root = parse_root(name, json)?;
        if !(root.tlogs.is_empty() && root.ctlogs.is_empty()) {
            return Err(Error::RootWithLogs { name: name.to_owned() });
        }
        Self::new(name, root, Publicity::Unlogged)
    }

    fn new(name: &str, root: TrustedRoot, publicity: Publicity) -> Result<Self, Error> {
        let bad = |error: sigstore_verify::Error| Error::BadRoot { name: name.to_owned(), cause: error.to_string() };
        let library = sigstore_verify::Verifier::new(&root).map_err(bad)?;
        Ok(Self { library, known: Known::of(&root), publicity })
    }

    /// # Errors
    /// As [`Self::from_root`], and when the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        Self::from_root(&path.display().to_string(), &file::read(path, MOST_ROOT)?)
    }

    /// # Errors
    /// As [`Self::from_github_root`], and when the file cannot be read.
    pub fn from_github_file(path: &Path) -> Result<Self, Error> {
        Self::from_github_root(&path.display().to_string(), &file::read(path, MOST_ROOT)?)
    }

    /// What of the trusted root is over by `now`, of which nothing follows: a root that is out of date. What was signed
    /// before can still be verified.
    pub fn ended(&self, now: DateTime<Utc>) -> Vec<Ended> {
        self.known.all_ended(now.timestamp())
    }

    /// Whether `bundle` (JSON) is a signature for `artifact` by who is `expected`.
    ///
    /// # Errors
    /// When the artifact cannot be read. Whatever the bundle holds is answered.
    pub fn verify(&self, bundle: &[u8], artifact: &Artifact, expected: &Expected) -> Result<Verification, Error> {
        match parse(bundle) {
            Ok(bundle) => self.judge(&bundle, artifact, Some(expected)),
            Err(rejection) => Ok(Verification::Rejected(rejection)),
        }
    }

    /// Who signed `artifact` by a certificate: all that [`Self::verify`] asks, but for who it should have been. Anyone can
    /// get such a certificate for their own name, so **the answer means nothing until the caller judges identity and
    /// issuer**: against those of the releases before, or against what the operator expects.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn identify(&self, bundle: &[u8], artifact: &Artifact) -> Result<Verification, Error> {
        match parse(bundle) {
            Ok(bundle) => self.judge(&bundle, artifact, None),
            Err(rejection) => Ok(Verification::Rejected(rejection)),
        }
    }

    /// [`Self::verify`] of a parsed bundle, or [`Self::identify`] where nobody is expected.
    pub(crate) fn judge(
        &self,
        bundle: &Bundle,
        artifact: &Artifact,
        expected: Option<&Expected>,
    ) -> Result<Verification, Error> {
        // Asked first, since the library's words for it name no remedy.
        match (expected, bundle.signing_certificate()) {
            (Some(Expected::Key(_)), Some(_)) => return Ok(Verification::Rejected(Rejection::NotByKey)),
            (Some(Expected::Key(_)), None) | (_, Some(_)) => {}
            (_, None) => return Ok(Verification::Rejected(Rejection::NoCertificate)),
        }
        let verified = match self.ask(bundle, artifact, self.policy(expected).as_ref())? {
            Ok(result) => match stricter::judge(bundle, &result, &self.known) {
                Ok(()) => Verified::new(bundle, &result),
                Err(rejection) => return Ok(Verification::Rejected(rejection)),
            },
            Err(error) => {
                let asked = rejection::Asked { bundle, expected, known: &self.known };
                return asked.read(error).map(Verification::Rejected);
            }
        };
        Ok(match authorized(&verified, expected) {
            Ok(()) => Verification::Verified(verified),
            Err(rejection) => Verification::Rejected(rejection),
        })
    }

    /// Nothing is left out for an instance with a log: its policies are as the library makes them.
    fn policy(&self, expected: Option<&Expected>) -> Box<dyn Policy> {
        let by_certificate = match expected {
            Some(Expected::Key(key)) => return Box::new(PublicKeyVerificationPolicy::new(key.der().clone())),
            Some(Expected::Identity { identity, issuer }) => VerificationPolicy::new(identity, issuer),
            Some(Expected::Workflow(workflow)) => VerificationPolicy::any_identity().require_issuer(&workflow.issuer),
            None => VerificationPolicy::any_identity(),
        };
        Box::new(match self.publicity {
            Publicity::Logged => by_certificate,
            Publicity::Unlogged => by_certificate.skip_tlog_unsafe().skip_sct(),
        })
    }

    /// Outer: whether it could be asked. Inner: the library's answer.
    fn ask(&self, bundle: &Bundle, artifact: &Artifact, policy: &dyn Policy) -> Result<Answer, Error> {
        match artifact {
            Artifact::Bytes(bytes) => Ok(self.library.verify(bytes, bundle, policy)),
            Artifact::Sha256(digest) => Ok(self.library.verify(Sha256Hash::from(*digest), bundle, policy)),
            Artifact::Sha512(digest) => Ok(ArtifactDigest::new(HashAlgorithm::Sha2512, digest.to_vec())
                .map_err(Into::into)
                .and_then(|digest| self.library.verify(digest, bundle, policy))),
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

fn parse_root(name: &str, json: &[u8]) -> Result<TrustedRoot, Error> {
    if json.len() > MOST_ROOT {
        return Err(Error::RootTooLarge { name: name.to_owned(), most: MOST_ROOT });
    }
    let bad = |cause: String| Error::BadRoot { name: name.to_owned(), cause };
    let json = std::str::from_utf8(json).map_err(|_| bad("it is not UTF-8".into()))?;
    unambiguous::once(json.as_bytes()).map_err(|found| bad(found.to_string()))?;
    let mut root = TrustedRoot::from_json(json).map_err(|error| bad(error.to_string()))?;
    known::narrow(&mut root).map_err(bad)?;
    Ok(root)
}

pub(crate) fn parse(bundle: &[u8]) -> Result<Bundle, Rejection> {
    if bundle.len() > MOST_BUNDLE {
        return Err(Rejection::TooLarge { most: MOST_BUNDLE });
    }
    let text = std::str::from_utf8(bundle).map_err(|_| Rejection::Malformed("it is not UTF-8".to_owned().into()))?;
    unambiguous::bundle(bundle)?;
    Bundle::from_json(text).map_err(|error| unreadable(error.to_string()))
}

/// Of a version or with an entry of a kind to come it is well formed.
fn unreadable(error: String) -> Rejection {
    let unknown = ["media type", "unsupported Rekor entry format"].iter().any(|what| error.contains(what));
    if unknown { Rejection::Unsupported(error.into()) } else { Rejection::Malformed(error.into()) }
}

/// What the library was not asked.
fn authorized(verified: &Verified, expected: Option<&Expected>) -> Result<(), Rejection> {
    match expected {
        Some(Expected::Key(_) | Expected::Identity { .. }) => Ok(()),
        Some(Expected::Workflow(workflow)) => workflow.judge(verified),
        None if verified.identity().is_none() => Err(Rejection::NoIdentity),
        None => Ok(()),
    }
}
