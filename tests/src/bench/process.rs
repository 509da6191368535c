//! Programs as a user starts them: wall time, output, peak memory.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::Instant,
};

/// Seconds that `command` takes, its output thrown away.
///
/// # Errors
/// When it cannot be started, or ends with a status that is not among `allowed`.
pub(super) fn timed(command: &mut Command, allowed: &[i32]) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().with_context(|| format!("start {:?}", command.get_program()))?;
    let taken = started.elapsed().as_secs_f64();
    ensure!(status.code().is_some_and(|code| allowed.contains(&code)), "{command:?} ended with {status}");
    Ok(taken)
}

/// What `command` prints.
///
/// # Errors
/// As [`timed`]; the error holds what it wrote.
pub(super) fn output(command: &mut Command, allowed: &[i32]) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {:?}", command.get_program()))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let tail: String = told.chars().rev().take(600).collect::<String>().chars().rev().collect();
    ensure!(output.status.code().is_some_and(|code| allowed.contains(&code)), "{command:?}: {}: {tail}", output.status);
    Ok(output)
}

/// Memory of a running process in MiB: resident now, and at its peak (`VmRSS`, `VmHWM` of proc(5)).
pub(super) fn memory(process: u32) -> Result<(f64, f64)> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).context("read the memory of the server")?;
    let field = |name: &str| -> Option<f64> {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
    };
    Ok((field("VmRSS:").unwrap_or_default(), field("VmHWM:").unwrap_or_default()))
}

pub(super) fn exists(path: &Path) -> Result<()> {
    ensure!(path.exists(), "{} is missing; run it by `cargo xtask bench`, which provides the peers", path.display());
    Ok(())
}
