//! What the version before left in its database: schema 0005, rows and jobs as its code wrote them.
//!
//! That version knew repositories by name alone, kept the check run in the evaluation, and named every job after it.

use super::database::Database;
use crate::fake_github::{INSTALLATION, PullRequest};
use anyhow::{Context, Result};
use chrono::{SubsecRound, Utc};
use lockgate_model::{Change, Decision, DecisionRecord, Digest};
use serde_json::{Value, json};
use uuid::Uuid;

/// The last migration of that version.
pub const SCHEMA: i64 = 5;

/// How far an evaluation had come when the server was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// `detect_changes` waits.
    Queued,
    /// `detect_changes` was running when the process was killed; the check run is posted.
    Detecting,
    /// `collect_evidence` waits.
    Collecting,
    /// `decide` waits.
    Deciding,
    /// The decision stands, `publish` waits for its second attempt.
    Publishing,
    /// Everything is done.
    Done,
}

/// One evaluation, and what GitHub was told of it.
#[derive(Debug, Clone)]
pub struct Left {
    pub repository: String,
    /// `repository.clone_url` of the payload.
    pub clone_url: String,
    pub pull_request: PullRequest,
    /// The delivery that opened it.
    pub payload: Value,
    pub progress: Progress,
    /// Of the check run that was posted.
    pub check_run: Option<u64>,
    /// The change of a pull request that touches no lockfile; from [`Progress::Collecting`] on.
    pub change: Change,
}

/// The delivery ids that were answered 202, in the order of `left`.
#[derive(Debug)]
pub struct Written {
    pub deliveries: Vec<String>,
    pub evaluations: Vec<Uuid>,
}

/// Writes all of them. Blocks.
///
/// # Errors
/// When the database refuses a row.
pub fn write(database: &Database, left: &[Left]) -> Result<Written> {
    let mut written = Written { deliveries: Vec::new(), evaluations: Vec::new() };
    let mut chain = Vec::<DecisionRecord>::new();
    for left in left {
        let (delivery, evaluation) = (Uuid::new_v4().to_string(), Uuid::now_v7());
        execute(database, &delivery_row(left, &delivery))?;
        execute(database, &evaluation_row(left, evaluation))?;
        if matches!(left.progress, Progress::Publishing | Progress::Done) {
            let record = decision(left, chain.last())?;
            execute(database, &decision_row(&record, evaluation)?)?;
            execute(database, &question_row(left, &record)?)?;
            chain.push(record);
        }
        if let Some(job) = job_row(left.progress, evaluation) {
            execute(database, &job)?;
        }
        written.deliveries.push(delivery);
        written.evaluations.push(evaluation);
    }
    Ok(written)
}

fn delivery_row(left: &Left, id: &str) -> String {
    format!(
        "insert into deliveries (id, event, action, installation_id, repository, payload)
         values ({}, 'pull_request', 'opened', {INSTALLATION}, {}, {}::json)",
        text(id),
        text(&left.repository),
        text(&left.payload.to_string()),
    )
}

fn evaluation_row(left: &Left, id: Uuid) -> String {
    let (state, change, asked) = match left.progress {
        Progress::Queued | Progress::Detecting => ("queued", false, "null"),
        Progress::Collecting => ("collecting", true, "null"),
        Progress::Deciding => ("deciding", true, "now()"),
        Progress::Publishing => ("publishing", true, "now()"),
        Progress::Done => ("done", true, "now()"),
    };
    let change = if change { text(&json!(left.change).to_string()) } else { "null".to_owned() };
    let pull = &left.pull_request;
    format!(
        "insert into evaluations (id, repository, installation_id, base_sha, head_sha, base_ref, pull_request,
                                  source_url, actor, generation, state, change, asked_at, check_run_id)
         values ('{id}', {}, {INSTALLATION}, {}, {}, null, {}, {}, 'github:pull_request', 1, '{state}', {change}::json,
                 {asked}, {})",
        text(&left.repository),
        text(&pull.base_sha),
        text(&pull.head_sha),
        pull.number,
        text(&left.clone_url),
        left.check_run.map_or("null".to_owned(), |id| id.to_string()),
    )
}

/// One unfinished job of a kind per evaluation, at most eight attempts.
fn job_row(progress: Progress, evaluation: Uuid) -> Option<String> {
    let (kind, state) = match progress {
        Progress::Queued => ("detect_changes", "'queued', 0, null, null, null"),
        // Its lease runs out in a moment.
        Progress::Detecting => ("detect_changes", "'running', 1, '4711-dead-0', now() + interval '2 s', null"),
        Progress::Collecting => ("collect_evidence", "'queued', 0, null, null, null"),
        Progress::Deciding => ("decide", "'queued', 0, null, null, null"),
        Progress::Publishing => ("publish", "'queued', 1, null, null, 'GitHub answered 502'"),
        Progress::Done => return None,
    };
    let payload = json!({"evaluation": evaluation});
    Some(format!(
        "insert into jobs (kind, key, payload, max_attempts, state, attempts, locked_by, lease_until, last_error)
         values ('{kind}', '{kind}:{evaluation}', {}::json, 8, {state})",
        text(&payload.to_string())
    ))
}

fn decision(left: &Left, previous: Option<&DecisionRecord>) -> Result<DecisionRecord> {
    let pull = &left.pull_request;
    let mut record = DecisionRecord {
        id: Uuid::now_v7(),
        sequence: previous.map_or(1, |record| record.sequence + 1),
        repository: left.repository.parse()?,
        base: pull.base_sha.parse()?,
        head: pull.head_sha.parse()?,
        pull_request: i64::try_from(pull.number).ok(),
        decision: Decision::Allow,
        policy_digest: Digest::sha256(b"the policy of that time"),
        evidence: Vec::new(),
        actor: "github:pull_request".to_owned(),
        decided_at: Utc::now().trunc_subsecs(6),
        previous: previous.map(|record| record.hash.clone()),
        hash: Digest::sha256(b""),
    };
    record.hash = record.expected_hash();
    Ok(record)
}

fn decision_row(record: &DecisionRecord, evaluation: Uuid) -> Result<String> {
    let digest = text(&record.policy_digest.to_string());
    Ok(format!(
        "insert into policies (digest, files) values ({digest}, '{{\"main.rego\": \"package lockgate\"}}') on conflict do nothing;
         insert into decisions (sequence, id, evaluation_id, repository, head_sha, outcome, policy_digest, body,
                                decided_at, hash, previous)
         values ({}, '{}', '{evaluation}', {}, {}, 'allow', {digest}, {}::json, {}, {}, {})",
        record.sequence,
        record.id,
        text(record.repository.as_str()),
        text(record.head.as_str()),
        text(&serde_json::to_string(record).context("write a decision")?),
        text(&record.decided_at.to_rfc3339()),
        text(&record.hash.to_string()),
        record.previous.as_ref().map_or("null".to_owned(), |hash| text(&hash.to_string())),
    ))
}

fn question_row(left: &Left, record: &DecisionRecord) -> Result<String> {
    let asked = json!({
        "change": left.change,
        "asked_at": record.decided_at,
        "registry_hosts": ["127.0.0.1"],
        "links": [],
    });
    Ok(format!(
        "insert into assessments (decision_id, asked_at, body) values ('{}', {}, {}::json)",
        record.id,
        text(&record.decided_at.to_rfc3339()),
        text(&asked.to_string()),
    ))
}

fn execute(database: &Database, sql: &str) -> Result<()> {
    database.query(sql).map(drop)
}

/// A string constant of SQL.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
