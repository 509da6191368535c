//! What every job needs, built once by the server.

use crate::{config::Config, pipeline::Collector};
use anyhow::{Context as _, Result};
use lockgate_github::{App, InstallationClient};
use lockgate_policy::PolicyHandle;
use lockgate_store::{Store, evaluations::Evaluation};
use url::Url;
use uuid::Uuid;

/// Shared by all jobs and pages.
#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub store: Store,
    pub collector: Collector,
    pub policy: PolicyHandle,
    /// `None` when no App is configured: decisions are made and kept, nothing is posted.
    pub github: Option<App>,
}

impl Context {
    /// The client that speaks for the evaluation's installation; `None` when there is nobody to speak to.
    pub(crate) fn github_for(&self, evaluation: &Evaluation) -> Option<InstallationClient> {
        let installation = u64::try_from(evaluation.installation_id?).ok()?;
        self.github.as_ref().map(|app| app.installation(installation))
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
