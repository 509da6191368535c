//! Diff: what the code of a release does, and what of that is new since the version before.
//!
//! The attacker is whoever can publish: a maintainer whose account was taken over, or a stranger with a name
//! that is easily mistyped. Nearly all such releases do one of a few things (run at installation, start a
//! program, send what they find), and in an update that thing is new. The check names such places; it does
//! not judge them, and no path is left out of it, since a path that is never looked at is where code is put.

mod compare;
mod facts;
mod scan;
#[cfg(test)]
mod tests;

pub use facts::{ArtifactIrregularity, DiffFacts, FileCounts, Finding, FindingType, Mode};

use crate::{Collector, FetchedArtifact, InputDigests, Inputs};
use compare::{Comparison, Seen, compare};
use lockgate_model::{Cause, CauseKind, Digest, Observation, Origin};
use scan::{Dependency, dependencies};
use schemars::schema_for;
use std::collections::{BTreeMap, BTreeSet};

/// Findings that are listed.
pub const LISTED: usize = 200;
/// Findings of one type in one file that are listed; the rest says nothing more.
const LISTED_IN_FILE: usize = 3;
/// Findings of each type that are listed however many there are of weightier types.
const LISTED_OF_TYPE: usize = 15;

/// The diff check.
#[derive(Debug, Clone, Copy)]
pub struct Diff;

impl Collector for Diff {
    fn id(&self) -> &'static str {
        "diff"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Names the places where a release's code does something that malicious releases do, and which of them are new"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#diff"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        known.artifacts.iter().chain(&known.previous).cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        if matches!(inputs.change.entry().origin, Origin::Bundled { .. }) {
            // Its files are within the artifact that bundles it and are looked at there.
            return Ok(Observation::Absent);
        }
        let facts = observe(inputs)?;
        Ok(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(DiffFacts)
    }
}

fn observe(inputs: &Inputs) -> Result<DiffFacts, Cause> {
    let artifacts = artifacts(inputs)?;
    let previous = previous(inputs)?;
    let mut facts = DiffFacts {
        mode: if previous.is_empty() { Mode::New } else { Mode::Update },
        previous: inputs.change.old_version().filter(|_| !previous.is_empty()).map(str::to_owned),
        files: FileCounts::default(),
        irregularities: Vec::new(),
        findings: Vec::new(),
        truncated: false,
    };
    for artifact in artifacts {
        let before = counterpart(artifact, previous).map(|a| &*a.contents);
        let comparison = compare(before, &artifact.contents);
        add_artifact(&mut facts, artifact, comparison);
    }
    if facts.mode == Mode::Update {
        facts.findings.extend(new_dependencies(artifacts, previous));
    }
    order_and_bound(&mut facts);
    Ok(facts)
}

/// The files to look into; one at least.
pub(crate) fn artifacts(inputs: &Inputs) -> Result<&[FetchedArtifact], Cause> {
    let artifacts = inputs.artifacts.as_deref().map_err(Clone::clone)?;
    if artifacts.is_empty() {
        let message = format!("look into {}: it has no file of a kind that is read", inputs.subject.release);
        return Err(
            Cause::new(CauseKind::Unsupported, message).with_remedy("review the release by hand, or ask for a waiver")
        );
    }
    Ok(artifacts)
}

/// The files to compare with; none when there was no version before.
///
/// A version before that can never be read (withdrawn, say, because it was malicious) must not block every
/// later one; then everything counts as new, which is the stricter reading. What may be readable later is
/// waited for.
pub(crate) fn previous(inputs: &Inputs) -> Result<&[FetchedArtifact], Cause> {
    match &inputs.previous {
        None => Ok(&[]),
        Some(Ok(files)) => Ok(files),
        Some(Err(cause)) if cause.kind.is_transient() => Err(cause.clone()),
        Some(Err(_)) => Ok(&[]),
    }
}

/// The old file that takes the same place: of the same kind, and for the same platform where wheels differ.
pub(crate) fn counterpart<'a>(
    artifact: &FetchedArtifact,
    previous: &'a [FetchedArtifact],
) -> Option<&'a FetchedArtifact> {
    let common_end = |other: &FetchedArtifact| {
        artifact.file.file.bytes().rev().zip(other.file.file.bytes().rev()).take_while(|(a, b)| a == b).count()
    };
    previous.iter().max_by_key(|other| (other.file.kind == artifact.file.kind, common_end(other)))
}

fn add_artifact(facts: &mut DiffFacts, artifact: &FetchedArtifact, comparison: Comparison) {
    let name = &artifact.file.file;
    facts.truncated |= comparison.truncated;
    facts.files.added += comparison.counts.added;
    facts.files.removed += comparison.counts.removed;
    facts.files.changed += comparison.counts.changed;
    facts.files.total += comparison.counts.total;
    let irregularity =
        |i: &lockgate_archive::Irregularity| ArtifactIrregularity { file: name.clone(), irregularity: i.clone() };
    facts.irregularities.extend(artifact.contents.irregularities.iter().map(irregularity));
    let is_update = facts.mode == Mode::Update;
    facts.findings.extend(comparison.seen.into_iter().map(|seen| finding(name, seen, is_update)));
}

fn finding(artifact: &str, seen: Seen, is_update: bool) -> Finding {
    Finding {
        kind: seen.sighting.kind,
        new: seen.new || !is_update,
        artifact: artifact.to_owned(),
        path: seen.path,
        line: seen.sighting.line,
        end_line: seen.sighting.end_line,
        note: seen.sighting.note,
    }
}

/// Packages that no artifact of the version before asked for, each once.
fn new_dependencies(artifacts: &[FetchedArtifact], previous: &[FetchedArtifact]) -> Vec<Finding> {
    let mut known: BTreeSet<String> = previous.iter().flat_map(named).map(|(_, dependency)| dependency.name).collect();
    let mut findings = Vec::new();
    for artifact in artifacts {
        for (path, dependency) in named(artifact) {
            if known.insert(dependency.name.clone()) {
                let Dependency { name, wanted, line } = dependency;
                let note =
                    format!("brings in {name} ({wanted})").chars().take(160).filter(|c| !c.is_control()).collect();
                let artifact = artifact.file.file.clone();
                findings.push(Finding {
                    kind: FindingType::NewDependency,
                    new: true,
                    artifact,
                    path,
                    line,
                    end_line: line,
                    note,
                });
            }
        }
    }
    findings
}

fn named(artifact: &FetchedArtifact) -> Vec<(String, Dependency)> {
    let of_file = |(path, file): (&str, &lockgate_archive::File)| {
        dependencies(path, file).into_iter().map(|d| (file.path.clone(), d)).collect::<Vec<_>>()
    };
    artifact.contents.strip_root().flat_map(of_file).collect()
}

fn order_and_bound(facts: &mut DiffFacts) {
    facts.findings.sort_by(|a, b| {
        (!a.new, a.kind, &a.artifact, &a.path, a.line, &a.note).cmp(&(
            !b.new,
            b.kind,
            &b.artifact,
            &b.path,
            b.line,
            &b.note,
        ))
    });
    facts.findings.dedup();
    let mut listed: BTreeMap<(bool, FindingType, String, String), usize> = BTreeMap::new();
    facts.findings.retain(|f| {
        let count = listed.entry((f.new, f.kind, f.artifact.clone(), f.path.clone())).or_default();
        *count += 1;
        *count <= LISTED_IN_FILE
    });
    if facts.findings.len() > LISTED {
        facts.truncated = true;
        leave_out(&mut facts.findings);
    }
}

/// Keeps the first [`LISTED_OF_TYPE`] of each type, and of the rest the weightiest, without changing the order.
fn leave_out(findings: &mut Vec<Finding>) {
    let mut of_type: BTreeMap<(bool, FindingType), usize> = BTreeMap::new();
    let mut is_first = |f: &Finding| {
        let count = of_type.entry((f.new, f.kind)).or_default();
        *count += 1;
        *count <= LISTED_OF_TYPE && f.new
    };
    let firsts: Vec<bool> = findings.iter().map(&mut is_first).collect();
    let mut others = LISTED.saturating_sub(firsts.iter().filter(|first| **first).count());
    let mut firsts = firsts.into_iter();
    findings.retain(|_| {
        let is_first = firsts.next().unwrap_or_default();
        let is_kept = is_first || others > 0;
        if !is_first {
            others = others.saturating_sub(1);
        }
        is_kept
    });
}
