//! Asking a question about a head: the evaluation, its first job, and the check run that stands for the head.

use super::{Context, Task, task::Shown};
use anyhow::Result;
use chrono::{DateTime, Utc};
use lockgate_model::{CommitSha, RepoId};
use lockgate_store::{
    Transaction, check_runs,
    evaluations::{self, Evaluation, NewEvaluation, Novelty},
    installations::{self, State},
    jobs::{self, NewJob},
};
use std::time::Duration;
use uuid::Uuid;

/// How long news that are not final wait for more. What is decided by then takes one request to GitHub instead of three,
/// and nobody sees the difference.
const SOON: Duration = Duration::from_millis(150);

/// A head that must be judged.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub repository_id: i64,
    pub repository: RepoId,
    pub clone_url: String,
    pub installation: Option<i64>,
    pub base: CommitSha,
    pub head: CommitSha,
    pub base_ref: Option<String>,
    pub pull_request: Option<i64>,
    /// When this was so, by GitHub's clock.
    pub event_at: DateTime<Utc>,
    pub actor: String,
    /// A person asked for the same question to be answered again.
    pub again: bool,
}

impl Question {
    /// The question of an earlier evaluation, asked again.
    pub(super) fn again(
        earlier: Evaluation,
        repository: lockgate_store::repositories::Repository,
        actor: String,
    ) -> Self {
        Self {
            repository_id: repository.id,
            repository: repository.full_name,
            clone_url: repository.clone_url,
            installation: repository.installation_id.or(earlier.installation_id),
            base: earlier.base_sha,
            head: earlier.head_sha,
            base_ref: earlier.base_ref,
            pull_request: earlier.pull_request,
            event_at: earlier.event_at.unwrap_or(earlier.created_at),
            actor,
            again: true,
        }
    }
}

/// Opens a question within the caller's transaction. What is already being answered is left alone; the heads that it
/// supersedes get their check runs closed.
pub(super) async fn open(context: &Context, transaction: &mut Transaction<'_>, question: &Question) -> Result<Novelty> {
    // Nobody may be told. When the installation is back, its open pull requests are looked at.
    if let Some(installation) = question.installation
        && installations::state(&mut **transaction, installation).await? != State::Active
    {
        return Ok(Novelty::Existing);
    }
    let new = NewEvaluation {
        repository_id: question.repository_id,
        repository: question.repository.clone(),
        installation_id: question.installation,
        base_sha: question.base.clone(),
        head_sha: question.head.clone(),
        base_ref: question.base_ref.clone(),
        pull_request: question.pull_request,
        source_url: question.clone_url.clone(),
        actor: question.actor.clone(),
        event_at: question.event_at,
        again: question.again,
    };
    let opened = evaluations::open(transaction, &new).await?;
    if opened.novelty == Novelty::Existing {
        return Ok(Novelty::Existing);
    }
    if opened.novelty == Novelty::New {
        let first = Task::DetectChanges { evaluation: opened.evaluation.id };
        jobs::enqueue(&mut **transaction, &first.job()).await?;
    }
    let deadline = context.deadline();
    let run =
        check_runs::open(&mut **transaction, question.repository_id, question.installation, &question.head, deadline)
            .await?;
    tell(transaction, run, SOON).await?;
    for head in &opened.superseded {
        show(transaction, question.repository_id, head).await?;
    }
    Ok(opened.novelty)
}

/// Something about a head has changed: its check run is to be shown anew.
pub(super) async fn show(transaction: &mut Transaction<'_>, repository: i64, head: &CommitSha) -> Result<()> {
    if let Some(run) = check_runs::want(&mut **transaction, repository, head).await? {
        tell(transaction, run, Duration::ZERO).await?;
    }
    Ok(())
}

async fn tell(transaction: &mut Transaction<'_>, run: Uuid, delay: Duration) -> Result<()> {
    let job = NewJob { delay, ..Task::Publish(Shown::CheckRun(run)).job() };
    jobs::enqueue(&mut **transaction, &job).await?;
    Ok(())
}

/// That work on an evaluation goes on is worth showing, unless it ends soon.
pub(super) async fn show_progress(transaction: &mut Transaction<'_>, evaluation: &Evaluation) -> Result<()> {
    let Some(repository) = evaluation.repository_id else { return Ok(()) };
    if let Some(run) = check_runs::want(&mut **transaction, repository, &evaluation.head_sha).await? {
        tell(transaction, run, SOON).await?;
    }
    Ok(())
}

/// [`show`] for the head of an evaluation.
pub(super) async fn show_evaluation(transaction: &mut Transaction<'_>, evaluation: &Evaluation) -> Result<()> {
    match evaluation.repository_id {
        Some(repository) => show(transaction, repository, &evaluation.head_sha).await,
        None => Ok(()),
    }
}
