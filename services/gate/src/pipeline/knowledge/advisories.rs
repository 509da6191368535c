//! The advisories about packages: from the database with what was read lately in memory, or from files.

use super::Package;
use anyhow::Result;
use chrono::{DateTime, Utc};
use lockgate_evidence::{
    AdvisoryFeed,
    advisory::{self, PackageRecords},
};
use lockgate_model::{Cause, CauseKind, Digest, Ecosystem, Release};
use lockgate_store::{
    Store,
    advisories::{self, Kept},
};
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{self, DefaultLifecycle},
};
use std::{collections::HashMap, path::Path, sync::Arc};

/// What the records in memory may weigh, in bytes of their text. Read, they take about as much.
const MEMORY: u64 = 64 << 20;
/// What a package without records weighs.
const EMPTY: u64 = 200;
/// Packages loaded and read by one task; so that both processors have something to do.
const AT_ONCE: usize = 100;

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

fn no_feed(ecosystem: Ecosystem, name: &str) -> Cause {
    Cause::new(
        CauseKind::NotConfigured,
        format!("match {ecosystem} {name} against advisories: no feed has been imported"),
    )
    .with_remedy("import one with `lockgate advisories import DIR|ZIP|URL`")
}

/// What is known of one package.
#[derive(Debug, Clone)]
struct Known {
    /// Names the records by content, so that evidence stays valid when the feed changes elsewhere: SHA-256 over the
    /// sorted digests of the records' texts.
    digest: Digest,
    records: Arc<PackageRecords>,
    /// Bytes of the records' texts.
    size: u64,
}

impl Known {
    fn read((ecosystem, name): &Package, kept: &[Kept]) -> Self {
        let mut digests: Vec<&str> = kept.iter().map(|record| record.sha256.as_str()).collect();
        digests.sort_unstable();
        let package = advisory::Package { ecosystem: *ecosystem, name: name.clone() };
        let bodies = kept.iter().map(|record| &record.body);
        Self {
            digest: digest_of(&digests),
            records: Arc::new(PackageRecords::read(package, bodies, lockgate_ecosystems::versions(*ecosystem))),
            size: kept.iter().map(|record| record.size as u64).sum(),
        }
    }

    fn feed(&self, imported_at: DateTime<Utc>) -> AdvisoryFeed {
        AdvisoryFeed { digest: self.digest.clone(), imported_at, records: Arc::clone(&self.records) }
    }
}

fn digest_of(sorted: &[impl AsRef<str>]) -> Digest {
    let digests: Vec<&str> = sorted.iter().map(AsRef::as_ref).collect();
    Digest::sha256(digests.join("\n").as_bytes())
}

/// What was read lately, with the feed's revision; of another one it is not used.
#[derive(Debug)]
pub struct Cache(sync::Cache<Package, (i64, Known), Weight>);

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Package, (i64, Known)> for Weight {
    fn weight(&self, _: &Package, (_, known): &(i64, Known)) -> u64 {
        EMPTY + known.size
    }
}

impl Default for Cache {
    fn default() -> Self {
        // One shard: a share of the memory would not hold what is known of the most reported packages.
        let options = OptionsBuilder::new().shards(1).estimated_items_capacity(10_000).weight_capacity(MEMORY).build();
        Self(sync::Cache::with_options(
            options.expect("everything is given"),
            Weight,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ))
    }
}

impl Cache {
    /// The records about each of `packages`, each once.
    pub(super) async fn advisories(&self, store: &Store, packages: &[Package]) -> Result<Advisories> {
        let Some(feed) = advisories::feed(store.pool()).await? else { return Ok(Advisories { by_package: None }) };
        let (mut by_package, missing) = self.known(feed.revision, packages);
        let loads = missing.chunks(AT_ONCE).map(|packages| load(store.clone(), packages.to_vec()));
        for (package, known) in futures::future::try_join_all(loads).await?.into_iter().flatten() {
            self.0.insert(package.clone(), (feed.revision, known.clone()));
            by_package.insert(package, known);
        }
        let feeds = by_package.into_iter().map(|(package, known)| (package, known.feed(feed.imported_at)));
        Ok(Advisories { by_package: Some(feeds.collect()) })
    }

    /// What names the records about each of `packages`, each once.
    pub(super) async fn digests(
        &self,
        store: &Store,
        packages: &[Package],
    ) -> Result<Option<HashMap<Package, Digest>>> {
        let Some(feed) = advisories::feed(store.pool()).await? else { return Ok(None) };
        let (known, missing) = self.known(feed.revision, packages);
        let mut digests: HashMap<Package, Digest> =
            known.into_iter().map(|(package, known)| (package, known.digest)).collect();
        if !missing.is_empty() {
            let looked_up = advisories::digests(store.pool(), &missing).await?;
            digests.extend(missing.into_iter().zip(looked_up.iter().map(|sorted| digest_of(sorted))));
        }
        Ok(Some(digests))
    }

    /// What is in memory of a revision, and the packages of which nothing is.
    fn known(&self, revision: i64, packages: &[Package]) -> (HashMap<Package, Known>, Vec<Package>) {
        let (mut known, mut missing) = (HashMap::with_capacity(packages.len()), Vec::new());
        for package in packages {
            match self.0.get(package) {
                Some((of, one)) if of == revision => drop(known.insert(package.clone(), one)),
                _ => missing.push(package.clone()),
            }
        }
        (known, missing)
    }
}

/// A task of its own, since reading records is work for a processor.
async fn load(store: Store, packages: Vec<Package>) -> Result<Vec<(Package, Known)>> {
    let task = tokio::spawn(async move {
        let records = advisories::for_packages(store.pool(), &packages).await?;
        let read = move || {
            let known = packages.iter().zip(&records).map(|(package, kept)| Known::read(package, kept));
            let known: Vec<_> = known.collect();
            packages.into_iter().zip(known).collect()
        };
        Ok(tokio::task::spawn_blocking(read).await?)
    });
    task.await?
}

/// Advisories read from files, for a scan without a database.
#[derive(Debug, Default)]
pub struct LocalAdvisories {
    imported: bool,
    by_package: HashMap<Package, Known>,
}

impl LocalAdvisories {
    /// Reads a folder, one JSON record, or a zip of OSV records.
    ///
    /// # Errors
    /// When the path cannot be read or a record is broken.
    pub fn read(path: &Path) -> Result<Self> {
        let feed = crate::cli::advisories::read_feed(path)?;
        let mut by_package: HashMap<Package, Vec<Kept>> = HashMap::new();
        for record in feed.records {
            let text = record.body.to_string();
            let sha256 = Digest::sha256(text.as_bytes()).hex();
            let kept = Kept { sha256, body: record.body, size: text.len() };
            for package in record.packages {
                by_package.entry(package).or_default().push(kept.clone());
            }
        }
        let known = by_package.iter().map(|(package, kept)| (package.clone(), Known::read(package, kept)));
        Ok(Self { imported: true, by_package: known.collect() })
    }

    /// The records about each of `packages`.
    pub(super) fn advisories(&self, packages: &[Package]) -> Advisories {
        if !self.imported {
            return Advisories { by_package: None };
        }
        let feed = |package: &Package| {
            let known = self.by_package.get(package).cloned().unwrap_or_else(|| Known::read(package, &[]));
            (package.clone(), known.feed(Utc::now()))
        };
        Advisories { by_package: Some(packages.iter().map(feed).collect()) }
    }
}
