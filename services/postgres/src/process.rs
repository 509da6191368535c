//! Running a program and, when it fails, saying what it said.

use crate::{
    account::Account,
    error::{ClusterError, Doing, Result},
};
use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Longest tail of a program's output in an error, in characters.
const OUTPUT_LENGTH: usize = 600;

/// A program of PostgreSQL, run by `account` in `folder`, in a known locale, and without the caller's `PG*` variables.
pub(crate) fn server_program(program: &Path, account: &Account, folder: &Path) -> Command {
    let mut command = Command::new(program);
    account.apply(&mut command);
    command.current_dir(folder).env_clear().env("LC_ALL", "C").stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Runs to the end; answers whatever the exit status is.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.output().doing(|| format!("run {program}"))
}

/// Runs to the end; a failure is an error with the end of the output.
pub(crate) fn run(command: &mut Command, doing: &str, remedy: &str) -> Result<String> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(ClusterError::Program {
        doing: doing.to_owned(),
        program: name(command.get_program()),
        output: said(&output),
        remedy: remedy.to_owned(),
    })
}

/// The end of what a program said, in one line.
pub(crate) fn said(output: &Output) -> String {
    let text = format!("{} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    tail(&text)
}

/// The last characters of a text, in one line.
pub(crate) fn tail(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let skip = line.chars().count().saturating_sub(OUTPUT_LENGTH);
    line.chars().skip(skip).collect()
}

fn name(program: &OsStr) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}
