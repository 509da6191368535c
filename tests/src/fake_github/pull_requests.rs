//! Pull requests and the merge queue.

use super::{FakeGitHub, Shared, State, repositories::Repository};
use anyhow::{Context, Result};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

/// A pull request as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    pub number: u64,
    pub open: bool,
    pub merged: bool,
    pub draft: bool,
    pub head_repository: String,
    pub head_ref: String,
    pub head_sha: String,
    pub base_ref: String,
    pub base_sha: String,
    /// The head before the last [`FakeGitHub::synchronize`].
    pub before: Option<String>,
    /// Branch and commit of the base before the last [`FakeGitHub::change_base`].
    pub base_before: Option<(String, String)>,
    /// In whole seconds, as GitHub tells time.
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Repository {
    pub(super) fn pull_request(&self, number: u64) -> Result<&PullRequest> {
        let found = self.pull_requests.iter().find(|p| p.number == number);
        found.with_context(|| format!("{} has no pull request {number}", self.name))
    }
}

impl State {
    /// Changes a pull request and its time.
    fn change_pull_request(
        &mut self,
        repo: &str,
        number: u64,
        change: impl FnOnce(&mut PullRequest),
    ) -> Result<PullRequest> {
        let repository = self.repository_mut(repo)?;
        let stored = repository.pull_requests.iter_mut().find(|p| p.number == number);
        let stored = stored.with_context(|| format!("{repo} has no pull request {number}"))?;
        change(stored);
        stored.updated_at = now();
        Ok(stored.clone())
    }
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

impl Shared {
    pub(super) fn open_pull_request(
        &self,
        repo: &str,
        head_repository: &str,
        head_ref: &str,
        base_ref: &str,
    ) -> Result<PullRequest> {
        let number = self.state().next_id();
        let head_sha = self.take_head(repo, head_repository, head_ref, number)?;
        let base_sha = self.branch(repo, base_ref)?;
        let pull_request = PullRequest {
            number,
            open: true,
            merged: false,
            draft: false,
            head_repository: head_repository.to_owned(),
            head_ref: head_ref.to_owned(),
            head_sha,
            base_ref: base_ref.to_owned(),
            base_sha,
            before: None,
            base_before: None,
            created_at: now(),
            updated_at: now(),
        };
        self.state().repository_mut(repo)?.pull_requests.push(pull_request.clone());
        Ok(pull_request)
    }

    pub(super) fn synchronize(&self, repo: &str, number: u64) -> Result<PullRequest> {
        let current = self.state().repository(repo)?.pull_request(number)?.clone();
        let head = self.take_head(repo, &current.head_repository, &current.head_ref, number)?;
        let base = self.branch(repo, &current.base_ref).ok();
        self.state().change_pull_request(repo, number, |stored| {
            stored.before = Some(std::mem::replace(&mut stored.head_sha, head));
            stored.base_sha = base.unwrap_or_else(|| stored.base_sha.clone());
        })
    }

    pub(super) fn change_base(&self, repo: &str, number: u64, base_ref: &str) -> Result<PullRequest> {
        let base = self.branch(repo, base_ref)?;
        self.state().change_pull_request(repo, number, |stored| {
            let before = (stored.base_ref.clone(), stored.base_sha.clone());
            (stored.base_ref, stored.base_sha, stored.base_before) = (base_ref.to_owned(), base, Some(before));
        })
    }

    /// Lets the pull request be open, closed, merged, a draft: GitHub's actions of these names.
    pub(super) fn act_on_pull_request(&self, repo: &str, number: u64, action: &str) -> Result<PullRequest> {
        self.state().change_pull_request(repo, number, |stored| match action {
            "closed" => stored.open = false,
            "merged" => (stored.open, stored.merged) = (false, true),
            "reopened" => stored.open = true,
            "converted_to_draft" => stored.draft = true,
            "ready_for_review" => stored.draft = false,
            _ => {}
        })
    }

    pub(super) fn enqueue(&self, repo: &str, number: u64) -> Result<(String, String)> {
        let pull_request = self.state().repository(repo)?.pull_request(number)?.clone();
        let (_, public) = self.both(repo)?;
        let base = self.branch(repo, &pull_request.base_ref)?;
        let head = public.merge(&base, &pull_request.head_sha)?;
        let name = format!("refs/heads/gh-readonly-queue/{}/pr-{number}-{base}", pull_request.base_ref);
        public.set_reference(&name, &head)?;
        Ok((base, head))
    }

    fn branch(&self, repo: &str, name: &str) -> Result<String> {
        let (_, public) = self.both(repo)?;
        public.commit_at(&format!("refs/heads/{name}")).with_context(|| format!("{repo} has no {name}"))
    }

    /// The head's commit as `refs/pull/N/head` of the base repository, where GitHub keeps it, for forks too. A head that
    /// is still hidden is announced all the same.
    fn take_head(&self, repo: &str, head_repository: &str, head_ref: &str, number: u64) -> Result<String> {
        let ((_, base), (staging, head)) = (self.both(repo)?, self.both(head_repository)?);
        let reference = format!("refs/heads/{head_ref}");
        let staged = staging.commit_at(&reference).with_context(|| format!("{head_repository} has no {head_ref}"))?;
        if head.commit_at(&reference).as_deref() == Some(&staged) {
            let kept = format!("refs/pull/{number}/head");
            if repo == head_repository {
                base.set_reference(&kept, &staged)?;
            } else {
                head.push(&base, &staged, &kept)?;
            }
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

    /// Aims the pull request at another branch; the event is `edited`.
    pub fn change_base(&self, repo: &str, number: u64, base_ref: &str) -> Result<PullRequest> {
        self.shared.change_base(repo, number, base_ref)
    }

    /// `closed`, `merged`, `reopened`, `converted_to_draft` or `ready_for_review`.
    pub fn act_on_pull_request(&self, repo: &str, number: u64, action: &str) -> Result<PullRequest> {
        self.shared.act_on_pull_request(repo, number, action)
    }

    pub fn pull_request(&self, repo: &str, number: u64) -> Result<PullRequest> {
        self.shared.state().repository(repo)?.pull_request(number).cloned()
    }

    /// Lets the merge queue build a commit of the pull request; returns the group's base and head.
    pub fn enqueue(&self, repo: &str, number: u64) -> Result<(String, String)> {
        self.shared.enqueue(repo, number)
    }
}
