//! The nouns of Lockgate: what the stages hand to each other.
//!
//! No I/O, no policy, no SQL. Every other crate depends on this one and this one depends on none of
//! them, so a type lives here exactly when two stages must agree on it.

mod canonical;
mod change;
mod claims;
mod decision;
mod digest;
mod evidence;
mod identity;
mod lockfile;
mod pin;
mod published;
pub mod redact;
mod release;
mod version;
mod waiver;

pub use change::{Change, ChangeKind, LockfileChange, LockfileFinding, LockfileStatus, ReleaseChange, ReleaseKey};
pub use claims::Claims;
pub use decision::{AssessedRelease, Assessment, Decision, DecisionRecord, Outcome, Place, Reason};
pub use digest::{Digest, DigestAlgorithm, DigestComparison, DigestError};
pub use evidence::{Cause, CauseKind, Evidence, EvidenceId, EvidenceKey, Observation, Subject};
pub use identity::{CommitSha, DeliveryId, IdentityError, RepoId};
pub use lockfile::{LockedDigest, LockedRelease, Lockfile, LockfileError, LockfileFormat, Origin};
pub use pin::{Pin, PinChange, PinKind, PinReference};
pub use published::{PublishedFile, PublishedFileKind, PublishedPackage, PublishedRelease, RegistrySignature};
pub use release::{Artifact, Ecosystem, Release, ReleaseError};
pub use version::{VersionError, VersionKey, VersionKeyWriter, VersionOrder};
pub use waiver::Waiver;
