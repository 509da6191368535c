//! The pages: decisions, one decision, one that is still being made. Server-rendered; where a release was scored, a script of
//! ours lets the score be asked again, and without it nothing is missing but that.

use super::{
    AppState,
    answers::{self, Audience, page},
    api::ListQuery,
    auth::{Authorized, SignedIn},
    headers::WITH_OUR_SCRIPT,
    scores::{self, ScorePanel},
};
use crate::reports::{self, Decided};
use anyhow::Result;
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use lockgate_model::{ChangeKind, DecisionRecord, Observation, Outcome, Waiver};
use lockgate_report::{self as report, EvidenceReport, ReleaseReport, Report};
use lockgate_store::{decisions, evaluations};
use uuid::Uuid;

pub(super) async fn style() -> impl IntoResponse {
    let text = include_str!("../../../../web/static/style.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")], text)
}

pub(super) async fn script() -> impl IntoResponse {
    let text = include_str!("../../../../web/static/score.js");
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")], text)
}

fn missing(what: &str) -> Response {
    answers::missing(Audience::People, what)
}

fn failed(error: &anyhow::Error) -> Response {
    answers::failed(Audience::People, error)
}

/// One line of the list.
struct Row {
    id: Uuid,
    outcome: Outcome,
    repository: String,
    pull_request: Option<i64>,
    head: String,
    why: String,
    decided_at: String,
}

impl From<DecisionRecord> for Row {
    fn from(record: DecisionRecord) -> Self {
        let mut reasons = record.decision.reasons();
        let first = reasons.next().map(|r| {
            let subject = if r.purl.is_empty() { &r.lockfile } else { &r.purl };
            format!("{subject}: {}", r.message)
        });
        let more = reasons.count();
        let why = match (first, more) {
            (None, _) => String::new(),
            (Some(first), 0) => first,
            (Some(first), more) => format!("{first} (and {more} more)"),
        };
        Self {
            id: record.id,
            outcome: record.decision.outcome(),
            repository: record.repository.to_string(),
            pull_request: record.pull_request,
            head: record.head.short().to_owned(),
            why,
            decided_at: time(record.decided_at),
        }
    }
}

pub(super) fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[derive(Template)]
#[template(path = "decisions.html")]
struct Decisions {
    repository: String,
    outcome: String,
    rows: Vec<Row>,
    older: Option<i64>,
    signed_in: Option<SignedIn>,
}

pub(super) async fn list(State(state): State<AppState>, who: Authorized, Query(query): Query<ListQuery>) -> Response {
    let filter = match query.filter() {
        Ok(filter) => filter,
        Err(why) => return answers::unusable(Audience::People, &why),
    };
    match records(&state, &who, &filter).await {
        Ok(records) => {
            let full = i64::try_from(records.len()).is_ok_and(|n| n == i64::from(filter.limit));
            let older = records.last().filter(|_| full).map(|r| r.sequence);
            let template = Decisions {
                repository: filter.repository.map(|r| r.to_string()).unwrap_or_default(),
                outcome: filter.outcome.map(|o| o.name().to_owned()).unwrap_or_default(),
                rows: records.into_iter().map(Row::from).collect(),
                older,
                signed_in: who.signed_in,
            };
            page(StatusCode::OK, &template)
        }
        Err(error) => failed(&error),
    }
}

async fn records(state: &AppState, who: &Authorized, filter: &decisions::Filter) -> Result<Vec<DecisionRecord>> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    Ok(decisions::list(&mut *reading, filter).await?)
}

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage<'a> {
    record: &'a DecisionRecord,
    report: &'a Report,
    headline: String,
    pull_request: Option<i64>,
    base: &'a str,
    head: &'a str,
    decided_at: String,
    blocked: Vec<Judged<'a>>,
    others: Vec<Judged<'a>>,
    waivers: Vec<Waiver>,
    /// Whether a score can be asked again.
    scored: bool,
    signed_in: Option<SignedIn>,
}

/// A release, and what the classifier saw in it.
struct Judged<'a> {
    release: &'a ReleaseReport,
    panels: Vec<ScorePanel>,
}

/// Words for the page.
impl DecisionPage<'_> {
    fn moved(&self, release: &ReleaseReport) -> String {
        match (release.kind, &release.old_version) {
            (ChangeKind::Added, _) => "new".to_owned(),
            (ChangeKind::Removed, _) => "removed".to_owned(),
            (ChangeKind::Repinned, _) => "re-pinned".to_owned(),
            (ChangeKind::Moved, Some(old)) => format!("{old} → {}", release.version),
            (ChangeKind::Moved, None) => "moved".to_owned(),
        }
    }

    fn words(&self, kind: &str) -> String {
        kind.replace('_', " ")
    }

    fn evidence_line(&self, release: &ReleaseReport) -> String {
        let collectors: Vec<_> =
            release.evidence.iter().map(|e| format!("{} {}", e.collector, self.status(e))).collect();
        collectors.join(" · ")
    }

    fn status(&self, evidence: &EvidenceReport) -> &'static str {
        match evidence.observation {
            Observation::Observed { .. } => "observed",
            Observation::Absent => "absent",
            Observation::Unavailable { .. } => "unavailable",
        }
    }

    fn facts(&self, evidence: &EvidenceReport) -> String {
        match &evidence.observation {
            Observation::Observed { facts } => serde_json::to_string_pretty(facts).unwrap_or_default(),
            Observation::Absent => "there is none".to_owned(),
            Observation::Unavailable { cause } => cause.to_string(),
        }
    }
}

pub(super) async fn decision(State(state): State<AppState>, who: Authorized, Path(id): Path<Uuid>) -> Response {
    match decided(&state, &who, id).await {
        Ok(Some(decided)) => render(&state, who, &decided),
        Ok(None) => missing("There is no decision with this id."),
        Err(error) => failed(&error),
    }
}

async fn decided(state: &AppState, who: &Authorized, id: Uuid) -> Result<Option<Decided>> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    reports::decided_in(&mut reading, id).await
}

fn render(state: &AppState, who: Authorized, decided: &Decided) -> Response {
    let report = reports::report(&state.context, decided);
    let judged = report.releases.iter().map(|release| Judged { release, panels: scores::panels(release) });
    let (blocked, others): (Vec<_>, Vec<_>) = judged.partition(|judged| judged.release.outcome != Outcome::Allow);
    let mut panels = blocked.iter().chain(&others).flat_map(|judged| &judged.panels);
    let scored = panels.any(|panel| panel.composition.is_some());
    let template = DecisionPage {
        record: &decided.record,
        headline: report::headline(&report),
        pull_request: decided.record.pull_request,
        base: report.base.short(),
        head: report.head.short(),
        decided_at: time(report.decided_at),
        blocked,
        others,
        report: &report,
        waivers: decided.waivers(),
        scored,
        signed_in: who.signed_in,
    };
    let answer = page(StatusCode::OK, &template);
    if scored { ([(header::CONTENT_SECURITY_POLICY, WITH_OUR_SCRIPT)], answer).into_response() } else { answer }
}

#[derive(Template)]
#[template(path = "progress.html")]
struct Progress<'a> {
    repository: &'a str,
    head: &'a str,
    state: &'a str,
    actor: &'a str,
    signed_in: Option<SignedIn>,
}

pub(super) async fn progress(State(state): State<AppState>, who: Authorized, Path(id): Path<Uuid>) -> Response {
    match on_evaluation(&state, who, id).await {
        Ok(answer) => answer,
        Err(error) => failed(&error),
    }
}

async fn on_evaluation(state: &AppState, who: Authorized, id: Uuid) -> Result<Response> {
    let mut reading = state.context.store.reading(&who.scope).await?;
    if let Some(record) = decisions::of_evaluation(&mut *reading, id).await? {
        return Ok(Redirect::to(&format!("/d/{}", record.id)).into_response());
    }
    let Some(evaluation) = evaluations::get(&mut *reading, id).await? else {
        return Ok(missing("There is no evaluation with this id."));
    };
    let template = Progress {
        repository: evaluation.repository.as_str(),
        head: evaluation.head_sha.short(),
        state: evaluation.state.name(),
        actor: &evaluation.actor,
        signed_in: who.signed_in,
    };
    Ok(page(StatusCode::OK, &template))
}
