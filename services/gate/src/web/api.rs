//! The JSON API, described by its own OpenAPI document.

use super::{
    AppState,
    answers::{self, Audience, Problem},
    auth::Authorized,
    waivers,
};
use crate::reports;
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lockgate_model::{CommitSha, Outcome, RepoId};
use lockgate_report::Report;
use lockgate_store::{PgConnection, decisions, evaluations};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

/// Decisions on one page of a list, at most.
const PAGE: u16 = 200;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lockgate",
        description = "Decisions on lockfile changes, with their evidence. Send a machine token: `Authorization: Bearer lgt_...`. What belongs to an installation that the token does not reach is answered as what does not exist."
    ),
    paths(schemas, list, decision, commit, waivers::list, waivers::grant, waivers::refuse),
    components(schemas(Summary, Problem))
)]
struct Description;

/// This document.
pub(super) async fn description() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// `METHOD path` of each operation that the document describes, sorted.
#[cfg(test)]
pub(super) fn operations() -> Vec<String> {
    let document = Description::openapi();
    let mut operations = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in
            [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
        {
            if operation.is_some() {
                operations.push(format!("{method} {path}"));
            }
        }
    }
    operations.sort();
    operations
}

/// JSON Schemas by name: the report, the policy's input, and each check's facts.
#[utoipa::path(get, path = "/api/v1/schemas", responses((status = 200, description = "JSON Schema 2020-12 by name", body = serde_json::Value)))]
pub(super) async fn schemas(State(state): State<AppState>) -> Json<serde_json::Value> {
    let mut schemas: serde_json::Map<String, serde_json::Value> =
        state.context.collector.facts_schemas().map(|(id, schema)| (format!("facts/{id}"), schema.into())).collect();
    schemas.insert("report/v1".to_owned(), lockgate_report::schema().into());
    schemas.insert("policy-input/v1".to_owned(), lockgate_policy::input::schema().into());
    Json(schemas.into())
}

fn problem(status: StatusCode, message: &str) -> Response {
    answers::message(Audience::Programs, status, "", message)
}

fn internal(error: &anyhow::Error) -> Response {
    answers::failed(Audience::Programs, error)
}

/// A decision in a list.
#[derive(Debug, Serialize, ToSchema)]
struct Summary {
    id: Uuid,
    sequence: i64,
    repository: String,
    base: String,
    head: String,
    pull_request: Option<i64>,
    /// `allow`, `deny` or `incomplete`.
    outcome: String,
    policy_digest: String,
    decided_at: chrono::DateTime<chrono::Utc>,
}

#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct ListQuery {
    /// `OWNER/NAME`.
    repository: Option<String>,
    /// `allow`, `deny` or `incomplete`.
    outcome: Option<String>,
    /// Only decisions with a smaller sequence number.
    before: Option<i64>,
    /// At most 200.
    limit: Option<u16>,
}

impl ListQuery {
    pub(super) fn filter(&self) -> Result<decisions::Filter, String> {
        let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        let repository = given(&self.repository).map(|r| r.parse::<RepoId>().map_err(|e| e.to_string())).transpose()?;
        let outcome = given(&self.outcome).map(|o| outcome(&o)).transpose()?;
        Ok(decisions::Filter {
            repository,
            outcome,
            before: self.before,
            limit: self.limit.unwrap_or(50).clamp(1, PAGE),
        })
    }
}

fn outcome(text: &str) -> Result<Outcome, String> {
    [Outcome::Allow, Outcome::Deny, Outcome::Incomplete]
        .into_iter()
        .find(|o| o.name() == text)
        .ok_or_else(|| format!("outcome {text:?} is not one of allow, deny, incomplete"))
}

/// Decisions, newest first.
#[utoipa::path(get, path = "/api/v1/decisions", params(ListQuery), responses((status = 200, body = Vec<Summary>), (status = 400, body = Problem)))]
pub(super) async fn list(State(state): State<AppState>, who: Authorized, Query(query): Query<ListQuery>) -> Response {
    let filter = match query.filter() {
        Ok(filter) => filter,
        Err(why) => return problem(StatusCode::BAD_REQUEST, &why),
    };
    match summaries(&state, &who, &filter).await {
        Ok(summaries) => Json(summaries).into_response(),
        Err(error) => internal(&error),
    }
}

async fn summaries(state: &AppState, who: &Authorized, filter: &decisions::Filter) -> anyhow::Result<Vec<Summary>> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    let records = decisions::list(&mut *reading, filter).await?;
    let summaries = records.into_iter().map(|r| Summary {
        id: r.id,
        sequence: r.sequence,
        repository: r.repository.to_string(),
        base: r.base.to_string(),
        head: r.head.to_string(),
        pull_request: r.pull_request,
        outcome: r.decision.outcome().name().to_owned(),
        policy_digest: r.policy_digest.to_string(),
        decided_at: r.decided_at,
    });
    Ok(summaries.collect())
}

/// One decision: the report, version 1.
#[utoipa::path(get, path = "/api/v1/decisions/{id}", params(("id" = Uuid, Path)), responses((status = 200, description = "report v1", body = serde_json::Value), (status = 404, body = Problem)))]
pub(super) async fn decision(State(state): State<AppState>, who: Authorized, Path(id): Path<Uuid>) -> Response {
    match report(&state, &who, id).await {
        Ok(Some(report)) => Json(report).into_response(),
        Ok(None) => problem(StatusCode::NOT_FOUND, "there is no decision with this id"),
        Err(error) => internal(&error),
    }
}

async fn report(state: &AppState, who: &Authorized, id: Uuid) -> anyhow::Result<Option<Report>> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    of_decision(state, &mut reading, id).await
}

async fn of_decision(state: &AppState, reading: &mut PgConnection, id: Uuid) -> anyhow::Result<Option<Report>> {
    let decided = reports::decided_in(reading, id).await?;
    Ok(decided.map(|decided| reports::report(&state.context, &decided)))
}

/// The decision on a commit; 202 while it is being judged.
#[utoipa::path(get, path = "/api/v1/repos/{owner}/{name}/commits/{sha}/decision", params(("owner" = String, Path), ("name" = String, Path), ("sha" = String, Path)), responses((status = 200, description = "report v1", body = serde_json::Value), (status = 202, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn commit(
    State(state): State<AppState>,
    who: Authorized,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Response {
    let (Ok(repository), Ok(sha)) = (format!("{owner}/{name}").parse::<RepoId>(), sha.parse::<CommitSha>()) else {
        return problem(StatusCode::BAD_REQUEST, "give OWNER/NAME and a full commit id");
    };
    match on_commit(&state, &who, &repository, &sha).await {
        Ok(answer) => answer,
        Err(error) => internal(&error),
    }
}

async fn on_commit(
    state: &AppState,
    who: &Authorized,
    repository: &RepoId,
    sha: &CommitSha,
) -> anyhow::Result<Response> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    let Some(evaluation) = evaluations::latest_for_head(&mut *reading, repository, sha).await? else {
        return Ok(problem(StatusCode::NOT_FOUND, "this commit has not been judged; was its webhook delivered?"));
    };
    let Some(record) = decisions::of_evaluation(&mut *reading, evaluation.id).await? else {
        return Ok(problem(StatusCode::ACCEPTED, "this commit is being judged"));
    };
    let report = of_decision(state, &mut reading, record.id).await?;
    Ok(report.map_or_else(|| problem(StatusCode::NOT_FOUND, "the decision is gone"), |r| Json(r).into_response()))
}
