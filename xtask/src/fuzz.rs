//! Coverage-guided fuzzing of every parser, with a table of what was done.
//!
//! Everything lies in the user's cache folder: the build, what was found worth keeping (the corpus, which the next run
//! begins with), and the inputs that broke something.

use crate::{
    cargo::{self, answers, cache, command},
    provide,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// libFuzzer's driver for cargo. Its default sanitizer is the address sanitizer.
const CARGO_FUZZ: &str = "0.13.2";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// Memory of one target: a parser of untrusted input has no business with more. The sanitizer's own is in it.
const RSS_MIB: u32 = 512;
/// Largest single allocation.
const MALLOC_MIB: u32 = 192;
/// Longest time for one input, in seconds, with the sanitizer and whatever else the machine does.
const INPUT_SECONDS: u32 = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How long each target runs.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Build, and run nothing: does the fuzz crate still compile?
    #[arg(long)]
    build_only: bool,
    /// Use what was built last.
    #[arg(long, conflicts_with = "build_only")]
    no_build: bool,
    /// Targets; without any, all of them one after the other.
    targets: Vec<String>,
}

/// One line of the table.
struct Outcome {
    target: String,
    executions: String,
    per_second: String,
    coverage: String,
    peak_mib: String,
    crashes: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let all = targets()?;
    let unknown = arguments.targets.iter().find(|t| !all.contains(t));
    ensure!(unknown.is_none(), "no target is called {}; there are {}", unknown.map_or("", |t| t), all.join(", "));
    let chosen = if arguments.targets.is_empty() { all } else { arguments.targets.clone() };
    if !arguments.no_build {
        build(&arguments.targets)?;
    }
    if arguments.build_only {
        return Ok(());
    }
    let outcomes: Vec<Outcome> = chosen.iter().map(|target| fuzz(target, arguments.seconds)).collect::<Result<_>>()?;
    print(&outcomes);
    let broken: Vec<&str> = outcomes.iter().filter(|o| o.crashes > 0).map(|o| o.target.as_str()).collect();
    ensure!(broken.is_empty(), "{} broke; the inputs are in {}", broken.join(", "), home().join("artifacts").display());
    Ok(())
}

/// The programs of `fuzz/fuzz_targets`, sorted.
fn targets() -> Result<Vec<String>> {
    let folder = cargo::root().join("fuzz").join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|s| s.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn home() -> PathBuf {
    cache().join("fuzz")
}

/// One release build with coverage counters. Coverage and sanitizers are unstable options of a stable compiler.
fn build(targets: &[String]) -> Result<()> {
    provide::rust_tools()?;
    if !answers("cargo", &["fuzz", "--version"]) {
        let mut install = command("cargo");
        install.args(["install", "--locked", "--debug", "--version", CARGO_FUZZ, "cargo-fuzz"]);
        cargo::run("install cargo-fuzz (once, about a minute)", &mut install)?;
    }
    let mut build = command("cargo");
    build.args(["fuzz", "build", "--fuzz-dir", "fuzz", "-O", "-a", "--target-dir"]).arg(home());
    build.env("RUSTC_BOOTSTRAP", "1").env("CARGO_INCREMENTAL", "0");
    // cargo-fuzz builds one or all.
    match targets {
        [one] => cargo::run("build the fuzz target", build.arg(one)),
        _ => cargo::run("build the fuzz targets (the first time, some minutes)", &mut build),
    }
}

fn fuzz(target: &str, seconds: u32) -> Result<Outcome> {
    let program = home().join(TRIPLE).join("release").join(target);
    let (corpus, seeds) = (home().join("corpus").join(target), home().join("seeds").join(target));
    let artifacts = home().join("artifacts").join(target);
    for folder in [&corpus, &seeds, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let before = broken(&artifacts)?;
    println!("==> {target}, {seconds} s");
    let mut run = Command::new("nice");
    run.args(["-n", "19"]).arg(&program).arg(&corpus).arg(&seeds);
    run.args([
        format!("-max_total_time={seconds}"),
        format!("-rss_limit_mb={RSS_MIB}"),
        format!("-malloc_limit_mb={MALLOC_MIB}"),
        format!("-timeout={INPUT_SECONDS}"),
        format!("-artifact_prefix={}/", artifacts.display()),
        "-print_final_stats=1".to_owned(),
        "-reload=0".to_owned(),
    ]);
    run.env("LOCKGATE_FUZZ_SEEDS", &seeds);
    // The sanitizer keeps freed memory for a while, which would count as the parser's; and leaks are no errors of memory.
    run.env("ASAN_OPTIONS", "quarantine_size_mb=16:detect_leaks=0:allocator_may_return_null=1");
    let output = run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("start {}; build it without --no-build", program.display()))?;
    let log = String::from_utf8_lossy(&output.stderr);
    fs::write(artifacts.with_extension("log"), log.as_bytes())?;
    let crashes = broken(&artifacts)?.len().saturating_sub(before.len());
    if crashes > 0 {
        log.lines().filter(|l| l.contains("panicked at") || l.contains("ERROR:")).for_each(|l| println!("    {l}"));
    } else if !output.status.success() {
        bail!("{target} ended with {}; read {}", output.status, artifacts.with_extension("log").display());
    }
    Ok(Outcome {
        target: target.to_owned(),
        executions: figure(&log, "stat::number_of_executed_units:"),
        per_second: figure(&log, "stat::average_exec_per_sec:"),
        coverage: figure(&log, " cov:"),
        peak_mib: figure(&log, "stat::peak_rss_mb:"),
        crashes,
    })
}

/// The last number that stands behind `label`.
fn figure(log: &str, label: &str) -> String {
    let found = log.rsplit_once(label).and_then(|(_, rest)| rest.split_whitespace().next());
    found.unwrap_or("-").to_owned()
}

/// Inputs that broke the target: panics, memory, time.
fn broken(artifacts: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(artifacts)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if ["crash-", "oom-", "timeout-", "leak-"].iter().any(|kind| name.starts_with(kind)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn print(outcomes: &[Outcome]) {
    println!("\n| target | executions | per second | coverage (edges) | peak MiB | crashes |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for o in outcomes {
        let Outcome { target, executions, per_second, coverage, peak_mib, crashes } = o;
        println!("| {target} | {executions} | {per_second} | {coverage} | {peak_mib} | {crashes} |");
    }
}
