//! `.sqlx`: what the database says of each checked query, so that a build needs no database.
//!
//! Does what `cargo sqlx prepare` does, without that tool: sqlx's macros write one file a query into
//! `SQLX_OFFLINE_DIR` while they are checked against a migrated database.

use crate::cargo;
use anyhow::{Context, Result, bail};
use lockgate_postgres::{Cluster, ClusterConfig, Durability};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The scratch database; made anew each time.
const DATABASE: &str = "lockgate_prepare";
/// The migrations grant to them; the store creates them before they run.
const ROLES: [&str; 2] = ["lockgate_runtime", "lockgate_reader"];

pub(crate) fn run(check: bool) -> Result<()> {
    // Two at once would take each other's files away.
    let turn = fs::File::create(cargo::cache().join("prepare.lock"))?;
    turn.lock()?;
    let committed = cargo::root().join(".sqlx");
    let fresh = cargo::cache().join("sqlx");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    describe(&fresh)?;
    if check {
        return compare(&committed, &fresh);
    }
    if read(&fresh)?.is_empty() {
        bail!("the check of lockgate-store wrote no query description; was it not built again? `.sqlx` stays as it is");
    }
    let _ = fs::remove_dir_all(&committed);
    fs::create_dir_all(&committed)?;
    for (name, text) in read(&fresh)? {
        fs::write(committed.join(name), text)?;
    }
    println!("    .sqlx: {} queries", read(&committed)?.len());
    Ok(())
}

/// Checks the store against a database with the migrations of this checkout.
fn describe(into: &Path) -> Result<()> {
    let mut log = |line: &str| println!("    {line}");
    let folder = cargo::cache().join("prepare-postgres");
    let cluster = Cluster::ensure(&mut ClusterConfig::new(folder, &mut log).durability(Durability::Fast))?;
    cluster.execute("postgres", &format!("drop database if exists {DATABASE}"))?;
    cluster.execute("postgres", &format!("create database {DATABASE}"))?;
    for role in ROLES {
        let create =
            format!("do $$ begin create role {role} nologin; exception when duplicate_object then null; end $$");
        cluster.execute("postgres", &create)?;
    }
    for (name, sql) in migrations()? {
        cluster.execute(DATABASE, &sql).with_context(|| format!("apply {}", name.display()))?;
    }
    // The macros look at the database only when the crate is checked again.
    fs::File::options()
        .append(true)
        .open(cargo::root().join("services/store/src/lib.rs"))?
        .set_modified(SystemTime::now())?;
    let mut check = cargo::command("cargo");
    check.args(["check", "--locked", "--package", "lockgate-store"]);
    check.env("DATABASE_URL", cluster.url(DATABASE)).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", into);
    let checked = cargo::run("check the queries against a migrated database", &mut check);
    cluster.stop()?;
    checked
}

fn migrations() -> Result<BTreeMap<PathBuf, String>> {
    let mut files = read(&cargo::root().join("migrations"))?;
    files.retain(|name, _| name.extension().is_some_and(|e| e == "sql"));
    Ok(files)
}

/// The files of a folder by name, in order.
fn read(dir: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(PathBuf::from(entry.file_name()), fs::read_to_string(entry.path())?);
        }
    }
    Ok(files)
}

fn compare(committed: &Path, fresh: &Path) -> Result<()> {
    let (committed, fresh) = (read(committed)?, read(fresh)?);
    if fresh.is_empty() {
        bail!("the check of lockgate-store wrote no query description; was it not built again?");
    }
    if committed == fresh {
        println!("    .sqlx: {} queries, all current", fresh.len());
        return Ok(());
    }
    bail!(
        ".sqlx is not current ({} committed, {} in the code); run `cargo xtask prepare`",
        committed.len(),
        fresh.len()
    )
}
