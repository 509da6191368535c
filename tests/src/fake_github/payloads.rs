//! The events that GitHub would send about this state.

use super::{APP_ID, FakeGitHub, INSTALLATION, Installation, Shared, State, objects, repositories::Repository};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// What every event about a repository says.
fn envelope(shared: &Shared, state: &State, about: &Repository, action: Option<&str>) -> Value {
    let installation = state.installation_of(about.id).map_or(INSTALLATION, |i| i.id);
    let mut payload = json!({
        "repository": objects::event_repository(shared, about),
        "installation": {"id": installation, "node_id": "MDIzOkluc3RhbGxhdGlvbg=="},
        "sender": objects::user(shared, "mona"),
    });
    if let Some(action) = action {
        payload["action"] = action.into();
    }
    payload
}

fn found(state: &State, id: u64) -> Result<&Installation> {
    state.installations.get(&id).with_context(|| format!("the fake GitHub has no installation {id}"))
}

fn names<'a>(state: &State, ids: impl IntoIterator<Item = &'a u64>) -> Vec<Value> {
    ids.into_iter().filter_map(|id| state.repositories.get(id)).map(objects::repository_name).collect()
}

/// `installation`: created, deleted, suspend, unsuspend.
pub(super) fn installation(shared: &Shared, state: &State, id: u64, action: &str) -> Result<Value> {
    let found = found(state, id)?;
    Ok(json!({
        "action": action,
        "installation": objects::event_installation(shared, found),
        "repositories": names(state, &found.repositories),
        "sender": objects::user(shared, "mona"),
    }))
}

/// `installation_repositories`: added or removed.
pub(super) fn installation_repositories(
    shared: &Shared,
    state: &State,
    id: u64,
    added: &[u64],
    removed: &[u64],
) -> Result<Value> {
    Ok(json!({
        "action": if added.is_empty() { "removed" } else { "added" },
        "installation": objects::event_installation(shared, found(state, id)?),
        "repository_selection": "selected",
        "repositories_added": names(state, added),
        "repositories_removed": names(state, removed),
        "requester": null,
        "sender": objects::user(shared, "mona"),
    }))
}

impl Shared {
    pub(super) fn pull_request_event(&self, repo: &str, number: u64, action: &str) -> Result<Value> {
        let state = self.state();
        let base = state.repository(repo)?;
        let found = base.pull_request(number)?;
        let mut payload = envelope(self, &state, base, Some(if action == "merged" { "closed" } else { action }));
        payload["number"] = number.into();
        payload["pull_request"] = objects::full_pull_request(self, &state, base, found);
        match (action, &found.base_before) {
            ("synchronize", _) => {
                payload["before"] = found.before.clone().into();
                payload["after"] = found.head_sha.clone().into();
            }
            ("edited", Some((reference, sha))) => {
                payload["changes"] = json!({"base": {"ref": {"from": reference}, "sha": {"from": sha}}});
            }
            ("edited", None) => payload["changes"] = json!({"title": {"from": "an earlier title"}}),
            _ => {}
        }
        Ok(payload)
    }

    pub(super) fn check_run_event(&self, repo: &str, id: u64, action: &str, identifier: Option<&str>) -> Result<Value> {
        let state = self.state();
        let about = state.repository(repo)?;
        let run =
            about.check_runs.iter().find(|r| r.id == id).with_context(|| format!("{repo} has no check run {id}"))?;
        let mut payload = envelope(self, &state, about, Some(action));
        payload["check_run"] = objects::event_check_run(self, repo, run);
        if let Some(identifier) = identifier {
            payload["requested_action"] = json!({"identifier": identifier});
        }
        Ok(payload)
    }

    pub(super) fn check_suite_event(&self, repo: &str, sha: &str, action: &str) -> Result<Value> {
        let state = self.state();
        let mut payload = envelope(self, &state, state.repository(repo)?, Some(action));
        payload["check_suite"] = objects::check_suite(self, repo, sha);
        Ok(payload)
    }

    pub(super) fn merge_group_event(&self, repo: &str, base: &str, head: &str, action: &str) -> Result<Value> {
        let state = self.state();
        let mut payload = envelope(self, &state, state.repository(repo)?, Some(action));
        payload["merge_group"] = json!({
            "head_sha": head,
            "head_ref": format!("refs/heads/gh-readonly-queue/main/pr-1-{base}"),
            "base_sha": base,
            "base_ref": "refs/heads/main",
            "head_commit": objects::simple_commit(head),
        });
        if action == "destroyed" {
            payload["reason"] = "dequeued".into();
        }
        Ok(payload)
    }

    pub(super) fn push_event(
        &self,
        repo: &str,
        branch: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<Value> {
        let state = self.state();
        let mut payload = envelope(self, &state, state.repository(repo)?, None);
        let zero = "0".repeat(40);
        payload["ref"] = format!("refs/heads/{branch}").into();
        payload["before"] = before.unwrap_or(&zero).into();
        payload["after"] = after.unwrap_or(&zero).into();
        payload["created"] = before.is_none().into();
        payload["deleted"] = after.is_none().into();
        payload["forced"] = false.into();
        payload["base_ref"] = Value::Null;
        payload["compare"] = format!("{}{repo}/compare", self.web_url()).into();
        payload["commits"] = json!([]);
        payload["head_commit"] = Value::Null;
        payload["pusher"] = json!({"name": "mona", "email": "mona@example.test"});
        Ok(payload)
    }

    /// Renames `repo` and returns the event: `renamed` or, when the owner changes, `transferred`.
    pub(super) fn rename_event(&self, repo: &str, to: &str) -> Result<Value> {
        self.rename(repo, to)?;
        let state = self.state();
        let owner = |name: &str| name.split_once('/').map_or(String::new(), |(owner, _)| owner.to_owned());
        let old_name = repo.split_once('/').map_or(repo, |(_, name)| name);
        let (action, changes) = if owner(repo) == owner(to) {
            ("renamed", json!({"repository": {"name": {"from": old_name}}}))
        } else {
            ("transferred", json!({"owner": {"from": {"user": objects::organization(self, &owner(repo))}}}))
        };
        let mut payload = envelope(self, &state, state.repository(to)?, Some(action));
        payload["changes"] = changes;
        Ok(payload)
    }

    /// `repository`: `archived`, `unarchived`, `privatized`, `publicized` or `deleted`, carried out.
    pub(super) fn repository_event(&self, repo: &str, action: &str) -> Result<Value> {
        let payload = {
            let mut state = self.state();
            let about = state.repository_mut(repo)?;
            match action {
                "archived" | "unarchived" => about.archived = action == "archived",
                "privatized" | "publicized" => about.private = action == "privatized",
                "deleted" => {}
                other => anyhow::bail!("{other:?} happens to no repository"),
            }
            envelope(self, &state, state.repository(repo)?, Some(action))
        };
        if action == "deleted" {
            self.delete_repository(repo)?;
        }
        Ok(payload)
    }
}

impl FakeGitHub {
    /// The payload of a `pull_request` event about the pull request as it stands: `opened`, `synchronize`, `reopened`,
    /// `edited` (after [`Self::change_base`] with the old base), `closed`, `ready_for_review`, `converted_to_draft`.
    pub fn pull_request_event(&self, repo: &str, number: u64, action: &str) -> Result<Value> {
        self.shared.pull_request_event(repo, number, action)
    }

    /// `check_run`: `rerequested`, or `requested_action` with a button's identifier.
    pub fn check_run_event(&self, repo: &str, id: u64, action: &str, identifier: Option<&str>) -> Result<Value> {
        self.shared.check_run_event(repo, id, action, identifier)
    }

    /// `check_suite`, which never names the pull requests of forks; here it names none at all.
    pub fn check_suite_event(&self, repo: &str, sha: &str, action: &str) -> Result<Value> {
        self.shared.check_suite_event(repo, sha, action)
    }

    /// `merge_group` for what [`Self::enqueue`] built: `checks_requested` or `destroyed`.
    pub fn merge_group_event(&self, repo: &str, base_sha: &str, head_sha: &str, action: &str) -> Result<Value> {
        self.shared.merge_group_event(repo, base_sha, head_sha, action)
    }

    /// `push` that moved `branch`; `None` stands for git's all-zero id.
    pub fn push_event(&self, repo: &str, branch: &str, before: Option<&str>, after: Option<&str>) -> Result<Value> {
        self.shared.push_event(repo, branch, before, after)
    }

    /// `installation` about the first installation, as it stands.
    pub fn installation_event(&self, action: &str) -> Value {
        let state = self.shared.state();
        installation(&self.shared, &state, INSTALLATION, action)
            .expect("the first installation exists from the beginning")
    }

    /// Renames a repository (`OWNER/NEW`) or transfers it (`OTHER/NAME`), and returns the `repository` event. The old name
    /// is redirected from then on.
    pub fn rename_repository(&self, repo: &str, to: &str) -> Result<Value> {
        self.shared.rename_event(repo, to)
    }

    /// Archives, unarchives, privatises, publishes or deletes a repository (`archived`, `unarchived`, `privatized`,
    /// `publicized`, `deleted`), and returns the `repository` event.
    pub fn act_on_repository(&self, repo: &str, action: &str) -> Result<Value> {
        self.shared.repository_event(repo, action)
    }

    pub fn ping_event(&self) -> Value {
        let config =
            json!({"content_type": "json", "url": "https://gate.example.test/webhooks/github", "insecure_ssl": "0"});
        let hook = json!({
            "type": "App", "id": 1, "name": "web", "active": true, "events": ["pull_request"], "config": config,
            "updated_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z", "app_id": APP_ID,
            "deliveries_url": format!("{}app/hook/deliveries", self.shared.url()),
        });
        json!({"zen": "Every fake is a promise.", "hook_id": 1, "hook": hook})
    }
}
