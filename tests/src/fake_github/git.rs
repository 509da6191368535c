//! The git program, for making repositories. The product never calls it; the fake does, with as few processes as it can,
//! because hundreds of pull requests are made of thousands of its calls.

use anyhow::{Context, Result, ensure};
use std::{
    collections::HashSet,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Commits are a minute apart, starting here, so that their ids are the same in every run.
static CLOCK: AtomicU64 = AtomicU64::new(1_750_000_000);

/// A change to one file: its new content, or `None` to remove it.
pub type FileChange<'a> = (&'a str, Option<&'a [u8]>);

/// A bare repository. What is written to it is there for whoever knows the id.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
    /// Commits that were found before: they do not go away.
    known: Arc<Mutex<HashSet<String>>>,
}

/// A commit to be made, the same in every repository.
#[derive(Debug)]
pub(super) struct NewCommit<'a> {
    pub(super) reference: &'a str,
    pub(super) parent: Option<&'a str>,
    pub(super) files: &'a [FileChange<'a>],
    pub(super) message: &'a str,
    /// Seconds of the epoch.
    pub(super) time: u64,
}

/// The time of the next commit.
pub(super) fn tick() -> u64 {
    CLOCK.fetch_add(60, Ordering::Relaxed)
}

impl Git {
    pub(super) fn create(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let git = Self { folder, known: Arc::default() };
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main"])?;
        git.configure()?;
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
    fn configure(&self) -> Result<()> {
        let path = self.folder.join("config");
        let mut config = std::fs::OpenOptions::new().append(true).open(path)?;
        let upload = "[uploadpack]\nallowAnySHA1InWant = true\nallowReachableSHA1InWant = true\nallowFilter = true\n";
        config.write_all(format!("{upload}[gc]\nauto = 0\n[core]\nfsync = none\n").as_bytes())?;
        Ok(())
    }

    /// The commit at `rev`, if there is one. References and commits that were found before need no process.
    pub(super) fn commit_at(&self, rev: &str) -> Option<String> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(rev) {
            return Some(rev.to_owned());
        }
        let tip = || std::fs::read_to_string(self.folder.join(rev)).ok().map(|tip| tip.trim().to_owned());
        if let Some(tip) = rev.starts_with("refs/").then(tip).flatten().filter(|tip| tip.len() == 40) {
            return Some(tip);
        }
        let found = self.run(&["rev-parse", "--quiet", "--verify", &format!("{rev}^{{commit}}")]).ok()?;
        known().insert(found.clone());
        Some(found)
    }

    pub(super) fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.run(&["merge-base", one, other]).ok()
    }

    /// Makes a commit and lets its reference point there.
    pub(super) fn commit(&self, new: &NewCommit<'_>) -> Result<String> {
        let mut stream = Vec::new();
        let who = format!("mona <mona@example.test> {} +0000", new.time);
        let message = format!("{}\n", new.message);
        write!(stream, "commit {}\nmark :1\nauthor {who}\ncommitter {who}\n", new.reference)?;
        write!(stream, "data {}\n{message}\n", message.len())?;
        if let Some(parent) = new.parent {
            writeln!(stream, "from {parent}")?;
        }
        for (path, content) in new.files {
            match content {
                Some(content) => {
                    write!(stream, "M 100644 inline {path}\ndata {}\n", content.len())?;
                    stream.extend_from_slice(content);
                    stream.push(b'\n');
                }
                None => writeln!(stream, "D {path}")?,
            }
        }
        write!(stream, "\nget-mark :1\ndone\n")?;
        self.run_with(&["fast-import", "--quiet", "--done", "--force", "--date-format=raw"], &stream)
    }

    /// Merges `head` into `base` and returns the merge commit; no reference moves.
    pub(super) fn merge(&self, base: &str, head: &str) -> Result<String> {
        let tree = self.run(&["merge-tree", "--write-tree", base, head])?;
        self.run(&["commit-tree", tree.lines().next().unwrap_or(&tree), "-p", base, "-p", head, "-m", "merge"])
    }

    /// As `git update-ref` does, without a process.
    pub(super) fn set_reference(&self, name: &str, sha: &str) -> Result<()> {
        let path = self.folder.join(name);
        let folder = path.parent().context("a reference lies in a folder")?;
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{sha}")?;
        file.persist(&path)?;
        Ok(())
    }

    /// Copies `sha` and what it needs to `to`, under `reference`.
    pub(super) fn push(&self, to: &Git, sha: &str, reference: &str) -> Result<()> {
        let to = to.folder.to_str().context("a path in UTF-8")?;
        self.run(&["push", "--quiet", "--force", to, &format!("{sha}:{reference}")]).map(drop)
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with(arguments, b"")
    }

    fn run_with(&self, arguments: &[&str], input: &[u8]) -> Result<String> {
        let mut command = bare_git(&self.folder);
        if arguments.first() == Some(&"commit-tree") {
            let date = format!("{} +0000", tick());
            command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        }
        command.args(arguments);
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
