//! `lockgate lock FILE`.

use anyhow::{Context, Result};
use lockgate_model::Lockfile;
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    file: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// One release; the shape is stable.
#[derive(Debug, Serialize)]
struct Row<'a> {
    purl: String,
    name: &'a str,
    version: &'a str,
    digests: Vec<String>,
    direct: Option<bool>,
    dev: Option<bool>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let lockfile = read(&arguments.file)?;
    let rows = rows(&lockfile);
    match arguments.format {
        Format::Json => super::print(&(serde_json::to_string_pretty(&rows)? + "\n"))?,
        Format::Text => {
            let mut text = String::new();
            for row in rows {
                let note = match (row.direct, row.dev) {
                    (Some(true), Some(true)) => " (direct, dev)",
                    (Some(true), _) => " (direct)",
                    (_, Some(true)) => " (dev)",
                    _ => "",
                };
                text += &format!("{}{note}\n", row.purl);
            }
            super::print(&text)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads and parses a lockfile by its file name.
pub(super) fn read(path: &std::path::Path) -> Result<Lockfile> {
    let text = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    Ok(lockgate_ecosystems::parse(&path.to_string_lossy(), &text)?)
}

/// Each release once, sorted by purl; entries that stand in the file more than once are merged.
fn rows(lockfile: &Lockfile) -> Vec<Row<'_>> {
    let mut rows = std::collections::BTreeMap::<String, Row<'_>>::new();
    for entry in &lockfile.releases {
        let digests: Vec<String> = entry.digests.iter().map(|d| d.digest.to_string()).collect();
        let row = rows.entry(entry.release.purl()).or_insert_with_key(|purl| Row {
            purl: purl.clone(),
            name: &entry.release.name,
            version: &entry.release.version,
            digests: Vec::new(),
            direct: entry.direct,
            dev: entry.dev,
        });
        row.digests.extend(digests);
        row.digests.sort();
        row.digests.dedup();
        row.direct = either(row.direct, entry.direct, |a, b| a || b);
        row.dev = either(row.dev, entry.dev, |a, b| a && b);
    }
    rows.into_values().collect()
}

fn either(left: Option<bool>, right: Option<bool>, join: fn(bool, bool) -> bool) -> Option<bool> {
    match (left, right) {
        (Some(left), Some(right)) => Some(join(left, right)),
        (known, unknown) => known.or(unknown),
    }
}
