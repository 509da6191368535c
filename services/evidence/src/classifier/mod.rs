//! Classifier: how much what a release adds looks like what malicious releases add, and which places make it so.
//!
//! The attacker is whoever can publish, as for [`crate::diff`], and has read our checks: what no list of signs names, a model
//! may still have seen the like of. Its answer is a number with places, not a verdict; what follows from it, policy says.

mod facts;
#[cfg(test)]
mod tests;
mod watch;

pub use facts::{ArtifactScore, ClassifierFacts, Composition, LikelyBehaviour, Part, ScoredHunk};
pub use watch::Watch;

use crate::{
    Collector, FetchedArtifact, InputDigests, Inputs,
    diff::{self, Mode},
};
use lockgate_classifier::{Answer, Ecosystem, Error, Provider, Subject, chunks};
use lockgate_model::{Cause, CauseKind, Digest, DigestAlgorithm, Observation, Origin, Release};
use schemars::schema_for;
use std::sync::Arc;

/// The classifier check: asks a model that runs beside it.
#[derive(Debug, Clone)]
pub struct Classifier {
    /// SHA-256 of the model, as hex.
    model: String,
    /// The model as it runs, or why it cannot be asked.
    service: Result<Arc<lockgate_classifier::Classifier>, Cause>,
    watch: Option<Arc<dyn Watch>>,
}

impl Classifier {
    pub fn new(service: Arc<lockgate_classifier::Classifier>) -> Self {
        Self { model: service.digest().to_owned(), service: Ok(service), watch: None }
    }

    /// For a model that is to be asked and does not run: evidence is unavailable, by `cause`.
    pub fn unavailable(model: String, cause: Cause) -> Self {
        Self { model, service: Err(cause), watch: None }
    }

    /// `watch` hears of every score.
    pub fn watched(self, watch: Arc<dyn Watch>) -> Self {
        Self { watch: Some(watch), ..self }
    }
}

impl Collector for Classifier {
    fn id(&self) -> &'static str {
        "classifier"
    }

    fn version(&self) -> u32 {
        2
    }

    fn description(&self) -> &'static str {
        "Scores what a release adds by a trained model, and names the places that raise the score"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#classifier"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        // Another model, another question: its features' version is part of it.
        let model = Digest::from_hex(DigestAlgorithm::Sha256, &self.model);
        known.artifacts.iter().chain(&known.previous).cloned().chain(model.ok()).collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        if matches!(inputs.change.entry().origin, Origin::Bundled { .. }) {
            // Its files are within the artifact that bundles it and are scored there.
            return Ok(Observation::Absent);
        }
        let facts = self.observe(inputs)?;
        Ok(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(ClassifierFacts)
    }
}

impl Classifier {
    fn observe(&self, inputs: &Inputs) -> Result<ClassifierFacts, Cause> {
        let artifacts = diff::artifacts(inputs)?;
        let previous = diff::previous(inputs)?;
        let service = self.service.as_deref().map_err(Clone::clone)?;
        let scores: Result<Vec<ArtifactScore>, Cause> =
            artifacts.iter().map(|artifact| self.score(service, inputs, artifact, previous)).collect();
        Ok(ClassifierFacts {
            mode: if previous.is_empty() { Mode::New } else { Mode::Update },
            model: self.model.clone(),
            provider: match service.provider() {
                Provider::Cpu => "CPU".to_owned(),
                Provider::Cuda => "CUDA".to_owned(),
            },
            artifacts: scores?,
        })
    }

    fn score(
        &self,
        service: &lockgate_classifier::Classifier,
        inputs: &Inputs,
        artifact: &FetchedArtifact,
        previous: &[FetchedArtifact],
    ) -> Result<ArtifactScore, Cause> {
        let release = &inputs.subject.release;
        let before = diff::counterpart(artifact, previous).map(|before| &*before.contents);
        let subject = Subject {
            ecosystem: ecosystem(release),
            mode: before.map_or(lockgate_classifier::Mode::New, |_| lockgate_classifier::Mode::Update),
            extract: chunks(before, &artifact.contents),
        };
        let watching = self.watch.as_ref().map(|watch| (watch, subject.clone()));
        let (answer, took) = service.ask_timed(subject);
        if let Some((watch, subject)) = watching {
            watch.scored(release, subject, answer.as_ref(), took);
        }
        let answer = answer.map_err(|error| cause(release, &error))?;
        Ok(score(artifact, answer))
    }
}

fn ecosystem(release: &Release) -> Ecosystem {
    match release.ecosystem {
        lockgate_model::Ecosystem::Npm => Ecosystem::Npm,
        lockgate_model::Ecosystem::Pypi => Ecosystem::Pypi,
        lockgate_model::Ecosystem::Cargo => Ecosystem::Cargo,
    }
}

fn score(artifact: &FetchedArtifact, answer: Answer) -> ArtifactScore {
    let behaviours = answer.behaviours.into_iter();
    let hunks = answer.hunks.into_iter();
    ArtifactScore {
        artifact: artifact.file.file.clone(),
        score: answer.score,
        probability: answer.probability,
        threshold: answer.threshold,
        behaviours: behaviours.map(|b| LikelyBehaviour { name: b.name, probability: b.probability }).collect(),
        hunks: hunks
            .map(|hunk| ScoredHunk {
                path: hunk.file,
                line: hunk.first_line,
                end_line: hunk.last_line,
                share: hunk.share,
                without: hunk.without,
            })
            .collect(),
        composition: answer.composition.map(composition),
    }
}

fn composition(made: lockgate_classifier::Composition) -> Composition {
    let part =
        |part: lockgate_classifier::Part| Part { logit: part.logit, attention: part.attention, pooled: part.pooled };
    Composition {
        base: made.base,
        hunks: made.hunks.into_iter().map(part).collect(),
        rest: made.rest.map(part),
        calibration: made.calibration,
    }
}

/// What the error says of the operator's files goes to the log; a cause is read by everybody.
fn cause(release: &Release, error: &Error) -> Cause {
    match error {
        Error::Busy { .. } | Error::Late { .. } => {
            Cause::new(CauseKind::Timeout, format!("score {release}: the model is busy with other releases"))
                .with_remedy("the check is tried again; give the server more processors if it repeats")
        }
        error => {
            tracing::error!(release = %release, %error, "the classifier failed");
            Cause::new(CauseKind::Internal, format!("score {release}: the model gave no answer"))
                .with_remedy("the check is tried again; if it stays, the server's log says what to do")
        }
    }
}
