//! `lockgate vercmp` and `lockgate in-range`.

use super::finding_code;
use anyhow::Result;
use lockgate_model::Ecosystem;
use std::{cmp::Ordering, process::ExitCode};

#[derive(Debug, clap::Args)]
pub(super) struct CompareArguments {
    ecosystem: Ecosystem,
    left: String,
    right: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct RangeArguments {
    ecosystem: Ecosystem,
    #[arg(allow_hyphen_values = true)]
    range: String,
    version: String,
}

pub(super) fn compare(arguments: &CompareArguments) -> Result<ExitCode> {
    let order = lockgate_ecosystems::versions(arguments.ecosystem).compare(&arguments.left, &arguments.right)?;
    println!(
        "{}",
        match order {
            Ordering::Less => "<",
            Ordering::Equal => "=",
            Ordering::Greater => ">",
        }
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) fn in_range(arguments: &RangeArguments) -> Result<ExitCode> {
    let inside = lockgate_ecosystems::versions(arguments.ecosystem).in_range(&arguments.range, &arguments.version)?;
    println!("{inside}");
    Ok(finding_code(inside))
}
