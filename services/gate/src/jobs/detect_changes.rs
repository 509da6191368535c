//! Second job: fetch the commits, find what moved.

use super::{
    Context, Task,
    ended::{Ended, Holding},
    opening,
};
use crate::pipeline;
use anyhow::{Context as _, Result};
use lockgate_github::{GithubError, InstallationClient};
use lockgate_model::{Change, CommitSha};
use lockgate_source::{CacheKey, CacheRequest, SourceError};
use lockgate_store::{
    evaluations::{self, Evaluation},
    jobs,
    repositories::{self, Repository},
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// Longest time one fetch may take.
const FETCH: Duration = Duration::from_secs(120);
/// Limit for what one fetch may add to the cache.
const PACK_BYTES: u64 = 2 << 30;

pub(crate) async fn run(context: &Arc<Context>, evaluation: Evaluation, holding: &Holding) -> Result<Ended> {
    let repository = context.repository(&evaluation).await?;
    let github = context.github_for(repository.installation_id.or(evaluation.installation_id));
    let change = match detect(context, &evaluation, &repository, github.as_ref()).await {
        Ok(change) => change,
        Err(error) => return Err(moved(context, &repository, github.as_ref(), error).await),
    };
    let mut transaction = context.store.begin().await?;
    evaluations::set_change(&mut *transaction, evaluation.id, &change).await?;
    let next = if change.releases().any(|release| release.comes_in()) {
        Task::CollectEvidence { evaluation: evaluation.id }
    } else {
        // Nothing comes in, nothing is to be gathered: the answer is there at once.
        let now = chrono::SubsecRound::trunc_subsecs(chrono::Utc::now(), 6);
        evaluations::set_asked_at(&mut *transaction, evaluation.id, now).await?;
        Task::Decide { evaluation: evaluation.id }
    };
    jobs::enqueue(&mut *transaction, &next.job()).await?;
    if matches!(next, Task::CollectEvidence { .. }) {
        opening::show_progress(&mut transaction, &evaluation).await?;
    }
    holding.commit(transaction).await
}

async fn detect(
    context: &Context,
    evaluation: &Evaluation,
    repository: &Repository,
    github: Option<&InstallationClient>,
) -> Result<Change> {
    let url: Url = repository.clone_url.parse().context("read the repository's clone address")?;
    // Repositories are cloned from the configured GitHub alone, whatever was recorded.
    let configured = context.config.github.as_ref().map(|g| g.web_url.origin());
    anyhow::ensure!(
        github.is_none() || configured == Some(url.origin()),
        "fetch {}: its clone address is not at github.web_url",
        repository.full_name
    );
    let token = match github {
        Some(github) => Some(github.clone_token(repository.full_name.as_str()).await?),
        None => None,
    };
    let base = base(evaluation, repository, github).await?;
    let head = evaluation.head_sha.clone();
    let request = CacheRequest {
        // A renamed repository keeps its cache.
        key: u64::try_from(repository.id).map_or_else(|_| CacheKey::Address(url.clone()), CacheKey::GitHub),
        url,
        token,
        base: base.clone(),
        head: head.clone(),
        want: pipeline::is_read,
        beside: pipeline::beside,
        timeout: FETCH,
        pack_bytes: PACK_BYTES,
    };
    let git = context.git.clone();
    let (asked, aliases) = (evaluation.repository.clone(), context.config.registry_aliases());
    tokio::task::spawn_blocking(move || {
        let fetched = git.fetch(&request)?;
        pipeline::detect(&fetched, &asked, base.as_ref(), &head, &aliases)
    })
    .await?
}

/// The commit to compare with: a pull request is judged by what it changes, not by what its base branch
/// gained meanwhile, so its base is the merge base. GitHub knows that without a fetch of the history.
async fn base(
    evaluation: &Evaluation,
    repository: &Repository,
    github: Option<&InstallationClient>,
) -> Result<Option<CommitSha>> {
    let base = &evaluation.base_sha;
    if base.is_zero() {
        return Ok(None);
    }
    let (Some(github), Some(_)) = (github, evaluation.pull_request) else {
        return Ok(Some(base.clone()));
    };
    let found = github.merge_base(repository.full_name.as_str(), base.as_str(), evaluation.head_sha.as_str()).await?;
    Ok(Some(found.parse().context("read the merge base that GitHub answered")?))
}

/// A repository that has another name by now is looked up by its id, and the job comes back soon.
async fn moved(
    context: &Context,
    repository: &Repository,
    github: Option<&InstallationClient>,
    error: anyhow::Error,
) -> anyhow::Error {
    // For the token of a repository that it does not know by this name, GitHub answers 422.
    let unknown = matches!(
        error.downcast_ref::<GithubError>(),
        Some(GithubError::NotFound { .. } | GithubError::Validation { .. })
    );
    let moved = matches!(error.downcast_ref::<SourceError>(), Some(e) if e.may_have_moved());
    let (true, Some(github)) = (unknown || moved, github) else { return error };
    let waits =
        |message: String| GithubError::Transient { doing: format!("fetch {}", repository.full_name), message }.into();
    match look_up(context, repository, github).await {
        Ok(Whereabouts::Elsewhere) => waits("it has another name by now".to_owned()),
        // It is where it was: a commit that is not there yet.
        Ok(Whereabouts::Same) if matches!(error.downcast_ref::<GithubError>(), Some(GithubError::NotFound { .. })) => {
            waits(format!("{error:#}"))
        }
        Ok(Whereabouts::Same) | Err(_) => error,
    }
}

/// Whether a repository is where it was on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    Same,
    Elsewhere,
}

/// Asks GitHub where a repository is by now.
///
/// # Errors
/// When GitHub does not know it, or may not tell us.
pub(super) async fn look_up(
    context: &Context,
    repository: &Repository,
    github: &InstallationClient,
) -> Result<Whereabouts> {
    let id = u64::try_from(repository.id).context("look up a repository of which only the name is known")?;
    let now = github.repository_by_id(id).await?;
    let row = Repository { full_name: now.full_name.parse()?, clone_url: now.clone_url, ..repository.clone() };
    repositories::record(context.store.pool(), &row).await?;
    Ok(if row == *repository { Whereabouts::Same } else { Whereabouts::Elsewhere })
}
