//! Side by side: what the chosen model said is noted, and the shadows are asked the same.
//!
//! The check that is watched goes on at once. A shadow answers when it can; where it cannot keep up, it is asked less.

use super::{
    Models, Running, Standing,
    notes::{self, Notes},
};
use lockgate_classifier::{Answer, Error, Subject};
use lockgate_model::Release;
use lockgate_store::models::{NewScore, Place};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Differences that may wait for shadows: some have 256 chunks, which are 130 kB.
const QUEUE: usize = 64;

/// A difference that the shadows are to see.
#[derive(Debug)]
pub(super) struct Shown {
    purl: String,
    subject: Subject,
}

/// The end into which differences are put. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Beside(mpsc::Sender<Shown>);

impl Beside {
    pub(super) fn new() -> (Self, mpsc::Receiver<Shown>) {
        let (sender, waiting) = mpsc::channel(QUEUE);
        (Self(sender), waiting)
    }
}

/// What hears of the scores of one evaluation.
#[derive(Debug)]
pub(super) struct Watch {
    digest: String,
    place: Place,
    /// How many are to be asked as well.
    shadows: usize,
    notes: Notes,
    beside: Beside,
}

impl Watch {
    pub(super) fn new(chosen: &Standing, standing: &[Standing], notes: Notes, beside: Beside) -> Self {
        Self { digest: chosen.digest.clone(), place: chosen.place, shadows: shadows(standing).count(), notes, beside }
    }
}

impl lockgate_evidence::classifier::Watch for Watch {
    fn scored(&self, release: &Release, subject: Subject, answer: Result<&Answer, &Error>, took: Duration) {
        let purl = release.purl();
        self.notes.note(score(&self.digest, self.place, &purl, &subject, answer, took));
        if self.shadows > 0 && self.beside.0.try_send(Shown { purl, subject }).is_err() {
            notes::lost(self.shadows);
        }
    }
}

/// Asks the shadows about what arrives, one after the other.
pub(super) async fn ask(models: Arc<Models>, mut waiting: mpsc::Receiver<Shown>) {
    while let Some(Shown { purl, subject }) = waiting.recv().await {
        let standing = models.standing();
        for (shadow, running) in shadows(&standing) {
            let (service, asked) = (Arc::clone(&running.service), subject.clone());
            let answered = tokio::task::spawn_blocking(move || service.ask_timed(asked));
            match answered.await {
                Ok((answer, took)) => {
                    models.notes.note(score(&shadow.digest, shadow.place, &purl, &subject, answer.as_ref(), took));
                }
                Err(panic) => {
                    tracing::error!(model = shadow.digest, %panic, "ask a shadow");
                    notes::lost(1);
                }
            }
        }
    }
}

fn shadows(standing: &[Standing]) -> impl Iterator<Item = (&Standing, &Running)> {
    let shadows = standing.iter().filter(|model| model.place == Place::Shadow);
    shadows.filter_map(|model| Some((model, model.running.as_ref().ok()?)))
}

fn score(
    digest: &str,
    place: Place,
    purl: &str,
    subject: &Subject,
    answer: Result<&Answer, &Error>,
    took: Duration,
) -> NewScore {
    let said = answer.ok();
    let facts = subject.extract.facts.iter().fold(0_i16, |bits, fact| bits | 1 << fact.number());
    NewScore {
        digest: digest.to_owned(),
        place: place.name(),
        purl: purl.to_owned(),
        ecosystem: super::compare::ecosystem(subject.ecosystem).to_owned(),
        mode: subject.mode.to_string(),
        score: said.and_then(|answer| answer.score),
        probability: said.and_then(|answer| answer.probability),
        // Without an answer there is none to reach it.
        threshold: said.map_or(0.0, |answer| answer.threshold),
        chunks: i32::try_from(subject.extract.chunks.len()).unwrap_or(i32::MAX),
        facts,
        micros: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        failure: answer.err().map(ToString::to_string),
    }
}
