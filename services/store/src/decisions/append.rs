//! Appending to the chain: one writer at a time, so that places have no gaps and each hash covers the one before.

use super::{Asked, of_evaluation};
use crate::{Result, StoreError, error::Doing, json};
use chrono::{DateTime, SubsecRound, Utc};
use lockgate_model::{Change, CommitSha, Decision, DecisionRecord, Digest, EvidenceId, ReleaseKey, RepoId, Waiver};
use sqlx::{PgConnection, PgExecutor};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Held until the transaction ends.
const CHAIN_LOCK: i64 = 0x6465_6369_7369_6f6e;

/// What is decided, but for its place in the chain.
#[derive(Debug, Clone)]
pub struct NewDecision {
    pub evaluation_id: Uuid,
    pub repository: RepoId,
    pub base: CommitSha,
    pub head: CommitSha,
    pub pull_request: Option<i64>,
    pub decision: Decision,
    /// Of a policy that [`crate::policies::remember`] keeps.
    pub policy_digest: Digest,
    /// What policy saw; each must be linked to the evaluation.
    pub evidence: Vec<EvidenceId>,
    /// `github:<event>`, `cli`, `api:<token name>`.
    pub actor: String,
    /// Kept, and hashed, to the microsecond.
    pub decided_at: DateTime<Utc>,
    pub change: Change,
    pub asked_at: DateTime<Utc>,
    /// Hosts of the registries that the operator had configured: policy sees them too.
    pub registry_hosts: Vec<String>,
    /// Exceptions that held when it was asked.
    pub waivers: Vec<Waiver>,
}

/// Appends a decision with its question. An evaluation has one decision: a second call answers with the
/// first one's record and changes nothing. Do it late in the transaction: other writers wait for its end.
///
/// # Errors
/// [`StoreError::Conflict`] when the evaluation's evidence was linked anew since policy saw it; else when
/// the database fails or the policy was not remembered.
pub async fn append(connection: &mut PgConnection, new: &NewDecision) -> Result<DecisionRecord> {
    let doing = || format!("append the decision on {} {}", new.repository, new.head.short());
    sqlx::query!(r#"select pg_advisory_xact_lock($1)::text as "locked""#, CHAIN_LOCK)
        .fetch_one(&mut *connection)
        .await
        .doing(doing)?;
    if let Some(first) = of_evaluation(&mut *connection, new.evaluation_id).await? {
        return Ok(first);
    }
    let last = sqlx::query!("select sequence, hash from decisions order by sequence desc limit 1")
        .fetch_optional(&mut *connection)
        .await
        .doing(doing)?;
    let (sequence, previous) = match last {
        Some(last) => {
            (last.sequence + 1, Some(last.hash.parse().map_err(|e| StoreError::unreadable("a decision", e))?))
        }
        None => (1, None),
    };
    let asked = asked(&mut *connection, new).await?;
    let record = record(new, sequence, previous);
    insert(&mut *connection, new.evaluation_id, &record).await?;
    insert_question(connection, record.id, &asked).await?;
    Ok(record)
}

fn record(new: &NewDecision, sequence: i64, previous: Option<Digest>) -> DecisionRecord {
    let mut record = DecisionRecord {
        id: Uuid::now_v7(),
        sequence,
        repository: new.repository.clone(),
        base: new.base.clone(),
        head: new.head.clone(),
        pull_request: new.pull_request,
        decision: new.decision.clone(),
        policy_digest: new.policy_digest.clone(),
        evidence: new.evidence.clone(),
        actor: new.actor.clone(),
        // The column holds microseconds; a hash over more would not survive the trip.
        decided_at: new.decided_at.trunc_subsecs(6),
        previous,
        // Left out of the hash; replaced at once.
        hash: Digest::sha256(b""),
    };
    record.hash = record.expected_hash();
    record
}

/// The question from what is linked to the evaluation, provided that it is what policy saw.
async fn asked(executor: impl PgExecutor<'_>, new: &NewDecision) -> Result<Asked> {
    let doing = || format!("append the decision of evaluation {}", new.evaluation_id);
    let rows = sqlx::query!(
        "select l.lockfile, l.purl, l.evidence_id
         from evaluation_evidence l join evidence e on e.id = l.evidence_id
         where l.evaluation_id = $1 order by l.lockfile, l.purl, e.collector, e.id",
        new.evaluation_id
    )
    .fetch_all(executor)
    .await
    .doing(doing)?;
    let mut missing: BTreeSet<&EvidenceId> = new.evidence.iter().collect();
    let seen: BTreeSet<&EvidenceId> = missing.clone();
    let mut by_release: BTreeMap<ReleaseKey, Vec<EvidenceId>> = BTreeMap::new();
    for row in rows {
        let id = EvidenceId(row.evidence_id.parse().map_err(|e| StoreError::unreadable("a link to evidence", e))?);
        missing.remove(&id);
        if seen.contains(&id) {
            by_release.entry(ReleaseKey { lockfile: row.lockfile, purl: row.purl }).or_default().push(id);
        }
    }
    if !missing.is_empty() {
        let why = format!("{} pieces of its evidence are no longer linked", missing.len());
        return Err(StoreError::Conflict { doing: doing(), why });
    }
    let links = new.change.releases().filter(|r| r.comes_in()).map(|r| {
        let key = r.key();
        let ids = by_release.remove(&key).unwrap_or_default();
        (key, ids)
    });
    Ok(Asked {
        links: links.collect(),
        change: new.change.clone(),
        asked_at: new.asked_at,
        registry_hosts: new.registry_hosts.clone(),
        waivers: new.waivers.clone(),
    })
}

async fn insert(executor: impl PgExecutor<'_>, evaluation: Uuid, record: &DecisionRecord) -> Result<()> {
    let doing = || format!("append the decision on {} {}", record.repository, record.head.short());
    sqlx::query!(
        "insert into decisions (sequence, id, evaluation_id, repository, head_sha, outcome, policy_digest, body,
                                decided_at, hash, previous)
         values ($1, $2, $3, $4, $5, $6, $7, $8::text::json, $9, $10, $11)",
        record.sequence,
        record.id,
        evaluation,
        record.repository.as_str(),
        record.head.as_str(),
        record.decision.outcome().name(),
        record.policy_digest.to_string(),
        json::to_text(doing, record)?,
        record.decided_at,
        record.hash.to_string(),
        record.previous.as_ref().map(ToString::to_string),
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(())
}

async fn insert_question(executor: impl PgExecutor<'_>, decision: Uuid, asked: &Asked) -> Result<()> {
    let doing = || format!("keep the question of decision {decision}");
    sqlx::query!(
        "insert into assessments (decision_id, asked_at, body) values ($1, $2, $3::text::json)",
        decision,
        asked.asked_at,
        json::to_text(doing, asked)?,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(())
}
