//! Checksum: what the lockfile pins = what the registry lists = what was delivered = what was seen before.
//!
//! The attacker is whoever can exchange an artifact: at the registry, at a mirror, on the way, or by editing
//! the pin in the pull request. Any two of the four that differ are told apart, since the remedy differs.

mod compare;
mod facts;
mod pins;
#[cfg(test)]
mod tests;

pub use facts::{ArtifactFacts, ChecksumFacts, Finding};

use crate::{Collector, FetchedArtifact, InputDigests, Inputs};
use compare::Candidate;
use lockgate_model::{Cause, CauseKind, Digest, DigestComparison, Observation, Origin};
use pins::Pins;
use schemars::schema_for;

/// The checksum check.
#[derive(Debug, Clone, Copy)]
pub struct Checksum;

impl Collector for Checksum {
    fn id(&self) -> &'static str {
        "checksum"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Holds the lockfile's digests, the registry's and those of the delivered bytes against each other"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#checksum"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        let digests = [&known.locked, &known.artifacts, &known.first_seen];
        digests.into_iter().flatten().chain(&known.published).cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        match &inputs.change.entry().origin {
            Origin::Registry { .. } => observe(inputs),
            // Its bytes are part of the artifact that bundles it and are pinned with that one; a file of its
            // own, which could be compared, does not exist. Policy sees the bundling release for itself.
            Origin::Bundled { .. } => Ok(Observation::Absent),
            origin => Err(unsupported(inputs, origin)),
        }
    }

    /// The lockfile against the registry's list and what was first seen. Nothing is `verified`: no byte was read.
    fn preview(&self, inputs: &Inputs) -> Option<Observation> {
        match &inputs.change.entry().origin {
            Origin::Registry { .. } => listing(inputs),
            Origin::Bundled { .. } => Some(Observation::Absent),
            Origin::Git { .. } | Origin::Url { .. } | Origin::Path { .. } => None,
        }
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(ChecksumFacts)
    }
}

fn unsupported(inputs: &Inputs, origin: &Origin) -> Cause {
    let (what, remedy) = match origin {
        Origin::Git { .. } => ("a git repository", "use a published release, or ask for a waiver"),
        Origin::Url { .. } => ("an address outside the registries", "use a published release, or ask for a waiver"),
        Origin::Path { .. } => ("a folder of the repository", "review it as part of the repository"),
        Origin::Registry { .. } | Origin::Bundled { .. } => ("elsewhere", "report this as a defect of Lockgate"),
    };
    let message = format!("compare digests of {}: it comes from {what}", inputs.subject.release);
    Cause::new(CauseKind::Unsupported, message).with_remedy(remedy)
}

/// 1. Take the registry's list of files, or where it is missing the fetched files' own listings.
/// 2. Hold pins, list and bytes of each file against each other.
/// 3. Hold each file against what was first seen of it.
/// 4. Without bytes, only a disagreement is an answer; agreement would be half a check.
fn observe(inputs: &Inputs) -> Result<Observation, Cause> {
    let fetched = inputs.artifacts.as_deref().unwrap_or_default();
    // 1.
    let files = candidates(inputs, fetched)?;
    let pins = Pins::new(inputs.subject.release.ecosystem, &inputs.change.entry().digests);

    // 2.
    let mut findings = Vec::new();
    let mut verified = pins.compare(&files, &mut findings);
    files.iter().for_each(|f| f.compare_listing(&mut findings));
    if inputs.published.is_ok() {
        pins.find_unknown(&files, &mut findings);
    }
    pins.find_weak(&mut findings);
    // 3.
    compare_first_seen(inputs, &files, &mut findings);

    // 4.
    if let Err(cause) = &inputs.artifacts
        && !findings.iter().any(Finding::is_disagreement)
    {
        return Err(cause.clone());
    }
    findings.sort();
    findings.dedup();
    verified.sort();
    verified.dedup();
    verified.retain(|file| !findings.iter().any(|f| f.is_disagreement() && f.file() == Some(file)));
    let facts = ChecksumFacts { artifacts: artifact_facts(fetched, &findings), findings, verified };
    Ok(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
}

/// What the registry's list alone tells. A pin of an algorithm that the list lacks is left out: the bytes may meet it.
fn listing(inputs: &Inputs) -> Option<Observation> {
    inputs.published.as_ref().ok()?;
    let files = candidates(inputs, &[]).ok()?;
    let pins = Pins::new(inputs.subject.release.ecosystem, &inputs.change.entry().digests);
    let mut findings = Vec::new();
    pins.compare(&files, &mut findings);
    pins.find_unknown(&files, &mut findings);
    pins.find_weak(&mut findings);
    compare_first_seen(inputs, &files, &mut findings);
    findings.retain(|finding| !matches!(finding, Finding::NotVerifiedFile { .. }));
    findings.sort();
    findings.dedup();
    let facts = ChecksumFacts { findings, ..ChecksumFacts::default() };
    Some(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
}

fn candidates<'a>(inputs: &'a Inputs, fetched: &'a [FetchedArtifact]) -> Result<Vec<Candidate<'a>>, Cause> {
    let bytes_of = |name: &str| fetched.iter().find(|a| a.file.file == name).map(|a| a.bytes.as_ref());
    match &inputs.published {
        Ok(published) => {
            let listed = published.files.iter();
            Ok(listed.map(|f| Candidate { listed: f, bytes: bytes_of(&f.file) }).collect())
        }
        Err(cause) if fetched.is_empty() => Err(cause.clone()),
        Err(_) => Ok(fetched.iter().map(|a| Candidate { listed: &a.file, bytes: Some(&a.bytes) }).collect()),
    }
}

fn compare_first_seen(inputs: &Inputs, files: &[Candidate<'_>], findings: &mut Vec<Finding>) {
    for seen in &inputs.first_seen {
        let Some(file) = files.iter().find(|f| f.listed.file == seen.file) else { continue };
        if file.relation(&seen.digest) == DigestComparison::Different {
            let algorithm = seen.digest.algorithm();
            let actual = file.bytes.map(|b| Digest::of(algorithm, b));
            let registry = file.listed_digest(algorithm).filter(|_| actual.is_none()).cloned();
            findings.push(Finding::ChangedSinceFirstSeen {
                file: seen.file.clone(),
                first_seen: seen.digest.clone(),
                first_seen_at: seen.first_seen_at,
                registry,
                actual,
            });
        }
    }
}

fn artifact_facts(fetched: &[FetchedArtifact], findings: &[Finding]) -> Vec<ArtifactFacts> {
    let mut artifacts: Vec<_> = fetched
        .iter()
        .map(|a| ArtifactFacts {
            file: a.file.file.clone(),
            sha256: a.digest.clone(),
            bytes: a.bytes.len() as u64,
            findings: findings.iter().filter(|f| f.file() == Some(&a.file.file)).cloned().collect(),
        })
        .collect();
    artifacts.sort_by(|a, b| a.file.cmp(&b.file));
    artifacts
}
