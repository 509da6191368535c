//! The door for deliveries: check the HMAC over the raw bytes, parse, commit delivery and job together,
//! and only then answer 202.
//!
//! Who could attack: anybody who reaches the address. Without the secret nothing of the body is parsed;
//! a replayed delivery id changes nothing; the body is bounded before it is read.

use super::AppState;
use crate::jobs::{self, Context, Kind};
use anyhow::Result;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use lockgate_github::{Event, signature};
use lockgate_model::{CommitSha, DeliveryId, RepoId};
use lockgate_store::{
    deliveries::{self, Accepted, NewDelivery},
    evaluations::{self, NewEvaluation, Opened},
};

/// One commit that must be judged, as an event names it.
#[derive(Debug)]
struct Question {
    repository: RepoId,
    installation: Option<i64>,
    base: CommitSha,
    head: CommitSha,
    pull_request: Option<i64>,
    clone_url: String,
    /// A person asked for the same commit to be judged again.
    again: bool,
}

/// What becomes of an event.
#[derive(Debug)]
enum Demand {
    Judge(Box<Question>),
    /// The commit is known from an earlier evaluation; judge it again.
    Rerun {
        repository: RepoId,
        head: CommitSha,
    },
    Nothing,
}

pub(crate) async fn receive(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let verified = match signature::verify(&state.webhook_secrets, text("x-hub-signature-256"), &body) {
        Ok(verified) => verified,
        Err(error) => return refuse(StatusCode::UNAUTHORIZED, "unsigned", &error.to_string()),
    };
    let Some(delivery) = text("x-github-delivery").and_then(|id| id.parse::<DeliveryId>().ok()) else {
        return refuse(StatusCode::BAD_REQUEST, "malformed", "the X-GitHub-Delivery header is missing or malformed");
    };
    let Some(name) = text("x-github-event") else {
        return refuse(StatusCode::BAD_REQUEST, "malformed", "the X-GitHub-Event header is missing");
    };
    let event = match Event::parse(&verified, name) {
        Ok(event) => event,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "malformed", &error.to_string()),
    };
    let demand = match demand(&state.context, &event) {
        Ok(demand) => demand,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "malformed", &format!("{error:#}")),
    };
    match accept(&state.context, &delivery, &event, &body, demand).await {
        Ok(accepted) => {
            let became = if accepted == Accepted::New { "accepted" } else { "duplicate" };
            metrics::counter!("lockgate_deliveries_total", "event" => event.name().to_owned(), "became" => became)
                .increment(1);
            (StatusCode::ACCEPTED, became).into_response()
        }
        Err(error) => {
            tracing::error!(%delivery, error = format!("{error:#}"), "store a delivery; it is not acknowledged");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                [("retry-after", "30")],
                "the delivery could not be stored; send it again",
            )
                .into_response()
        }
    }
}

fn refuse(status: StatusCode, became: &'static str, why: &str) -> Response {
    metrics::counter!("lockgate_deliveries_total", "event" => "unknown", "became" => became).increment(1);
    tracing::warn!(status = status.as_u16(), why, "refused a delivery");
    (status, why.to_owned()).into_response()
}

/// One transaction: the delivery, the evaluation it asks for, its first job. A duplicate does nothing twice.
async fn accept(context: &Context, id: &DeliveryId, event: &Event, body: &[u8], demand: Demand) -> Result<Accepted> {
    let payload: serde_json::Value = serde_json::from_slice(body)?;
    let mut transaction = context.store.begin().await?;
    let installation = event.installation().and_then(|i| i64::try_from(i).ok());
    let delivery = NewDelivery {
        id,
        event: event.name(),
        action: event.action(),
        installation_id: installation,
        repository: event.repository().map(|r| r.full_name.as_str()),
        payload: &payload,
    };
    if deliveries::accept(&mut *transaction, &delivery).await? == Accepted::Duplicate {
        return Ok(Accepted::Duplicate);
    }
    let actor = format!("github:{}", event.name());
    let opened = match demand {
        Demand::Nothing => None,
        Demand::Judge(question) => Some(open(&mut transaction, &question, actor).await?),
        Demand::Rerun { repository, head } => {
            match evaluations::latest_for_head(&mut *transaction, &repository, &head).await? {
                Some(earlier) => Some(open(&mut transaction, &again(earlier), actor).await?),
                None => None,
            }
        }
    };
    if let Some(Opened::New(evaluation)) = opened {
        lockgate_store::jobs::enqueue(&mut *transaction, &jobs::job(Kind::DetectChanges, evaluation.id)).await?;
    }
    transaction.commit().await?;
    Ok(Accepted::New)
}

async fn open(transaction: &mut lockgate_store::Transaction<'_>, question: &Question, actor: String) -> Result<Opened> {
    let new = NewEvaluation {
        repository: question.repository.clone(),
        installation_id: question.installation,
        base_sha: question.base.clone(),
        head_sha: question.head.clone(),
        base_ref: None,
        pull_request: question.pull_request,
        source_url: question.clone_url.clone(),
        actor,
        again: question.again,
    };
    Ok(evaluations::open(transaction, &new).await?)
}

fn again(earlier: evaluations::Evaluation) -> Question {
    Question {
        repository: earlier.repository,
        installation: earlier.installation_id,
        base: earlier.base_sha,
        head: earlier.head_sha,
        pull_request: earlier.pull_request,
        clone_url: earlier.source_url,
        again: true,
    }
}

/// Which commit an event asks about.
fn demand(context: &Context, event: &Event) -> Result<Demand> {
    Ok(match event {
        Event::PullRequest(pull) if is_judged(&pull.action) => judge(
            context,
            &pull.repository.full_name,
            &pull.repository.clone_url,
            pull.origin.installation,
            (&pull.base_sha, &pull.head_sha),
            i64::try_from(pull.number).ok(),
        )?,
        Event::MergeGroup(group) if group.action == "checks_requested" => judge(
            context,
            &group.repository.full_name,
            &group.repository.clone_url,
            group.origin.installation,
            (&group.base_sha, &group.head_sha),
            None,
        )?,
        Event::Push(push) if push.is_default_branch() && !push.deleted => judge(
            context,
            &push.repository.full_name,
            &push.repository.clone_url,
            push.origin.installation,
            (&push.before, &push.after),
            None,
        )?,
        Event::CheckRun(run) if run.action == "rerequested" && run.name == jobs::CHECK_NAME => {
            Demand::Rerun { repository: run.repository.full_name.parse()?, head: run.head_sha.parse()? }
        }
        Event::CheckSuite(suite) if suite.action == "rerequested" => {
            Demand::Rerun { repository: suite.repository.full_name.parse()?, head: suite.head_sha.parse()? }
        }
        _ => Demand::Nothing,
    })
}

fn is_judged(action: &str) -> bool {
    matches!(action, "opened" | "synchronize" | "reopened" | "edited" | "ready_for_review")
}

fn judge(
    context: &Context,
    repository: &str,
    clone_url: &str,
    installation: Option<u64>,
    (base, head): (&str, &str),
    pull_request: Option<i64>,
) -> Result<Demand> {
    let url: url::Url = clone_url.parse()?;
    let configured = context.config.github.as_ref().map(|g| &g.web_url);
    // Repositories are cloned from the configured GitHub alone, whatever a delivery says.
    if !configured.is_some_and(|web| web.origin() == url.origin()) {
        anyhow::bail!(
            "the delivery names the clone host {:?}, which is not github.web_url",
            url.host_str().unwrap_or_default()
        );
    }
    Ok(Demand::Judge(Box::new(Question {
        repository: repository.parse()?,
        installation: installation.and_then(|i| i64::try_from(i).ok()),
        base: base.parse()?,
        head: head.parse()?,
        pull_request,
        clone_url: clone_url.to_owned(),
        again: false,
    })))
}
