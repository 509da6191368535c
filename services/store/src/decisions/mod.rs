//! Decisions: appended to a chain, never changed, loaded with the question they answered.

mod append;

pub use append::{NewDecision, append};

use crate::{Result, StoreError, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::{Change, CommitSha, DecisionRecord, EvidenceId, Outcome, ReleaseKey, RepoId, Waiver};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use uuid::Uuid;

/// The question as policy saw it, evidence by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub change: Change,
    pub asked_at: DateTime<Utc>,
    /// Hosts of the registries that the operator had configured then: a replay must see the same.
    pub registry_hosts: Vec<String>,
    /// Exceptions that held then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
    /// Every release that comes in, in the change's order, with its evidence ordered by collector.
    pub links: Vec<(ReleaseKey, Vec<EvidenceId>)>,
}

/// Which decisions to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub repository: Option<RepoId>,
    pub outcome: Option<Outcome>,
    /// Only decisions before this place in the chain: the `sequence` of the last one seen pages on.
    pub before: Option<i64>,
    /// 0 lists 100.
    pub limit: u16,
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<DecisionRecord>> {
    let body = sqlx::query_scalar!(r#"select body::text as "body!" from decisions where id = $1"#, id)
        .fetch_optional(executor)
        .await
        .doing(|| format!("load the decision {id}"))?;
    body.as_deref().map(read).transpose()
}

/// The decision of an evaluation; `None` while there is none.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn of_evaluation(executor: impl PgExecutor<'_>, evaluation: Uuid) -> Result<Option<DecisionRecord>> {
    let body =
        sqlx::query_scalar!(r#"select body::text as "body!" from decisions where evaluation_id = $1"#, evaluation)
            .fetch_optional(executor)
            .await
            .doing(|| format!("load the decision of evaluation {evaluation}"))?;
    body.as_deref().map(read).transpose()
}

/// The decisions on a commit, the newest first.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn for_head(
    executor: impl PgExecutor<'_>,
    repository: &RepoId,
    head: &CommitSha,
) -> Result<Vec<DecisionRecord>> {
    let bodies = sqlx::query_scalar!(
        r#"select body::text as "body!" from decisions where repository = $1 and head_sha = $2 order by sequence desc"#,
        repository.as_str(),
        head.as_str(),
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the decisions on {repository} {}", head.short()))?;
    bodies.iter().map(|body| read(body)).collect()
}

/// The newest decisions first.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn list(executor: impl PgExecutor<'_>, filter: &Filter) -> Result<Vec<DecisionRecord>> {
    let limit = if filter.limit == 0 { 100 } else { filter.limit };
    let bodies = sqlx::query_scalar!(
        r#"select body::text as "body!" from decisions
           where ($1::text is null or repository = $1) and ($2::text is null or outcome = $2)
             and ($3::bigint is null or sequence < $3)
           order by sequence desc limit $4"#,
        filter.repository.as_ref().map(RepoId::as_str),
        filter.outcome.map(Outcome::name),
        filter.before,
        i64::from(limit),
    )
    .fetch_all(executor)
    .await
    .doing(|| "list decisions".to_owned())?;
    bodies.iter().map(|body| read(body)).collect()
}

/// The part of the chain that begins with the first decision made at `since` or later, in its order.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn since(executor: impl PgExecutor<'_>, since: DateTime<Utc>) -> Result<Vec<DecisionRecord>> {
    // By sequence, not by time: clocks of two servers may disagree, and a chain with a hole verifies nowhere.
    let bodies = sqlx::query_scalar!(
        r#"select body::text as "body!" from decisions
           where sequence >= (select min(sequence) from decisions where decided_at >= $1) order by sequence"#,
        since
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the decisions since {since}"))?;
    bodies.iter().map(|body| read(body)).collect()
}

/// The question that a decision answered.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn assessment(executor: impl PgExecutor<'_>, decision: Uuid) -> Result<Option<Asked>> {
    let subject = || format!("the question of decision {decision}");
    let body = sqlx::query_scalar!(r#"select body::text as "body!" from assessments where decision_id = $1"#, decision)
        .fetch_optional(executor)
        .await
        .doing(|| format!("load {}", subject()))?;
    body.map(|text| json::from_text(subject, &text)).transpose()
}

fn read(body: &str) -> Result<DecisionRecord> {
    serde_json::from_str(body).map_err(|e| StoreError::unreadable("a decision", e))
}
