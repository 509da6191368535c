//! What GitHub itself says of its API and its events, as npm packages: the tests hold the fake GitHub and our parser to it.
//! Pinned by version and digest, kept in the cache folder, never committed.

use crate::{cargo, provide};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A file of a package.
struct Description {
    package: &'static str,
    version: &'static str,
    /// SHA-512 of the package's archive.
    digest: &'static str,
    /// Within the archive.
    file: &'static str,
}

const REST: Description = Description {
    package: "@octokit/openapi",
    version: "23.0.2",
    digest: "a55f0cecbf46636dc0c9b36f4e6a369f28e6a669edebedac444fedaabd192d070f4b8967c3bbb979918d9b044d9010b70fb8195db171e401f32d455105718386",
    file: "package/generated/api.github.com.json",
};
const EVENTS: Description = Description {
    package: "@octokit/webhooks-schemas",
    version: "7.6.1",
    digest: "a96d01c2d6fbeabe26d96cd584a0f27c47849edd46110a118e40aa9aad99781d273550c9f99d8b0434bd1433f276eb8c5dffd94d6882269f4f1451e045f05edc",
    file: "package/schema.json",
};
const EXAMPLES: Description = Description {
    package: "@octokit/webhooks-examples",
    version: "7.6.1",
    digest: "0dee94dd707a3b70ed09aedb2a008ccd31dd7a8a6aa99e92362bcc6099caeb989eaca2f5027348034b644580914bb970193efdd9df8fb3559b7c796ca3a3329d",
    file: "package/api.github.com/index.json",
};

/// Fetches what is not there yet and returns the environment variables by which the tests find the files.
pub(crate) fn provide() -> Result<Vec<(&'static str, PathBuf)>> {
    Ok(vec![("LOCKGATE_GITHUB_DESCRIPTION", REST.provide()?), ("LOCKGATE_GITHUB_EVENTS", EVENTS.provide()?)])
}

/// Fetches all and says where they are.
pub(crate) fn show() -> Result<()> {
    for (variable, path) in provide()? {
        println!("{variable}={}", path.display());
    }
    println!("example events: {}", examples()?.display());
    Ok(())
}

/// GitHub's example events.
pub(crate) fn examples() -> Result<PathBuf> {
    EXAMPLES.provide()
}

impl Description {
    fn provide(&self) -> Result<PathBuf> {
        let name = format!("{}-{}", self.package.trim_start_matches('@').replace('/', "-"), self.version);
        let folder = cargo::cache().join(&name);
        let file = folder.join(self.file);
        if file.exists() {
            return Ok(file);
        }
        if !cargo::answers("npm", &["--version"]) {
            provide::apt("npm", &["nodejs", "npm"])?;
        }
        // In an empty folder, so that no project's .npmrc is read; in the cache folder, so that it can be renamed.
        let scratch = cargo::cache().join(format!("{name}.{}", std::process::id()));
        fs::create_dir_all(&scratch).with_context(|| format!("create {}", scratch.display()))?;
        let fetched = self.fetch(&scratch).and_then(|()| match fs::rename(&scratch, &folder) {
            // Another process was faster.
            Err(_) if file.exists() => Ok(()),
            renamed => renamed.with_context(|| format!("create {}", folder.display())),
        });
        let _ = fs::remove_dir_all(&scratch);
        fetched.map(|()| file)
    }

    fn fetch(&self, into: &Path) -> Result<()> {
        let wanted = format!("{}@{}", self.package, self.version);
        let mut pack = Command::new("npm");
        pack.args(["pack", "--ignore-scripts", "--silent", &wanted]).current_dir(into);
        cargo::run(&format!("fetch the npm package {wanted} (once)"), &mut pack)?;
        let archive =
            fs::read_dir(into)?.flatten().map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "tgz"));
        let archive = archive.with_context(|| format!("npm wrote no archive of {wanted}"))?;
        let sum = Command::new("sha512sum").arg(&archive).output().context("start sha512sum")?;
        let sum = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap_or_default().to_owned();
        ensure!(sum == self.digest, "{wanted} has the SHA-512 {sum} instead of {}; it is not used", self.digest);
        let mut unpack = Command::new("tar");
        unpack.arg("-xzf").arg(&archive).arg("-C").arg(into).arg(self.file);
        cargo::run(&format!("unpack {}", self.file), &mut unpack)?;
        fs::remove_file(&archive).with_context(|| format!("remove {}", archive.display()))
    }
}
