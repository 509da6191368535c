//! What collectors look at: handed over whole, so that they need no I/O of their own.

use crate::advisory::PackageRecords;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use lockgate_archive::Contents;
use lockgate_model::{Cause, Claims, Digest, LockedRelease, PublishedFile, PublishedRelease, ReleaseChange, Subject};
use std::sync::Arc;

/// Everything a collector may look at for one release change.
#[derive(Debug, Clone)]
pub struct Inputs {
    pub subject: Subject,
    pub change: ReleaseChange,
    /// What the registry says of the release.
    pub published: Result<PublishedRelease, Cause>,
    /// The files of the new version that were read.
    pub artifacts: Result<Vec<FetchedArtifact>, Cause>,
    /// The old version's files; `None` when the package was not there before.
    pub previous: Option<Result<Vec<FetchedArtifact>, Cause>>,
    /// Claims of the registry and of the manifest inside the artifact, merged.
    pub manifest_claims: Claims,
    /// What was recorded of this release earlier.
    pub first_seen: Vec<FirstSeen>,
    /// `Err(NotConfigured)` when no feed was imported.
    pub advisories: Result<AdvisoryFeed, Cause>,
    /// What was signed of the release and of those before it.
    pub signed: Result<Signed, Cause>,
}

/// Signed things as the registry hands them out: nothing of it is verified.
#[derive(Debug, Clone, Default)]
pub struct Signed {
    /// The registry's own keys; `None` where it has none.
    pub keys: Option<Bytes>,
    pub attested: Vec<Attested>,
    /// Releases of the same line before this one, the nearest first.
    pub earlier: Vec<Earlier>,
}

/// A file with the document of its attestations.
#[derive(Debug, Clone)]
pub struct Attested {
    pub file: PublishedFile,
    pub document: Bytes,
}

/// An earlier release, which says what is usual.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub published: PublishedRelease,
    /// `Err` where they were promised and are not there.
    pub attested: Result<Vec<Attested>, Cause>,
}

/// One file of a release, fetched and read.
#[derive(Debug, Clone)]
pub struct FetchedArtifact {
    pub file: PublishedFile,
    /// SHA-256 of `bytes`.
    pub digest: Digest,
    pub bytes: Bytes,
    pub contents: Arc<Contents>,
}

/// The digest under which a file of the release was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSeen {
    /// File name without folders.
    pub file: String,
    pub digest: Digest,
    pub first_seen_at: DateTime<Utc>,
}

/// The imported advisories that concern one package.
#[derive(Debug, Clone)]
pub struct AdvisoryFeed {
    /// Names the imported feed as a whole.
    pub digest: Digest,
    pub imported_at: DateTime<Utc>,
    /// Shared: every release of the package is held against them.
    pub records: Arc<PackageRecords>,
}

/// Digests of what a collection looks at. Known before anything is fetched when the artifacts are known, so
/// that evidence which exists already is found without a download.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputDigests {
    /// What the lockfile says: [`locked_digest`] of the entry.
    pub locked: Vec<Digest>,
    /// All that it says, and said before: [`entries_digest`] of the change.
    pub entries: Option<Digest>,
    /// [`published_digest`] of the registry's answer.
    pub published: Option<Digest>,
    /// SHA-256 of the new version's files.
    pub artifacts: Vec<Digest>,
    /// SHA-256 of the old version's files.
    pub previous: Vec<Digest>,
    /// What was recorded earlier; see [`FirstSeen::key`].
    pub first_seen: Vec<Digest>,
    pub advisories: Option<Digest>,
    /// [`published_digest`] of the earlier releases that are compared with.
    pub earlier: Vec<Digest>,
}

impl Inputs {
    pub fn digests(&self) -> InputDigests {
        let of = |files: &[FetchedArtifact]| files.iter().map(|a| a.digest.clone()).collect::<Vec<_>>();
        InputDigests {
            locked: vec![locked_digest(self.change.entry())],
            entries: Some(entries_digest(&self.change)),
            published: self.published.as_ref().ok().map(published_digest),
            artifacts: self.artifacts.as_deref().map(of).unwrap_or_default(),
            previous: self.previous.as_ref().and_then(|p| p.as_deref().ok()).map(of).unwrap_or_default(),
            first_seen: self.first_seen.iter().map(FirstSeen::key).collect(),
            advisories: self.advisories.as_ref().ok().map(|f| f.digest.clone()),
            earlier: self.signed.iter().flat_map(|s| &s.earlier).map(|e| published_digest(&e.published)).collect(),
        }
    }
}

impl FirstSeen {
    /// SHA-256 that names the record by file name, digest and time.
    pub fn key(&self) -> Digest {
        let record = serde_json::json!([self.file, self.digest, self.first_seen_at]);
        Digest::sha256(record.to_string().as_bytes())
    }
}

/// SHA-256 over the origin of a locked entry and its pins, file names included: two pins that change places
/// are another question.
pub fn locked_digest(entry: &LockedRelease) -> Digest {
    let said = serde_json::json!([entry.origin, entry.digests]);
    Digest::sha256(said.to_string().as_bytes())
}

/// SHA-256 over how the change came about and what both entries say of release, origin, digests and scripts; not over
/// their lines, which move whenever anything above does.
pub fn entries_digest(change: &ReleaseChange) -> Digest {
    let said = |entry: &LockedRelease| {
        serde_json::json!([entry.release, entry.origin, entry.digests, entry.alias, entry.install_script])
    };
    let both = serde_json::json!([change.kind, change.old.as_ref().map(said), change.new.as_ref().map(said)]);
    Digest::sha256(both.to_string().as_bytes())
}

/// SHA-256 over the JSON of a registry's answer, fields in the order of the type.
pub fn published_digest(release: &PublishedRelease) -> Digest {
    let json = serde_json::to_vec(release).expect("a published release has only string keys");
    Digest::sha256(&json)
}
