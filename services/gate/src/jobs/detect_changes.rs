//! First job of an evaluation: say on GitHub that work has begun, fetch the commits, find what moved.

use super::{Context, Kind, job, publish, worker::Ended};
use crate::pipeline;
use anyhow::{Context as _, Result};
use lockgate_model::{Change, CommitSha, RepoId};
use lockgate_source::{FetchRequest, History, Repository, SourceError};
use lockgate_store::{evaluations, jobs};
use std::{path::PathBuf, sync::Arc, time::Duration};
use url::Url;

/// Longest time one fetch may take.
const FETCH: Duration = Duration::from_secs(120);
/// Limit for what one fetch may add to the cache.
const PACK_BYTES: u64 = 2 << 30;

pub(crate) async fn run(context: &Arc<Context>, mut evaluation: evaluations::Evaluation) -> Result<Ended> {
    publish::start(context, &mut evaluation).await?;
    let change = match detect(context, &evaluation).await {
        Ok(change) => change,
        // GitHub may deliver the webhook before the commit can be read.
        Err(error) if is_not_yet_readable(&error) => {
            return Ok(Ended::Again { after: chrono::Duration::seconds(3), why: format!("{error:#}") });
        }
        Err(error) => return Err(error),
    };
    publish::provisional(context, &evaluation, &change).await;

    let mut transaction = context.store.begin().await?;
    evaluations::set_change(&mut *transaction, evaluation.id, &change).await?;
    jobs::enqueue(&mut *transaction, &job(Kind::CollectEvidence, evaluation.id)).await?;
    transaction.commit().await?;
    Ok(Ended::Done)
}

fn is_not_yet_readable(error: &anyhow::Error) -> bool {
    error.downcast_ref::<SourceError>().is_some_and(|e| e.is_transient())
}

async fn detect(context: &Context, evaluation: &evaluations::Evaluation) -> Result<Change> {
    let url: Url = evaluation.source_url.parse().context("read the repository's clone address")?;
    let token = match context.github_for(evaluation) {
        Some(github) => Some(github.clone_token(evaluation.repository.as_str()).await?),
        None => None,
    };
    let base = base(context, evaluation).await?;
    let into = cache_path(context, &evaluation.repository);
    let (repository, head) = (evaluation.repository.clone(), evaluation.head_sha.clone());
    let aliases = context.config.registry_aliases();
    tokio::task::spawn_blocking(move || {
        let request = FetchRequest {
            url,
            commits: base.iter().cloned().chain([head.clone()]).collect(),
            references: Vec::new(),
            token,
            history: History::Tip,
            into,
            timeout: FETCH,
            pack_bytes: PACK_BYTES,
        };
        let fetched = Repository::fetch(&request)?;
        pipeline::detect(&fetched, &repository, base.as_ref(), &head, &aliases)
    })
    .await?
}

/// The commit to compare with: a pull request is judged by what it changes, not by what its base branch
/// gained meanwhile, so its base is the merge base. GitHub knows that without a fetch of the history.
async fn base(context: &Context, evaluation: &evaluations::Evaluation) -> Result<Option<CommitSha>> {
    let base = &evaluation.base_sha;
    if base.is_zero() {
        return Ok(None);
    }
    let (Some(github), Some(_)) = (context.github_for(evaluation), evaluation.pull_request) else {
        return Ok(Some(base.clone()));
    };
    let found = github.merge_base(evaluation.repository.as_str(), base.as_str(), evaluation.head_sha.as_str()).await?;
    Ok(Some(found.parse().context("read the merge base that GitHub answered")?))
}

/// [`RepoId`] cannot be a path, so that a repository cannot choose where it is stored.
fn cache_path(context: &Context, repository: &RepoId) -> PathBuf {
    context.config.git_cache().join(format!("{}.git", repository.as_str()))
}
