//! Change -> Assessment: evidence about every release that comes in.
//!
//! For each release: 1. ask the registry; 2. if every artifact is known by digest, look the evidence up
//! by key and stop; 3. otherwise fetch, open, and run the collectors whose evidence is not there yet.

use super::{
    Knowledge,
    fetch::{Fetcher, Side, claims},
};
use anyhow::Result;
use chrono::Utc;
use futures::{StreamExt, TryStreamExt, stream};
use lockgate_ecosystems::Client;
use lockgate_evidence::{self as checks, InputDigests, Inputs};
use lockgate_model::{
    AssessedRelease, Assessment, Change, ChangeKind, Digest, Evidence, EvidenceKey, ReleaseChange, Subject,
};
use std::{sync::Arc, time::Duration};

/// Gathers evidence. Cheap to clone; one for the process.
#[derive(Clone)]
pub struct Collector {
    fetcher: Fetcher,
    checks: Arc<Vec<Arc<dyn checks::Collector>>>,
    budget: Duration,
    at_once: usize,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.checks.iter().map(|c| c.id()).collect();
        f.debug_struct("Collector").field("checks", &ids).field("budget", &self.budget).finish_non_exhaustive()
    }
}

impl Collector {
    /// `budget`: how long one check may take on one release. `at_once`: releases worked on at once.
    pub fn new(
        client: Client,
        knowledge: Knowledge,
        checks: Vec<Arc<dyn checks::Collector>>,
        budget: Duration,
        at_once: usize,
    ) -> Self {
        Self { fetcher: Fetcher::new(client, knowledge), checks: Arc::new(checks), budget, at_once }
    }

    /// Each check's id with the JSON Schema of its facts.
    pub fn facts_schemas(&self) -> impl Iterator<Item = (&'static str, schemars::Schema)> + '_ {
        self.checks.iter().map(|check| (check.id(), check.facts_schema()))
    }

    pub(super) fn knowledge(&self) -> &Knowledge {
        &self.fetcher.knowledge
    }

    pub(super) fn client(&self) -> &Client {
        &self.fetcher.client
    }

    pub(super) fn checks(&self) -> Arc<Vec<Arc<dyn checks::Collector>>> {
        Arc::clone(&self.checks)
    }
}

/// Collects evidence about every release that comes in. `progress` is called with each finished release.
///
/// # Errors
/// Only when what is remembered cannot be read or written; every other failure is `Unavailable` evidence.
pub async fn collect(
    collector: &Collector,
    change: Change,
    progress: &(dyn Fn(&ReleaseChange) + Sync),
) -> Result<Assessment> {
    let incoming: Vec<ReleaseChange> = change.releases().filter(|r| r.comes_in()).cloned().collect();
    let assessed = incoming.into_iter().map(|release| assess(collector.clone(), release, progress));
    let releases = stream::iter(assessed).buffered(collector.at_once).try_collect().await?;
    let asked_at = chrono::SubsecRound::trunc_subsecs(Utc::now(), 6);
    Ok(Assessment { change, releases, asked_at })
}

async fn assess(
    collector: Collector,
    release: ReleaseChange,
    progress: &(dyn Fn(&ReleaseChange) + Sync),
) -> Result<AssessedRelease> {
    let evidence = collector.assess(&release).await?;
    progress(&release);
    Ok(AssessedRelease { key: release.key(), evidence })
}

impl Collector {
    async fn assess(&self, change: &ReleaseChange) -> Result<Vec<Evidence>> {
        let new = change.new.as_ref().expect("a release that comes in has a new entry");
        let old = change.old.as_ref();
        let subject = Subject { release: new.release.clone(), previous: change.old_version().map(str::to_owned) };
        let new_side = self.fetcher.side(new).await?;
        let old_side = match old {
            Some(old) if change.kind == ChangeKind::Moved => Some(self.fetcher.side(old).await?),
            Some(_) | None => None,
        };
        let advisories = self.knowledge().advisories(new.release.ecosystem, &new.release.name).await?;
        let advisory_digest = advisories.as_ref().ok().map(|feed| feed.digest.clone());

        if let Some(known) = self.known_digests(change, &new_side, old_side.as_ref(), advisory_digest).await? {
            let keys: Vec<_> = self.checks.iter().map(|c| key(c.as_ref(), &subject, &known)).collect();
            let mut found = self.knowledge().evidence(&keys).await?;
            if keys.iter().all(|k| found.contains_key(k)) {
                metrics::counter!("lockgate_evidence_total", "source" => "remembered").increment(keys.len() as u64);
                return Ok(keys.iter().filter_map(|k| found.remove(k)).collect());
            }
            let missing: Vec<_> =
                self.checks.iter().zip(&keys).filter(|(_, k)| !found.contains_key(k)).map(|(c, _)| c.id()).collect();
            tracing::debug!(release = %subject.release, ?missing, "artifacts are known, some evidence is not");
        }

        let artifacts = self.fetcher.artifacts(new, &new_side).await?;
        let previous = match (change.kind, old, &old_side) {
            (ChangeKind::Moved, Some(old), Some(side)) => Some(self.fetcher.artifacts(old, side).await?),
            // A re-pinned release is compared with itself: what it ships is not new, only its pin is.
            (ChangeKind::Repinned, ..) => Some(artifacts.clone()),
            _ => None,
        };
        let manifest_claims = claims(&new_side.published, artifacts.as_deref().unwrap_or_default());
        let first_seen = self.knowledge().first_seen(&new.release).await?;
        let inputs = Inputs {
            subject,
            change: change.clone(),
            published: new_side.published,
            artifacts,
            previous,
            manifest_claims,
            first_seen,
            advisories,
        };
        self.run(Arc::new(inputs)).await
    }

    /// Runs the checks whose evidence is not remembered.
    async fn run(&self, inputs: Arc<Inputs>) -> Result<Vec<Evidence>> {
        let digests = inputs.digests();
        let keys: Vec<_> = self.checks.iter().map(|c| key(c.as_ref(), &inputs.subject, &digests)).collect();
        let mut found = self.knowledge().evidence(&keys).await?;
        let mut evidence = Vec::with_capacity(keys.len());
        for (check, key) in self.checks.iter().zip(&keys) {
            match found.remove(key) {
                Some(remembered) => evidence.push(remembered),
                None => {
                    metrics::counter!("lockgate_evidence_total", "source" => "collected").increment(1);
                    evidence.push(checks::run(Arc::clone(check), Arc::clone(&inputs), self.budget).await);
                }
            }
        }
        Ok(evidence)
    }

    /// The digests that evidence keys are made of, where they are known without fetching an artifact.
    async fn known_digests(
        &self,
        change: &ReleaseChange,
        new: &Side,
        old: Option<&Side>,
        advisories: Option<Digest>,
    ) -> Result<Option<InputDigests>> {
        let (Ok(published), Some(artifacts)) = (&new.published, &new.known) else { return Ok(None) };
        let previous = match (change.kind, old) {
            (ChangeKind::Moved, Some(old)) => match &old.known {
                Some(known) => known.clone(),
                None => return Ok(None),
            },
            (ChangeKind::Repinned, _) => artifacts.clone(),
            _ => Vec::new(),
        };
        let first_seen = self.knowledge().first_seen(change.release()).await?;
        Ok(Some(InputDigests {
            locked: vec![checks::locked_digest(change.entry())],
            published: Some(checks::published_digest(published)),
            artifacts: artifacts.clone(),
            previous,
            first_seen: first_seen.iter().map(checks::FirstSeen::key).collect(),
            advisories,
        }))
    }
}

fn key(check: &dyn checks::Collector, subject: &Subject, digests: &InputDigests) -> EvidenceKey {
    EvidenceKey::new(check.id(), check.version(), subject, &check.inputs(digests))
}
