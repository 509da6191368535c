//! Pages for auditors: who read what, and what is kept for how long.

use super::{
    AppState,
    answers::{self, Audience, page},
    auth::{Authorized, SignedIn},
};
use anyhow::Result;
use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use chrono::{DateTime, Utc};
use lockgate_store::{
    access_log::{self, Entry, Filter},
    retention::{self, Changed, Run, Standing},
};
use serde::Deserialize;

/// Readings on one page.
const PAGE: u16 = 200;
/// Removals and changes on the page.
const LATEST: i64 = 100;

#[derive(Debug, Default, Deserialize)]
pub(super) struct AccessQuery {
    principal: Option<String>,
    object: Option<String>,
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    signed_in: Option<SignedIn>,
    principal: String,
    object: String,
    rows: Vec<AccessRow>,
    older: Option<i64>,
}

struct AccessRow {
    at: String,
    principal: String,
    roles: String,
    action: String,
    objects: String,
    installation: String,
    outcome: String,
    client: String,
}

impl From<Entry> for AccessRow {
    fn from(entry: Entry) -> Self {
        let outcome = match (entry.lost, entry.outcome) {
            (0, outcome) => outcome.to_string(),
            (lost, _) => format!("{lost} not noted"),
        };
        Self {
            at: time(entry.at),
            principal: entry.principal,
            roles: entry.roles,
            action: entry.action,
            objects: entry.objects.join(" "),
            installation: entry.installation_id.map(|id| id.to_string()).unwrap_or_default(),
            outcome,
            client: entry.client.unwrap_or_default(),
        }
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub(super) async fn access(
    State(state): State<AppState>,
    asking: Authorized,
    Query(query): Query<AccessQuery>,
) -> Response {
    match readings(&state, &asking, query).await {
        Ok(template) => page(StatusCode::OK, &template),
        Err(error) => answers::failed(Audience::People, &error),
    }
}

async fn readings(state: &AppState, asking: &Authorized, query: AccessQuery) -> Result<AccessPage> {
    let given = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let filter =
        Filter { principal: given(query.principal), object: given(query.object), before: query.before, limit: PAGE };
    let mut reading = state.context.store.reading(&asking.scope).await?;
    let entries = access_log::list(&mut reading, &filter).await?;
    let older = entries.last().filter(|_| entries.len() == usize::from(PAGE)).map(|e| e.id);
    Ok(AccessPage {
        signed_in: asking.signed_in.clone(),
        principal: filter.principal.unwrap_or_default(),
        object: filter.object.unwrap_or_default(),
        rows: entries.into_iter().map(AccessRow::from).collect(),
        older,
    })
}

#[derive(Template)]
#[template(path = "retention.html")]
struct RetentionPage {
    signed_in: Option<SignedIn>,
    schedule: Vec<Standing>,
    runs: Vec<Run>,
    changes: Vec<Changed>,
}

/// Words for the page.
impl RetentionPage {
    fn about(&self, rule: &str) -> &'static str {
        match rule {
            "payloads" => "what a handled webhook delivery said",
            "deliveries" => "that a webhook delivery came",
            "jobs" => "finished jobs and their errors",
            "sessions" => "sessions that ended, used sign-ins",
            "access_log" => "who read what",
            "unused_evidence" => "evidence on which no decision rests",
            "model_scores" => "what models said of releases",
            _ => "",
        }
    }

    fn time(&self, at: &DateTime<Utc>) -> String {
        time(*at)
    }
}

pub(super) async fn retention(State(state): State<AppState>, asking: Authorized) -> Response {
    match schedule(&state, &asking).await {
        Ok(template) => page(StatusCode::OK, &template),
        Err(error) => answers::failed(Audience::People, &error),
    }
}

async fn schedule(state: &AppState, asking: &Authorized) -> Result<RetentionPage> {
    let mut reading = state.context.store.reading(&asking.scope).await?;
    Ok(RetentionPage {
        signed_in: asking.signed_in.clone(),
        schedule: retention::schedule(&mut *reading).await?,
        runs: retention::runs(&mut *reading, LATEST).await?,
        changes: retention::changes(&mut *reading, LATEST).await?,
    })
}
