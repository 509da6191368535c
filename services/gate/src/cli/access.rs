//! `lockgate audit access`: who read what, for auditors; and the entry that an export from the command line leaves.

use crate::{config::Config, server};
use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use lockgate_report::audit::csv_line;
use lockgate_store::{
    PgPool,
    access_log::{self, Entry, NewEntry},
};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Readings held in memory at a time.
const PAGE: i64 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// One object a line.
    Json,
    Csv,
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// RFC 3339.
    #[arg(long)]
    since: DateTime<Utc>,
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// A file instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
}

const HEADER: [&str; 11] =
    ["id", "at", "principal", "roles", "action", "objects", "installation", "scope", "outcome", "client", "lost"];

pub(super) async fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let config = Config::load(config)?;
    let database = server::database(&config).await?;
    let pool = database.store.pool();
    note(pool, "audit access", &arguments.since).await?;
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(File::create(path).with_context(|| format!("write {}", path.display()))?),
        None => Box::new(std::io::stdout()),
    };
    let mut out = BufWriter::new(&mut out);
    if arguments.format == Format::Csv {
        out.write_all(csv_line(&HEADER.map(str::to_owned)).as_bytes())?;
    }
    let mut after = 0;
    loop {
        let page = access_log::since(pool, arguments.since, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for entry in &page {
            out.write_all(line(entry, arguments.format).as_bytes())?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Notes an export since a time, as [`note_of`] does.
///
/// # Errors
/// When the row cannot be committed.
pub(super) async fn note(pool: &PgPool, command: &str, since: &DateTime<Utc>) -> Result<()> {
    note_of(pool, command, format!("since {}", time(since))).await
}

/// Notes what is asked for before it is shown: without its row it is not.
///
/// # Errors
/// When the row cannot be committed.
pub(super) async fn note_of(pool: &PgPool, command: &str, object: String) -> Result<()> {
    let entry = NewEntry {
        at: Utc::now(),
        principal: super::account(),
        roles: "operator".to_owned(),
        action: format!("lockgate {command}"),
        objects: vec![object],
        scope: None,
        outcome: 0,
        client: None,
        lost: 0,
    };
    access_log::append(pool, &[entry]).await.context("an export must be noted before it is made")
}

fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn line(entry: &Entry, format: Format) -> String {
    match format {
        Format::Json => {
            let object = serde_json::json!({
                "id": entry.id,
                "at": time(&entry.at),
                "principal": entry.principal,
                "roles": entry.roles,
                "action": entry.action,
                "objects": entry.objects,
                "installation": entry.installation_id,
                "scope": entry.scope,
                "outcome": entry.outcome,
                "client": entry.client,
                "lost": entry.lost,
            });
            format!("{object}\n")
        }
        Format::Csv => {
            let number = |id: &i64| id.to_string();
            let scope = entry.scope.as_ref().map(|ids| ids.iter().map(number).collect::<Vec<_>>().join(" "));
            csv_line(&[
                entry.id.to_string(),
                time(&entry.at),
                entry.principal.clone(),
                entry.roles.clone(),
                entry.action.clone(),
                entry.objects.join(" "),
                entry.installation_id.map(|id| id.to_string()).unwrap_or_default(),
                scope.unwrap_or_else(|| "all".to_owned()),
                entry.outcome.to_string(),
                entry.client.clone().unwrap_or_default(),
                entry.lost.to_string(),
            ])
        }
    }
}
