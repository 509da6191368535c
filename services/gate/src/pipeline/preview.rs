//! Change -> provisional Assessment: what is certain before any artifact is there.
//!
//! A person who waits for a check wants the bad news at once: a pin that the registry does not know, a licence that
//! is denied, an advisory. None of it needs the bytes. It is judged by the same policy and shown; it is never kept,
//! and what it lacks leaves the change incomplete, so that a preview cannot pass anything.

use super::{Advisories, Collector, Package};
use anyhow::Result;
use chrono::Utc;
use futures::{StreamExt, stream};
use lockgate_ecosystems::Client;
use lockgate_evidence::{self as checks, FirstSeen, Inputs};
use lockgate_model::{
    AssessedRelease, Assessment, Cause, CauseKind, Change, ChangeKind, Claims, LockedRelease, PublishedRelease,
    ReleaseChange, Subject,
};
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Time for all releases together; what is not there by then is left out.
pub const PREVIEW: Duration = Duration::from_millis(800);
/// Part of the time in which answers are waited for; the rest is for looking at them.
const ASKING: f64 = 0.75;
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
    let asked_by = Instant::now() + budget.mul_f64(ASKING);
    let end = Instant::now() + budget;
    let incoming: Vec<ReleaseChange> = change.releases().filter(|r| r.comes_in()).cloned().collect();
    let published: Vec<_> =
        incoming.iter().map(|release| published(collector.client(), release.entry(), asked_by)).collect();
    let published = stream::iter(published).buffered(AT_ONCE).collect::<Vec<_>>();
    let (published, remembered) = tokio::join!(published, timeout_at(asked_by, remembered(collector, &incoming)));
    let remembered = remembered.ok().transpose()?;
    let checks = collector.checks();
    let releases = tokio::task::spawn_blocking(move || {
        // Without what is remembered, "never seen before" and "no advisory" would be pretended.
        let Some(remembered) = remembered else { return Vec::new() };
        let asked = incoming.into_iter().zip(published).take_while(|_| Instant::now() < end);
        let assess = |(change, published)| {
            let inputs = inputs(change, published, &remembered);
            AssessedRelease { key: inputs.change.key(), evidence: checks::preview(&checks, &inputs) }
        };
        asked.map(assess).collect()
    });
    let asked_at = chrono::SubsecRound::trunc_subsecs(Utc::now(), 6);
    Ok(Assessment { change: change.clone(), releases: releases.await?, asked_at })
}

/// What is known of all releases before anybody is asked.
struct Remembered {
    advisories: Advisories,
    first_seen: HashMap<String, Vec<FirstSeen>>,
}

async fn remembered(collector: &Collector, incoming: &[ReleaseChange]) -> Result<Remembered> {
    let releases: Vec<_> = incoming.iter().map(ReleaseChange::release).collect();
    let packages: Vec<Package> = releases.iter().map(|r| (r.ecosystem, r.name.clone())).collect();
    let knowledge = collector.knowledge();
    let (advisories, first_seen) = tokio::try_join!(knowledge.advisories(&packages), knowledge.first_seen(&releases))?;
    Ok(Remembered { advisories, first_seen })
}

fn inputs(change: ReleaseChange, published: Result<PublishedRelease, Cause>, remembered: &Remembered) -> Inputs {
    let release = change.release().clone();
    let unread = || Cause::new(CauseKind::Timeout, format!("fetch {release}: a preview reads no artifact"));
    Inputs {
        published,
        artifacts: Err(unread()),
        previous: (change.kind != ChangeKind::Added).then(|| Err(unread())),
        manifest_claims: Claims::default(),
        first_seen: remembered.first_seen.get(&release.purl()).cloned().unwrap_or_default(),
        advisories: remembered.advisories.of(&release),
        signed: Err(unread()),
        subject: Subject { previous: change.old_version().map(str::to_owned), release },
        change,
    }
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
