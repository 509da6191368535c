//! Change -> Assessment: evidence about every release that comes in.
//!
//! 1. Ask the registry about each release.
//! 2. For all of them at once, look up which artifacts are known by digest, and the evidence by key.
//! 3. For a release of which something is missing: fetch, open, and run the collectors whose evidence is not there yet.

use super::{
    Knowledge,
    fetch::{Fetcher, HeldFile, Side, claims},
    knowledge::{Advisories, Package},
};
use anyhow::Result;
use chrono::Utc;
use futures::{StreamExt, TryStreamExt, stream};
use lockgate_ecosystems::Client;
use lockgate_evidence::{self as checks, InputDigests, Inputs};
use lockgate_model::{
    AssessedRelease, Assessment, Change, ChangeKind, Digest, Evidence, EvidenceKey, LockedRelease, Release,
    ReleaseChange, Subject,
};
use std::{collections::HashMap, sync::Arc, time::Duration};

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

    /// The same, with `check` in the place of the check of that name.
    pub fn with(&self, check: Arc<dyn checks::Collector>) -> Self {
        let replaced = |old: &Arc<dyn checks::Collector>| Arc::clone(if old.id() == check.id() { &check } else { old });
        Self { checks: Arc::new(self.checks.iter().map(replaced).collect()), ..self.clone() }
    }

    /// The same, looking at one file alone, whose bytes are there already.
    pub(crate) fn looking_at(&self, held: HeldFile) -> Self {
        Self { fetcher: self.fetcher.only(held), ..self.clone() }
    }

    /// Each check's id with the JSON Schema of its facts.
    pub fn facts_schemas(&self) -> impl Iterator<Item = (&'static str, schemars::Schema)> + '_ {
        self.checks.iter().map(|check| (check.id(), check.facts_schema()))
    }

    pub(crate) fn knowledge(&self) -> &Knowledge {
        &self.fetcher.knowledge
    }

    pub(crate) fn client(&self) -> &Client {
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
    // 1.
    let incoming: Vec<ReleaseChange> = change.releases().filter(|r| r.comes_in()).cloned().collect();
    let asking = incoming.into_iter().map(|change| ask(collector.clone(), change));
    let mut asked: Vec<Asked> = stream::iter(asking).buffered(collector.at_once).collect().await;
    // 2.
    collector.look_up(&mut asked).await?;
    let missing: Vec<Package> = asked.iter().filter(|a| !a.is_answered()).map(Asked::package).collect();
    let advisories = Arc::new(collector.knowledge().advisories(&missing).await?);
    // 3.
    let assessed = asked.into_iter().map(|asked| assess(collector.clone(), asked, Arc::clone(&advisories), progress));
    let releases = stream::iter(assessed).buffered(collector.at_once).try_collect().await?;
    let asked_at = chrono::SubsecRound::trunc_subsecs(Utc::now(), 6);
    Ok(Assessment { change, releases, asked_at })
}

/// A release that comes in, with what the registry says of it and what is remembered.
struct Asked {
    change: ReleaseChange,
    subject: Subject,
    new: Side,
    /// Of the version before, where it is another one.
    old: Option<Side>,
    /// In the order of the checks; empty where the artifacts are not known, since the keys are not either.
    keys: Vec<EvidenceKey>,
    found: HashMap<EvidenceKey, Evidence>,
}

impl Asked {
    fn release(&self) -> &Release {
        &self.subject.release
    }

    fn package(&self) -> Package {
        (self.release().ecosystem, self.release().name.clone())
    }

    fn is_answered(&self) -> bool {
        !self.keys.is_empty() && self.keys.iter().all(|key| self.found.contains_key(key))
    }

    /// The entries with their sides, those of which there are two.
    fn sides(&mut self) -> impl Iterator<Item = (&LockedRelease, &mut Side)> {
        let old = self.change.old.as_ref().zip(self.old.as_mut());
        std::iter::once((self.change.entry(), &mut self.new)).chain(old)
    }
}

async fn ask(collector: Collector, change: ReleaseChange) -> Asked {
    let entry = change.entry();
    let subject = Subject { release: entry.release.clone(), previous: change.old_version().map(str::to_owned) };
    let before = change.old.as_ref().filter(|_| change.kind == ChangeKind::Moved);
    let fetcher = &collector.fetcher;
    let (new, old) = match before {
        Some(old) => {
            let (new, old) = tokio::join!(fetcher.side(entry), fetcher.side(old));
            (new, Some(old))
        }
        None => (fetcher.side(entry).await, None),
    };
    Asked { subject, new, old, change, keys: Vec::new(), found: HashMap::new() }
}

async fn assess(
    collector: Collector,
    asked: Asked,
    advisories: Arc<Advisories>,
    progress: &(dyn Fn(&ReleaseChange) + Sync),
) -> Result<AssessedRelease> {
    let change = asked.change.clone();
    let evidence = collector.assess(asked, &advisories).await?;
    progress(&change);
    Ok(AssessedRelease { key: change.key(), evidence })
}

impl Collector {
    /// One query for each kind of knowledge, however many releases there are.
    async fn look_up(&self, asked: &mut [Asked]) -> Result<()> {
        let packages: Vec<Package> = asked.iter().map(Asked::package).collect();
        let releases: Vec<Release> = asked.iter().map(|a| a.release().clone()).collect();
        let releases: Vec<&Release> = releases.iter().collect();
        let mut sides: Vec<_> = asked.iter_mut().flat_map(Asked::sides).collect();
        let ((), first_seen, advisories) = tokio::try_join!(
            self.fetcher.look_up(&mut sides),
            self.knowledge().first_seen(&releases),
            self.knowledge().advisory_digests(&packages),
        )?;
        drop(sides);
        for one in asked.iter_mut() {
            let seen = first_seen.get(&one.release().purl()).map(Vec::as_slice).unwrap_or_default();
            let advisories = advisories.as_ref().and_then(|digests| digests.get(&one.package()).cloned());
            let digests = known_digests(one, seen, advisories);
            one.keys = digests.map(|d| self.keys(&one.subject, &d)).unwrap_or_default();
        }
        let keys: Vec<EvidenceKey> = asked.iter().flat_map(|one| one.keys.iter().cloned()).collect();
        let found = self.knowledge().evidence(&keys).await?;
        for one in asked {
            one.found = one.keys.iter().filter_map(|key| Some((key.clone(), found.get(key)?.clone()))).collect();
        }
        Ok(())
    }

    async fn assess(&self, mut asked: Asked, advisories: &Advisories) -> Result<Vec<Evidence>> {
        if asked.is_answered() {
            let remembered = u64::try_from(asked.keys.len()).unwrap_or_default();
            metrics::counter!("lockgate_evidence_total", "source" => "remembered").increment(remembered);
            return Ok(asked.keys.iter().filter_map(|key| asked.found.remove(key)).collect());
        }
        let Asked { change, subject, new, old, .. } = asked;
        let artifacts = self.fetcher.artifacts(change.entry(), &new).await?;
        let previous = match (change.kind, &change.old, &old) {
            (ChangeKind::Moved, Some(entry), Some(side)) => Some(self.fetcher.artifacts(entry, side).await?),
            // A re-pinned release is compared with itself: what it ships is not new, only its pin is.
            (ChangeKind::Repinned, ..) => Some(artifacts.clone()),
            _ => None,
        };
        let signed = self.fetcher.signed(change.entry(), &new).await;
        let manifest_claims = claims(&new.published, artifacts.as_deref().unwrap_or_default());
        // Read after the artifacts are recorded: what is seen now for the first time is part of the question.
        let mut first_seen = self.knowledge().first_seen(&[&subject.release]).await?;
        let inputs = Inputs {
            first_seen: first_seen.remove(&subject.release.purl()).unwrap_or_default(),
            advisories: advisories.of(&subject.release),
            subject,
            change,
            published: new.published,
            artifacts,
            previous,
            manifest_claims,
            signed,
        };
        self.run(Arc::new(inputs)).await
    }

    /// Runs the checks whose evidence is not remembered.
    async fn run(&self, inputs: Arc<Inputs>) -> Result<Vec<Evidence>> {
        let keys = self.keys(&inputs.subject, &inputs.digests());
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

    /// One key for each check.
    fn keys(&self, subject: &Subject, digests: &InputDigests) -> Vec<EvidenceKey> {
        let key = |c: &Arc<dyn checks::Collector>| EvidenceKey::new(c.id(), c.version(), subject, &c.inputs(digests));
        self.checks.iter().map(key).collect()
    }
}

/// The digests that evidence keys are made of, where they are known without fetching an artifact.
fn known_digests(asked: &Asked, first_seen: &[checks::FirstSeen], advisories: Option<Digest>) -> Option<InputDigests> {
    let published = asked.new.published.as_ref().ok()?;
    let artifacts = asked.new.known.clone()?;
    let previous = match asked.change.kind {
        ChangeKind::Moved => asked.old.as_ref()?.known.clone()?,
        ChangeKind::Repinned => artifacts.clone(),
        ChangeKind::Added | ChangeKind::Removed => Vec::new(),
    };
    Some(InputDigests {
        locked: vec![checks::locked_digest(asked.change.entry())],
        entries: Some(checks::entries_digest(&asked.change)),
        published: Some(checks::published_digest(published)),
        artifacts,
        previous,
        first_seen: first_seen.iter().map(checks::FirstSeen::key).collect(),
        advisories,
        earlier: asked.new.earlier.iter().map(checks::published_digest).collect(),
    })
}
