//! `cargo xtask validate`: whether Lockgate agrees with the ecosystems' own clients, with their version and
//! licence libraries and with the reference validators, on real projects. One line a check, with its figure.
//!
//! What it needs lies in the cache folder `validate` and is made once; remove that folder to begin afresh.

mod peers;
mod projects;

use crate::cargo::{self, command};
use anyhow::{Context, Result, ensure};
use peers::Peers;
use projects::Project;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A checkout of npm's semver library, whose own test fixtures are then asked, too.
    #[arg(long, value_name = "DIR")]
    node_semver: Option<PathBuf>,
}

/// Lockgate, and the examples that answer for its libraries.
struct Programs {
    lockgate: PathBuf,
    versions: PathBuf,
    expressions: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let programs = build()?;
    let peers = peers::provide()?;
    let projects = projects::make(&peers)?;
    println!();
    let mut missed = 0;
    for check in checks(&programs, &peers, &projects, arguments)? {
        missed += usize::from(!holds(check)?);
    }
    println!();
    ensure!(missed == 0, "{missed} of the comparisons missed a bar; the lines marked MISSED say which");
    Ok(())
}

fn build() -> Result<Programs> {
    let built = |what: &str, package: &str, target: [&str; 2]| {
        let mut build = command("cargo");
        build.env("SQLX_OFFLINE", "true").args(["build", "-q", "--locked", "-p", package]).args(target);
        cargo::run(&format!("build {what}"), &mut build)
    };
    built("lockgate", "lockgate-gate", ["--bin", "lockgate"])?;
    built("the version questions", "lockgate-ecosystems", ["--example", "version_rows"])?;
    built("the licence questions", "lockgate-evidence", ["--example", "expression_rows"])?;
    let debug = cargo::target().join("debug");
    Ok(Programs {
        lockgate: debug.join("lockgate"),
        versions: debug.join("examples/version_rows"),
        expressions: debug.join("examples/expression_rows"),
    })
}

/// The comparisons; each prints its own lines and succeeds when all its bars are met.
fn checks(programs: &Programs, peers: &Peers, projects: &[Project], arguments: &Arguments) -> Result<Vec<Command>> {
    let mut checks = Vec::new();
    for project in projects {
        let boms = project.bills(&programs.lockgate)?;
        checks.push(peers.script("validate_sbom.py", &boms));
        let mut compare = peers.script("compare_components.py", &[]);
        compare.arg(project.ecosystem).args([&programs.lockgate, &project.manifests]).args(&boms);
        if project.ecosystem == "pypi" {
            compare.arg("--").arg(peers.program("uv"));
        }
        checks.push(compare);
    }
    let lockfile = |ecosystem: &str, name: &str| {
        let project = projects.iter().find(|p| p.ecosystem == ecosystem).expect("each ecosystem has a project");
        project.manifests.join(name)
    };
    let versions = |question: &str, with: &[&Path]| {
        let mut script = peers.script("compare_versions.py", &[]);
        script.arg(question).arg(&programs.versions).args(with);
        script
    };
    checks.push(versions("npm", &[&peers::npm_semver()?, &lockfile("npm", "package-lock.json")]));
    if let Some(checkout) = &arguments.node_semver {
        let checkout = checkout.canonicalize().with_context(|| format!("--node-semver {}", checkout.display()))?;
        checks.push(versions("npm-fixtures", &[&checkout]));
    }
    checks.push(versions("pypi", &[&lockfile("pypi", "uv.lock")]));
    checks.push(peers.script("compare_expressions.py", std::slice::from_ref(&programs.expressions)));
    Ok(checks)
}

fn holds(mut check: Command) -> Result<bool> {
    Ok(check.status().with_context(|| format!("start {check:?}"))?.success())
}
