//! `lockgate policy test` and `lockgate policy replay`.

use super::finding_code;
use crate::{config::Config, server};
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use lockgate_policy::{Policy, TestOutcome};
use lockgate_store::{decisions, policies};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Run every `test_` rule of a bundle; an undefined one fails.
    Test {
        /// The bundle's folder.
        #[arg(long, default_value = "policies")]
        dir: PathBuf,
    },
    /// Decide past questions again: with the policy that was in force, which must give the same answers, or with another.
    Replay {
        /// RFC 3339.
        #[arg(long)]
        since: DateTime<Utc>,
        /// Another bundle: what would it have decided?
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

pub(super) async fn run(config: &Path, command: Command) -> Result<ExitCode> {
    match command {
        Command::Test { dir } => test(&dir),
        Command::Replay { since, dir } => replay(config, since, dir.as_deref()).await,
    }
}

fn test(dir: &Path) -> Result<ExitCode> {
    let report = lockgate_policy::test(dir)?;
    for failure in &report.failed {
        println!("FAIL {}:{} {}: {}", failure.file, failure.line, failure.name, failure.why);
    }
    println!("{} passed, {} failed", report.passed, report.failed.len());
    Ok(finding_code(report.outcome() == TestOutcome::Passed))
}

async fn replay(config: &Path, since: DateTime<Utc>, dir: Option<&Path>) -> Result<ExitCode> {
    let config = Config::load(config)?;
    let database = server::database(&config).await?;
    let other = dir.map(Policy::load).transpose()?;
    let context = server::context(config, database.store.clone())?;
    let (mut same, mut changed) = (0, 0);
    for record in decisions::since(database.store.pool(), since).await? {
        let decided = crate::reports::decided(&context, record.id).await?.context("load the decision again")?;
        let policy = match &other {
            Some(policy) => policy.clone(),
            None => {
                let files = policies::get(database.store.pool(), &record.policy_digest)
                    .await?
                    .with_context(|| format!("load the policy {}: it was not kept", record.policy_digest))?;
                Policy::from_files(files)?
            }
        };
        let again = policy.decide(&decided.assessment, &decided.facts)?;
        if again == record.decision {
            same += 1;
        } else {
            changed += 1;
            println!(
                "{} {} {}: {} -> {}",
                record.id,
                record.repository,
                record.head.short(),
                record.decision.outcome(),
                again.outcome()
            );
        }
    }
    println!("{same} same, {changed} changed");
    Ok(finding_code(changed == 0))
}
