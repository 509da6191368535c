//! Evidence: what was found to be true, by which collector, from which inputs.

use crate::{
    Digest, Ecosystem, Release, canonical,
    redact::{redact_json, redacted},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::fmt;

/// What a piece of evidence is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    #[serde(flatten)]
    pub release: Release,
    /// The version it was compared with, where the collector compares.
    pub previous: Option<String>,
}

/// Why an attempt to collect failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// The other side does not know the subject (404, 410).
    NotFound,
    /// The other side failed or refused (5xx, 401, 403, 429, reset).
    Upstream,
    Timeout,
    /// The address is on a host that the operator has not configured.
    HostNotAllowed,
    /// A bound was exceeded (size, count, ratio).
    LimitExceeded,
    /// The answer makes no sense (HTML for JSON, wrong length, broken archive).
    Malformed,
    /// Nothing that could be read exists for this subject (git dependency, bundled, path).
    Unsupported,
    /// The operator has not set up what the collector needs (no advisory feed imported).
    NotConfigured,
    /// A fault of ours.
    Internal,
}

impl CauseKind {
    /// Whether the same attempt may succeed later.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Upstream | Self::Timeout | Self::Internal)
    }
}

/// A failed attempt: what failed, on which subject, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
pub struct Cause {
    pub kind: CauseKind,
    /// A whole sentence naming the subject: `fetch npm left-pad 1.3.0: registry answered 503 four times in 12 s`.
    pub message: String,
    /// What the reader can do.
    pub remedy: Option<String>,
}

impl Cause {
    /// What `message` quotes of others is redacted: causes become check runs, pages and exports.
    pub fn new(kind: CauseKind, message: impl Into<String>) -> Self {
        Self { kind, message: redacted(message.into()), remedy: None }
    }

    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(redacted(remedy.into()));
        self
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// The result of collecting. A failed property is `Observed`; a failed attempt is `Unavailable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Observation {
    /// `facts`: the collector's typed facts; their JSON Schema is exported under the collector's id.
    Observed {
        facts: serde_json::Value,
    },
    /// The thing looked for does not exist (no provenance, no licence text): a fact, and never "ok".
    Absent,
    Unavailable {
        cause: Cause,
    },
}

/// Names a collection by content: same key, same question. SHA-256 over collector, version, subject and inputs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EvidenceKey(pub Digest);

impl EvidenceKey {
    /// `inputs`: digests of everything that the answer depends on (artifacts, feed, data files); order does not matter.
    pub fn new(collector: &str, version: u32, subject: &Subject, inputs: &[Digest]) -> Self {
        let mut inputs = inputs.to_vec();
        inputs.sort();
        inputs.dedup();
        let canonical = serde_json::json!([collector, version, subject.release.purl(), subject.previous, inputs]);
        Self(Digest::sha256(canonical.to_string().as_bytes()))
    }
}

/// Names one piece of evidence by its whole content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EvidenceId(pub Digest);

impl fmt::Display for EvidenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One collector's finding on one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    pub subject: Subject,
    /// The collector's id: `checksum`, `license`, ...
    pub collector: String,
    pub collector_version: u32,
    #[serde(flatten)]
    pub observation: Observation,
    /// Digests of what was looked at.
    pub inputs: Vec<Digest>,
    pub collected_at: DateTime<Utc>,
}

/// [`Evidence`] as it is written, field by field: what is flattened would be read twice over.
#[derive(Deserialize)]
struct Written {
    subject: WrittenSubject,
    collector: String,
    collector_version: u32,
    status: Status,
    #[serde(default, deserialize_with = "present")]
    facts: Option<serde_json::Value>,
    cause: Option<Cause>,
    inputs: Vec<Digest>,
    collected_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct WrittenSubject {
    ecosystem: Ecosystem,
    name: String,
    version: String,
    previous: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Observed,
    Absent,
    Unavailable,
}

/// Facts that are `null` are there; facts that are missing are not.
fn present<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(reader).map(Some)
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(reader)?;
        let observation = match written.status {
            Status::Observed => {
                Observation::Observed { facts: written.facts.ok_or_else(|| D::Error::missing_field("facts"))? }
            }
            Status::Absent => Observation::Absent,
            Status::Unavailable => {
                Observation::Unavailable { cause: written.cause.ok_or_else(|| D::Error::missing_field("cause"))? }
            }
        };
        let WrittenSubject { ecosystem, name, version, previous } = written.subject;
        Ok(Self {
            subject: Subject { release: Release { ecosystem, name, version }, previous },
            collector: written.collector,
            collector_version: written.collector_version,
            observation,
            inputs: written.inputs,
            collected_at: written.collected_at,
        })
    }
}

impl Observation {
    /// Without secrets and e-mail addresses in what the collector quotes of publishers.
    #[must_use]
    pub fn redacted(self) -> Self {
        match self {
            Self::Observed { mut facts } => {
                redact_json(&mut facts);
                Self::Observed { facts }
            }
            other => other,
        }
    }
}

impl Evidence {
    /// SHA-256 over the JSON of every field: an altered finding has another id.
    pub fn id(&self) -> EvidenceId {
        // The facts are by far the most of it, and are written where they stand instead of being copied.
        let (observation, facts) = match &self.observation {
            Observation::Observed { facts } => (Observation::Observed { facts: serde_json::Value::Null }, Some(facts)),
            other => (other.clone(), None),
        };
        let shell = Self {
            observation,
            subject: self.subject.clone(),
            collector: self.collector.clone(),
            inputs: self.inputs.clone(),
            ..*self
        };
        let shell = serde_json::to_value(shell).expect("evidence has only string keys");
        EvidenceId(canonical::digest_with(&shell, "facts", facts))
    }

    pub fn key(&self) -> EvidenceKey {
        EvidenceKey::new(&self.collector, self.collector_version, &self.subject, &self.inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence() -> Evidence {
        Evidence {
            subject: Subject { release: Release::new(Ecosystem::Npm, "left-pad", "1.3.0"), previous: None },
            collector: "checksum".into(),
            collector_version: 1,
            observation: Observation::Observed { facts: serde_json::json!({"b": 1, "a": [true, null]}) },
            inputs: vec![Digest::sha256(b"x")],
            collected_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_id_survives_reordered_keys_and_changes_with_any_fact() {
        let one = evidence();
        let mut two = one.clone();
        two.observation = Observation::Observed { facts: serde_json::json!({"a": [true, null], "b": 1}) };
        assert_eq!(one.id(), two.id());
        two.observation = Observation::Observed { facts: serde_json::json!({"a": [true, null], "b": 2}) };
        assert_ne!(one.id(), two.id());
        assert_eq!(one.key(), two.key());
    }

    #[test]
    fn the_id_is_that_of_the_whole_json() {
        let cause = Cause::new(CauseKind::Timeout, "it took too long");
        let seen = evidence().observation;
        for observation in [seen, Observation::Absent, Observation::Unavailable { cause }] {
            let evidence = Evidence { observation, ..evidence() };
            let whole = serde_json::to_value(&evidence).unwrap();
            assert_eq!(evidence.id().0, canonical::digest(&whole), "{whole}");
        }
    }

    #[test]
    fn evidence_round_trips_through_json() {
        let cause = Cause::new(CauseKind::Timeout, "it took too long").with_remedy("wait");
        let seen = evidence().observation;
        for observation in [seen, Observation::Absent, Observation::Unavailable { cause }] {
            let mut evidence = Evidence { observation, ..evidence() };
            evidence.subject.previous = Some("1.2.9".to_owned());
            let text = serde_json::to_string(&evidence).unwrap();
            assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
        }
    }

    #[test]
    fn a_finding_without_its_facts_or_its_cause_is_none() {
        let mut written = serde_json::to_value(evidence()).unwrap();
        written["status"] = "unavailable".into();
        assert!(serde_json::from_value::<Evidence>(written.clone()).is_err());
        written["status"] = "observed".into();
        written.as_object_mut().unwrap().remove("facts");
        assert!(serde_json::from_value::<Evidence>(written).is_err());
    }
}
