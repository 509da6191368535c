//! Periodic job: the part of the mirror that is due is hashed again, so that all of it is within the configured period.
//!
//! A pass has 256 parts, and each is due at its time in nine tenths of the period; what was missed while no server ran is
//! made up for. A run takes some seconds, notes how far it came, and the next one goes on from there.

use super::{
    Context,
    ended::{Ended, Holding},
};
use crate::mirror::{Event, Keeper, Looked, Upstream, Verification};
use anyhow::Result;
use chrono::Utc;
use lockgate_mirror::Shard;
use lockgate_store::mirror::{self, PassKind};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Longest run: a server that is told to stop waits for it.
const RUN: Duration = Duration::from_secs(20);
/// Part of the period in which a pass is done; the rest is for what takes longer.
const SPREAD: f64 = 0.9;

/// # Errors
/// When the database or the object store fails. What was looked at stays noted.
pub(crate) async fn run(context: &Arc<Context>, holding: &Holding) -> Result<Ended> {
    if let (Some(keeper), Some(section)) = (&context.mirror, context.config.mirror_section()) {
        measure(keeper).await?;
        let upstream = Upstream::Digests;
        let mut pass = Verification::open(keeper, PassKind::Standing, section.verify_bytes_a_second, upstream).await?;
        let due = due(Utc::now() - pass.pass.started_at, section.period());
        let end = Some(Instant::now() + RUN);
        let remaining: Vec<Shard> = pass.remaining().collect();
        let mut done = remaining.is_empty();
        for shard in remaining {
            if u16::from(shard.number()) >= due || pass.shard(shard, end, &mut tell).await? == Looked::InPart {
                break;
            }
            done = u16::from(shard.number()) + 1 == Shard::COUNT;
        }
        if done {
            pass.finish().await?;
        }
    }
    holding.finish(&context.store).await
}

/// How many parts of a pass are due, so long after it was begun.
fn due(since: chrono::TimeDelta, period: Duration) -> u16 {
    let passed = since.to_std().unwrap_or_default().as_secs_f64() / (period.as_secs_f64() * SPREAD);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=256")]
    let due = (passed * f64::from(Shard::COUNT)).clamp(0.0, f64::from(Shard::COUNT)) as u16;
    due
}

/// Damage and changes are noted where they are found; what remains is for the log.
fn tell(event: Event) {
    match event {
        Event::Gone { purl, file } => tracing::info!(purl, file, "the registry does not list a kept file any more"),
        Event::NotAsked { purl, why } => tracing::info!(purl, why, "a kept file was not compared with its registry"),
        Event::Unread { path, why } => tracing::warn!(path, why, "an object of the mirror could not be read"),
        Event::Damaged { .. } | Event::Changed { .. } => {}
    }
}

async fn measure(keeper: &Keeper) -> Result<()> {
    let totals = mirror::totals(keeper.store.pool()).await?;
    let age = totals.oldest.map_or(0, |oldest| (Utc::now() - oldest).num_seconds().max(0));
    for (name, value) in [
        ("lockgate_mirror_objects", totals.objects),
        ("lockgate_mirror_bytes", totals.bytes),
        ("lockgate_mirror_lost", totals.lost),
        ("lockgate_mirror_oldest_check_seconds", age),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!(name).set(value as f64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn parts_become_due_one_after_the_other_and_all_within_the_period() {
        let period = Duration::from_secs(2560);
        assert_eq!(due(TimeDelta::seconds(-5), period), 0);
        assert_eq!(due(TimeDelta::seconds(8), period), 0);
        assert_eq!(due(TimeDelta::seconds(10), period), 1);
        assert_eq!(due(TimeDelta::seconds(2304), period), 256);
        assert_eq!(due(TimeDelta::days(900), period), 256);
    }
}
