//! `lockgate audit export`, `access` and `verify`.

use super::access;
use crate::{config::Config, reports, server};
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use lockgate_report::audit;
use lockgate_store::decisions;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    Json,
    Csv,
    Html,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Who decided what, when, under which policy, on which evidence.
    Export {
        /// RFC 3339.
        #[arg(long)]
        since: DateTime<Utc>,
        #[arg(long, value_enum, default_value = "json")]
        format: Format,
        /// A file instead of standard output.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Who read what, oldest first.
    Access(access::Arguments),
    /// Recompute the hash chain of a JSON export, offline.
    Verify { bundle: PathBuf },
}

pub(super) async fn run(config: &Path, command: Command) -> Result<ExitCode> {
    match command {
        Command::Export { since, format, out } => export(config, since, format, out.as_deref()).await,
        Command::Access(arguments) => access::run(config, &arguments).await,
        Command::Verify { bundle } => verify(&bundle),
    }
}

async fn export(config: &Path, since: DateTime<Utc>, format: Format, out: Option<&Path>) -> Result<ExitCode> {
    let config = Config::load(config)?;
    let database = server::database(&config).await?;
    access::note(database.store.pool(), "audit export", &since).await?;
    let context = server::context(config, database.store.clone())?;
    let mut rows = Vec::new();
    for record in decisions::since(database.store.pool(), since).await? {
        let decided = reports::decided(&context, record.id).await?.context("load the decision again")?;
        rows.push(audit::AuditRow::new(decided.record, &decided.assessment));
    }
    let text = match format {
        Format::Json => audit::json(&rows, since, Utc::now()),
        Format::Csv => audit::csv(&rows),
        Format::Html => audit::html(&rows, since, Utc::now()),
    };
    match out {
        Some(path) => std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?,
        None => super::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(bundle: &Path) -> Result<ExitCode> {
    let bytes = std::fs::read(bundle).with_context(|| format!("read {}", bundle.display()))?;
    match audit::verify(&bytes) {
        Ok(verified) => {
            println!("{verified}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("{}: {error}", bundle.display());
            Ok(ExitCode::from(1))
        }
    }
}
