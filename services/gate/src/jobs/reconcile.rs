//! What GitHub knows and we do not: deliveries that never arrived, pull requests that nobody told us about.
//!
//! GitHub delivers a webhook once. A server that was down, or a network that was, is found out by comparing the App's
//! delivery log with what arrived, and, more rarely, the open pull requests with the evaluations.

use super::{
    Context, Task,
    ended::{Ended, Holding},
    handle_delivery::id,
    opening::{self, Question},
};
use anyhow::{Context as _, Result};
use chrono::{Duration, Utc};
use lockgate_github::{App, DeliveryRef, Event, InstallationClient, PullRequest};
use lockgate_model::DeliveryId;
use lockgate_store::{
    check_runs,
    deliveries::{self, NewDelivery},
    evaluations,
    installations::{self, State},
    jobs, repositories,
};
use std::{collections::BTreeMap, sync::Arc};

/// The log is read this far back beyond what was compared: its entries appear with some delay.
const OVERLAP: Duration = Duration::minutes(5);
/// How far back the first comparison looks.
const FIRST: Duration = Duration::hours(3);
/// A delivery that young may still be on its way.
const YOUNG: Duration = Duration::seconds(15);
/// Repositories of an installation are looked at one after another, so that they do not spend the rate limit at once.
const APART: std::time::Duration = std::time::Duration::from_millis(500);

/// Takes in every delivery that the App's log has and we have not. Times are GitHub's throughout, but for the first look.
pub(crate) async fn compare_deliveries(context: &Arc<Context>, holding: &Holding) -> Result<Ended> {
    let Some(app) = &context.github else { return holding.finish(&context.store).await };
    let pool = context.store.pool();
    let since = deliveries::compared_until(pool).await?.map_or_else(|| Utc::now() - FIRST, |until| until - OVERLAP);
    let mut entries = app.deliveries_since(since).await?;
    let newest = entries.iter().map(|entry| entry.delivered_at).max();
    // The latest may still be on their way; they are looked at next time.
    let old = newest.map_or_else(Utc::now, |newest| newest.max(Utc::now())) - YOUNG;
    entries.retain(|entry| entry.delivered_at <= old || was_answered(entry));
    let mut missed: BTreeMap<_, _> = entries.into_iter().map(|entry| (entry.guid.clone(), entry)).collect();
    let guids: Vec<String> = missed.keys().cloned().collect();
    for known in deliveries::known(pool, &guids).await? {
        missed.remove(&known);
    }
    for (guid, entry) in missed {
        let Ok(delivery) = guid.parse::<DeliveryId>() else { continue };
        take_in(context, app, &delivery, entry.id).await?;
    }
    let mut transaction = context.store.begin().await?;
    if let Some(newest) = newest {
        deliveries::set_compared_until(&mut *transaction, newest - YOUNG).await?;
    }
    holding.commit(transaction).await
}

/// Whether the attempt is over: refused or failed, it will not arrive.
fn was_answered(entry: &DeliveryRef) -> bool {
    entry.status_code != 0
}

async fn take_in(context: &Context, app: &App, delivery: &DeliveryId, attempt: u64) -> Result<()> {
    let whole = app.delivery(attempt).await?;
    // What we refused as malformed then is malformed now.
    let Ok(event) = Event::read(&whole.about.event, &whole.payload) else { return Ok(()) };
    let content = serde_json::to_string(&event)?;
    let new = NewDelivery {
        id: delivery,
        event: event.name(),
        action: event.action(),
        installation_id: event.installation().map(id).transpose()?,
        repository: event.repository().map(|r| r.full_name.as_str()),
        content: &content,
    };
    deliveries::accept(context.store.pool(), &[new], &Task::handling()).await?;
    let became = "recovered";
    metrics::counter!("lockgate_deliveries_total", "event" => event.name().to_owned(), "became" => became).increment(1);
    tracing::warn!(%delivery, event = event.name(), "a delivery had not arrived; it was read from GitHub's log");
    Ok(())
}

/// Looks at every repository that an installation reaches by now.
pub(crate) async fn installation(context: &Arc<Context>, installation: i64, holding: &Holding) -> Result<Ended> {
    let state = installations::state(context.store.pool(), installation).await?;
    let (State::Active, Some(github)) = (state, context.github_for(Some(installation))) else {
        return holding.finish(&context.store).await;
    };
    let reached = github.repositories().await?;
    let mut transaction = context.store.begin().await?;
    let mut gone = repositories::of_installation(&mut *transaction, installation).await?;
    for (position, repository) in (0_u32..).zip(&reached) {
        let row = repositories::Repository {
            id: id(repository.id)?,
            full_name: repository.full_name.parse()?,
            clone_url: repository.clone_url.clone(),
            installation_id: Some(installation),
        };
        repositories::record(&mut *transaction, &row).await?;
        gone.retain(|known| *known != row.id);
        let mut look = Task::ReconcileRepository { repository: row.id }.job();
        look.delay = APART * position;
        jobs::enqueue(&mut *transaction, &look).await?;
    }
    // Below zero: only the name is known, so GitHub's list cannot tell.
    gone.retain(|known| *known > 0);
    evaluations::stop_repositories(&mut *transaction, &gone).await?;
    repositories::remove(&mut *transaction, &gone).await?;
    installations::mark_reconciled(&mut *transaction, installation).await?;
    holding.commit(transaction).await
}

/// Opens the question of every open pull request whose head is not being judged and was not.
pub(crate) async fn repository(context: &Arc<Context>, repository: i64, holding: &Holding) -> Result<Ended> {
    let found = repositories::get(context.store.pool(), repository).await?;
    let found = found.with_context(|| format!("find repository {repository}: not on record"))?;
    let Some(github) = context.github_for(found.installation_id) else {
        return holding.finish(&context.store).await;
    };
    let open = open_pull_requests(&github, &found).await?;
    let mut transaction = context.store.begin().await?;
    for pull in open {
        let mut question = question(&found, &pull)?;
        question.again = is_abandoned(&mut transaction, &question).await?;
        if question.again || !is_asked(&mut transaction, &question).await? {
            tracing::warn!(repository = %found.full_name, pull = pull.number, "an open pull request was not judged");
            opening::open(context, &mut transaction, &question).await?;
        }
    }
    holding.commit(transaction).await
}

async fn open_pull_requests(
    github: &InstallationClient,
    repository: &repositories::Repository,
) -> Result<Vec<PullRequest>> {
    Ok(github.open_pull_requests(repository.full_name.as_str()).await?)
}

fn question(repository: &repositories::Repository, pull: &PullRequest) -> Result<Question> {
    Ok(Question {
        repository_id: repository.id,
        repository: repository.full_name.clone(),
        clone_url: repository.clone_url.clone(),
        installation: repository.installation_id,
        base: pull.base_sha.parse()?,
        head: pull.head_sha.parse()?,
        base_ref: Some(pull.base_ref.clone()),
        pull_request: Some(id(pull.number)?),
        event_at: pull.updated_at.unwrap_or_else(Utc::now),
        actor: "github:reconcile".to_owned(),
        again: false,
    })
}

/// Whether a question about this pull request at this head stands. The base is not compared: it moves with every push to
/// the branch.
async fn is_asked(transaction: &mut lockgate_store::Transaction<'_>, question: &Question) -> Result<bool> {
    let questions = evaluations::questions(&mut **transaction, question.repository_id, &question.head).await?;
    Ok(questions.iter().any(|e| e.pull_request == question.pull_request && !e.is_superseded()))
}

/// Whether nobody was told the answer.
async fn is_abandoned(transaction: &mut lockgate_store::Transaction<'_>, question: &Question) -> Result<bool> {
    let run = check_runs::of_head(&mut **transaction, question.repository_id, &question.head).await?;
    Ok(run.is_some_and(|run| run.conclusion.as_deref() == Some(check_runs::ABANDONED)))
}
