//! Pin: whether the lockfile's entry says one thing, and says no less than before.
//!
//! The attacker is whoever edits a lockfile in a pull request, where nobody reads it, and whoever registers the name of
//! an internal package in a public registry (dependency confusion). An entry can be led to other bytes by its address,
//! by its digest or by the lack of one; each is held against the entry's own name, against the entry before, and
//! against what the operator says of internal names. It needs no byte of the release, so that a preview can say all of
//! it but one: an install script of which the lockfile keeps silent.
//!
//! What is not said here: whether a host is configured (policy knows the operator's hosts, `origin.rego`), and whether
//! the pinned digest is that of the release (`checksum`). Lockfile and line belong to the reason and not to the facts:
//! evidence is shared by every repository that takes the same step.

mod address;
mod digests;
mod facts;
mod internal;
#[cfg(test)]
mod tests;

pub use facts::{Finding, PinFacts};
pub use internal::{InternalNames, PinSettings, SettingsError};

use crate::{Collector, InputDigests, Inputs};
use lockgate_model::{Cause, ChangeKind, Digest, Ecosystem, LockedRelease, Observation, Origin, ReleaseChange};
use schemars::schema_for;

/// The pin check, with what the operator says of internal names.
#[derive(Debug, Clone)]
pub struct PinCheck {
    settings: PinSettings,
}

impl PinCheck {
    pub fn new(settings: PinSettings) -> Self {
        Self { settings }
    }
}

impl Collector for PinCheck {
    fn id(&self) -> &'static str {
        "pin"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Holds the lockfile's entry against its own address, the entry before and the operator's internal names"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#pin"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        known.entries.iter().chain(&known.artifacts).chain([self.settings.digest()]).cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        let mut findings = self.findings(&inputs.change);
        findings.extend(hidden_script(inputs));
        Ok(observed(findings))
    }

    fn preview(&self, inputs: &Inputs) -> Option<Observation> {
        Some(observed(self.findings(&inputs.change)))
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(PinFacts)
    }
}

impl PinCheck {
    /// What the entries alone say.
    fn findings(&self, change: &ReleaseChange) -> Vec<Finding> {
        let entry = change.entry();
        let mut findings = address::compare(entry);
        findings.extend(digests::lacking(entry));
        if let Some(old) = &change.old {
            findings.extend(digests::compare(old, entry));
            findings.extend(other_source(old, entry));
        }
        findings.extend(new_script(change));
        findings.extend(self.settings.look(entry));
        findings
    }
}

fn observed(mut findings: Vec<Finding>) -> Observation {
    findings.sort();
    findings.dedup();
    Observation::Observed { facts: serde_json::to_value(PinFacts { findings }).expect("facts have only string keys") }
}

/// A release that came from a registry comes from somewhere else.
fn other_source(old: &LockedRelease, new: &LockedRelease) -> Option<Finding> {
    let of_registry = |entry: &LockedRelease| matches!(entry.origin, Origin::Registry { .. });
    let to = match &new.origin {
        Origin::Git { url, .. } | Origin::Url { url } => url,
        Origin::Registry { .. } | Origin::Path { .. } | Origin::Bundled { .. } => return None,
    };
    of_registry(old).then(|| Finding::LeftRegistry { address: to.clone() })
}

/// The lockfile says of no version before that it runs a script.
fn new_script(change: &ReleaseChange) -> Option<Finding> {
    let says = |entry: &LockedRelease| entry.install_script == Some(true);
    let before = change.old.as_ref().is_some_and(says);
    (change.kind != ChangeKind::Removed && says(change.entry()) && !before).then_some(Finding::InstallScriptNew {})
}

/// npm goes by the lockfile's mark when it looks for scripts to run and to show to people.
fn hidden_script(inputs: &Inputs) -> Option<Finding> {
    let entry = inputs.change.entry();
    let silent = entry.release.ecosystem == Ecosystem::Npm && entry.install_script == Some(false);
    let scripts = &inputs.manifest_claims.install_scripts;
    (silent && inputs.artifacts.is_ok() && !scripts.is_empty())
        .then(|| Finding::InstallScriptUnmarked { scripts: scripts.clone() })
}
