//! `lockgate license`.

use super::finding_code;
use anyhow::{Context, Result};
use lockgate_evidence::license::{self, AllowOutcome};
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files in which licences are detected.
    #[arg(required_unless_present = "expression")]
    files: Vec<PathBuf>,
    /// An SPDX expression to judge.
    #[arg(long, conflicts_with = "files", requires = "allow")]
    expression: Option<String>,
    /// SPDX ids that are allowed.
    #[arg(long, value_delimiter = ',')]
    allow: Vec<String>,
}

/// JSON lines. Exit 1 when a file has no licence, or the expression is not satisfied.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(expression) = &arguments.expression {
        let report = license::judge_expression(expression, &arguments.allow);
        println!("{}", serde_json::to_string(&report)?);
        return Ok(finding_code(report.outcome == AllowOutcome::Satisfied));
    }
    let mut all = true;
    for path in &arguments.files {
        let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let report = license::report_file(&path.to_string_lossy(), &bytes);
        println!("{}", serde_json::to_string(&report)?);
        all &= !report.detected.is_empty();
    }
    Ok(finding_code(all))
}
