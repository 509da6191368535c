//! What is remembered between runs: evidence, first-seen digests, advisories.
//!
//! The server remembers in Postgres; a `scan` without a database remembers nothing and brings its own
//! advisories. Both answer the same questions, so the pipeline does not know which it talks to. Questions are
//! asked for all releases of a change at once: a look-up a release would cost more than all that it finds.

use anyhow::Result;
use lockgate_evidence::{AdvisoryFeed, FirstSeen};
use lockgate_model::{Cause, CauseKind, Digest, Ecosystem, Evidence, EvidenceKey, Release};
use lockgate_store::{Store, advisories, artifacts, evidence, first_seen};
use std::{collections::HashMap, path::Path, sync::Arc};

pub(super) use lockgate_store::artifacts::Stated;

/// A package by ecosystem and name.
pub type Package = (Ecosystem, String);

/// Advisories read from files, for a scan without a database.
#[derive(Debug, Default)]
pub struct LocalAdvisories {
    digest: Option<Digest>,
    by_package: HashMap<Package, Vec<Arc<advisories::Kept>>>,
}

impl LocalAdvisories {
    /// Reads a folder, one JSON record, or a zip of OSV records.
    ///
    /// # Errors
    /// When the path cannot be read or a record is broken.
    pub fn read(path: &Path) -> Result<Self> {
        let feed = crate::cli::advisories::read_feed(path)?;
        let mut by_package: HashMap<_, Vec<_>> = HashMap::new();
        for record in feed.records {
            let sha256 = Digest::sha256(record.body.to_string().as_bytes()).hex();
            let kept = Arc::new(advisories::Kept { sha256, body: record.body });
            for package in record.packages {
                by_package.entry(package).or_default().push(Arc::clone(&kept));
            }
        }
        Ok(Self { digest: Some(feed.digest), by_package })
    }

    fn records(&self, package: &Package) -> Vec<advisories::Kept> {
        self.by_package.get(package).into_iter().flatten().map(|record| record.as_ref().clone()).collect()
    }
}

/// Where the pipeline remembers.
#[derive(Debug, Clone)]
pub enum Knowledge {
    Store(Store),
    Local(Arc<LocalAdvisories>),
}

/// The advisories about the packages that were asked for, or why there are none to ask.
#[derive(Debug, Clone)]
pub struct Advisories {
    by_package: Option<HashMap<Package, AdvisoryFeed>>,
}

impl Advisories {
    /// The OSV records about a package that was asked for; of another one there are none.
    ///
    /// # Errors
    /// [`CauseKind::NotConfigured`] when no feed was imported.
    pub fn of(&self, release: &Release) -> Result<AdvisoryFeed, Cause> {
        let (ecosystem, name) = (release.ecosystem, &release.name);
        let by_package = self.by_package.as_ref().ok_or_else(|| no_feed(ecosystem, name))?;
        Ok(by_package.get(&(ecosystem, name.clone())).expect("the package was asked for").clone())
    }
}

impl Knowledge {
    /// Evidence already collected under these keys; never an unavailable one.
    pub async fn evidence(&self, keys: &[EvidenceKey]) -> Result<HashMap<EvidenceKey, Evidence>> {
        match self {
            Self::Store(store) if !keys.is_empty() => Ok(evidence::find(store.pool(), keys).await?),
            Self::Store(_) | Self::Local(_) => Ok(HashMap::new()),
        }
    }

    /// What was first seen of each release, by purl.
    pub async fn first_seen(&self, releases: &[&Release]) -> Result<HashMap<String, Vec<FirstSeen>>> {
        let Self::Store(store) = self else { return Ok(HashMap::new()) };
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

    /// Records what the bytes of `file` hashed to. Only the first record of a file stands.
    pub async fn record_artifact(
        &self,
        release: &Release,
        file: &str,
        stated: &[Digest],
        actual: &Digest,
    ) -> Result<()> {
        if let Self::Store(store) = self {
            artifacts::record(store.pool(), &release.purl(), file, stated, actual).await?;
        }
        Ok(())
    }

    /// SHA-256 of the bytes that once matched what is stated, so that they need not be fetched again; in the order
    /// of `wanted`.
    pub async fn known_artifacts(&self, wanted: &[Stated]) -> Result<Vec<Option<Digest>>> {
        match self {
            Self::Store(store) if !wanted.is_empty() => Ok(artifacts::known(store.pool(), wanted).await?),
            Self::Store(_) | Self::Local(_) => Ok(vec![None; wanted.len()]),
        }
    }

    /// The OSV records about each package.
    pub async fn advisories(&self, packages: &[Package]) -> Result<Advisories> {
        let packages = once(packages);
        let (imported_at, records): (_, Vec<Vec<advisories::Kept>>) = match self {
            Self::Store(store) => {
                let Some(feed) = advisories::feed(store.pool()).await? else {
                    return Ok(Advisories { by_package: None });
                };
                (feed.imported_at, advisories::for_packages(store.pool(), &packages).await?)
            }
            Self::Local(local) if local.digest.is_none() => return Ok(Advisories { by_package: None }),
            Self::Local(local) => (chrono::Utc::now(), packages.iter().map(|p| local.records(p)).collect()),
        };
        let feed = |records: Vec<advisories::Kept>| {
            let (mut digests, bodies): (Vec<String>, Vec<_>) = records.into_iter().map(|r| (r.sha256, r.body)).unzip();
            digests.sort_unstable();
            AdvisoryFeed { digest: digest_of(&digests), imported_at, records: bodies.into() }
        };
        let by_package = packages.into_iter().zip(records.into_iter().map(feed)).collect();
        Ok(Advisories { by_package: Some(by_package) })
    }

    /// The digest of each package's [`AdvisoryFeed`], without its records; `None` when no feed was imported.
    pub async fn advisory_digests(&self, packages: &[Package]) -> Result<Option<HashMap<Package, Digest>>> {
        let packages = once(packages);
        match self {
            Self::Store(store) => {
                let pool = store.pool();
                let (feed, records) = tokio::try_join!(advisories::feed(pool), advisories::digests(pool, &packages))?;
                Ok(feed.map(|_| packages.into_iter().zip(records.iter().map(|r| digest_of(r))).collect()))
            }
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

fn no_feed(ecosystem: Ecosystem, name: &str) -> Cause {
    Cause::new(
        CauseKind::NotConfigured,
        format!("match {ecosystem} {name} against advisories: no feed has been imported"),
    )
    .with_remedy("import one with `lockgate advisories import DIR|ZIP|URL`")
}

/// Names the records about one package by content, so that evidence stays valid when the feed changes elsewhere.
/// `sorted`: SHA-256 of each record's text.
fn digest_of(sorted: &[String]) -> Digest {
    Digest::sha256(sorted.join("\n").as_bytes())
}
