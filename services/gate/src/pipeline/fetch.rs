//! The I/O of evidence: registry answers and artifacts, each fetched once and opened in memory.

use super::{Knowledge, knowledge::Stated};
use anyhow::Result;
use bytes::Bytes;
use lockgate_archive as archive;
use lockgate_ecosystems::{self as ecosystems, Client};
use lockgate_evidence::{Attested, Earlier, FetchedArtifact, Signed};
use lockgate_model::{
    Cause, CauseKind, Claims, Digest, DigestComparison, LockedRelease, Origin, PublishedFile, PublishedFileKind,
    PublishedRelease, Release,
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Artifacts opened at once: each may take [`archive::Limits::total_bytes`] of memory.
const OPENED_AT_ONCE: usize = 4;
/// Earlier releases that say what is usual.
const EARLIER: usize = 3;

/// One side (before or after) of a release change.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub published: Result<PublishedRelease, Cause>,
    pub files: Vec<PublishedFile>,
    /// Those before it in its release line, the nearest first.
    pub earlier: Vec<PublishedRelease>,
    /// SHA-256 of every file in `files`, where all of them are known without fetching.
    pub known: Option<Vec<Digest>>,
}

#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    pub client: Client,
    pub knowledge: Knowledge,
    opened: Arc<Semaphore>,
    only: Option<HeldFile>,
}

/// A file whose bytes are there already, as the only one that is looked at.
#[derive(Debug, Clone)]
pub struct HeldFile {
    /// File name without folders.
    pub file: String,
    pub bytes: Bytes,
}

impl Fetcher {
    pub(super) fn new(client: Client, knowledge: Knowledge) -> Self {
        Self { client, knowledge, opened: Arc::new(Semaphore::new(OPENED_AT_ONCE)), only: None }
    }

    /// The same, looking at one file of a release instead of those that its protocol chooses.
    pub(super) fn only(&self, held: HeldFile) -> Self {
        Self { only: Some(held), ..self.clone() }
    }

    /// Asks the registry about `entry`. Which of its files are known already is looked up for many sides at once:
    /// [`Self::look_up`].
    pub(super) async fn side(&self, entry: &LockedRelease) -> Side {
        if let Some(cause) = not_in_a_registry(entry) {
            return Side { published: Err(cause), files: Vec::new(), earlier: Vec::new(), known: None };
        }
        let published = self.client.release(&entry.release).await;
        let protocol = ecosystems::adapter(entry.release.ecosystem).protocol();
        let chosen = |release| match &self.only {
            Some(held) => listed(release, &held.file),
            None => protocol.files_to_read(release),
        };
        let files = published.as_ref().map(chosen).unwrap_or_default();
        let files = files.into_iter().cloned().collect();
        let earlier = match &published {
            Ok(_) => self.earlier(&entry.release).await,
            Err(_) => Vec::new(),
        };
        Side { published, files, earlier, known: None }
    }

    /// From the answer that the release itself was read from.
    async fn earlier(&self, release: &Release) -> Vec<PublishedRelease> {
        let package = self.client.package(release.ecosystem, &release.name).await;
        let package = package.as_deref();
        package.map(|p| ecosystems::earlier(p, release, EARLIER).into_iter().cloned().collect()).unwrap_or_default()
    }

    /// Fills in [`Side::known`].
    pub(super) async fn look_up(&self, sides: &mut [(&LockedRelease, &mut Side)]) -> Result<()> {
        let stated: Vec<Vec<Stated>> =
            sides.iter().map(|(entry, side)| stated(entry, &side.files).unwrap_or_default()).collect();
        let mut known = self.knowledge.known_artifacts(&stated.concat()).await?.into_iter();
        for ((_, side), stated) in sides.iter_mut().zip(&stated) {
            let digests: Option<Vec<Digest>> =
                known.by_ref().take(stated.len()).collect::<Vec<_>>().into_iter().collect();
            side.known = digests.filter(|digests| !digests.is_empty());
        }
        Ok(())
    }

    /// Fetches and opens the files of one side, and records what their bytes hashed to.
    pub(super) async fn artifacts(
        &self,
        entry: &LockedRelease,
        side: &Side,
    ) -> Result<Result<Vec<FetchedArtifact>, Cause>> {
        if let Err(cause) = &side.published {
            return Ok(Err(cause.clone()));
        }
        if side.files.is_empty() {
            let message = format!("read {}: the registry lists no file that can be read", entry.release);
            return Ok(Err(Cause::new(CauseKind::Unsupported, message)));
        }
        let _permit = self.opened.acquire().await.expect("the semaphore is never closed");
        let mut artifacts = Vec::with_capacity(side.files.len());
        for file in &side.files {
            match self.artifact(entry, file).await? {
                Ok(artifact) => artifacts.push(artifact),
                Err(cause) => return Ok(Err(cause)),
            }
        }
        Ok(Ok(artifacts))
    }

    /// What the registry has of signed things about the files of `side`, and about the releases before it. Where nothing of
    /// this release is signed, what the earlier ones claim is enough to say so.
    pub(super) async fn signed(&self, entry: &LockedRelease, side: &Side) -> Result<Signed, Cause> {
        let published = side.published.as_ref().map_err(Clone::clone)?;
        let by_registry = side.files.iter().any(|file| !file.signatures.is_empty());
        let keys = if by_registry { self.client.signing_keys(entry.release.ecosystem).await? } else { None };
        let attested = self.attested(published, &side.files).await?;
        let mut earlier = Vec::with_capacity(side.earlier.len());
        for published in &side.earlier {
            let files = ecosystems::adapter(entry.release.ecosystem).protocol().files_to_read(published);
            let files: Vec<PublishedFile> = files.into_iter().filter(|_| !attested.is_empty()).cloned().collect();
            let found = match self.attested(published, &files).await {
                Err(cause) if cause.kind.is_transient() => return Err(cause),
                found => found,
            };
            earlier.push(Earlier { published: published.clone(), attested: found });
        }
        Ok(Signed { keys, attested, earlier })
    }

    async fn attested(&self, published: &PublishedRelease, files: &[PublishedFile]) -> Result<Vec<Attested>, Cause> {
        let mut attested = Vec::new();
        for file in files {
            if let Some(document) = self.client.attestations(&published.release, file).await? {
                attested.push(Attested { file: file.clone(), document });
            }
        }
        Ok(attested)
    }

    async fn artifact(&self, entry: &LockedRelease, file: &PublishedFile) -> Result<Result<FetchedArtifact, Cause>> {
        let held = self.only.as_ref().filter(|held| held.file == file.file);
        let bytes = match held {
            Some(held) => held.bytes.clone(),
            None => match self.client.artifact(&entry.release, file).await {
                Ok(bytes) => bytes,
                Err(cause) => return Ok(Err(cause)),
            },
        };
        let opened = {
            let (bytes, expected) = (bytes.clone(), expected_format(file));
            tokio::task::spawn_blocking(move || {
                let format = archive::Format::sniff(&bytes).unwrap_or(expected);
                let contents = archive::read(&bytes, format, &archive::Limits::default());
                (Digest::sha256(&bytes), Arc::new(contents))
            })
        };
        let (digest, contents) = opened.await?;
        if is_what_was_stated(&file.digests, &bytes) {
            self.knowledge.record_artifact(&entry.release, &file.file, &file.digests, &digest).await?;
        }
        Ok(Ok(FetchedArtifact { file: file.clone(), digest, bytes, contents }))
    }
}

/// The publisher's claims: the registry's, completed by the manifests inside the artifacts.
pub(super) fn claims(published: &Result<PublishedRelease, Cause>, artifacts: &[FetchedArtifact]) -> Claims {
    let Ok(published) = published else { return Claims::default() };
    let adapter = ecosystems::adapter(published.release.ecosystem);
    artifacts.iter().fold(published.claims.clone(), |claims, artifact| {
        let manifests = artifact.contents.files.iter().filter(|f| adapter.is_manifest(artifact.file.kind, &f.path));
        manifests.fold(claims, |claims, file| claims.or(adapter.claims(&file.path, &file.content)))
    })
}

/// The file of that name.
fn listed<'a>(release: &'a PublishedRelease, file: &str) -> Vec<&'a PublishedFile> {
    release.files.iter().filter(|listed| listed.file == file).collect()
}

/// What the file should be, for bytes that look like nothing: the reader then says what is wrong with them.
fn expected_format(file: &PublishedFile) -> archive::Format {
    match file.kind {
        PublishedFileKind::Wheel => archive::Format::Zip,
        _ => archive::Format::TarGz,
    }
}

/// Why nothing can be fetched for an entry that no registry serves.
pub(super) fn not_in_a_registry(entry: &LockedRelease) -> Option<Cause> {
    let (what, remedy) = match &entry.origin {
        Origin::Registry { .. } => return None,
        Origin::Git { .. } => ("it comes from a git repository", "depend on a released version instead"),
        Origin::Url { .. } => ("it comes from an address outside the registry", "depend on a released version instead"),
        Origin::Path { .. } => ("it is a folder of the repository", "review it as code"),
        Origin::Bundled { .. } => {
            ("it is shipped inside another release", "it is read as part of the release that ships it")
        }
    };
    let message = format!("fetch {}: {what}, not from a registry", entry.release);
    Some(Cause::new(CauseKind::Unsupported, message).with_remedy(remedy))
}

/// What the registry states of each file; `None` where one has no digest that resists collisions.
fn stated(entry: &LockedRelease, files: &[PublishedFile]) -> Option<Vec<Stated>> {
    let purl = entry.release.purl();
    let of_file = |file: &PublishedFile| {
        let digest = strongest(&file.digests)?.clone();
        Some(Stated { purl: purl.clone(), file: file.file.clone(), digest })
    };
    files.iter().map(of_file).collect()
}

/// The strongest digest that resists collisions.
pub(crate) fn strongest(digests: &[Digest]) -> Option<&Digest> {
    digests.iter().filter(|d| d.algorithm().resists_collisions()).max_by_key(|d| d.algorithm())
}

/// Only bytes that the registry vouches for are remembered: a corrupted transfer must not become "first seen".
fn is_what_was_stated(stated: &[Digest], bytes: &[u8]) -> bool {
    strongest(stated).is_some() && stated.iter().all(|d| d.matches(bytes) == DigestComparison::Equal)
}
