//! `cargo xtask conformance CHECKOUT`: the bundle-verification cases of a checkout of sigstore-conformance, shown to
//! `lockgate verify-bundle` as that suite's own harness does. Of a case only its folder is read; nothing of it is kept here.
//!
//! A case says what is expected by its name: one that ends in `fail` must be refused. Each is asked twice, by the artifact's
//! file and by its digest.

use crate::cargo::{self, command};
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The signer of the suite's own bundles, and who vouches for it: what is expected where a case names no other.
const IDENTITY: &str = concat!(
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/",
    "workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
);
const ISSUER: &str = "https://token.actions.githubusercontent.com";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A checkout of sigstore-conformance.
    checkout: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let folder = arguments.checkout.join("test/assets/bundle-verify");
    let cases = cases(&folder)?;
    let lockgate = build()?;
    let (mut accepted, mut refused, mut missed) = (0, 0, 0);
    for case in &cases {
        for artifact in [Asked::File, Asked::Digest] {
            let answer = case.ask(&lockgate, artifact)?;
            match answer.code {
                Some(0) if !case.must_fail => accepted += 1,
                Some(code) if case.must_fail && case.may_end_with(code) => refused += 1,
                code => {
                    missed += 1;
                    let wanted = if case.must_fail { "be refused" } else { "be verified" };
                    let code = code.map_or("a signal".to_owned(), |code| format!("exit {code}"));
                    println!("{} (by {artifact:?}) should {wanted}: {code}; {}", case.name, answer.said);
                }
            }
        }
    }
    println!(
        "{} cases, each by file and by digest: {} of {} as expected, {accepted} verified and {refused} refused",
        cases.len(),
        accepted + refused,
        2 * cases.len()
    );
    ensure!(missed == 0, "{missed} answers were not as expected; they are named above");
    Ok(())
}

fn build() -> Result<PathBuf> {
    let mut build = command("cargo");
    build.env("SQLX_OFFLINE", "true").args(["build", "-q", "--locked", "-p", "lockgate-gate", "--bin", "lockgate"]);
    cargo::run("build lockgate", &mut build)?;
    Ok(cargo::target().join("debug/lockgate"))
}

fn cases(folder: &Path) -> Result<Vec<Case>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("read {}; name a checkout of sigstore-conformance", folder.display()))?;
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    ensure!(!folders.is_empty(), "{} holds no case; name a checkout of sigstore-conformance", folder.display());
    Ok(folders.into_iter().map(Case::new).collect())
}

struct Case {
    name: String,
    folder: PathBuf,
    must_fail: bool,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    File,
    Digest,
}

struct Answer {
    code: Option<i32>,
    said: String,
}

impl Case {
    fn new(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { must_fail: name.ends_with("fail"), name, folder }
    }

    fn ask(&self, lockgate: &Path, artifact: Asked) -> Result<Answer> {
        let mut command = Command::new(lockgate);
        command.arg("verify-bundle").arg("--bundle").arg(self.folder.join("bundle.sigstore.json"));
        match self.own("key.pub") {
            Some(key) => command.arg("--key").arg(key),
            None => command
                .args(["--certificate-identity", &self.text("identity", IDENTITY)?])
                .args(["--certificate-oidc-issuer", &self.text("issuer", ISSUER)?]),
        };
        if let Some(root) = self.own("trusted_root.json") {
            command.arg("--trusted-root").arg(root);
        }
        let file = self.own("artifact").unwrap_or_else(|| self.folder.with_file_name("a.txt"));
        match artifact {
            Asked::File => command.arg(file),
            Asked::Digest => {
                let bytes = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
                command.arg(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
            }
        };
        let output = command.output().with_context(|| format!("start {}", lockgate.display()))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(Answer { code: output.status.code(), said })
    }

    /// 1 is a rejection. 2, that it could not be asked, will do only where the case brings a key or a trusted root that may
    /// be what cannot be used: else a slip of this program's own would look like a refusal.
    fn may_end_with(&self, code: i32) -> bool {
        code == 1 || code == 2 && (self.own("key.pub").is_some() || self.own("trusted_root.json").is_some())
    }

    fn own(&self, file: &str) -> Option<PathBuf> {
        Some(self.folder.join(file)).filter(|path| path.exists())
    }

    fn text(&self, file: &str, otherwise: &str) -> Result<String> {
        let Some(path) = self.own(file) else { return Ok(otherwise.to_owned()) };
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Ok(text.trim().to_owned())
    }
}
