//! Where the App is installed, and on which repositories.

use super::{FakeGitHub, Shared, State, payloads};
use anyhow::{Context, Result};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// An installation of the App.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installation {
    pub id: u64,
    /// Login of the organisation.
    pub account: String,
    /// Ids of the repositories that it covers.
    pub repositories: BTreeSet<u64>,
    pub suspended_at: Option<DateTime<Utc>>,
    /// It was uninstalled: only its last event still speaks of it.
    pub deleted: bool,
    pub created_at: DateTime<Utc>,
}

impl Installation {
    pub(super) fn new(id: u64, account: &str) -> Self {
        Self {
            id,
            account: account.to_owned(),
            repositories: BTreeSet::new(),
            suspended_at: None,
            deleted: false,
            created_at: Utc::now().trunc_subsecs(0),
        }
    }
}

impl State {
    /// An installation that exists, suspended or not.
    pub(super) fn installation(&self, id: u64) -> Option<&Installation> {
        self.installations.get(&id).filter(|installation| !installation.deleted)
    }

    pub(super) fn installation_mut(&mut self, id: u64) -> Result<&mut Installation> {
        self.installations.get_mut(&id).with_context(|| format!("the fake GitHub has no installation {id}"))
    }

    /// The installation that covers a repository.
    pub(super) fn installation_of(&self, repository: u64) -> Option<&Installation> {
        self.installations.values().find(|i| !i.deleted && i.repositories.contains(&repository))
    }

    fn ids_of(&self, repos: &[&str]) -> Result<Vec<u64>> {
        repos.iter().map(|repo| Ok(self.repository(repo)?.id)).collect()
    }
}

impl Shared {
    pub(super) fn install(&self, account: &str, repos: &[&str]) -> Result<(u64, Value)> {
        let mut state = self.state();
        let id = 1000 + state.next_id();
        let covered = state.ids_of(repos)?;
        let installation =
            Installation { repositories: covered.into_iter().collect(), ..Installation::new(id, account) };
        state.installations.insert(id, installation);
        Ok((id, payloads::installation(self, &state, id, "created")?))
    }

    /// `suspend`, `unsuspend` or `deleted`, as GitHub's event calls it; returns that event.
    pub(super) fn act_on_installation(&self, id: u64, action: &str) -> Result<Value> {
        let mut state = self.state();
        let installation = state.installation_mut(id)?;
        match action {
            "suspend" => installation.suspended_at = Some(Utc::now().trunc_subsecs(0)),
            "unsuspend" => installation.suspended_at = None,
            "deleted" => installation.deleted = true,
            "created" => installation.deleted = false,
            other => anyhow::bail!("{other:?} happens to no installation"),
        }
        payloads::installation(self, &state, id, action)
    }

    /// Adds and removes repositories; returns the event, which is `added` or `removed`.
    pub(super) fn select(&self, id: u64, added: &[&str], removed: &[&str]) -> Result<Value> {
        let mut state = self.state();
        let (add, remove) = (state.ids_of(added)?, state.ids_of(removed)?);
        let installation = state.installation_mut(id)?;
        installation.repositories.extend(&add);
        installation.repositories.retain(|id| !remove.contains(id));
        payloads::installation_repositories(self, &state, id, &add, &remove)
    }
}

impl FakeGitHub {
    /// Installs the App in another account; returns the installation's id and the event.
    pub fn install(&self, account: &str, repos: &[&str]) -> Result<(u64, Value)> {
        self.shared.install(account, repos)
    }

    /// Suspends the installation and returns the event.
    pub fn suspend(&self, installation: u64) -> Result<Value> {
        self.shared.act_on_installation(installation, "suspend")
    }

    /// Lifts the suspension and returns the event.
    pub fn unsuspend(&self, installation: u64) -> Result<Value> {
        self.shared.act_on_installation(installation, "unsuspend")
    }

    /// Removes the installation and returns the event.
    pub fn uninstall(&self, installation: u64) -> Result<Value> {
        self.shared.act_on_installation(installation, "deleted")
    }

    /// Lets the installation cover further repositories, or fewer; returns the event.
    pub fn select_repositories(&self, installation: u64, added: &[&str], removed: &[&str]) -> Result<Value> {
        self.shared.select(installation, added, removed)
    }

    pub fn installations(&self) -> Vec<Installation> {
        self.shared.state().installations.values().cloned().collect()
    }
}
