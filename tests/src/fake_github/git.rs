//! The git program, for making repositories. The product never calls it; the fake does.

use anyhow::{Context, Result, ensure};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

/// Commits are a minute apart, starting here, so that their ids are the same in every run.
static CLOCK: AtomicU64 = AtomicU64::new(1_750_000_000);

/// A change to one file: its new content, or `None` to remove it.
pub type FileChange<'a> = (&'a str, Option<&'a [u8]>);

/// A bare repository. What is written to it is there for whoever knows the id.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
}

impl Git {
    pub(super) fn create(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let git = Self { folder };
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main"])?;
        git.allow_commit_ids()?;
        Ok(git)
    }

    /// Copies all branches and tags of the repository at `from`.
    pub(super) fn copy(from: &Path, folder: PathBuf) -> Result<Self> {
        let git = Self::create(folder)?;
        let from = from.to_str().context("a path in UTF-8")?;
        git.run(&["fetch", "--quiet", from, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])?;
        Ok(git)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// As GitHub does: a client may ask for any commit by its id.
    fn allow_commit_ids(&self) -> Result<()> {
        self.run(&["config", "uploadpack.allowAnySHA1InWant", "true"])?;
        self.run(&["config", "uploadpack.allowReachableSHA1InWant", "true"])?;
        self.run(&["config", "uploadpack.allowFilter", "true"]).map(drop)
    }

    /// The commit at `rev`, if there is one.
    pub(super) fn commit_at(&self, rev: &str) -> Option<String> {
        self.run(&["rev-parse", "--quiet", "--verify", &format!("{rev}^{{commit}}")]).ok()
    }

    pub(super) fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.run(&["merge-base", one, other]).ok()
    }

    /// Makes a commit on top of `parent` without moving any reference.
    pub(super) fn commit(&self, parent: Option<&str>, files: &[FileChange<'_>], message: &str) -> Result<String> {
        let index = tempfile::Builder::new().prefix("index").tempdir_in(&self.folder)?;
        let index = index.path().join("index");
        let with = |arguments: &[&str], input: &[u8]| self.run_with(arguments, input, Some(&index));
        if let Some(parent) = parent {
            with(&["read-tree", parent], b"")?;
        }
        for (path, content) in files {
            match content {
                Some(content) => {
                    let blob = with(&["hash-object", "-w", "--stdin"], content)?;
                    with(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{path}")], b"")?;
                }
                None => drop(with(&["update-index", "--force-remove", path], b"")?),
            }
        }
        let tree = with(&["write-tree"], b"")?;
        let mut arguments = vec!["commit-tree", &tree, "-m", message];
        arguments.extend(parent.iter().flat_map(|p| ["-p", p]));
        self.run(&arguments)
    }

    /// Merges `head` into `base` and returns the merge commit; no reference moves.
    pub(super) fn merge(&self, base: &str, head: &str) -> Result<String> {
        let tree = self.run(&["merge-tree", "--write-tree", base, head])?;
        self.run(&["commit-tree", tree.lines().next().unwrap_or(&tree), "-p", base, "-p", head, "-m", "merge"])
    }

    pub(super) fn set_reference(&self, name: &str, sha: &str) -> Result<()> {
        self.run(&["update-ref", name, sha]).map(drop)
    }

    /// Copies `sha` and what it needs to `to`, under `reference`.
    pub(super) fn push(&self, to: &Git, sha: &str, reference: &str) -> Result<()> {
        let to = to.folder.to_str().context("a path in UTF-8")?;
        self.run(&["push", "--quiet", "--force", to, &format!("{sha}:{reference}")]).map(drop)
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with(arguments, b"", None)
    }

    fn run_with(&self, arguments: &[&str], input: &[u8], index: Option<&Path>) -> Result<String> {
        let mut command = bare_git(&self.folder);
        if arguments.first() == Some(&"commit-tree") {
            let date = format!("{} +0000", CLOCK.fetch_add(60, Ordering::Relaxed));
            command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        }
        command.args(arguments).envs(index.map(|i| ("GIT_INDEX_FILE", i)));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("standard input is piped")?.write_all(input)?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// git in `folder`, with no configuration but the repository's.
pub(super) fn bare_git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_DIR", ".")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for (role, value) in [("NAME", "mona"), ("EMAIL", "mona@example.test")] {
        command.env(format!("GIT_AUTHOR_{role}"), value).env(format!("GIT_COMMITTER_{role}"), value);
    }
    command
}
