//! Typosquat: whether a name that is new in the lockfile looks like that of a much more popular package.
//!
//! The attacker registers a name that people type or read for another one: a letter off, a sign that looks the same,
//! words in another order, a scope that has become a prefix. Whoever meant the popular package installs theirs. A name
//! that is itself popular is nobody's look-alike, however near it lies (`preact`, `react`).
//!
//! Which names are popular is data: [`Popular::embedded`] is what the program ships, and an operator may give another
//! list. `examples/popular.rs` makes lists and says how many names of a list are taken for look-alikes.

mod alike;
mod edit;
mod facts;
mod popular;
#[cfg(test)]
mod tests;

pub use facts::{Alike, Edit, Likeness, TyposquatFacts};
pub use popular::{KNOWN, Popular, TARGETS};

use crate::{Collector, InputDigests, Inputs};
use lockgate_model::{Cause, ChangeKind, Digest, Observation};
use schemars::schema_for;
use std::sync::Arc;

/// The typosquat check, with the names that are popular.
#[derive(Debug, Clone)]
pub struct Typosquat {
    popular: Arc<Popular>,
}

impl Typosquat {
    pub fn new(popular: Arc<Popular>) -> Self {
        Self { popular }
    }

    /// The name alone is looked at, and only where it is new.
    fn observe(&self, inputs: &Inputs) -> Observation {
        let release = &inputs.subject.release;
        let alike = match inputs.change.kind {
            ChangeKind::Added => self.popular.alike(release.ecosystem, &release.name),
            ChangeKind::Moved | ChangeKind::Repinned | ChangeKind::Removed => Vec::new(),
        };
        let facts = TyposquatFacts { alike };
        Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") }
    }
}

impl Collector for Typosquat {
    fn id(&self) -> &'static str {
        "typosquat"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Compares a name that is new in the lockfile with the names of popular packages"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#typosquat"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        known.entries.iter().chain([self.popular.digest()]).cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        Ok(self.observe(inputs))
    }

    fn preview(&self, inputs: &Inputs) -> Option<Observation> {
        Some(self.observe(inputs))
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(TyposquatFacts)
    }
}
