//! A server that speaks S3, for the mirror's tests: npm's `s3rver`, pinned, in the cache folder.

use crate::cargo;
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

const S3RVER: &str = "s3rver@3.7.1";

/// The program. The tests look for it by `LOCKGATE_S3RVER`.
pub(crate) fn provided() -> Result<PathBuf> {
    let folder = cargo::cache().join("s3rver-3.7.1");
    let program = folder.join("node_modules/.bin/s3rver");
    if program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let mut install = Command::new("npm");
    install.current_dir(&folder).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        ".",
        S3RVER,
    ]);
    cargo::run("install s3rver (once)", &mut install)?;
    Ok(program)
}
