//! Age: since when the registry has had the release.
//!
//! Most malicious releases are found and taken down within days. Who takes no release before that is not reached by the
//! attacker who controls a package or a registry account, as long as somebody else looks first. The time is the registry's
//! own, which a publisher cannot choose; a mirror may state when it took the release in, which is later, and errs on the
//! safe side. A registry that lies about it is not stopped.

use crate::{Collector, InputDigests, Inputs};
use chrono::{DateTime, Utc};
use lockgate_model::{Cause, Digest, Observation, Origin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of [`Age`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgeFacts {
    /// Of the release's newest file.
    pub published_at: DateTime<Utc>,
}

/// The check of a release's age. How old is old enough, policy says.
#[derive(Debug, Clone, Copy)]
pub struct Age;

impl Collector for Age {
    fn id(&self) -> &'static str {
        "age"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Says since when the registry has had the release"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#age"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        known.published.iter().cloned().collect()
    }

    /// `Absent` where the registry states no time, and for what no registry serves.
    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        if !matches!(inputs.change.entry().origin, Origin::Registry { .. }) {
            return Ok(Observation::Absent);
        }
        let published = inputs.published.as_ref().map_err(Clone::clone)?;
        Ok(published.published_at.map_or(Observation::Absent, |published_at| Observation::Observed {
            facts: serde_json::to_value(AgeFacts { published_at }).expect("facts have only string keys"),
        }))
    }

    /// The whole check: it looks at no artifact.
    fn preview(&self, inputs: &Inputs) -> Option<Observation> {
        self.collect(inputs).ok()
    }

    fn facts_schema(&self) -> schemars::Schema {
        schemars::schema_for!(AgeFacts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{inputs, upstream};
    use lockgate_model::Ecosystem;

    fn at(published_at: Option<DateTime<Utc>>) -> Inputs {
        let mut asked = inputs(Ecosystem::Npm, Vec::new(), &[]);
        asked.published.as_mut().unwrap().published_at = published_at;
        asked
    }

    #[test]
    fn the_registrys_time_is_told() {
        let asked = at(Some(DateTime::UNIX_EPOCH));
        let facts = serde_json::json!({ "published_at": "1970-01-01T00:00:00Z" });
        assert_eq!(Age.collect(&asked), Ok(Observation::Observed { facts: facts.clone() }));
        assert_eq!(Age.preview(&asked), Some(Observation::Observed { facts }));
    }

    #[test]
    fn no_time_is_not_an_age() {
        assert_eq!(Age.collect(&at(None)), Ok(Observation::Absent));
        let mut bundled = at(Some(DateTime::UNIX_EPOCH));
        bundled.change.new.as_mut().unwrap().origin = Origin::Bundled { by: None };
        assert_eq!(Age.collect(&bundled), Ok(Observation::Absent));
        let mut unasked = at(None);
        unasked.published = Err(upstream());
        assert_eq!(Age.collect(&unasked), Err(upstream()));
    }
}
