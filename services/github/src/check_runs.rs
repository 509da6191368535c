//! Check runs through the REST API: found, created and updated so that a request may be repeated.
//!
//! GitHub appends the annotations of each update to those that a run has, and has no way to take one back. A retry that
//! sent them again would show each twice. So [`InstallationClient::update_check_run`] follows one rule:
//!
//! 1. A run that is completed with the draft's conclusion and carries the draft's `external_id` shows the draft already:
//!    only the last request of a series completes a run, and every request carries the `external_id`. Nothing is sent.
//!    The caller must therefore give a draft with other content another `external_id` ("ROW/REVISION").
//! 2. Otherwise the annotations that the run carries are read, and of the draft's only those are sent to which the run
//!    has no equal one (path, lines, level, title, message). That holds for a series which was cut short between two
//!    requests, for an answer that was lost, and for a revision which repeats what an earlier one said.

use crate::{
    CheckRunDraft, CheckRunRef, GithubError, InstallationClient, ReportedStatus,
    check_run::{CheckRunState, Shown},
    client::page_query,
};
use http::Method;
use serde::Deserialize;
use serde_json::Value;

/// GitHub keeps at most 1,000 runs of one name in a suite: ten pages of a hundred. Several suites may have the commit.
const CHECK_RUN_PAGES: usize = 20;
/// A hundred annotations each. Beyond that nobody reads on.
const ANNOTATION_PAGES: usize = 100;

#[derive(Deserialize)]
struct CheckRunAnswer {
    id: u64,
    status: String,
    conclusion: Option<String>,
    external_id: Option<String>,
    app: Option<AppAnswer>,
    output: Option<OutputAnswer>,
}

#[derive(Deserialize)]
struct AppAnswer {
    id: u64,
    client_id: Option<String>,
}

#[derive(Deserialize)]
struct OutputAnswer {
    #[serde(default)]
    annotations_count: usize,
}

#[derive(Deserialize)]
struct CheckRunPage {
    check_runs: Vec<CheckRunAnswer>,
}

impl InstallationClient {
    /// Creates a check run and returns its id. Where the draft has more than 50 annotations, the rest follows by
    /// updates; the run is completed by the last.
    ///
    /// # Errors
    /// [`GithubError`]. After a [`GithubError::Transient`] the run may exist: ask [`Self::own_check_runs`] first.
    pub async fn create_check_run(&self, repo: &str, draft: &CheckRunDraft) -> Result<u64, GithubError> {
        let mut requests = draft.requests(&Shown::default()).into_iter();
        let first = requests.next().expect("a draft has at least one request");
        let path = format!("/repos/{repo}/check-runs");
        let created: CheckRunAnswer = self.call(repo, "create a check run", Method::POST, path, Some(first)).await?;
        for request in requests {
            self.patch(repo, created.id, request).await?;
        }
        Ok(created.id)
    }

    /// Makes run `id` show `draft`. May be repeated at will: see the rule at the head of this file.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn update_check_run(&self, repo: &str, id: u64, draft: &CheckRunDraft) -> Result<(), GithubError> {
        // A beginning without annotations can be repeated as it is.
        let mut shown = Shown::default();
        if draft.state != CheckRunState::InProgress || !draft.annotations.is_empty() {
            let current = self.check_run(repo, id).await?;
            if shows(&current, draft) {
                return Ok(());
            }
            if current.annotations > 0 && !draft.annotations.is_empty() {
                shown = self.annotations(repo, id).await?;
            }
        }
        for request in draft.requests(&shown) {
            self.patch(repo, id, request).await?;
        }
        Ok(())
    }

    /// Our own check runs `name` of commit `sha`, newest first. Runs of other Apps are passed over, since whoever may
    /// write checks could give theirs our name and external id.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] also when GitHub does not have the commit (yet).
    pub async fn own_check_runs(&self, repo: &str, sha: &str, name: &str) -> Result<Vec<CheckRunRef>, GithubError> {
        let query = page_query([("check_name", name), ("filter", "all")]);
        let path = format!("/repos/{repo}/commits/{}/check-runs?{query}", self.sha(repo, sha)?);
        let pages: Vec<CheckRunPage> = self.pages(repo, "list check runs", path, CHECK_RUN_PAGES).await?;
        let runs = pages.into_iter().flat_map(|page| page.check_runs).filter(|run| self.is_ours(run));
        let mut runs: Vec<CheckRunRef> = runs.map(CheckRunRef::from).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        // A run that is created while we turn pages shows up on two of them.
        runs.dedup_by_key(|run| run.id);
        Ok(runs)
    }

    /// One check run.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn check_run(&self, repo: &str, id: u64) -> Result<CheckRunRef, GithubError> {
        let path = format!("/repos/{repo}/check-runs/{id}");
        let run: CheckRunAnswer = self.call(repo, "read a check run", Method::GET, path, None).await?;
        Ok(run.into())
    }

    async fn annotations(&self, repo: &str, id: u64) -> Result<Shown, GithubError> {
        let path = format!("/repos/{repo}/check-runs/{id}/annotations?{}", page_query([]));
        let pages: Vec<Vec<Value>> = self.pages(repo, "list a check run's annotations", path, ANNOTATION_PAGES).await?;
        Ok(pages.iter().flatten().collect())
    }

    async fn patch(&self, repo: &str, id: u64, body: Value) -> Result<(), GithubError> {
        let path = format!("/repos/{repo}/check-runs/{id}");
        let _: CheckRunAnswer = self.call(repo, "update a check run", Method::PATCH, path, Some(body)).await?;
        Ok(())
    }

    fn is_ours(&self, run: &CheckRunAnswer) -> bool {
        let us = self.app().client_id();
        run.app.as_ref().is_some_and(|app| app.client_id.as_deref() == Some(us) || app.id.to_string() == us)
    }
}

/// Whether GitHub shows all of `draft`, by the first part of the rule.
fn shows(run: &CheckRunRef, draft: &CheckRunDraft) -> bool {
    let CheckRunState::Completed(wanted) = draft.state else { return false };
    run.external_id.as_deref() == Some(&draft.external_id)
        && matches!(&run.status, ReportedStatus::Completed { conclusion } if conclusion == wanted.as_str())
}

impl From<CheckRunAnswer> for CheckRunRef {
    fn from(answer: CheckRunAnswer) -> Self {
        let status = match (answer.status.as_str(), answer.conclusion) {
            ("completed", Some(conclusion)) => ReportedStatus::Completed { conclusion },
            _ => ReportedStatus::Pending,
        };
        let annotations = answer.output.map_or(0, |o| o.annotations_count);
        Self { id: answer.id, status, external_id: answer.external_id, annotations }
    }
}
