//! Webhook deliveries: accepted once, kept unchanged.

use crate::{Result, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::DeliveryId;
use serde_json::Value;
use sqlx::PgExecutor;

/// A delivery whose signature was verified.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery<'a> {
    pub id: &'a DeliveryId,
    pub event: &'a str,
    pub action: Option<&'a str>,
    pub installation_id: Option<i64>,
    pub repository: Option<&'a str>,
    pub payload: &'a Value,
}

/// Whether a delivery is seen for the first time. GitHub and people deliver again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New,
    Duplicate,
}

/// A delivery as it is kept.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub event: String,
    pub action: Option<String>,
    pub installation_id: Option<i64>,
    pub repository: Option<String>,
    pub payload: Value,
    pub received_at: DateTime<Utc>,
    pub handled_at: Option<DateTime<Utc>>,
}

/// Keeps a delivery. Two transactions with the same id: the second waits for the first to end.
///
/// # Errors
/// When the database fails; the delivery must then not be acknowledged.
pub async fn accept(executor: impl PgExecutor<'_>, delivery: &NewDelivery<'_>) -> Result<Accepted> {
    let subject = || format!("keep the delivery {}", delivery.id);
    let done = sqlx::query!(
        "insert into deliveries (id, event, action, installation_id, repository, payload)
         values ($1, $2, $3, $4, $5, $6::text::json) on conflict (id) do nothing",
        delivery.id.as_str(),
        delivery.event,
        delivery.action,
        delivery.installation_id,
        delivery.repository,
        json::to_text(subject, delivery.payload)?,
    )
    .execute(executor)
    .await
    .doing(subject)?;
    Ok(if done.rows_affected() == 1 { Accepted::New } else { Accepted::Duplicate })
}

/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: &DeliveryId) -> Result<Option<Delivery>> {
    let subject = || format!("the delivery {id}");
    let row = sqlx::query!(
        r#"select id, event, action, installation_id, repository, payload::text as "payload!", received_at, handled_at
           from deliveries where id = $1"#,
        id.as_str()
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("load {}", subject()))?;
    row.map(|row| {
        Ok(Delivery {
            id: row.id,
            event: row.event,
            action: row.action,
            installation_id: row.installation_id,
            repository: row.repository,
            payload: json::from_text(subject, &row.payload)?,
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
