//! Repositories: a public side that clients see, and a private side where commits are made first, so that a test can
//! announce a commit before it is readable.

use super::{
    FakeGitHub, Shared, State,
    check_runs::CheckRun,
    git::{FileChange, Git},
    pull_requests::PullRequest,
};
use anyhow::{Context, Result, ensure};
use std::path::Path;

#[derive(Debug)]
pub(super) struct Repository {
    pub(super) id: u64,
    /// `OWNER/NAME`.
    pub(super) name: String,
    pub(super) private: bool,
    /// What clients see.
    pub(super) public: Git,
    /// Where commits are made.
    pub(super) staging: Git,
    pub(super) pull_requests: Vec<PullRequest>,
    pub(super) check_runs: Vec<CheckRun>,
    /// Answer as git servers did before protocol version 2 and without giving out commits by id.
    pub(super) legacy: bool,
}

impl State {
    pub(super) fn repository(&self, repo: &str) -> Result<&Repository> {
        self.repositories.get(repo).with_context(|| format!("the fake GitHub has no repository {repo}"))
    }

    pub(super) fn repository_mut(&mut self, repo: &str) -> Result<&mut Repository> {
        self.repositories.get_mut(repo).with_context(|| format!("the fake GitHub has no repository {repo}"))
    }
}

impl Shared {
    pub(super) fn add_repository(&self, repo: &str, private: bool, from: Option<&Path>) -> Result<()> {
        let plain =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        ensure!(repo.split_once('/').is_some_and(|(o, n)| plain(o) && plain(n)), "{repo:?} is not OWNER/NAME");
        let mut state = self.state();
        ensure!(!state.repositories.contains_key(repo), "the fake GitHub has a repository {repo} already");
        let public = self.folder.join("repositories").join(format!("{repo}.git"));
        let staging = self.folder.join("staging").join(format!("{repo}.git"));
        let (public, staging) = match from {
            Some(from) => (Git::copy(from, public)?, Git::copy(from, staging)?),
            None => (Git::create(public)?, Git::create(staging)?),
        };
        let id = state.next_id();
        let repository = Repository {
            id,
            name: repo.to_owned(),
            private,
            public,
            staging,
            pull_requests: Vec::new(),
            check_runs: Vec::new(),
            legacy: false,
        };
        state.repositories.insert(repo.to_owned(), repository);
        Ok(())
    }

    pub(super) fn commit(&self, repo: &str, branch: &str, files: &[FileChange<'_>]) -> Result<String> {
        let sha = self.commit_hidden(repo, branch, files)?;
        self.publish(repo, branch, &sha)?;
        Ok(sha)
    }

    fn commit_hidden(&self, repo: &str, branch: &str, files: &[FileChange<'_>]) -> Result<String> {
        let state = self.state();
        let staging = &state.repository(repo)?.staging;
        let reference = format!("refs/heads/{branch}");
        let parent = staging.commit_at(&reference).or_else(|| staging.commit_at("refs/heads/main"));
        let sha = staging.commit(parent.as_deref(), files, &format!("change {branch}"))?;
        staging.set_reference(&reference, &sha)?;
        Ok(sha)
    }

    fn publish(&self, repo: &str, branch: &str, sha: &str) -> Result<()> {
        let state = self.state();
        let repository = state.repository(repo)?;
        repository.staging.push(&repository.public, sha, &format!("refs/heads/{branch}"))
    }
}

impl FakeGitHub {
    /// Creates an empty repository `OWNER/NAME` that the installation covers.
    pub fn create_repository(&self, repo: &str, private: bool) -> Result<()> {
        self.shared.add_repository(repo, private, None)
    }

    /// Creates `repo` with the branches of the repository at `path`.
    pub fn import_repository(&self, repo: &str, private: bool, path: &Path) -> Result<()> {
        self.shared.add_repository(repo, private, Some(path))
    }

    /// Creates `fork` with the branches of `repo`.
    pub fn fork_repository(&self, repo: &str, fork: &str) -> Result<()> {
        let (public, private) = {
            let state = self.shared.state();
            let origin = state.repository(repo)?;
            (origin.public.folder().to_owned(), origin.private)
        };
        self.shared.add_repository(fork, private, Some(&public))
    }

    /// Commits `files` on top of `branch` (which begins at `main` when it is new), and returns the commit's id.
    pub fn commit(&self, repo: &str, branch: &str, files: &[FileChange<'_>]) -> Result<String> {
        self.shared.commit(repo, branch, files)
    }

    /// As [`Self::commit`], for files that are texts and stay.
    pub fn commit_files(&self, repo: &str, branch: &str, files: &[(&str, &str)]) -> Result<String> {
        let files: Vec<FileChange<'_>> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        self.commit(repo, branch, &files)
    }

    /// Makes a commit that no client can see before [`Self::publish`].
    pub fn commit_hidden(&self, repo: &str, branch: &str, files: &[(&str, &str)]) -> Result<String> {
        let files: Vec<FileChange<'_>> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        self.shared.commit_hidden(repo, branch, &files)
    }

    /// Shows `sha` as the tip of `branch`.
    pub fn publish(&self, repo: &str, branch: &str, sha: &str) -> Result<()> {
        self.shared.publish(repo, branch, sha)
    }

    /// The tip of `branch`, as clients see it.
    pub fn tip(&self, repo: &str, branch: &str) -> Result<String> {
        let state = self.shared.state();
        state
            .repository(repo)?
            .public
            .commit_at(&format!("refs/heads/{branch}"))
            .with_context(|| format!("{repo} has no {branch}"))
    }

    /// Lets the repository's git server speak protocol version 0 and give out references only.
    pub fn make_legacy(&self, repo: &str) -> Result<()> {
        self.shared.state().repository_mut(repo)?.legacy = true;
        Ok(())
    }
}
