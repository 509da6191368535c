//! The JSON that GitHub would send about this state: the fields that the product reads, and some that it must ignore.

use super::{APP_ID, FakeGitHub, INSTALLATION, Shared, State, pull_requests::PullRequest, repositories::Repository};
use anyhow::{Context, Result};
use serde_json::{Value, json};

pub(super) fn repository(shared: &Shared, repository: &Repository) -> Value {
    let (owner, name) = repository.name.split_once('/').unwrap_or_default();
    json!({
        "id": repository.id,
        "name": name,
        "full_name": repository.name,
        "owner": {"login": owner, "type": "Organization"},
        "private": repository.private,
        "fork": false,
        "default_branch": "main",
        "clone_url": shared.clone_url(&repository.name),
        "html_url": format!("{}{}", shared.url(), repository.name),
    })
}

pub(super) fn pull_request(shared: &Shared, state: &State, base: &Repository, pull_request: &PullRequest) -> Value {
    let head = state.repository(&pull_request.head_repository).ok();
    json!({
        "id": pull_request.number,
        "number": pull_request.number,
        "state": if pull_request.open { "open" } else { "closed" },
        "draft": pull_request.draft,
        "title": format!("Merge {}", pull_request.head_ref),
        "user": {"login": "mona"},
        "head": {
            "sha": pull_request.head_sha,
            "ref": pull_request.head_ref,
            "repo": head.map(|r| repository(shared, r)),
        },
        "base": {
            "sha": pull_request.base_sha,
            "ref": pull_request.base_ref,
            "repo": repository(shared, base),
        },
    })
}

fn envelope(shared: &Shared, about: &Repository, action: Option<&str>) -> Value {
    let mut payload = json!({
        "repository": repository(shared, about),
        "installation": {"id": INSTALLATION, "node_id": "x"},
        "sender": {"login": "mona", "id": 1, "type": "User"},
    });
    if let Some(action) = action {
        payload["action"] = action.into();
    }
    payload
}

impl Shared {
    pub(super) fn pull_request_event(&self, repo: &str, number: u64, action: &str) -> Result<Value> {
        let state = self.state();
        let base = state.repository(repo)?;
        let found = base.pull_request(number)?;
        let mut payload = envelope(self, base, Some(action));
        payload["number"] = number.into();
        payload["pull_request"] = pull_request(self, &state, base, found);
        if action == "synchronize" {
            payload["before"] = found.before.clone().into();
            payload["after"] = found.head_sha.clone().into();
        }
        Ok(payload)
    }

    pub(super) fn check_run_event(&self, repo: &str, id: u64, action: &str, identifier: Option<&str>) -> Result<Value> {
        let state = self.state();
        let about = state.repository(repo)?;
        let run =
            about.check_runs.iter().find(|r| r.id == id).with_context(|| format!("{repo} has no check run {id}"))?;
        let mut payload = envelope(self, about, Some(action));
        payload["check_run"] = run.answer(&self.options.client_id);
        if let Some(identifier) = identifier {
            payload["requested_action"] = json!({"identifier": identifier});
        }
        Ok(payload)
    }
}

impl FakeGitHub {
    /// The payload of a `pull_request` event about the pull request as it stands.
    pub fn pull_request_event(&self, repo: &str, number: u64, action: &str) -> Result<Value> {
        self.shared.pull_request_event(repo, number, action)
    }

    /// `check_run`: `rerequested`, or `requested_action` with a button's identifier.
    pub fn check_run_event(&self, repo: &str, id: u64, action: &str, identifier: Option<&str>) -> Result<Value> {
        self.shared.check_run_event(repo, id, action, identifier)
    }

    /// `check_suite`, which never names the pull requests of forks; here it names none at all.
    pub fn check_suite_event(&self, repo: &str, sha: &str, action: &str) -> Result<Value> {
        let state = self.shared.state();
        let mut payload = envelope(&self.shared, state.repository(repo)?, Some(action));
        payload["check_suite"] =
            json!({"id": 1, "head_sha": sha, "head_branch": null, "app": {"id": APP_ID}, "pull_requests": []});
        Ok(payload)
    }

    /// `merge_group` for what [`Self::enqueue`] built.
    pub fn merge_group_event(&self, repo: &str, base_sha: &str, head_sha: &str, action: &str) -> Result<Value> {
        let state = self.shared.state();
        let mut payload = envelope(&self.shared, state.repository(repo)?, Some(action));
        payload["merge_group"] = json!({
            "head_sha": head_sha,
            "head_ref": format!("refs/heads/gh-readonly-queue/main/pr-1-{base_sha}"),
            "base_sha": base_sha,
            "base_ref": "refs/heads/main",
        });
        Ok(payload)
    }

    /// `push` that moved `branch`; `None` stands for git's all-zero id.
    pub fn push_event(&self, repo: &str, branch: &str, before: Option<&str>, after: Option<&str>) -> Result<Value> {
        let state = self.shared.state();
        let mut payload = envelope(&self.shared, state.repository(repo)?, None);
        let zero = "0".repeat(40);
        payload["ref"] = format!("refs/heads/{branch}").into();
        payload["before"] = before.unwrap_or(&zero).into();
        payload["after"] = after.unwrap_or(&zero).into();
        payload["created"] = before.is_none().into();
        payload["deleted"] = after.is_none().into();
        payload["commits"] = json!([]);
        Ok(payload)
    }

    /// `installation`, with all repositories.
    pub fn installation_event(&self, action: &str) -> Value {
        let state = self.shared.state();
        let name = |r: &Repository| json!({"id": r.id, "full_name": r.name, "private": r.private});
        json!({
            "action": action,
            "installation": {"id": INSTALLATION, "app_id": APP_ID, "account": {"login": "octo", "type": "Organization"}},
            "repositories": state.repositories.values().map(name).collect::<Vec<_>>(),
            "sender": {"login": "mona"},
        })
    }

    pub fn ping_event(&self) -> Value {
        json!({"zen": "Every fake is a promise.", "hook_id": 1, "hook": {"id": 1}})
    }
}
