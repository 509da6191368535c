//! Listing a lockfile and writing its bill of materials, as programs that a user starts.

use super::{
    Options,
    measure::by_turns,
    process,
    table::{Aim, Row, Table},
};
use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Resolves to well over a thousand packages.
const MANIFEST: &str = r#"{
  "name": "bench-npm", "version": "1.0.0", "private": true,
  "dependencies": { "react": "18.3.1", "react-dom": "18.3.1" },
  "devDependencies": { "eslint": "8.57.1", "jest": "29.7.0", "react-scripts": "5.0.1", "webpack": "5.101.3" }
}
"#;

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let project = project(options)?;
    let lock = project.join("package-lock.json");
    let bytes = std::fs::metadata(&lock)?.len();
    let ours = |arguments: &[&str]| {
        let mut command = Command::new(&options.lockgate);
        command.args(arguments);
        command
    };
    let (syft, cyclonedx) =
        (options.program("python/bin/syft"), options.program("node/node_modules/.bin/cyclonedx-npm"));
    let lock_text = lock.display().to_string();
    let listed = process::output(&mut ours(&["lock", &lock_text]), &[0])?;
    let packages = listed.stdout.iter().filter(|b| **b == b'\n').count();
    ensure!(packages > 1000, "the project has only {packages} packages");
    let limit = format!(
        "{packages} packages in {bytes} bytes; starting a process that does nothing: {:.1} ms",
        nothing()? * 1000.0
    );

    let list = || process::timed(&mut ours(&["lock", &lock_text, "--format", "json"]), &[0]);
    let query =
        || process::timed(Command::new("npm").current_dir(&project).args(["query", "*", "--package-lock-only"]), &[0]);
    let (our, their) = by_turns(options.rounds(9, 4), list, query)?;
    table.push(
        Row::time(
            "listing a lockfile",
            "ms",
            &our.times(1000.0),
            ("ms npm query", &their.times(1000.0)),
            Aim::AtLeast(100.0),
        )
        .against(&limit),
    );

    process::exists(&syft)?;
    let scan = |format: &str| {
        let mut command = Command::new(&syft);
        command.env("SYFT_CHECK_FOR_APP_UPDATE", "false").args(["scan", "--quiet", "--output", format]);
        command.arg(format!("file:{lock_text}"));
        command
    };
    let (our, their) = by_turns(options.rounds(9, 4), list, || process::timed(&mut scan("json"), &[0]))?;
    table.push(
        Row::time(
            "listing a lockfile",
            "ms",
            &our.times(1000.0),
            ("ms syft", &their.times(1000.0)),
            Aim::AtLeast(100.0),
        )
        .against(&limit),
    );

    let repository = project.display().to_string();
    let bill = || {
        process::timed(&mut ours(&["sbom", "--repo", &repository, "--rev", "HEAD", "--format", "cyclonedx-json"]), &[0])
    };
    process::exists(&cyclonedx)?;
    let peer = || {
        process::timed(
            Command::new(&cyclonedx).current_dir(&project).args([
                "--package-lock-only",
                "--ignore-npm-errors",
                "--output-file",
                "/dev/null",
            ]),
            &[0],
        )
    };
    let (our, their) = by_turns(options.rounds(7, 3), bill, peer)?;
    table.push(Row::time(
        "CycloneDX of the lockfile",
        "ms",
        &our.times(1000.0),
        ("ms cyclonedx-npm", &their.times(1000.0)),
        Aim::AtLeast(100.0),
    ));
    let (our, their) = by_turns(options.rounds(7, 3), bill, || process::timed(&mut scan("cyclonedx-json"), &[0]))?;
    table.push(Row::time(
        "CycloneDX of the lockfile",
        "ms",
        &our.times(1000.0),
        ("ms syft", &their.times(1000.0)),
        Aim::AtLeast(100.0),
    ));
    Ok(())
}

/// Seconds to start a program that ends at once: what no command can go below.
fn nothing() -> Result<f64> {
    let mut sample = super::measure::Sample::default();
    for _ in 0..9 {
        sample.push(process::timed(&mut Command::new("/bin/true"), &[0])?);
    }
    Ok(sample.median())
}

/// A project that npm resolved, once, committed in a repository of its own. No code of a package runs.
fn project(options: &Options) -> Result<PathBuf> {
    let folder = options.state.join("npm-project");
    std::fs::create_dir_all(&folder)?;
    let manifest = folder.join("package.json");
    if folder.join(".git").exists() && std::fs::read_to_string(&manifest).is_ok_and(|text| text == MANIFEST) {
        return Ok(folder);
    }
    std::fs::write(&manifest, MANIFEST)?;
    println!("    npm resolves a project (once, a minute)");
    let arguments =
        ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
    process::output(Command::new("npm").current_dir(&folder).args(arguments), &[0])?;
    commit(&folder)?;
    Ok(folder)
}

pub(super) fn commit(folder: &Path) -> Result<()> {
    for arguments in [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "A lockfile"]] {
        let mut git = Command::new("git");
        git.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=Lockgate", "-c", "user.email=lockgate@example.test"]).args(arguments);
        process::output(&mut git, &[0]).with_context(|| format!("commit {}", folder.display()))?;
    }
    Ok(())
}
