//! Webhook deliveries: accepted once; what they say is kept, not all that was sent.

use crate::{Result, StoreError, error::Doing, jobs::NewJob, json};
use chrono::{DateTime, Utc};
use lockgate_model::DeliveryId;
use serde_json::Value;
use sqlx::PgExecutor;
use std::collections::HashSet;

/// A delivery whose signature was verified.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery<'a> {
    pub id: &'a DeliveryId,
    pub event: &'a str,
    pub action: Option<&'a str>,
    pub installation_id: Option<i64>,
    pub repository: Option<&'a str>,
    /// The event as JSON: what the server read from the payload.
    pub content: &'a str,
}

/// Whether a delivery is seen for the first time. GitHub and people deliver again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New,
    Duplicate,
}

/// What a kept delivery says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The event, as the server serialised it.
    Event(Value),
    /// GitHub's own payload, kept by a version before.
    Payload(Value),
}

/// A delivery as it is kept.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub event: String,
    pub action: Option<String>,
    pub installation_id: Option<i64>,
    pub repository: Option<String>,
    pub content: Content,
    pub received_at: DateTime<Utc>,
    pub handled_at: Option<DateTime<Utc>>,
}

/// Keeps deliveries and the job that handles each, in one statement: all of it is committed, or nothing. `handle` is the
/// job without key and payload; it gets `{"delivery": ID}`. Answers in the order of `deliveries`.
///
/// # Errors
/// When the database fails; none of the deliveries may then be acknowledged.
pub async fn accept(
    executor: impl PgExecutor<'_>,
    deliveries: &[NewDelivery<'_>],
    handle: &NewJob,
) -> Result<Vec<Accepted>> {
    let ids: Vec<String> = deliveries.iter().map(|d| d.id.to_string()).collect();
    let events: Vec<String> = deliveries.iter().map(|d| d.event.to_owned()).collect();
    let contents: Vec<String> = deliveries.iter().map(|d| d.content.to_owned()).collect();
    let actions: Vec<Option<String>> = deliveries.iter().map(|d| d.action.map(str::to_owned)).collect();
    let repositories: Vec<Option<String>> = deliveries.iter().map(|d| d.repository.map(str::to_owned)).collect();
    let installations: Vec<Option<i64>> = deliveries.iter().map(|d| d.installation_id).collect();
    let new = sqlx::query_scalar!(
        r#"with given as (
               select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
                   as d (id, event, action, installation_id, repository, content)
           ), accepted as (
               insert into deliveries (id, event, action, installation_id, repository, payload, form)
               select id, event, action, installation_id, repository, content::json, 'event' from given
               on conflict (id) do nothing returning id
           ), queued as (
               insert into jobs (kind, key, payload, max_attempts)
               select $7, $7 || ':' || id, json_build_object('delivery', id), $8 from accepted
           )
           select id as "id!" from accepted"#,
        &ids,
        &events,
        &actions as &[Option<String>],
        &installations as &[Option<i64>],
        &repositories as &[Option<String>],
        &contents,
        handle.kind,
        handle.max_attempts,
    )
    .fetch_all(executor)
    .await
    .doing(|| match deliveries {
        [only] => format!("keep the delivery {}", only.id),
        several => format!("keep {} deliveries", several.len()),
    })?;
    let mut new: HashSet<String> = new.into_iter().collect();
    // Of two equal ids in one call, the second is the duplicate.
    let became = |d: &NewDelivery<'_>| if new.remove(d.id.as_str()) { Accepted::New } else { Accepted::Duplicate };
    Ok(deliveries.iter().map(became).collect())
}

/// Which of `ids` are on record.
///
/// # Errors
/// When the database fails.
pub async fn known(executor: impl PgExecutor<'_>, ids: &[String]) -> Result<HashSet<String>> {
    let known = sqlx::query_scalar!("select id from deliveries where id = any($1)", ids).fetch_all(executor).await;
    Ok(known.doing(|| format!("look up {} deliveries", ids.len()))?.into_iter().collect())
}

/// Accepted deliveries of the last day that nobody is at work on: their job was given up.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn without_job(executor: impl PgExecutor<'_>) -> Result<Vec<DeliveryId>> {
    let ids = sqlx::query_scalar!(
        "select id from deliveries d
         where handled_at is null and received_at between now() - interval '1 day' and now() - interval '1 min'
           and not exists (
             select from jobs j where j.finished_at is null and j.kind = 'handle_delivery' and j.key = 'handle_delivery:' || d.id)
         order by received_at limit 200"
    )
    .fetch_all(executor)
    .await
    .doing(|| "list the deliveries without a job".to_owned())?;
    ids.iter().map(|id| id.parse().map_err(|e| StoreError::unreadable("a delivery", e))).collect()
}

/// Until when the App's delivery log has been compared with what arrived; `None` before the first time.
///
/// # Errors
/// When the database fails.
pub async fn compared_until(executor: impl PgExecutor<'_>) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select compared_until from delivery_log")
        .fetch_optional(executor)
        .await
        .doing(|| "ask how far the delivery log was compared".to_owned())
}

/// # Errors
/// When the database fails.
pub async fn set_compared_until(executor: impl PgExecutor<'_>, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into delivery_log (compared_until) values ($1)
         on conflict (singleton) do update set compared_until = greatest(delivery_log.compared_until, excluded.compared_until)",
        until
    )
    .execute(executor)
    .await
    .doing(|| "note how far the delivery log was compared".to_owned())?;
    Ok(())
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: &DeliveryId) -> Result<Option<Delivery>> {
    let subject = || format!("the delivery {id}");
    let row = sqlx::query!(
        r#"select id, event, action, installation_id, repository, payload::text as "payload!", form, received_at,
                  handled_at
           from deliveries where id = $1"#,
        id.as_str()
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("load {}", subject()))?;
    row.map(|row| {
        let content = json::from_text(subject, &row.payload)?;
        Ok(Delivery {
            id: row.id,
            event: row.event,
            action: row.action,
            installation_id: row.installation_id,
            repository: row.repository,
            content: if row.form == "event" { Content::Event(content) } else { Content::Payload(content) },
            received_at: row.received_at,
            handled_at: row.handled_at,
        })
    })
    .transpose()
}

/// Notes that everything a delivery asked for has been done.
///
/// # Errors
/// When the database fails.
pub async fn mark_handled(executor: impl PgExecutor<'_>, id: &DeliveryId) -> Result<()> {
    sqlx::query!("update deliveries set handled_at = coalesce(handled_at, now()) where id = $1", id.as_str())
        .execute(executor)
        .await
        .doing(|| format!("mark the delivery {id} as handled"))?;
    Ok(())
}
