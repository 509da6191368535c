//! Repositories: a public side that clients see, and a private side where commits are made first, so that a test can
//! announce a commit before it is readable.

use super::{
    FakeGitHub, INSTALLATION, Shared, State,
    check_runs::CheckRun,
    git::{self, FileChange, Git, NewCommit},
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
    pub(super) archived: bool,
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
        let found = self.repositories.values().find(|r| r.name == repo);
        found.with_context(|| format!("the fake GitHub has no repository {repo}"))
    }

    pub(super) fn repository_mut(&mut self, repo: &str) -> Result<&mut Repository> {
        let found = self.repositories.values_mut().find(|r| r.name == repo);
        found.with_context(|| format!("the fake GitHub has no repository {repo}"))
    }

    /// The repository that had the name `repo` before and has another now.
    pub(super) fn moved(&self, repo: &str) -> Option<&Repository> {
        self.moved.get(repo).and_then(|id| self.repositories.get(id)).filter(|_| self.repository(repo).is_err())
    }
}

impl Shared {
    /// `installation`: who covers it; nobody where `None`.
    pub(super) fn add_repository(
        &self,
        repo: &str,
        private: bool,
        from: Option<&Path>,
        installation: Option<u64>,
    ) -> Result<u64> {
        let id = {
            let mut state = self.state();
            ensure_free(&state, repo)?;
            self.options.repositories_above + state.next_id()
        };
        // Folders are named by the id: names change.
        let public = self.folder.join("repositories").join(format!("{id}.git"));
        let staging = self.folder.join("staging").join(format!("{id}.git"));
        let (public, staging) = match from {
            Some(from) => (Git::copy(from, public)?, Git::copy(from, staging)?),
            None => (Git::create(public)?, Git::create(staging)?),
        };
        let repository = Repository {
            id,
            name: repo.to_owned(),
            private,
            archived: false,
            public,
            staging,
            pull_requests: Vec::new(),
            check_runs: Vec::new(),
            legacy: false,
        };
        let mut state = self.state();
        ensure_free(&state, repo)?;
        state.repositories.insert(id, repository);
        if let Some(installation) = installation {
            state.installation_mut(installation)?.repositories.insert(id);
        }
        Ok(id)
    }

    pub(super) fn commit(&self, repo: &str, branch: &str, files: &[FileChange<'_>]) -> Result<String> {
        self.make_commit(repo, branch, files, true)
    }

    /// Makes the commit on the private side, and where `show` is set on the public side.
    fn make_commit(&self, repo: &str, branch: &str, files: &[FileChange<'_>], show: bool) -> Result<String> {
        let (staging, public) = self.both(repo)?;
        let reference = format!("refs/heads/{branch}");
        let parent = staging.commit_at(&reference).or_else(|| staging.commit_at("refs/heads/main"));
        let message = format!("change {branch}");
        let (parent, time) = (parent.as_deref(), git::tick());
        let new = NewCommit { reference: &reference, parent, files, message: &message, time };
        let sha = staging.commit(&new)?;
        if show && parent.is_none_or(|parent| public.commit_at(parent).is_some()) {
            // The same content makes the same commit: quicker than a push.
            let copy = public.commit(&new)?;
            ensure!(copy == sha, "two commits of the same content differ: {copy} and {sha}");
        } else if show {
            staging.push(&public, &sha, &reference)?;
        }
        Ok(sha)
    }

    fn publish(&self, repo: &str, branch: &str, sha: &str) -> Result<()> {
        let (staging, public) = self.both(repo)?;
        staging.push(&public, sha, &format!("refs/heads/{branch}"))
    }

    /// The private and the public side.
    pub(super) fn both(&self, repo: &str) -> Result<(Git, Git)> {
        let state = self.state();
        let repository = state.repository(repo)?;
        Ok((repository.staging.clone(), repository.public.clone()))
    }

    /// Gives `repo` another name, whether its owner or its own; returns its id.
    pub(super) fn rename(&self, repo: &str, to: &str) -> Result<u64> {
        let mut state = self.state();
        ensure_free(&state, to)?;
        let repository = state.repository_mut(repo)?;
        repository.name = to.to_owned();
        let id = repository.id;
        state.moved.insert(repo.to_owned(), id);
        let pulls = state.repositories.values_mut().flat_map(|r| &mut r.pull_requests);
        pulls.filter(|p| p.head_repository == repo).for_each(|p| p.head_repository = to.to_owned());
        Ok(id)
    }

    /// Removes `repo`; it is found under no name any more.
    pub(super) fn delete_repository(&self, repo: &str) -> Result<Repository> {
        let mut state = self.state();
        let id = state.repository(repo)?.id;
        state.installations.values_mut().for_each(|i| i.repositories.retain(|covered| *covered != id));
        state.repositories.remove(&id).context("it was just found")
    }
}

fn ensure_free(state: &State, repo: &str) -> Result<()> {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    ensure!(repo.split_once('/').is_some_and(|(o, n)| plain(o) && plain(n)), "{repo:?} is not OWNER/NAME");
    ensure!(state.repository(repo).is_err(), "the fake GitHub has a repository {repo} already");
    Ok(())
}

impl FakeGitHub {
    /// Creates an empty repository `OWNER/NAME` that the first installation covers.
    pub fn create_repository(&self, repo: &str, private: bool) -> Result<()> {
        self.shared.add_repository(repo, private, None, Some(INSTALLATION)).map(drop)
    }

    /// Creates an empty repository that no installation covers yet.
    pub fn create_uncovered_repository(&self, repo: &str, private: bool) -> Result<()> {
        self.shared.add_repository(repo, private, None, None).map(drop)
    }

    /// Creates `repo` with the branches of the repository at `path`.
    pub fn import_repository(&self, repo: &str, private: bool, path: &Path) -> Result<()> {
        self.shared.add_repository(repo, private, Some(path), Some(INSTALLATION)).map(drop)
    }

    /// Creates `fork` with the branches of `repo`. Its owner has not installed the App.
    pub fn fork_repository(&self, repo: &str, fork: &str) -> Result<()> {
        let (public, private) = {
            let state = self.shared.state();
            let origin = state.repository(repo)?;
            (origin.public.folder().to_owned(), origin.private)
        };
        self.shared.add_repository(fork, private, Some(&public), None).map(drop)
    }

    /// The repository's id, which no rename changes.
    pub fn repository_id(&self, repo: &str) -> Result<u64> {
        Ok(self.shared.state().repository(repo)?.id)
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

    /// Replaces `branch` by one new commit on top of `main`: a force-push.
    pub fn force_push(&self, repo: &str, branch: &str, files: &[(&str, &str)]) -> Result<String> {
        let files: Vec<FileChange<'_>> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        self.shared.force_push(repo, branch, &files)
    }

    /// Makes a commit that no client can see before [`Self::publish`].
    pub fn commit_hidden(&self, repo: &str, branch: &str, files: &[(&str, &str)]) -> Result<String> {
        let files: Vec<FileChange<'_>> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        self.shared.make_commit(repo, branch, &files, false)
    }

    /// Shows `sha` as the tip of `branch`.
    pub fn publish(&self, repo: &str, branch: &str, sha: &str) -> Result<()> {
        self.shared.publish(repo, branch, sha)
    }

    /// The tip of `branch`, as clients see it.
    pub fn tip(&self, repo: &str, branch: &str) -> Result<String> {
        let (_, public) = self.shared.both(repo)?;
        public.commit_at(&format!("refs/heads/{branch}")).with_context(|| format!("{repo} has no {branch}"))
    }

    /// Lets the repository's git server speak protocol version 0 and give out references only.
    pub fn make_legacy(&self, repo: &str) -> Result<()> {
        self.shared.state().repository_mut(repo)?.legacy = true;
        Ok(())
    }
}

impl Shared {
    pub(super) fn force_push(&self, repo: &str, branch: &str, files: &[FileChange<'_>]) -> Result<String> {
        let (staging, public) = self.both(repo)?;
        let reference = format!("refs/heads/{branch}");
        let parent = staging.commit_at("refs/heads/main");
        let (message, time) = (format!("replace {branch}"), git::tick());
        let parent = parent.as_deref();
        let new = NewCommit { reference: &reference, parent, files, message: &message, time };
        let sha = staging.commit(&new)?;
        staging.push(&public, &sha, &reference)?;
        Ok(sha)
    }
}
