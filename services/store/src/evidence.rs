//! Evidence, computed once per question and shared by everyone who asks it again.

use crate::{Result, StoreError, error::Doing, json};
use lockgate_model::{Evidence, EvidenceId, EvidenceKey, Observation, ReleaseKey};
use sqlx::{PgConnection, PgExecutor};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The latest answer to each question that has one. An unavailable answer is never among them: a failed
/// attempt must be made again.
///
/// # Errors
/// When the database fails, or a row is not what its key says.
pub async fn find(executor: impl PgExecutor<'_>, keys: &[EvidenceKey]) -> Result<HashMap<EvidenceKey, Evidence>> {
    let names: Vec<String> = keys.iter().map(|k| k.0.to_string()).collect();
    let rows = sqlx::query!(
        r#"select distinct on (key) key, body::text as "body!" from evidence
           where key = any($1) and status <> 'unavailable' order by key, collected_at desc"#,
        &names
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("look up {} pieces of evidence", keys.len()))?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let subject = || format!("the evidence with key {}", row.key);
        let evidence: Evidence = json::from_text(subject, &row.body)?;
        let key = evidence.key();
        if key.0.to_string() != row.key || matches!(evidence.observation, Observation::Unavailable { .. }) {
            return Err(StoreError::unreadable(subject(), "its content answers another question"));
        }
        found.insert(key, evidence);
    }
    Ok(found)
}

/// Keeps evidence under its id; what is there already stays as it is.
///
/// # Errors
/// When the database fails, or a finding is provisional (its collector's version is 0).
pub async fn insert_all(connection: &mut PgConnection, all: &[Evidence]) -> Result<()> {
    let doing = || format!("keep {} pieces of evidence", all.len());
    if let Some(provisional) = all.iter().find(|e| e.collector_version == 0) {
        let why = format!("{} of {} is provisional", provisional.collector, provisional.subject.release);
        return Err(StoreError::Refused { doing: doing(), why });
    }
    let ids: Vec<String> = all.iter().map(|e| e.id().to_string()).collect();
    // Most of a repeated question is kept already; its bodies need not travel again.
    let kept = sqlx::query_scalar!("select id from evidence where id = any($1)", &ids)
        .fetch_all(&mut *connection)
        .await
        .doing(doing)?;
    let kept: HashSet<String> = kept.into_iter().collect();
    let (ids, new): (Vec<String>, Vec<&Evidence>) =
        ids.into_iter().zip(all).filter(|(id, _)| !kept.contains(id)).unzip();
    if new.is_empty() {
        return Ok(());
    }
    let text = |f: fn(&Evidence) -> String| new.iter().map(|e| f(e)).collect::<Vec<_>>();
    let bodies = new.iter().map(|e| json::to_text(doing, e)).collect::<Result<Vec<_>>>()?;
    sqlx::query!(
        "insert into evidence (id, key, purl, collector, collector_version, status, body, collected_at)
         select id, key, purl, collector, version, status, body::json, collected_at
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::timestamptz[])
              as new (id, key, purl, collector, version, status, body, collected_at)
         order by id
         on conflict (id) do nothing",
        &ids,
        &text(|e| e.key().0.to_string()),
        &text(|e| e.subject.release.purl()),
        &text(|e| e.collector.clone()),
        &new.iter().map(|e| i32::try_from(e.collector_version).unwrap_or(i32::MAX)).collect::<Vec<_>>(),
        &text(|e| status(&e.observation).to_owned()),
        &bodies,
        &new.iter().map(|e| e.collected_at).collect::<Vec<_>>(),
    )
    .execute(connection)
    .await
    .doing(doing)?;
    Ok(())
}

fn status(observation: &Observation) -> &'static str {
    match observation {
        Observation::Observed { .. } => "observed",
        Observation::Absent => "absent",
        Observation::Unavailable { .. } => "unavailable",
    }
}

/// Names the evidence that an evaluation rests on, in place of what was named before: a repeated job
/// must not leave the failed attempts of the first one in the question.
///
/// # Errors
/// When the database fails, or an id was not inserted before.
pub async fn link(connection: &mut PgConnection, evaluation: Uuid, links: &[(ReleaseKey, EvidenceId)]) -> Result<()> {
    let doing = || format!("link evidence to the evaluation {evaluation}");
    sqlx::query!("delete from evaluation_evidence where evaluation_id = $1", evaluation)
        .execute(&mut *connection)
        .await
        .doing(doing)?;
    sqlx::query!(
        "insert into evaluation_evidence (evaluation_id, lockfile, purl, evidence_id)
         select $1, lockfile, purl, id from unnest($2::text[], $3::text[], $4::text[]) as new (lockfile, purl, id)
         on conflict do nothing",
        evaluation,
        &links.iter().map(|(key, _)| key.lockfile.clone()).collect::<Vec<_>>(),
        &links.iter().map(|(key, _)| key.purl.clone()).collect::<Vec<_>>(),
        &links.iter().map(|(_, id)| id.to_string()).collect::<Vec<_>>(),
    )
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    Ok(())
}

/// The evidence linked to an evaluation, ordered by lockfile, release, collector.
///
/// # Errors
/// When the database fails, or a row is not what its id says.
pub async fn of_evaluation(executor: impl PgExecutor<'_>, evaluation: Uuid) -> Result<Vec<(ReleaseKey, Evidence)>> {
    let rows = sqlx::query!(
        r#"select l.lockfile, l.purl, e.id, e.body::text as "body!"
           from evaluation_evidence l join evidence e on e.id = l.evidence_id
           where l.evaluation_id = $1 order by l.lockfile, l.purl, e.collector, e.id"#,
        evaluation
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the evidence of evaluation {evaluation}"))?;
    rows.into_iter()
        .map(|row| Ok((ReleaseKey { lockfile: row.lockfile, purl: row.purl }, read(&row.id, &row.body)?)))
        .collect()
}

/// The evidence with these ids, in their order. One that does not exist is left out.
///
/// # Errors
/// When the database fails, or a row is not what its id says.
pub async fn by_ids(executor: impl PgExecutor<'_>, ids: &[EvidenceId]) -> Result<Vec<Evidence>> {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        r#"select e.id, e.body::text as "body!" from unnest($1::text[]) with ordinality as wanted (id, place)
           join evidence e on e.id = wanted.id order by wanted.place"#,
        &names
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load {} pieces of evidence", ids.len()))?;
    rows.into_iter().map(|row| read(&row.id, &row.body)).collect()
}

/// The id is a digest of the content: a row that was altered is noticed here.
fn read(id: &str, body: &str) -> Result<Evidence> {
    let subject = || format!("the evidence {id}");
    let evidence: Evidence = json::from_text(subject, body)?;
    if evidence.id().to_string() != id {
        return Err(StoreError::unreadable(subject(), "its content has another digest"));
    }
    Ok(evidence)
}
