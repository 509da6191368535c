//! Licences in real files, beside scancode-toolkit: how many a second, and whether they say the same.

use super::{
    Options,
    measure::Sample,
    process,
    table::{Aim, Row, Table},
};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let files = license_files()?;
    ensure!(files.len() >= 100, "cargo's cache holds only {} licence files; build something first", files.len());
    let sample: Vec<&PathBuf> = files.iter().step_by((files.len() / options.rounds(120, 40)).max(1)).collect();
    let folder = TempDir::new()?;
    let texts = folder.path().join("texts");
    fs::create_dir(&texts)?;
    for (number, file) in sample.iter().enumerate() {
        fs::copy(file, texts.join(format!("{number}-{}", file.file_name().context("a name")?.to_string_lossy())))?;
    }

    let (mut ours, mut all) = (Sample::default(), Sample::default());
    let few = listed(&texts)?;
    for _ in 0..options.rounds(5, 3) {
        ours.push(rate(few.len(), process::timed(&mut lockgate(options, &few), &[0, 1])?));
        all.push(rate(files.len(), process::timed(&mut lockgate(options, &files), &[0, 1])?));
    }
    let report = folder.path().join("scancode.json");
    let mut peer = Sample::default();
    // Once: it takes minutes, and loading its index most of them.
    let scancode = options.program("python/bin/scancode");
    process::exists(&scancode)?;
    let mut scan = Command::new(&scancode);
    scan.args(["--license", "--quiet", "--processes", "2", "--json"]).arg(&report).arg(&texts);
    peer.push(rate(few.len(), process::timed(&mut scan, &[0])?));

    let limit = format!("{} files; all {} of cargo's cache at {:.0} files/s", few.len(), files.len(), all.median());
    table.push(
        Row::rate("licences in real files", "files/s", &ours, ("files/s scancode", &peer), Aim::AtLeast(10.0))
            .against(limit),
    );
    agreement(options, &few, &report, table)
}

fn rate(files: usize, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of files")]
    let files = files as f64;
    files / seconds
}

fn lockgate(options: &Options, files: &[PathBuf]) -> Command {
    let mut run = Command::new(&options.lockgate);
    run.arg("license").args(files);
    run
}

/// The files in which crates of cargo's cache state their licence, one of each content.
fn license_files() -> Result<Vec<PathBuf>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))).context("find cargo's home")?;
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for registry in fs::read_dir(home.join("registry/src")).context("read cargo's cache")? {
        for package in listed(&registry?.path())? {
            for file in listed(&package).unwrap_or_default() {
                let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
                let named = ["license", "licence", "copying", "unlicense"].iter().any(|start| name.starts_with(start));
                if named && file.is_file() && seen.insert(fs::read(&file)?) {
                    files.push(file);
                }
            }
        }
    }
    Ok(files)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// Files of which both name the same licences.
fn agreement(options: &Options, files: &[PathBuf], report: &Path, table: &mut Table) -> Result<()> {
    let ours = process::output(&mut lockgate(options, files), &[0, 1])?;
    let ours = String::from_utf8_lossy(&ours.stdout).into_owned();
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in ours.lines() {
        let file: Value = serde_json::from_str(line)?;
        let ids = file["detected"].as_array().into_iter().flatten().filter_map(|m| m["id"].as_str());
        said.insert(base(file["path"].as_str().unwrap_or_default()), ids.flat_map(licenses).collect());
    }
    let scanned: Value = serde_json::from_slice(&fs::read(report)?)?;
    let (mut same, mut both, mut apart) = (0, 0, Vec::new());
    for file in scanned["files"].as_array().into_iter().flatten().filter(|f| f["type"] == "file") {
        let name = base(file["path"].as_str().unwrap_or_default());
        let Some(our) = said.get(&name) else { continue };
        let their: BTreeSet<String> =
            file["detected_license_expression_spdx"].as_str().map(licenses).into_iter().flatten().collect();
        both += 1;
        if *our == their {
            same += 1;
        } else {
            apart.push(format!("{name}: ours {our:?}, scancode {their:?}"));
        }
    }
    ensure!(both > 0, "scancode's report names none of the files");
    table.note(format!("licences: {same} of {both} files named alike by Lockgate and scancode"));
    apart.iter().take(12).for_each(|line| println!("      {line}"));
    Ok(())
}

fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The licences that an expression names; GNU texts do not tell `-only` from `-or-later`.
fn licenses(expression: &str) -> Vec<String> {
    let words = expression.split([' ', '(', ')']).filter(|w| !matches!(*w, "" | "AND" | "OR" | "WITH"));
    words.map(|w| w.trim_end_matches("-only").trim_end_matches("-or-later").to_owned()).collect()
}
