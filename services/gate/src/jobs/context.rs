//! What every job needs, built once by the server.

use crate::{config::Config, credentials::Credentials, mirror::Keeper, models::Models, pipeline::Collector};
use anyhow::{Context as _, Result};
use lockgate_github::{App, InstallationClient};
use lockgate_policy::PolicyHandle;
use lockgate_source::Cache;
use lockgate_store::{
    Store,
    evaluations::Evaluation,
    repositories::{self, Repository},
};
use std::sync::Arc;
use url::Url;
use uuid::Uuid;

/// Shared by all jobs and pages.
#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub store: Store,
    pub collector: Collector,
    /// Where artifacts that passed are kept.
    pub mirror: Option<Keeper>,
    /// Where a model is configured.
    pub models: Option<Arc<Models>>,
    pub policy: PolicyHandle,
    /// `None` when no App is configured: decisions are made and kept, nothing is posted.
    pub github: Option<App>,
    pub credentials: Arc<Credentials>,
    /// Repositories that were fetched from.
    pub git: Cache,
}

impl Context {
    /// The client that speaks for an installation; `None` when there is nobody to speak to.
    pub(crate) fn github_for(&self, installation: Option<i64>) -> Option<InstallationClient> {
        let installation = u64::try_from(installation?).ok()?;
        self.github.as_ref().map(|app| app.installation(installation))
    }

    /// The collector, with the model that is chosen for a repository now.
    pub(crate) fn collector_for(&self, repository: Option<i64>) -> Collector {
        match &self.models {
            Some(models) => self.collector.with(Arc::new(models.check_for(repository))),
            None => self.collector.clone(),
        }
    }

    /// Where the evaluation's repository lives by now.
    ///
    /// # Errors
    /// When the evaluation was not adopted, or its repository is not on record.
    pub(crate) async fn repository(&self, evaluation: &Evaluation) -> Result<Repository> {
        let id = evaluation.repository_id.context("find the repository of an evaluation that was not adopted")?;
        repositories::get(self.store.pool(), id).await?.with_context(|| format!("find repository {id}: not on record"))
    }

    /// Within which time a check must be concluded.
    pub(crate) fn deadline(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.config.work.deadline_seconds)
    }

    /// The page of a decision.
    pub fn page(&self, decision: Uuid) -> String {
        self.under_public_url(&format!("d/{decision}"))
    }

    /// The page that shows an evaluation that is not decided yet.
    pub fn progress_page(&self, evaluation: Uuid) -> String {
        self.under_public_url(&format!("e/{evaluation}"))
    }

    fn under_public_url(&self, path: &str) -> String {
        let base: &Url = &self.config.server.public_url;
        base.join(path).map_or_else(|_| base.to_string(), |url| url.to_string())
    }

    /// # Errors
    /// When the evaluation does not exist; a job can only name one that was committed.
    pub(crate) async fn evaluation(&self, id: Uuid) -> Result<Evaluation> {
        lockgate_store::evaluations::get(self.store.pool(), id)
            .await?
            .with_context(|| format!("load evaluation {id}: it does not exist"))
    }
}
