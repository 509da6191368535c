//! `cargo xtask conformance CHECKOUT`: the bundle-verification cases of a checkout of sigstore-conformance, shown to
//! `lockgate verify-bundle` as that suite's own harness does. Of a case only its folder is read; nothing of it is kept here.
//!
//! A case says what is expected by its name: one that ends in `fail` must be refused. Each is asked twice, by the artifact's
//! file and by its digest. The good ones are asked again for somebody or something else, which must be refused, too.

use crate::cargo::{self, command};
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::{
    fmt, fs,
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
    let suite = ask(&lockgate, &cases, &[Question::File, Question::Digest])?;
    println!("{} cases, each by file and by digest: {suite}", cases.len());
    let good: Vec<Case> = cases.into_iter().filter(|case| !case.must_fail).collect();
    let ours = ask(&lockgate, &good, &[Question::OtherIdentity, Question::OtherIssuer, Question::OtherArtifact])?;
    println!("{} good ones for another identity, issuer and artifact: {ours}", good.len());
    let missed = suite.missed + ours.missed;
    ensure!(missed == 0, "{missed} answers were not as expected; they are named above");
    Ok(())
}

#[derive(Debug, Default)]
struct Sum {
    verified: usize,
    refused: usize,
    missed: usize,
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = self.verified + self.refused;
        write!(f, "{right} of {} as expected, ", right + self.missed)?;
        write!(f, "{} verified and {} refused", self.verified, self.refused)
    }
}

/// Asks each of `questions` that has a sense of each case, and names the answers that are not as expected.
fn ask(lockgate: &Path, cases: &[Case], questions: &[Question]) -> Result<Sum> {
    let mut sum = Sum::default();
    for (case, question) in cases.iter().flat_map(|case| questions.iter().map(move |&question| (case, question))) {
        let Some(mut command) = case.command(lockgate, question)? else { continue };
        let output = command.output().with_context(|| format!("start {}", lockgate.display()))?;
        let must_fail = case.must_fail || question.is_forged();
        match output.status.code() {
            Some(0) if !must_fail => sum.verified += 1,
            Some(code) if must_fail && case.may_end_with(code) => sum.refused += 1,
            _ => {
                sum.missed += 1;
                let wanted = if must_fail { "be refused" } else { "be verified" };
                let said = String::from_utf8_lossy(&output.stderr);
                println!("{}, {question:?}: should {wanted}, {}; {}", case.name, output.status, said.trim());
            }
        }
    }
    Ok(sum)
}

/// The program that is asked.
pub(crate) fn build() -> Result<PathBuf> {
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
enum Question {
    File,
    Digest,
    OtherIdentity,
    OtherIssuer,
    OtherArtifact,
}

impl Question {
    /// Of our own: the suite's good bundles are not for who or what is asked.
    fn is_forged(self) -> bool {
        matches!(self, Self::OtherIdentity | Self::OtherIssuer | Self::OtherArtifact)
    }
}

impl Case {
    fn new(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { must_fail: name.ends_with("fail"), name, folder }
    }

    /// None where the question has no sense: a key has no identity.
    fn command(&self, lockgate: &Path, question: Question) -> Result<Option<Command>> {
        let mut command = Command::new(lockgate);
        command.arg("verify-bundle").arg("--bundle").arg(self.folder.join("bundle.sigstore.json"));
        let mut identity = self.text("identity", IDENTITY)?;
        let mut issuer = self.text("issuer", ISSUER)?;
        match (question, self.own("key.pub")) {
            (Question::OtherIdentity | Question::OtherIssuer, Some(_)) => return Ok(None),
            (_, Some(key)) => drop(command.arg("--key").arg(key)),
            (_, None) => {
                match question {
                    Question::OtherIdentity => identity.push('2'),
                    Question::OtherIssuer => issuer.push('/'),
                    _ => {}
                }
                command.args(["--certificate-identity", &identity, "--certificate-oidc-issuer", &issuer]);
            }
        }
        if let Some(root) = self.own("trusted_root.json") {
            command.arg("--trusted-root").arg(root);
        }
        let file = self.own("artifact").unwrap_or_else(|| self.folder.with_file_name("a.txt"));
        match question {
            Question::Digest => {
                let bytes = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
                command.arg(format!("sha256:{}", hex::encode(Sha256::digest(bytes))));
            }
            Question::OtherArtifact => drop(command.arg(self.folder.join("README"))),
            _ => drop(command.arg(file)),
        }
        Ok(Some(command))
    }

    /// 1 is a rejection. 2, that it could not be asked, will do only where the case brings a key or a trusted root that may
    /// be what cannot be used: else a slip of this program's own would look like a refusal.
    fn may_end_with(&self, code: i32) -> bool {
        code == 1
            || code == 2 && self.must_fail && (self.own("key.pub").is_some() || self.own("trusted_root.json").is_some())
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
