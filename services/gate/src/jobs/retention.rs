//! Periodic job: what is older than the schedule says goes, in bounded batches.
//!
//! Idempotent: the database's functions compute the age and note what went; a run that is killed goes on at the next.

use super::{
    Context,
    ended::{Ended, Holding},
};
use anyhow::Result;
use lockgate_store::retention::{self, Rule};
use std::{sync::Arc, time::Duration};

/// Rows of one batch: each is a transaction of its own, short enough to be in nobody's way.
const BATCH: u16 = 1000;
/// Batches of one rule in one run; the next run takes the rest.
const BATCHES: u32 = 500;
/// Between two batches, for others.
const PAUSE: Duration = Duration::from_millis(20);

/// Rows that one run removed, by rule; rules that removed nothing are left out.
type Removed = Vec<(Rule, i64)>;

/// # Errors
/// When the database fails. What was removed stays removed.
pub(crate) async fn run(context: &Arc<Context>, holding: &Holding) -> Result<Ended> {
    apply(context).await?;
    holding.finish(&context.store).await
}

/// Sets the schedule that is configured, and removes what it no longer keeps.
async fn apply(context: &Context) -> Result<Removed> {
    let pool = context.store.pool();
    let mut removed = Removed::new();
    for rule in Rule::ALL {
        retention::set(pool, rule, context.config.retention.days(rule)).await?;
        let rows = sweep(pool, rule).await?;
        if rows > 0 {
            metrics::counter!("lockgate_retention_removed_total", "rule" => rule.name()).increment(rows.unsigned_abs());
            tracing::info!(rule = rule.name(), rows, "removed what is no longer kept");
            removed.push((rule, rows));
        }
    }
    Ok(removed)
}

async fn sweep(pool: &lockgate_store::PgPool, rule: Rule) -> Result<i64> {
    let mut rows = 0;
    for _ in 0..BATCHES {
        let batch = retention::apply(pool, rule, BATCH).await?;
        rows += batch.rows;
        if !batch.more {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(rows)
}
