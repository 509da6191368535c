//! What is remembered between runs: evidence, first-seen digests, advisories.
//!
//! The server remembers in Postgres; a `scan` without a database remembers nothing and brings its own
//! advisories. Both answer the same questions, so the pipeline does not know which it talks to. Questions are
//! asked for all releases of a change at once: a look-up a release would cost more than all that it finds.

mod advisories;

pub use advisories::{Advisories, LocalAdvisories};

use anyhow::Result;
use lockgate_evidence::FirstSeen;
use lockgate_model::{Digest, Ecosystem, Evidence, EvidenceKey, Release};
use lockgate_store::{
    Store, artifacts, evidence, first_seen,
    incidents::{self, FoundBy},
};
use std::{collections::HashMap, sync::Arc};

pub(super) use lockgate_store::artifacts::Stated;

/// A package by ecosystem and name.
pub type Package = (Ecosystem, String);

/// Where the pipeline remembers.
#[derive(Debug, Clone)]
pub enum Knowledge {
    /// The advisories that were read lately are kept in memory besides.
    Store(Store, Arc<advisories::Cache>),
    Local(Arc<LocalAdvisories>),
}

impl Knowledge {
    pub fn stored(store: Store) -> Self {
        Self::Store(store, Arc::default())
    }

    pub fn local(advisories: LocalAdvisories) -> Self {
        Self::Local(Arc::new(advisories))
    }

    /// Evidence already collected under these keys; never an unavailable one.
    pub async fn evidence(&self, keys: &[EvidenceKey]) -> Result<HashMap<EvidenceKey, Evidence>> {
        match self {
            Self::Store(store, _) if !keys.is_empty() => Ok(evidence::find(store.pool(), keys).await?),
            Self::Store(..) | Self::Local(_) => Ok(HashMap::new()),
        }
    }

    /// What was first seen of each release, by purl.
    pub async fn first_seen(&self, releases: &[&Release]) -> Result<HashMap<String, Vec<FirstSeen>>> {
        let Self::Store(store, _) = self else { return Ok(HashMap::new()) };
        let mut purls: Vec<String> = releases.iter().map(|release| release.purl()).collect();
        purls.sort_unstable();
        purls.dedup();
        let read = |row: first_seen::FirstSeen| FirstSeen {
            file: row.file,
            digest: row.digest,
            first_seen_at: row.first_seen_at,
        };
        let seen = first_seen::of(store.pool(), &purls).await?;
        Ok(seen.into_iter().map(|(purl, rows)| (purl, rows.into_iter().map(read).collect())).collect())
    }

    /// Records what the bytes of `file` hashed to. Only the first record of a file stands; other bytes are an incident.
    pub async fn record_artifact(
        &self,
        release: &Release,
        file: &str,
        stated: &[Digest],
        actual: &Digest,
    ) -> Result<()> {
        if let Self::Store(store, _) = self {
            let purl = release.purl();
            artifacts::record(store.pool(), &purl, file, stated, actual).await?;
            let found_by = FoundBy::Collection;
            if incidents::note_if_changed(store.pool(), (&purl, file), actual, found_by).await?.is_some() {
                metrics::counter!("lockgate_incidents_total", "found_by" => found_by.name()).increment(1);
                tracing::error!(purl, file, now = %actual, "a release is not what was first seen of it");
            }
        }
        Ok(())
    }

    /// SHA-256 of the bytes that once matched what is stated, so that they need not be fetched again; in the order
    /// of `wanted`.
    pub async fn known_artifacts(&self, wanted: &[Stated]) -> Result<Vec<Option<Digest>>> {
        match self {
            Self::Store(store, _) if !wanted.is_empty() => Ok(artifacts::known(store.pool(), wanted).await?),
            Self::Store(..) | Self::Local(_) => Ok(vec![None; wanted.len()]),
        }
    }

    /// The OSV records about each package.
    pub async fn advisories(&self, packages: &[Package]) -> Result<Advisories> {
        match self {
            Self::Store(store, cache) => cache.advisories(store, &once(packages)).await,
            Self::Local(local) => Ok(local.advisories(&once(packages))),
        }
    }

    /// The digest of each package's [`AdvisoryFeed`], without its records; `None` when no feed was imported.
    ///
    /// [`AdvisoryFeed`]: lockgate_evidence::AdvisoryFeed
    pub async fn advisory_digests(&self, packages: &[Package]) -> Result<Option<HashMap<Package, Digest>>> {
        match self {
            Self::Store(store, cache) => cache.digests(store, &once(packages)).await,
            // Nothing is remembered, so that no key is looked up either.
            Self::Local(_) => Ok(None),
        }
    }
}

fn once(packages: &[Package]) -> Vec<Package> {
    let mut packages = packages.to_vec();
    packages.sort_unstable();
    packages.dedup();
    packages
}
