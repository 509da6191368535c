//! What is remembered between runs: evidence, first-seen digests, advisories.
//!
//! The server remembers in Postgres; a `scan` without a database remembers nothing and brings its own
//! advisories. Both answer the same questions, so the pipeline does not know which it talks to.

use anyhow::Result;
use lockgate_evidence::{AdvisoryFeed, FirstSeen};
use lockgate_model::{Cause, CauseKind, Digest, Ecosystem, Evidence, EvidenceKey, Release};
use lockgate_store::{Store, advisories, artifacts, evidence, first_seen};
use std::{collections::HashMap, path::Path, sync::Arc};

/// Advisories read from files, for a scan without a database.
#[derive(Debug, Default)]
pub struct LocalAdvisories {
    digest: Option<Digest>,
    by_package: HashMap<(Ecosystem, String), Vec<Arc<serde_json::Value>>>,
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
            let body = Arc::new(record.body);
            for package in record.packages {
                by_package.entry(package).or_default().push(Arc::clone(&body));
            }
        }
        Ok(Self { digest: Some(feed.digest), by_package })
    }
}

/// Where the pipeline remembers.
#[derive(Debug, Clone)]
pub enum Knowledge {
    Store(Store),
    Local(Arc<LocalAdvisories>),
}

impl Knowledge {
    /// Evidence already collected under these keys; never an unavailable one.
    pub async fn evidence(&self, keys: &[EvidenceKey]) -> Result<HashMap<EvidenceKey, Evidence>> {
        match self {
            Self::Store(store) => Ok(evidence::find(store.pool(), keys).await?),
            Self::Local(_) => Ok(HashMap::new()),
        }
    }

    pub async fn first_seen(&self, release: &Release) -> Result<Vec<FirstSeen>> {
        match self {
            Self::Store(store) => Ok(first_seen::of(store.pool(), &release.purl())
                .await?
                .into_iter()
                .map(|row| FirstSeen { file: row.file, digest: row.digest, first_seen_at: row.first_seen_at })
                .collect()),
            Self::Local(_) => Ok(Vec::new()),
        }
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
            let purl = release.purl();
            first_seen::record(store.pool(), &purl, file, actual).await?;
            for digest in stated {
                artifacts::record(store.pool(), &purl, file, digest, actual).await?;
            }
        }
        Ok(())
    }

    /// SHA-256 of the bytes that once matched `stated`, so that they need not be fetched again.
    pub async fn known_artifact(&self, release: &Release, file: &str, stated: &Digest) -> Result<Option<Digest>> {
        match self {
            Self::Store(store) => Ok(artifacts::known(store.pool(), &release.purl(), file, stated).await?),
            Self::Local(_) => Ok(None),
        }
    }

    /// The OSV records about a package, or why there are none to ask.
    pub async fn advisories(&self, ecosystem: Ecosystem, name: &str) -> Result<Result<AdvisoryFeed, Cause>> {
        match self {
            Self::Store(store) => {
                let Some(feed) = advisories::feed(store.pool()).await? else {
                    return Ok(Err(no_feed(ecosystem, name)));
                };
                let records = advisories::for_package(store.pool(), ecosystem, name).await?;
                Ok(Ok(AdvisoryFeed { digest: digest_of(&records), imported_at: feed.imported_at, records }))
            }
            Self::Local(local) => {
                if local.digest.is_none() {
                    return Ok(Err(no_feed(ecosystem, name)));
                }
                let key = (ecosystem, name.to_owned());
                let records: Vec<_> =
                    local.by_package.get(&key).into_iter().flatten().map(|r| r.as_ref().clone()).collect();
                Ok(Ok(AdvisoryFeed { digest: digest_of(&records), imported_at: chrono::Utc::now(), records }))
            }
        }
    }
}

fn no_feed(ecosystem: Ecosystem, name: &str) -> Cause {
    Cause::new(
        CauseKind::NotConfigured,
        format!("match {ecosystem} {name} against advisories: no feed has been imported"),
    )
    .with_remedy("import one with `lockgate advisories import DIR|ZIP|URL`")
}

/// Names the records about one package by content, so that evidence stays valid when the feed changes elsewhere.
fn digest_of(records: &[serde_json::Value]) -> Digest {
    let mut bodies: Vec<String> = records.iter().map(|r| Digest::sha256(r.to_string().as_bytes()).hex()).collect();
    bodies.sort();
    Digest::sha256(bodies.join("\n").as_bytes())
}
