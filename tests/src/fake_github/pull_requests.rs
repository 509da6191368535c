//! Pull requests and the merge queue.

use super::{FakeGitHub, Shared, repositories::Repository};
use anyhow::{Context, Result};
use serde::Serialize;

/// A pull request as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    pub number: u64,
    pub open: bool,
    pub draft: bool,
    pub head_repository: String,
    pub head_ref: String,
    pub head_sha: String,
    pub base_ref: String,
    pub base_sha: String,
    /// The head before the last [`FakeGitHub::synchronize`].
    pub before: Option<String>,
}

impl Repository {
    pub(super) fn pull_request(&self, number: u64) -> Result<&PullRequest> {
        self.pull_requests
            .iter()
            .find(|p| p.number == number)
            .with_context(|| format!("{} has no pull request {number}", self.name))
    }
}

impl Shared {
    pub(super) fn open_pull_request(
        &self,
        repo: &str,
        head_repository: &str,
        head_ref: &str,
        base_ref: &str,
    ) -> Result<PullRequest> {
        let mut state = self.state();
        let number = state.next_id();
        let head_sha = self.take_head(&state, repo, head_repository, head_ref, number)?;
        let repository = state.repository_mut(repo)?;
        let base_sha = repository
            .public
            .commit_at(&format!("refs/heads/{base_ref}"))
            .with_context(|| format!("{repo} has no {base_ref}"))?;
        let pull_request = PullRequest {
            number,
            open: true,
            draft: false,
            head_repository: head_repository.to_owned(),
            head_ref: head_ref.to_owned(),
            head_sha,
            base_ref: base_ref.to_owned(),
            base_sha,
            before: None,
        };
        repository.pull_requests.push(pull_request.clone());
        Ok(pull_request)
    }

    pub(super) fn synchronize(&self, repo: &str, number: u64) -> Result<PullRequest> {
        let mut state = self.state();
        let current = state.repository(repo)?.pull_request(number)?.clone();
        let head = self.take_head(&state, repo, &current.head_repository, &current.head_ref, number)?;
        let repository = state.repository_mut(repo)?;
        let base = repository.public.commit_at(&format!("refs/heads/{}", current.base_ref));
        let stored = repository.pull_requests.iter_mut().find(|p| p.number == number).context("it was just found")?;
        stored.before = Some(std::mem::replace(&mut stored.head_sha, head));
        stored.base_sha = base.unwrap_or_else(|| stored.base_sha.clone());
        Ok(stored.clone())
    }

    /// The head's commit as `refs/pull/N/head` of the base repository, where GitHub keeps it, for forks too. A head that
    /// is still hidden is announced all the same.
    fn take_head(
        &self,
        state: &super::State,
        repo: &str,
        head_repository: &str,
        head_ref: &str,
        number: u64,
    ) -> Result<String> {
        let (base, head) = (state.repository(repo)?, state.repository(head_repository)?);
        let reference = format!("refs/heads/{head_ref}");
        let staged =
            head.staging.commit_at(&reference).with_context(|| format!("{head_repository} has no {head_ref}"))?;
        if head.public.commit_at(&reference).as_deref() == Some(&staged) {
            head.public.push(&base.public, &staged, &format!("refs/pull/{number}/head"))?;
        }
        Ok(staged)
    }
}

impl FakeGitHub {
    /// Opens a pull request from `head_ref` of `head_repository` (the same as `repo`, or a fork).
    pub fn open_pull_request(
        &self,
        repo: &str,
        head_repository: &str,
        head_ref: &str,
        base_ref: &str,
    ) -> Result<PullRequest> {
        self.shared.open_pull_request(repo, head_repository, head_ref, base_ref)
    }

    /// Lets the pull request see that its branches moved.
    pub fn synchronize(&self, repo: &str, number: u64) -> Result<PullRequest> {
        self.shared.synchronize(repo, number)
    }

    pub fn pull_request(&self, repo: &str, number: u64) -> Result<PullRequest> {
        self.shared.state().repository(repo)?.pull_request(number).cloned()
    }

    /// Lets the merge queue build a commit of the pull request; returns the group's base and head.
    pub fn enqueue(&self, repo: &str, number: u64) -> Result<(String, String)> {
        let state = self.shared.state();
        let repository = state.repository(repo)?;
        let pull_request = repository.pull_request(number)?;
        let base =
            repository.public.commit_at(&format!("refs/heads/{}", pull_request.base_ref)).context("the base exists")?;
        let head = repository.public.merge(&base, &pull_request.head_sha)?;
        let name = format!("refs/heads/gh-readonly-queue/{}/pr-{number}-{base}", pull_request.base_ref);
        repository.public.set_reference(&name, &head)?;
        Ok((base, head))
    }
}
