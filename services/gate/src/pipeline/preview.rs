//! Change -> provisional Assessment: what is certain before any artifact is there.
//!
//! A person who waits for a check wants the bad news at once: a pin that the registry does not know, a licence that
//! is denied, an advisory. None of it needs the bytes. It is judged by the same policy and shown; it is never kept,
//! and what it lacks leaves the change incomplete, so that a preview cannot pass anything.

use super::Collector;
use anyhow::Result;
use chrono::Utc;
use futures::{StreamExt, stream};
use lockgate_ecosystems::Client;
use lockgate_evidence::{self as checks, Inputs};
use lockgate_model::{
    AssessedRelease, Assessment, Cause, CauseKind, Change, ChangeKind, Claims, LockedRelease, PublishedRelease,
    ReleaseChange, Subject,
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Time for all releases together; what is not there by then is left out.
pub const PREVIEW: Duration = Duration::from_millis(800);
/// Releases asked about at once. The client bounds the requests to one host by itself.
const AT_ONCE: usize = 64;

/// The evidence about `change` that needs no artifact, within [`PREVIEW`].
///
/// # Errors
/// When what is remembered cannot be read.
pub async fn preview(collector: &Collector, change: &Change) -> Result<Assessment> {
    preview_within(collector, change, PREVIEW).await
}

/// As [`preview`], with another budget.
///
/// # Errors
/// As [`preview`].
pub async fn preview_within(collector: &Collector, change: &Change, budget: Duration) -> Result<Assessment> {
    let deadline = Instant::now() + budget;
    let incoming: Vec<ReleaseChange> = change.releases().filter(|r| r.comes_in()).cloned().collect();
    let asked = incoming.iter().map(|release| inputs(collector, release, deadline));
    let asked: Vec<Result<Option<Inputs>>> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let asked: Vec<Inputs> = asked.into_iter().filter_map(Result::transpose).collect::<Result<_>>()?;
    let checks = collector.checks();
    let releases = tokio::task::spawn_blocking(move || {
        let in_time = asked.iter().take_while(|_| Instant::now() < deadline);
        let assess = |i: &Inputs| AssessedRelease { key: i.change.key(), evidence: checks::preview(&checks, i) };
        in_time.map(assess).collect()
    });
    let asked_at = chrono::SubsecRound::trunc_subsecs(Utc::now(), 6);
    Ok(Assessment { change: change.clone(), releases: releases.await?, asked_at })
}

/// `None` when not even what is remembered was there in time.
async fn inputs(collector: &Collector, change: &ReleaseChange, deadline: Instant) -> Result<Option<Inputs>> {
    let entry = change.entry();
    let release = &entry.release;
    let remembered = async {
        let knowledge = collector.knowledge();
        tokio::try_join!(knowledge.advisories(release.ecosystem, &release.name), knowledge.first_seen(release))
    };
    let (published, remembered) =
        tokio::join!(published(collector.client(), entry, deadline), timeout_at(deadline, remembered));
    let Ok(remembered) = remembered else { return Ok(None) };
    let (advisories, first_seen) = remembered?;
    let unread = || Cause::new(CauseKind::Timeout, format!("fetch {release}: a preview reads no artifact"));
    Ok(Some(Inputs {
        subject: Subject { release: release.clone(), previous: change.old_version().map(str::to_owned) },
        change: change.clone(),
        published,
        artifacts: Err(unread()),
        previous: (change.kind != ChangeKind::Added).then(|| Err(unread())),
        manifest_claims: Claims::default(),
        first_seen,
        advisories,
    }))
}

async fn published(client: &Client, entry: &LockedRelease, deadline: Instant) -> Result<PublishedRelease, Cause> {
    if let Some(cause) = super::fetch::not_in_a_registry(entry) {
        return Err(cause);
    }
    timeout_at(deadline, client.release(&entry.release)).await.unwrap_or_else(|_| {
        let message = format!("fetch {}: the registry did not answer in the time that a preview has", entry.release);
        Err(Cause::new(CauseKind::Timeout, message))
    })
}
