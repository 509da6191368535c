//! Real lockfiles, made by the ecosystems' own clients from the registries that they are set up for.
//!
//! What a client made is kept, so that a second run asks nobody.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Makes lockfiles and keeps them under `cache`.
#[derive(Debug)]
pub struct Lockfiles {
    cache: PathBuf,
}

impl Lockfiles {
    pub fn new(cache: PathBuf) -> Self {
        Self { cache }
    }

    /// `package-lock.json` of a project with these dependencies, `(name, version or spec)`.
    ///
    /// # Errors
    /// When npm is missing or fails.
    pub fn npm(&self, name: &str, dependencies: &[(&str, &str)]) -> Result<String> {
        self.kept(&format!("{name}.package-lock.json"), &format!("{dependencies:?}"), |folder| {
            let dependencies: serde_json::Map<_, _> =
                dependencies.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
            let manifest = json!({ "name": "web", "version": "1.0.0", "private": true, "dependencies": dependencies });
            fs::write(folder.join("package.json"), manifest.to_string())?;
            let install =
                ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
            run(Command::new("npm").args(install).current_dir(folder))?;
            Ok(fs::read_to_string(folder.join("package-lock.json"))?)
        })
    }

    /// `requirements.txt` with the hashes that pip would install.
    ///
    /// # Errors
    /// When pip is missing or fails.
    pub fn pypi(&self, name: &str, requirements: &[&str]) -> Result<String> {
        self.kept(&format!("{name}.requirements.txt"), &format!("{requirements:?}"), |folder| {
            let arguments =
                ["-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps", "--report", "-"];
            let output = run(Command::new("python3").args(arguments).args(requirements).current_dir(folder))?;
            let report: Value = serde_json::from_slice(&output).context("read pip's report")?;
            let mut text = String::new();
            for item in report["install"].as_array().into_iter().flatten() {
                let field = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                let hash = field("/download_info/archive_info/hashes/sha256");
                writeln!(
                    text,
                    "{}=={} \\\n    --hash=sha256:{hash}",
                    field("/metadata/name"),
                    field("/metadata/version")
                )?;
            }
            Ok(text)
        })
    }

    /// `Cargo.lock` of a crate with these exact dependencies.
    ///
    /// # Errors
    /// When cargo fails.
    pub fn cargo(&self, name: &str, dependencies: &[(&str, &str)]) -> Result<String> {
        self.kept(&format!("{name}.Cargo.lock"), &format!("{dependencies:?}"), |folder| {
            let lines: String = dependencies.iter().map(|(n, v)| format!("{n} = \"={v}\"\n")).collect();
            let manifest = format!("[package]\nname = \"tools\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n{lines}");
            fs::write(folder.join("Cargo.toml"), manifest)?;
            fs::create_dir_all(folder.join("src"))?;
            fs::write(folder.join("src/lib.rs"), "")?;
            run(Command::new("cargo").args(["generate-lockfile", "--quiet"]).current_dir(folder))?;
            Ok(fs::read_to_string(folder.join("Cargo.lock"))?)
        })
    }

    fn kept(&self, file: &str, input: &str, make: impl FnOnce(&Path) -> Result<String>) -> Result<String> {
        let (path, made_of) = (self.cache.join(file), self.cache.join(format!("{file}.input")));
        if fs::read_to_string(&made_of).is_ok_and(|text| text == input) && path.exists() {
            return Ok(fs::read_to_string(path)?);
        }
        println!("  making {file} with its client");
        fs::create_dir_all(&self.cache)?;
        let folder = tempfile::tempdir()?;
        let text = make(folder.path()).with_context(|| format!("make {file}"))?;
        fs::write(path, &text)?;
        fs::write(made_of, input)?;
        Ok(text)
    }
}

fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("start {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?} failed: {}", command.get_program(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
