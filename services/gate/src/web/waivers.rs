//! Waivers over HTTP: the page where reviewers answer requests, and the same for programs.
//!
//! Reads and answers go through the asker's own scope: a request of another installation is not there.

use super::{
    AppState,
    answers::{self, Audience, Problem},
    auth::{Authorized, Permission, SignedIn},
    pages::time,
};
use anyhow::Result;
use askama::Template;
use axum::{
    Form, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_store::waivers::{self, Answer, Answered, Waiver};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest reason in characters; the schema holds the same bound.
const LONGEST_REASON: usize = 2000;

#[derive(Template)]
#[template(path = "waivers.html")]
struct WaiversPage {
    open: Vec<Item>,
    answered: Vec<Item>,
    /// Days that the form offers.
    days: [i64; 4],
    signed_in: Option<SignedIn>,
}

/// One request on the page.
struct Item {
    waiver: Waiver,
    requested_at: String,
    decided_at: String,
    expires_at: String,
    /// This asker may answer it.
    answerable: bool,
}

impl Item {
    fn new(waiver: Waiver, who: &Authorized) -> Self {
        let text = |at: Option<DateTime<Utc>>| at.map(time).unwrap_or_default();
        let answerable = who.signed_in.is_some() && may_answer(who, waiver.installation_id);
        Self {
            requested_at: time(waiver.requested_at),
            decided_at: text(waiver.decided_at),
            expires_at: text(waiver.expires_at),
            answerable,
            waiver,
        }
    }

    fn is_granted(&self) -> bool {
        self.waiver.state == waivers::State::Granted
    }
}

fn may_answer(who: &Authorized, installation: i64) -> bool {
    who.principal.scope(Permission::AnswerWaivers).is_some_and(|scope| scope.covers(installation))
}

async fn all(state: &AppState, who: &Authorized) -> Result<Vec<Waiver>> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    Ok(waivers::list(&mut *reading, Utc::now()).await?)
}

pub(super) async fn page(State(state): State<AppState>, who: Authorized) -> Response {
    match all(&state, &who).await {
        Ok(found) => {
            let (open, answered): (Vec<_>, Vec<_>) = found
                .into_iter()
                .map(|waiver| Item::new(waiver, &who))
                .partition(|item| item.waiver.state == waivers::State::Requested);
            let template = WaiversPage { open, answered, days: [7, 14, 30, 90], signed_in: who.signed_in };
            answers::page(StatusCode::OK, &template)
        }
        Err(error) => answers::failed(Audience::People, &error),
    }
}

/// A request for a waiver, and its answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaiverSummary {
    id: Uuid,
    repository: String,
    purl: String,
    /// The reason of the policy that is waived.
    code: String,
    reason: String,
    requested_by: String,
    requested_at: DateTime<Utc>,
    /// `requested`, `granted`, `refused` or `expired`.
    state: String,
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    decided_reason: Option<String>,
    expires_at: Option<DateTime<Utc>>,
}

impl From<Waiver> for WaiverSummary {
    fn from(waiver: Waiver) -> Self {
        Self {
            id: waiver.id,
            repository: waiver.repository,
            purl: waiver.purl,
            code: waiver.code,
            reason: waiver.reason,
            requested_by: waiver.requested_by,
            requested_at: waiver.requested_at,
            state: waiver.state.name().to_owned(),
            decided_by: waiver.decided_by,
            decided_at: waiver.decided_at,
            decided_reason: waiver.decided_reason,
            expires_at: waiver.expires_at,
        }
    }
}

/// Requests for waivers and their answers, open ones first. At most 500.
#[utoipa::path(get, path = "/api/v1/waivers", responses((status = 200, body = Vec<WaiverSummary>)))]
pub(super) async fn list(State(state): State<AppState>, who: Authorized) -> Response {
    match all(&state, &who).await {
        Ok(found) => Json(found.into_iter().map(WaiverSummary::from).collect::<Vec<_>>()).into_response(),
        Err(error) => answers::failed(Audience::Programs, &error),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Granting {
    /// Why; at most 2000 characters.
    reason: String,
    /// At most 90 days from now.
    expires_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusing {
    /// Why; at most 2000 characters.
    reason: String,
}

/// Grants a request until a time.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/grant", params(("id" = Uuid, Path)), request_body = Granting, responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, description = "it was answered before", body = Problem)))]
pub(super) async fn grant(
    State(state): State<AppState>,
    who: Authorized,
    Path(id): Path<Uuid>,
    Json(body): Json<Granting>,
) -> Response {
    let answer = Answer::Grant { expires_at: body.expires_at };
    decide(&state, &who, id, answer, &body.reason, Audience::Programs).await
}

/// Refuses a request, or ends what was granted.
#[utoipa::path(post, path = "/api/v1/waivers/{id}/refuse", params(("id" = Uuid, Path)), request_body = Refusing, responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, description = "it was answered before", body = Problem)))]
pub(super) async fn refuse(
    State(state): State<AppState>,
    who: Authorized,
    Path(id): Path<Uuid>,
    Json(body): Json<Refusing>,
) -> Response {
    decide(&state, &who, id, Answer::Refuse, &body.reason, Audience::Programs).await
}

#[derive(Debug, Deserialize)]
pub(super) struct GrantForm {
    reason: String,
    days: i64,
}

pub(super) async fn grant_by_form(
    State(state): State<AppState>,
    who: Authorized,
    Path(id): Path<Uuid>,
    Form(form): Form<GrantForm>,
) -> Response {
    let Some(expires_at) = TimeDelta::try_days(form.days).and_then(|days| Utc::now().checked_add_signed(days)) else {
        return answers::unusable(Audience::People, "Choose an end within 90 days.");
    };
    decide(&state, &who, id, Answer::Grant { expires_at }, &form.reason, Audience::People).await
}

#[derive(Debug, Deserialize)]
pub(super) struct RefuseForm {
    reason: String,
}

pub(super) async fn refuse_by_form(
    State(state): State<AppState>,
    who: Authorized,
    Path(id): Path<Uuid>,
    Form(form): Form<RefuseForm>,
) -> Response {
    decide(&state, &who, id, Answer::Refuse, &form.reason, Audience::People).await
}

async fn decide(
    state: &AppState,
    who: &Authorized,
    id: Uuid,
    answer: Answer,
    reason: &str,
    audience: Audience,
) -> Response {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON || reason.contains('\0') {
        return answers::unusable(audience, "Give a reason of 1 to 2000 characters.");
    }
    match answered(state, who, id, answer, reason).await {
        Ok(Answered::Done) if audience == Audience::People => Redirect::to("/waivers").into_response(),
        Ok(Answered::Done) => StatusCode::NO_CONTENT.into_response(),
        Ok(Answered::NotFound) => answers::missing(audience, "There is no waiver with this id."),
        Ok(Answered::BadEnd) => answers::unusable(audience, "Choose an end within 90 days."),
        Ok(Answered::Stands(now)) => {
            let why = format!("This waiver is {} already; load the page again.", now.name());
            answers::message(audience, StatusCode::CONFLICT, "Nothing was changed", &why)
        }
        Err(error) => answers::failed(audience, &error),
    }
}

async fn answered(state: &AppState, who: &Authorized, id: Uuid, answer: Answer, reason: &str) -> Result<Answered> {
    // The scope in which this asker may answer: the second wall holds for changes too.
    let mut answering = state.context.store.answering(&who.scope).await?;
    let by = who.principal.to_string();
    let done = waivers::answer(&mut answering, id, answer, &by, reason, Utc::now()).await?;
    answering.commit().await?;
    if done == Answered::Done {
        tracing::info!(waiver = %id, %by, granted = matches!(answer, Answer::Grant { .. }), "answered a waiver");
    }
    Ok(done)
}
