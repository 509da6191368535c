//! Objects of a git repository, read one after the other from `git cat-file`. Nothing is checked out.

use crate::set::LARGEST;
use anyhow::{Context, Result, bail, ensure};
use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

pub(crate) struct Repository {
    path: PathBuf,
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Repository {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut child = git(path)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start git cat-file; is git installed?")?;
        let asked = child.stdin.take().context("write to git")?;
        let answers = BufReader::new(child.stdout.take().context("read from git")?);
        Ok(Self { path: path.to_owned(), child, asked, answers })
    }

    /// The commit that is read.
    pub(crate) fn head(&self) -> Result<String> {
        let output = git(&self.path).args(["rev-parse", "HEAD"]).output().context("ask git for the commit")?;
        ensure!(output.status.success(), "{} has no commit", self.path.display());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// For lineage: what the repository is called, without where it lies.
    pub(crate) fn name(&self) -> String {
        let parts = self.path.components().rev().map(|part| part.as_os_str().to_string_lossy().into_owned());
        parts.into_iter().find(|part| !matches!(part.as_str(), "repo" | ".git" | "/")).unwrap_or_default()
    }

    /// The bytes of `path` at the commit.
    pub(crate) fn read(&mut self, path: &str) -> Result<Vec<u8>> {
        ensure!(!path.contains('\n'), "{path:?} is no path");
        writeln!(self.asked, "HEAD:{path}").with_context(|| format!("ask git for {path}"))?;
        let mut line = String::new();
        self.answers.read_line(&mut line).with_context(|| format!("read {path} from git"))?;
        let mut words = line.trim_end().rsplit(' ');
        let (Some(size), Some("blob")) = (words.next().and_then(|size| size.parse::<u64>().ok()), words.next()) else {
            bail!("{path} is not in {}: {}", self.path.display(), line.trim_end());
        };
        ensure!(size <= LARGEST, "{path} has {size} bytes, more than {LARGEST}");
        let mut bytes = Vec::new();
        (&mut self.answers).take(size).read_to_end(&mut bytes).with_context(|| format!("read {path} from git"))?;
        // An answer ends with a line break.
        self.answers.read_exact(&mut [0]).with_context(|| format!("read {path} from git"))?;
        Ok(bytes)
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, on the objects of `path` and on nothing that a repository could configure.
fn git(path: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(path).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    git
}
