//! Last job: GitHub is made to show the newest state of a head, in the one check run that the head has.
//!
//! Level-triggered: the job asks what should be seen by now, not what happened. What changes while it talks to GitHub
//! raises the run's `wanted`, and the job goes round once more. A run is created only after GitHub was asked whether an
//! earlier attempt created it, and every text carries the revision that it shows, so that a repetition is harmless.

mod draft;
mod standing;

use super::{
    Context, Task,
    detect_changes::look_up,
    ended::{Ended, Holding},
    task::Shown,
};
use anyhow::{Context as _, Result};
use lockgate_github::{CheckRunDraft, CheckRunState, GithubError, Headroom, InstallationClient};
use lockgate_store::{
    check_runs::{self, Caught, CheckRun},
    evaluations,
    installations::{self, State},
    jobs,
    repositories::{self, Repository},
};
use standing::Standing;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// The name under which the check can be required.
pub const CHECK_NAME: &str = "Lockgate";

pub(crate) async fn run(context: &Arc<Context>, shown: Shown, holding: &Holding) -> Result<Ended> {
    let id = match shown {
        Shown::CheckRun(id) => id,
        Shown::Evaluation(evaluation) => return adopted(context, evaluation, holding).await,
    };
    // 1. What there is to show, and what is shown.
    let pool = context.store.pool();
    let Some((run, standing)) = seen(context, id).await? else {
        return holding.finish(&context.store).await;
    };
    let repository = repositories::get(pool, run.repository_id)
        .await?
        .with_context(|| format!("find repository {}: not on record", run.repository_id))?;
    // 2. Tell.
    if let Some(github) = listener(context, &run, &repository).await? {
        tell(context, &github, &repository, &run, &standing).await?;
    }
    // 3. Remember what was told; evaluations first, as everywhere where both are locked.
    let mut transaction = context.store.begin().await?;
    evaluations::mark_shown(&mut *transaction, &standing.decided).await?;
    let caught = check_runs::show(&mut *transaction, id, run.wanted, standing.conclusion_name()).await?;
    if let Some(outcome) = standing.conclusion_name() {
        tracing::info!(repository = %repository.full_name, head = run.head_sha.short(), outcome, "published");
    }
    match caught {
        Caught::Up => holding.commit(transaction).await,
        Caught::Behind => {
            let why = "more came while it was shown";
            let _ = jobs::postpone(&mut *transaction, holding.job, &holding.worker, why, Duration::ZERO).await?;
            transaction.commit().await?;
            Ok(Ended::Committed)
        }
    }
}

/// A run, and what there is to show of it; `None` when that is shown. What changes between the two readings is of a later
/// `wanted` than was read: it would be shown now, and once more when the job goes round for that `wanted`. So both are read
/// until they belong together.
async fn seen(context: &Context, id: Uuid) -> Result<Option<(CheckRun, Standing)>> {
    let get = async || {
        let run = check_runs::get(context.store.pool(), id).await?;
        run.with_context(|| format!("load check run {id}: it does not exist"))
    };
    let mut run = get().await?;
    while run.shown < run.wanted {
        let standing = standing::of(context, &run).await?;
        let again = get().await?;
        if again.wanted == run.wanted {
            return Ok(Some((run, standing)));
        }
        run = again;
    }
    Ok(None)
}

/// A job that the version before left behind.
async fn adopted(context: &Context, evaluation: Uuid, holding: &Holding) -> Result<Ended> {
    let mut transaction = context.store.begin().await?;
    if let Some(run) = evaluations::adopt(&mut transaction, evaluation, context.deadline()).await? {
        jobs::enqueue(&mut *transaction, &Task::Publish(Shown::CheckRun(run)).job()).await?;
    }
    holding.commit(transaction).await
}

/// Who is to be told; `None` when no App is configured, or when the installation may not be acted for.
async fn listener(context: &Context, run: &CheckRun, repository: &Repository) -> Result<Option<InstallationClient>> {
    let Some(installation) = repository.installation_id.or(run.installation_id) else { return Ok(None) };
    let state = installations::state(context.store.pool(), installation).await?;
    Ok(if state == State::Active { context.github_for(Some(installation)) } else { None })
}

async fn tell(
    context: &Context,
    github: &InstallationClient,
    repository: &Repository,
    run: &CheckRun,
    standing: &Standing,
) -> Result<()> {
    // A provisional text is worth a request only where requests are not short.
    if !standing.is_final() && run.github_id.is_some() && github.headroom() == Headroom::Scarce {
        return Ok(());
    }
    let draft = draft::of(context, run, standing);
    let posted = match post(context, github, repository, run, &draft).await {
        Err(error) if matches!(error.downcast_ref::<GithubError>(), Some(GithubError::NotFound { .. })) => {
            not_found(context, github, repository, run, error).await
        }
        posted => posted,
    };
    posted.with_context(|| format!("show the check run of {} {}", repository.full_name, run.head_sha.short()))
}

async fn post(
    context: &Context,
    github: &InstallationClient,
    repository: &Repository,
    run: &CheckRun,
    draft: &CheckRunDraft,
) -> Result<()> {
    let (name, head) = (repository.full_name.as_str(), run.head_sha.as_str());
    let known = match run.github_id {
        Some(id) => Some(u64::try_from(id)?),
        // An earlier attempt may have been answered after its process had died.
        None => github.own_check_runs(name, head, CHECK_NAME).await?.into_iter().next().map(|found| found.id),
    };
    let id = match known {
        Some(id) => {
            remember(context, run, id).await?;
            github.update_check_run(name, id, draft).await?;
            return Ok(());
        }
        None => github.create_check_run(name, draft).await?,
    };
    remember(context, run, id).await
}

async fn remember(context: &Context, run: &CheckRun, github_id: u64) -> Result<()> {
    let github_id = i64::try_from(github_id)?;
    if run.github_id != Some(github_id) {
        check_runs::set_github_id(context.store.pool(), run.id, github_id).await?;
    }
    Ok(())
}

/// The repository has another name by now, the commit is not there yet, or somebody removed the run.
async fn not_found(
    context: &Context,
    github: &InstallationClient,
    repository: &Repository,
    run: &CheckRun,
    error: anyhow::Error,
) -> Result<()> {
    look_up(context, repository, github).await?;
    if let Some(id) = run.github_id {
        let now = repositories::get(context.store.pool(), repository.id).await?;
        let name = now.as_ref().unwrap_or(repository).full_name.as_str();
        if matches!(github.check_run(name, u64::try_from(id)?).await, Err(GithubError::NotFound { .. })) {
            check_runs::forget_github_id(context.store.pool(), run.id).await?;
        }
    }
    let message = format!("{error:#}");
    Err(GithubError::Transient { doing: format!("write to {}", repository.full_name), message }.into())
}

/// The revision travels with the text: a repeated request finds out that it was carried out before.
fn external_id(run: &CheckRun) -> String {
    format!("{}/{}", run.id, run.wanted)
}

/// Whether a draft ends the check.
fn state(standing: &Standing) -> CheckRunState {
    standing.conclusion.map_or(CheckRunState::InProgress, CheckRunState::Completed)
}
