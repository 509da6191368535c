//! What a figure costs as the work grows: at 1, 10, 100 and 1,000 releases, and with 1, 2 and 4 workers.
//!
//! The exponent is that of the last three sizes, where the fixed cost of a start weighs less. Above 1, a large change
//! would cost more than the sum of its parts.

use super::{
    Options,
    advisories::{Feed, Looked},
    listing,
    measure::{Sample, exponent},
    osv, process,
    stage::Stage,
    table::{Aim, Row, Table},
};
use crate::registry::{Package, lockfile};
use anyhow::Result;
use lockgate_model::Ecosystem;
use std::process::Command;
use tempfile::TempDir;

const SIZES: [usize; 4] = [1, 10, 100, 1_000];
const WORKERS: [usize; 3] = [1, 2, 4];
/// What measuring may add to a straight line.
const LINEAR: f64 = 1.1;

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    commands(options, table)?;
    let feed = Feed::provide(options).await?;
    let mut matching = Vec::new();
    for size in SIZES {
        let releases = osv::releases(size);
        let (mut sample, mut records) = (Sample::default(), 0);
        for _ in 0..options.rounds(15, 7) {
            // Nothing is in memory yet: the more there is to do.
            let looked = Looked::at(&feed.knowledge(), &releases).await?;
            sample.push(looked.milliseconds());
            records = looked.records;
        }
        // What is looked at are records: a package may have none, or thousands.
        matching.push((records, sample.median()));
    }
    feed.store.close().await;
    push(table, "matching advisories, by records of 1 to 1,000 releases", &matching);
    checks(options, table).await?;
    workers(options, table).await
}

fn push(table: &mut Table, what: &str, costs: &[(usize, f64)]) {
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let points: Vec<(f64, f64)> = costs.iter().skip(1).map(|(n, cost)| (*n as f64, *cost)).collect();
    let mut sample = Sample::default();
    sample.push(exponent(&points));
    let told: Vec<String> = costs.iter().map(|(n, cost)| format!("{n}: {cost:.1} ms")).collect();
    table.push(
        Row::alone(&format!("growth: {what}"), "exponent", &sample, Aim::AtMost(LINEAR)).against(told.join(", ")),
    );
}

/// Listing and the bill of materials, as commands.
fn commands(options: &Options, table: &mut Table) -> Result<()> {
    let (mut lists, mut bills) = (Vec::new(), Vec::new());
    for size in SIZES {
        let folder = TempDir::new()?;
        let packages: Vec<Package> = (0..size).map(|n| Package::npm(&format!("package-{n}"), "1.0.0")).collect();
        let text = lockfile(Ecosystem::Npm, "https://registry.example.test", &packages.iter().collect::<Vec<_>>());
        let path = folder.path().join("package-lock.json");
        std::fs::write(&path, text)?;
        listing::commit(folder.path())?;
        let (mut list, mut bill) = (Sample::default(), Sample::default());
        for _ in 0..options.rounds(15, 7) {
            let mut run = Command::new(&options.lockgate);
            list.push(process::timed(run.args(["lock", "--format", "json"]).arg(&path), &[0])? * 1000.0);
            let mut run = Command::new(&options.lockgate);
            run.args(["sbom", "--rev", "HEAD", "--format", "cyclonedx-json", "--repo"]).arg(folder.path());
            bill.push(process::timed(&mut run, &[0])? * 1000.0);
        }
        lists.push((size, list.median()));
        bills.push((size, bill.median()));
    }
    push(table, "listing a lockfile", &lists);
    push(table, "CycloneDX of a lockfile", &bills);
    Ok(())
}

async fn checks(options: &Options, table: &mut Table) -> Result<()> {
    let (mut cold, mut warm, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
    for size in SIZES {
        let mut stage = Stage::set(options, size, 4).await?;
        let first = stage.judge().await?;
        cold.push((size, (first.total.saturating_sub(first.github)).as_secs_f64() * 1000.0));
        let mut sample = Sample::default();
        for _ in 0..options.rounds(7, 3) {
            let judged = stage.judge().await?;
            sample.push((judged.total.saturating_sub(judged.github)).as_secs_f64() * 1000.0);
        }
        warm.push((size, sample.median()));
        peaks.push(format!("{size}: {:.0} MiB", stage.server.memory()?.1));
        stage.end().await?;
    }
    push(table, "webhook to check, cold", &cold);
    push(table, "webhook to check, warm", &warm);
    table.note(format!("peak memory of the server by releases in a change: {}", peaks.join(", ")));
    Ok(())
}

/// Checks a second, of bumps that arrive together. Two cores carry two workers; more overlap waiting only.
async fn workers(options: &Options, table: &mut Table) -> Result<()> {
    let mut told = Vec::new();
    let count = options.rounds(24, 12);
    for workers in WORKERS {
        let mut stage = Stage::set(options, 20, workers).await?;
        stage.judge().await?;
        let judged = stage.judge_at_once(count).await?;
        let last = judged.iter().map(|j| j.total).max().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        told.push(format!("{workers}: {:.1}/s", count as f64 / last.as_secs_f64()));
        stage.end().await?;
    }
    table.note(format!("checks of 20 releases a second, warm, by workers: {}", told.join(", ")));
    Ok(())
}
