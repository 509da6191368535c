//! `lockgate scan`: the whole pipeline on a range of commits, without a server.

use super::{config_or_clients, outcome_code};
use crate::{
    config::Config,
    pipeline::{self, Knowledge, LocalAdvisories},
    server,
};
use anyhow::{Context, Result};
use lockgate_evidence::license::LicenseData;
use lockgate_model::{Change, CommitSha, RepoId};
use lockgate_policy::{Context as PolicyContext, Policy};
use lockgate_report::{self as report, Meta, Report};
use lockgate_source::{FetchRequest, History, Repository};
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// Limit for what one fetch may add to the cache.
const PACK_BYTES: u64 = 2 << 30;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder, or an https address.
    #[arg(long)]
    repo: String,
    /// The revision before. With an address: a full commit id.
    #[arg(long)]
    base: String,
    /// The revision after. With an address: a full commit id.
    #[arg(long)]
    head: String,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// OSV records: a folder, a record, or a zip. Without: those of the database, if `--remember` is given.
    #[arg(long)]
    advisories: Option<PathBuf>,
    /// A policy bundle instead of the configured one.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Keep and use evidence, first-seen digests and advisories in the configured database.
    #[arg(long)]
    remember: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let config = config_or_clients(path).await?;
    let change = detect(&config, arguments).await?;
    let policy = match &arguments.policy {
        Some(dir) => Policy::load(dir)?,
        None => server::policy(&config)?,
    };
    // Held until the end: the private cluster, if there is one, serves the run.
    let database = if arguments.remember { Some(server::database(&config).await?) } else { None };
    let knowledge = match (&arguments.advisories, &database) {
        (None, Some(database)) => Knowledge::stored(database.store.clone()),
        (Some(path), _) => Knowledge::local(LocalAdvisories::read(path)?),
        (None, None) => Knowledge::local(LocalAdvisories::default()),
    };
    let collector = server::collector(&config, knowledge, LicenseData::embedded())?;
    let total = change.releases().filter(|r| r.comes_in()).count();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let show = std::io::stderr().is_terminal();
    let assessment = pipeline::collect(&collector, change, &|release| {
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        if show {
            eprint!("\r\x1b[K{done}/{total} {}", release.release());
        }
    })
    .await?;
    if show {
        eprint!("\r\x1b[K");
    }
    if let Some(database) = &database {
        remember(&database.store, &assessment).await?;
    }
    let decision =
        policy.decide(&assessment, &PolicyContext { registry_hosts: config.registry_hosts(), waivers: Vec::new() })?;
    let meta =
        Meta { id: None, policy_digest: policy.digest().clone(), decided_at: chrono::Utc::now(), page_url: None };
    let report = Report::new(&assessment, &decision, &meta);
    super::print(&render(&report, arguments.format)?)?;
    Ok(outcome_code(report.outcome))
}

fn render(report: &Report, format: Format) -> Result<String> {
    Ok(match format {
        Format::Text => {
            let color = if std::io::stdout().is_terminal() { report::Color::Always } else { report::Color::Never };
            report::text(report, color)
        }
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
        Format::Sarif => report::sarif(report) + "\n",
    })
}

async fn remember(store: &lockgate_store::Store, assessment: &lockgate_model::Assessment) -> Result<()> {
    let evidence: Vec<_> = assessment.releases.iter().flat_map(|r| r.evidence.iter().cloned()).collect();
    let mut transaction = store.begin().await?;
    lockgate_store::evidence::insert_all(&mut transaction, &evidence).await?;
    Ok(transaction.commit().await?)
}

async fn detect(config: &Config, arguments: &Arguments) -> Result<Change> {
    let (repo, base, head) = (arguments.repo.clone(), arguments.base.clone(), arguments.head.clone());
    let (cache, aliases) = (config.git_cache(), config.registry_aliases());
    tokio::task::spawn_blocking(move || {
        let (repository, id) = open(&repo, &base, &head, &cache)?;
        let head = repository.resolve(&head).with_context(|| format!("resolve --head {head}"))?;
        let base = repository.resolve(&base).with_context(|| format!("resolve --base {base}"))?;
        pipeline::detect(&repository, &id, Some(&base), &head, &aliases)
    })
    .await?
}

/// Opens a folder, or fetches two full commit ids from an address into the cache.
fn open(repo: &str, base: &str, head: &str, cache: &Path) -> Result<(Repository, RepoId)> {
    let Some(url) = url::Url::parse(repo).ok().filter(|u| matches!(u.scheme(), "http" | "https")) else {
        let path = Path::new(repo);
        let repository = Repository::open(path).with_context(|| format!("open the repository {repo}"))?;
        let absolute = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = absolute.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let id = format!("local/{name}").parse().unwrap_or_else(|_| "local/repository".parse().expect("a constant id"));
        return Ok((repository, id));
    };
    let id: RepoId =
        url.path().trim_matches('/').trim_end_matches(".git").parse().context("name the repository by its address")?;
    let sha = |text: &str| text.parse::<CommitSha>().context("with an address, give full commit ids");
    let into = cache.join(format!("{id}.git"));
    let request = FetchRequest {
        url,
        commits: vec![sha(base)?, sha(head)?],
        references: Vec::new(),
        token: None,
        history: History::Tip,
        into,
        timeout: Duration::from_secs(300),
        pack_bytes: PACK_BYTES,
    };
    Ok((Repository::fetch(&request)?, id))
}
