//! `lockgate advisories import` and `lockgate advisories match`.

use super::{finding_code, lock};
use crate::{
    config::Config,
    pipeline::{Knowledge, LocalAdvisories},
    server,
};
use anyhow::{Context, Result, bail};
use lockgate_evidence::{
    advisory::{self, FeedSummary},
    sbom,
};
use lockgate_model::{Release, redact::redact};
use lockgate_outbound::{Client, Hosts, Settings};
use lockgate_store::advisories;
use reqwest::StatusCode;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use url::Url;

/// Largest feed archive that is read into memory.
const FEED_BYTES: usize = 2 << 30;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Read OSV records into the database: a folder, a record, a zip, or an address configured by the operator.
    Import { source: String },
    /// Advisories that affect the releases of a lockfile or SBOM. Exit 1 when there are any.
    Match {
        file: PathBuf,
        /// OSV records instead of the database's.
        #[arg(long)]
        advisories: Option<PathBuf>,
    },
}

pub(super) async fn run(config: &Path, command: Command) -> Result<ExitCode> {
    match command {
        Command::Import { source } => import(config, &source).await,
        Command::Match { file, advisories } => matches(config, &file, advisories.as_deref()).await,
    }
}

async fn import(config: &Path, source: &str) -> Result<ExitCode> {
    let config = Config::load(config)?;
    let feed = if source.starts_with("http://") || source.starts_with("https://") {
        advisory::read_zip(&download(source).await?)?
    } else {
        read_feed(Path::new(source))?
    };
    for skipped in &feed.skipped {
        eprintln!("skipped {}: {}", skipped.file, skipped.why);
    }
    if feed.records.is_empty() {
        bail!("import {source}: it holds no OSV record; give a folder, a record, or a zip of records");
    }
    let database = server::database(&config).await?;
    let mut transaction = database.store.begin().await?;
    let records: Vec<advisories::Record> = feed
        .records
        .into_iter()
        .map(|r| advisories::Record { id: r.id, modified: r.modified, packages: r.packages, body: r.body })
        .collect();
    let count = records.len();
    advisories::import(&mut transaction, source, &feed.digest, records).await?;
    transaction.commit().await?;
    println!("{count} records imported, {} skipped; feed {}", feed.skipped.len(), feed.digest);
    Ok(ExitCode::SUCCESS)
}

async fn download(url: &str) -> Result<Vec<u8>> {
    let context = || format!("fetch the feed {}", redact(url));
    let url: Url = url.parse().with_context(context)?;
    let settings = Settings::new(server::USER_AGENT).timeout(Duration::from_secs(600));
    let client = Client::new(Hosts::new().with(&url), &settings).with_context(context)?;
    let mut answer = client.get(&url).with_context(context)?.send().await.with_context(context)?;
    if answer.status() != StatusCode::OK {
        bail!(
            "{}: {} answered; a redirect is not followed, so give the feed's last address",
            context(),
            answer.status()
        );
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > FEED_BYTES {
            bail!("{}: it is larger than {FEED_BYTES} bytes", context());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads a folder (recursively), one JSON record, or a zip.
///
/// # Errors
/// When the path cannot be read.
pub fn read_feed(path: &Path) -> Result<FeedSummary> {
    let context = || format!("read the advisories {}", path.display());
    if path.is_dir() {
        let mut files = Vec::new();
        collect_json(path, &mut files, 0).with_context(context)?;
        return Ok(advisory::read_feed(files.into_iter()));
    }
    let bytes = std::fs::read(path).with_context(context)?;
    if bytes.starts_with(b"PK") {
        return advisory::read_zip(&bytes).with_context(context);
    }
    Ok(advisory::read_feed([(path.display().to_string(), bytes)].into_iter()))
}

fn collect_json(dir: &Path, files: &mut Vec<(String, Vec<u8>)>, depth: usize) -> Result<()> {
    if depth > 16 {
        bail!("{} is nested too deeply", dir.display());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect_json(&path, files, depth + 1)?;
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

async fn matches(config: &Path, file: &Path, local: Option<&Path>) -> Result<ExitCode> {
    let releases = releases(file)?;
    let mut found = 0;
    let knowledge = match local {
        Some(path) => Knowledge::local(LocalAdvisories::read(path)?),
        None => {
            let config = Config::load(config)?;
            let database = server::database(&config).await?;
            return match_all(&Knowledge::stored(database.store.clone()), &releases, &mut found).await;
        }
    };
    match_all(&knowledge, &releases, &mut found).await
}

async fn match_all(knowledge: &Knowledge, releases: &[Release], found: &mut usize) -> Result<ExitCode> {
    let packages: Vec<_> = releases.iter().map(|release| (release.ecosystem, release.name.clone())).collect();
    let advisories = knowledge.advisories(&packages).await?;
    for release in releases {
        let feed = advisories.of(release)?;
        let versions = lockgate_ecosystems::versions(release.ecosystem);
        let known = feed.records.find(release, None, versions);
        for hit in known.matches {
            *found += 1;
            println!("{}", serde_json::json!({ "purl": release.purl(), "advisory": hit }));
        }
        for id in known.unreadable {
            *found += 1;
            println!("{}", serde_json::json!({ "purl": release.purl(), "unreadable": id }));
        }
    }
    eprintln!("{} releases, {found} matches", releases.len());
    Ok(finding_code(*found == 0))
}

/// The releases of a lockfile (by file name) or of an SBOM.
fn releases(file: &Path) -> Result<Vec<Release>> {
    let is_lockfile = lockgate_ecosystems::detect(&file.to_string_lossy()).is_some();
    let mut releases: Vec<Release> = if is_lockfile {
        lock::read(file)?.releases.into_iter().map(|entry| entry.release).collect()
    } else {
        let bytes = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
        sbom::releases_in_sbom(&bytes)?
    };
    releases.sort();
    releases.dedup();
    Ok(releases)
}
