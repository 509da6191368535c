//! What is kept for how long, and the removal of what is older.
//!
//! The database's own functions do the removing: they compute the age by the server's clock, refuse to go below a
//! rule's floor, and note what went. The run-time role holds no privilege to delete these rows itself.

use crate::{Result, error::Doing};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// The kinds of rows that age. Decisions, their questions and evidence, policies and first-seen digests do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// What a delivery said, counted from when it was handled. That it came stays.
    Payloads,
    /// Deliveries, counted from when they came.
    Deliveries,
    /// Finished jobs with their error texts.
    Jobs,
    /// Sessions and used sign-ins, counted from their end.
    Sessions,
    AccessLog,
    /// Evidence on which no decision rests.
    UnusedEvidence,
    /// What models said of releases.
    ModelScores,
}

impl Rule {
    pub const ALL: [Self; 7] = [
        Self::Payloads,
        Self::Deliveries,
        Self::Jobs,
        Self::Sessions,
        Self::AccessLog,
        Self::UnusedEvidence,
        Self::ModelScores,
    ];

    /// As the database names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payloads => "payloads",
            Self::Deliveries => "deliveries",
            Self::Jobs => "jobs",
            Self::Sessions => "sessions",
            Self::AccessLog => "access_log",
            Self::UnusedEvidence => "unused_evidence",
            Self::ModelScores => "model_scores",
        }
    }
}

/// Sets how many days a rule keeps. A change is noted for ever.
///
/// # Errors
/// When `days` is below the rule's floor, or the database fails.
pub async fn set(executor: impl PgExecutor<'_>, rule: Rule, days: u16) -> Result<()> {
    sqlx::query!(r#"select set_retention($1, $2)::text as "set""#, rule.name(), i32::from(days))
        .fetch_one(executor)
        .await
        .doing(|| format!("keep {} for {days} days", rule.name()))?;
    Ok(())
}

/// What one batch removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    pub rows: i64,
    /// There may be more to remove.
    pub more: bool,
}

/// Removes at most `batch` (1 to 10,000) rows that a rule no longer keeps, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn apply(executor: impl PgExecutor<'_>, rule: Rule, batch: u16) -> Result<Removed> {
    let row = sqlx::query!(
        r#"select removed as "removed!", more as "more!" from apply_retention($1, $2)"#,
        rule.name(),
        i32::from(batch)
    )
    .fetch_one(executor)
    .await
    .doing(|| format!("remove what the retention of {} no longer keeps", rule.name()))?;
    Ok(Removed { rows: row.removed, more: row.more })
}

/// A rule as it stands, with what it removed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub rule: String,
    pub days: i32,
    pub at_least_days: i32,
    pub removed: i64,
    pub last_ran_at: Option<DateTime<Utc>>,
}

/// The schedule, by name.
///
/// # Errors
/// When the database fails.
pub async fn schedule(executor: impl PgExecutor<'_>) -> Result<Vec<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select r.rule, r.days, r.at_least_days, coalesce(sum(n.removed), 0)::bigint as "removed!",
                  max(n.ran_at) as last_ran_at
           from retention_rules r left join retention_runs n on n.rule = r.rule
           group by r.rule, r.days, r.at_least_days order by r.rule"#
    )
    .fetch_all(executor)
    .await
    .doing(|| "read the retention schedule".to_owned())
}

/// What was removed: when, how many, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub rule: String,
    pub days: i32,
    /// What was older was removed.
    pub before: DateTime<Utc>,
    pub removed: i64,
    pub ran_at: DateTime<Utc>,
}

/// The latest removals, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn runs(executor: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Run>> {
    sqlx::query_as!(
        Run,
        "select rule, days, before, removed, ran_at from retention_runs order by id desc limit $1",
        limit
    )
    .fetch_all(executor)
    .await
    .doing(|| "read what the retention removed".to_owned())
}

/// A change of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub rule: String,
    pub days_before: i32,
    pub days: i32,
    pub changed_at: DateTime<Utc>,
}

/// The latest changes of the schedule, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn changes(executor: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Changed>> {
    sqlx::query_as!(
        Changed,
        "select rule, days_before, days, changed_at from retention_changes order by id desc limit $1",
        limit
    )
    .fetch_all(executor)
    .await
    .doing(|| "read how the retention schedule changed".to_owned())
}
