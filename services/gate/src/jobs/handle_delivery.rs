//! First job of a delivery: what the event asks for becomes questions, or stops them.
//!
//! The door has checked the signature and the form; here it is decided what the event means. All of it is one
//! transaction with the job's completion, so a delivery takes effect once.

use super::{
    Context, Task,
    ended::{Ended, Holding},
    opening::{self, Question},
};
use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use lockgate_github::{
    CheckRunEvent, Event, InstallationEvent, InstallationRepositoriesEvent, MergeGroupEvent, PullRequestEvent,
    Repository, RepositoryEvent,
};
use lockgate_model::{CommitSha, DeliveryId};
use lockgate_store::{
    Transaction,
    deliveries::{self, Content},
    evaluations,
    installations::{self, State},
    jobs, repositories,
};
use std::sync::Arc;

/// Identifiers of our buttons; GitHub allows 20 characters.
pub(super) const ASK_AGAIN: &str = "ask-again";
pub(super) const REQUEST_WAIVER: &str = "request-waiver";

pub(crate) async fn run(context: &Arc<Context>, delivery: &DeliveryId, holding: &Holding) -> Result<Ended> {
    let pool = context.store.pool();
    let kept =
        deliveries::get(pool, delivery).await?.with_context(|| format!("handle delivery {delivery}: not kept"))?;
    let event = match kept.content {
        Content::Event(event) => serde_json::from_value(event).with_context(|| format!("read delivery {delivery}"))?,
        Content::Payload(payload) => Event::read(&kept.event, &payload)?,
    };
    // What must be asked of GitHub is asked before the transaction begins.
    let asked = unknown_head(context, &event).await?;
    let mut transaction = context.store.begin().await?;
    let handling = Handling { context, actor: format!("github:{}", event.name()), received_at: kept.received_at };
    if let Some(repository) = event.repository() {
        handling.record(&mut transaction, repository, &event).await?;
    }
    handling.act(&mut transaction, &event).await?;
    for question in asked {
        opening::open(context, &mut transaction, &question).await?;
    }
    deliveries::mark_handled(&mut *transaction, delivery).await?;
    holding.commit(transaction).await
}

struct Handling<'a> {
    context: &'a Context,
    actor: String,
    received_at: DateTime<Utc>,
}

impl Handling<'_> {
    /// Every event says where its repository is by now.
    async fn record(&self, transaction: &mut Transaction<'_>, repository: &Repository, event: &Event) -> Result<()> {
        let row = repositories::Repository {
            id: id(repository.id)?,
            full_name: repository.full_name.parse()?,
            clone_url: repository.clone_url.clone(),
            installation_id: event.installation().map(id).transpose()?,
        };
        Ok(repositories::record(&mut **transaction, &row).await?)
    }

    async fn act(&self, transaction: &mut Transaction<'_>, event: &Event) -> Result<()> {
        match event {
            Event::PullRequest(pull) if is_judged(pull) => {
                opening::open(self.context, transaction, &self.pull_request(pull)?).await?;
            }
            Event::MergeGroup(group) => self.merge_group(transaction, group).await?,
            Event::Push(push) if push.is_default_branch() && !push.deleted => {
                let commits = (push.before.as_str(), push.after.as_str());
                let question = self.question(&push.repository, push.origin.installation, commits)?;
                opening::open(self.context, transaction, &question).await?;
            }
            Event::CheckRun(run) if run.name == super::CHECK_NAME => self.check_run(transaction, run).await?,
            Event::CheckSuite(suite) if suite.action == "rerequested" => {
                self.ask_again(transaction, &suite.repository, &suite.head_sha).await?;
            }
            Event::Installation(installation) => self.installation(transaction, installation).await?,
            Event::InstallationRepositories(selection) => self.selection(transaction, selection).await?,
            Event::Repository(repository) if repository.action == "deleted" => {
                out_of_reach(transaction, &[id(repository.repository.id)?]).await?;
            }
            Event::Repository(RepositoryEvent { .. })
            | Event::PullRequest(_)
            | Event::Push(_)
            | Event::CheckRun(_)
            | Event::CheckSuite(_)
            | Event::Ping
            | Event::Other { .. } => {}
        }
        Ok(())
    }

    fn question(&self, repository: &Repository, installation: Option<u64>, commits: (&str, &str)) -> Result<Question> {
        Ok(Question {
            repository_id: id(repository.id)?,
            repository: repository.full_name.parse()?,
            clone_url: repository.clone_url.clone(),
            installation: installation.map(id).transpose()?,
            base: commits.0.parse()?,
            head: commits.1.parse()?,
            base_ref: None,
            pull_request: None,
            event_at: self.received_at,
            actor: self.actor.clone(),
            again: false,
        })
    }

    fn pull_request(&self, pull: &PullRequestEvent) -> Result<Question> {
        let commits = (pull.base_sha.as_str(), pull.head_sha.as_str());
        Ok(Question {
            base_ref: Some(pull.base_ref.clone()),
            pull_request: Some(id(pull.number)?),
            event_at: pull.updated_at.unwrap_or(self.received_at),
            ..self.question(&pull.repository, pull.origin.installation, commits)?
        })
    }

    /// Base and head are the group's own. A group that is taken apart needs no answer any more.
    async fn merge_group(&self, transaction: &mut Transaction<'_>, group: &MergeGroupEvent) -> Result<()> {
        let commits = (group.base_sha.as_str(), group.head_sha.as_str());
        let question = Question {
            base_ref: Some(group.base_ref.clone()),
            ..self.question(&group.repository, group.origin.installation, commits)?
        };
        match group.action.as_str() {
            "checks_requested" => {
                opening::open(self.context, transaction, &question).await?;
            }
            "destroyed" => {
                let head = &question.head;
                let stopped = evaluations::stop_merge_group(&mut **transaction, question.repository_id, head).await?;
                if stopped {
                    opening::show(transaction, question.repository_id, head).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn check_run(&self, transaction: &mut Transaction<'_>, run: &CheckRunEvent) -> Result<()> {
        match (run.action.as_str(), run.requested_action.as_deref()) {
            ("rerequested", _) | ("requested_action", Some(ASK_AGAIN)) => {
                self.ask_again(transaction, &run.repository, &run.head_sha).await
            }
            ("requested_action", Some(REQUEST_WAIVER)) => {
                let (repository, head) = (id(run.repository.id)?, run.head_sha.parse()?);
                let who = run.origin.sender.as_deref().unwrap_or("somebody");
                super::waiver::request(transaction, repository, &head, who).await?;
                opening::show(transaction, repository, &head).await
            }
            _ => Ok(()),
        }
    }

    /// Every question about the head that is not superseded, in its next generation.
    async fn ask_again(&self, transaction: &mut Transaction<'_>, repository: &Repository, head: &str) -> Result<()> {
        let (repository_id, head): (i64, CommitSha) = (id(repository.id)?, head.parse()?);
        let Some(row) = repositories::get(&mut **transaction, repository_id).await? else { return Ok(()) };
        let questions = evaluations::questions(&mut **transaction, repository_id, &head).await?;
        for earlier in questions.into_iter().filter(|e| !e.is_superseded()) {
            let question = Question::again(earlier, row.clone(), self.actor.clone());
            opening::open(self.context, transaction, &question).await?;
        }
        Ok(())
    }

    async fn installation(&self, transaction: &mut Transaction<'_>, event: &InstallationEvent) -> Result<()> {
        let installation = id(event.id)?;
        let state = match event.action.as_str() {
            "deleted" => State::Removed,
            "suspend" => State::Suspended,
            _ => State::Active,
        };
        installations::record(&mut **transaction, installation, &event.account, state).await?;
        if state == State::Active {
            jobs::enqueue(&mut **transaction, &Task::Reconcile { installation }.job()).await?;
            return Ok(());
        }
        // Nobody can be told: what is unfinished stops. Unsuspended, the open pull requests are looked at again.
        let all = repositories::of_installation(&mut **transaction, installation).await?;
        evaluations::stop_repositories(&mut **transaction, &all).await?;
        if state == State::Removed {
            repositories::remove(&mut **transaction, &all).await?;
        }
        Ok(())
    }

    async fn selection(&self, transaction: &mut Transaction<'_>, event: &InstallationRepositoriesEvent) -> Result<()> {
        let removed = event.removed.iter().map(|r| id(r.id)).collect::<Result<Vec<_>>>()?;
        out_of_reach(transaction, &removed).await?;
        if !event.added.is_empty() {
            let reconcile = Task::Reconcile { installation: id(event.id)? };
            jobs::enqueue(&mut **transaction, &reconcile.job()).await?;
        }
        Ok(())
    }
}

async fn out_of_reach(transaction: &mut Transaction<'_>, repositories: &[i64]) -> Result<()> {
    evaluations::stop_repositories(&mut **transaction, repositories).await?;
    repositories::remove(&mut **transaction, repositories).await?;
    Ok(())
}

/// What moves the head or the base of a pull request, or brings it back. A new title does not.
fn is_judged(pull: &PullRequestEvent) -> bool {
    match pull.action.as_str() {
        "opened" | "synchronize" | "reopened" | "ready_for_review" => true,
        "edited" => pull.base_before.is_some(),
        _ => false,
    }
}

/// A re-run of a head that is not on record, as after a lost delivery: GitHub names the pull requests that have it. For a
/// fork the event's own list is empty, so it is never relied on.
async fn unknown_head(context: &Context, event: &Event) -> Result<Vec<Question>> {
    let (repository, head, installation) = match event {
        Event::CheckRun(run) if run.name == super::CHECK_NAME && run.action == "rerequested" => {
            (&run.repository, run.head_sha.as_str(), run.origin.installation)
        }
        Event::CheckSuite(suite) if suite.action == "rerequested" => {
            (&suite.repository, suite.head_sha.as_str(), suite.origin.installation)
        }
        _ => return Ok(Vec::new()),
    };
    let sha: CommitSha = head.parse()?;
    let known = evaluations::questions(context.store.pool(), id(repository.id)?, &sha).await?;
    let client = context.github_for(installation.map(id).transpose()?);
    let (true, Some(client)) = (known.is_empty(), client) else { return Ok(Vec::new()) };
    let open = client.open_pull_requests(&repository.full_name).await?;
    let questions = open.into_iter().filter(|p| p.head_sha == head).map(|pull| {
        Ok(Question {
            repository_id: id(repository.id)?,
            repository: repository.full_name.parse()?,
            clone_url: repository.clone_url.clone(),
            installation: installation.map(id).transpose()?,
            base: pull.base_sha.parse()?,
            head: sha.clone(),
            base_ref: Some(pull.base_ref),
            pull_request: Some(id(pull.number)?),
            event_at: pull.updated_at.unwrap_or_else(Utc::now),
            actor: format!("github:{}", event.name()),
            again: false,
        })
    });
    questions.collect()
}

/// GitHub's ids are positive and fit.
pub(super) fn id(number: u64) -> Result<i64> {
    i64::try_from(number).with_context(|| format!("use the id {number}: it is not one of GitHub's"))
}
