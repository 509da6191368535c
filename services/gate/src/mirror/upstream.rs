//! What is kept against what the registry serves now.
//!
//! Who could attack: whoever can publish over a version (a taken account, a registry's own operator, a mirror in front of
//! it). What was kept stays what it was; that upstream is another file now is an incident, for somebody may install it.

use super::Keeper;
use anyhow::Result;
use lockgate_mirror::Read;
use lockgate_model::{Cause, CauseKind, Digest, DigestComparison, PublishedFile, Release};
use lockgate_store::{
    artifacts,
    incidents::{self, FoundBy},
    mirror::FileOf,
};

/// What the registry says of a kept file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Compared {
    Same,
    Changed {
        before: Digest,
        after: Digest,
        news: bool,
    },
    /// The release or the file is no longer listed.
    Gone,
    /// Nothing was learnt.
    NotAsked(Cause),
}

impl Keeper {
    /// Compares the digest that the registry states; with `bytes`, the bytes that it serves as well.
    pub(super) async fn compare(&self, of: &FileOf, sha256: &Digest, bytes: bool) -> Result<Compared> {
        let Ok(release) = of.purl.parse::<Release>() else { return Ok(Compared::Gone) };
        let published = match self.client.release(&release).await {
            Ok(published) => published,
            Err(cause) if cause.kind == CauseKind::NotFound => return Ok(Compared::Gone),
            Err(cause) => return Ok(Compared::NotAsked(cause)),
        };
        let Some(listed) = published.files.iter().find(|listed| listed.file == of.file) else {
            return Ok(Compared::Gone);
        };
        if let Some((before, after)) = self.stated(of, listed, sha256).await? {
            return self.changed(of, sha256, before, after).await;
        }
        if !bytes {
            return Ok(Compared::Same);
        }
        let served = match self.client.artifact(&release, listed).await {
            Ok(served) => tokio::task::spawn_blocking(move || Digest::sha256(&served)).await?,
            Err(cause) => return Ok(Compared::NotAsked(cause)),
        };
        if served == *sha256 { Ok(Compared::Same) } else { self.changed(of, sha256, sha256.clone(), served).await }
    }

    /// The digest of the kept bytes and the one that the registry states, where they differ.
    async fn stated(&self, of: &FileOf, listed: &PublishedFile, sha256: &Digest) -> Result<Option<(Digest, Digest)>> {
        let strongest = listed.digests.iter().filter(|d| d.algorithm().resists_collisions());
        let Some(stated) = strongest.max_by_key(|d| d.algorithm()) else { return Ok(None) };
        let asked = artifacts::Stated { purl: of.purl.clone(), file: of.file.clone(), digest: stated.clone() };
        let known = artifacts::known(self.store.pool(), std::slice::from_ref(&asked)).await?;
        if known.first().is_some_and(|known| known.as_ref() == Some(sha256)) {
            return Ok(None);
        }
        // Never compared before under this algorithm: the bytes themselves tell.
        let Read::Sound(kept) = self.mirror.read(sha256, super::LARGEST).await? else { return Ok(None) };
        let compared = stated.matches(kept.bytes()) == DigestComparison::Equal;
        Ok((!compared).then(|| (Digest::of(stated.algorithm(), kept.bytes()), stated.clone())))
    }

    async fn changed(&self, of: &FileOf, sha256: &Digest, before: Digest, after: Digest) -> Result<Compared> {
        let file = (of.purl.as_str(), of.file.as_str());
        let noted = incidents::note(self.store.pool(), file, (&before, &after), sha256, FoundBy::Mirror).await?;
        if noted.is_some() {
            metrics::counter!("lockgate_incidents_total", "found_by" => FoundBy::Mirror.name()).increment(1);
            tracing::error!(purl = of.purl, file = of.file, %before, %after, "a release changed at its registry");
        }
        Ok(Compared::Changed { before, after, news: noted.is_some() })
    }
}
