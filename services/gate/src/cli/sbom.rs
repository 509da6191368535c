//! `lockgate sbom`: a bill of materials of every lockfile at a revision.

use crate::pipeline;
use anyhow::{Context, Result};
use lockgate_evidence::sbom::{self, SbomInput};
use lockgate_source::Repository;
use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    CyclonedxJson,
    SpdxJson,
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(long)]
    repo: PathBuf,
    #[arg(long)]
    rev: String,
    #[arg(long, value_enum, default_value = "cyclonedx-json")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let repository = Repository::open(&arguments.repo).with_context(|| format!("open {}", arguments.repo.display()))?;
    let revision = repository.resolve(&arguments.rev).with_context(|| format!("resolve --rev {}", arguments.rev))?;
    let lockfiles = pipeline::lockfiles_at(&repository, &revision)?;
    let name = std::fs::canonicalize(&arguments.repo)
        .ok()
        .and_then(|path| path.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "repository".to_owned());
    let input = SbomInput {
        name: &name,
        version: revision.as_str(),
        lockfiles: &lockfiles,
        facts: &BTreeMap::new(),
        created: chrono::Utc::now(),
        tool_version: env!("CARGO_PKG_VERSION"),
        serial: Uuid::new_v4(),
    };
    let text = match arguments.format {
        Format::CyclonedxJson => sbom::cyclonedx_json(&input)?,
        Format::SpdxJson => sbom::spdx_json(&input)?,
    };
    super::print(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
