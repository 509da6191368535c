//! A model, run by ONNX Runtime: opened only when it is the one that was pinned, and asked about many differences at once.

use crate::{
    Answer, Behaviour, Error, Library, Part, Provider, Subject,
    answer::{NOTHING_ADDED, rounded},
    batch::{self, Batch},
    card::{self, BEHAVIOURS, Card, sigmoid},
    composition::Taken,
    explain,
    pin::Pin,
    session::{Logits, PARTS, Session},
};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

/// Takes one call at a time; a [`crate::Classifier`] serves many.
#[derive(Debug)]
pub struct Model {
    session: Session,
    card: Card,
    card_text: String,
    digest: String,
}

impl Model {
    /// Opens the file at `path`, if it is what `pin` says.
    pub fn open(library: &Library, path: &Path, pin: Pin<'_>) -> Result<Self, Error> {
        let bytes = fs::read(path);
        let bytes = bytes.map_err(|error| Error::NoModel { path: path.to_owned(), cause: error.to_string() })?;
        let pinned = pin.digest(path)?;
        Self::from_bytes(library, &path.display().to_string(), &bytes, &pinned)
    }

    /// Opens `bytes`. `name`: by which errors call the model. `pinned`: 64 hex digits.
    ///
    /// 1. The bytes are what was pinned: nothing else is parsed. 2. Its card and its ports are ours. 3. Nothing was asked yet.
    pub fn from_bytes(library: &Library, name: &str, bytes: &[u8], pinned: &str) -> Result<Self, Error> {
        // 1.
        let digest = hex::encode(Sha256::digest(bytes));
        if !digest.eq_ignore_ascii_case(pinned) {
            return Err(Error::OtherModel { model: name.to_owned(), pinned: pinned.to_owned(), found: digest });
        }
        // 2.
        let session = Session::open(library, name, bytes)?;
        let card = session.metadata(card::KEY)?.ok_or_else(|| Error::BadModel {
            model: name.to_owned(),
            cause: format!("it has no card (`{}` in its metadata)", card::KEY),
        })?;
        Ok(Self { card: Card::parse(name, &card)?, card_text: card, session, digest })
    }

    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The card as it stands in the model: JSON.
    pub fn card_text(&self) -> &str {
        &self.card_text
    }

    /// SHA-256, as hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub fn provider(&self) -> Provider {
        self.session.provider()
    }

    /// An answer for each subject, in their order. Fails as a whole: who mixes subjects of several owners asks again
    /// one by one.
    pub fn score(&mut self, subjects: &[Subject]) -> Result<Vec<Answer>, Error> {
        let mut answers: Vec<Answer> = subjects.iter().map(|subject| self.unread(subject)).collect();
        for places in batch::plan(subjects) {
            let run: Vec<&Subject> = places.iter().map(|place| &subjects[*place]).collect();
            let logits = self.session.run(Batch::of(&run))?;
            let (mut bag, mut chunk) = (0, 0);
            for (place, subject) in places.into_iter().zip(run) {
                let said = Said::of(&logits, bag, chunk, subject);
                (bag, chunk) = (bag + said.scores.len(), chunk + subject.extract.chunks.len());
                self.read(&mut answers[place], subject, &said);
            }
        }
        Ok(answers)
    }

    /// What the chunks of `subject` are pooled to; empty where it has none. By this, a change of the model is seen that its
    /// score hides.
    pub fn vector(&mut self, subject: &Subject) -> Result<Vec<f32>, Error> {
        if subject.extract.chunks.is_empty() {
            return Ok(vec![]);
        }
        let mut vectors = self.session.run(Batch::of(&[subject]))?.vectors;
        vectors.truncate(vectors.len() / batch::bags(subject));
        Ok(vectors)
    }

    /// The answer for a subject without text.
    fn unread(&self, subject: &Subject) -> Answer {
        let nothing = subject.adds_nothing();
        Answer {
            score: nothing.then_some(NOTHING_ADDED),
            probability: nothing.then_some(0.0),
            mode: subject.mode,
            threshold: self.card.threshold(subject.ecosystem, subject.mode),
            model: self.digest.clone(),
            behaviours: vec![],
            hunks: vec![],
            composition: None,
            provider: self.provider(),
        }
    }

    fn read(&self, answer: &mut Answer, subject: &Subject, said: &Said<'_>) {
        let scores: Vec<f64> = said.scores.iter().map(|score| f64::from(*score)).collect();
        let (score, without) = (scores[0], &scores[1..]);
        answer.score = Some(rounded(score));
        answer.probability = Some(rounded(self.card.probability(subject.ecosystem, subject.mode, score)));
        let taken = Taken::apart(said.parts(), score, without);
        let falls = match &taken {
            // A single chunk is the place, whatever it brings.
            _ if without.is_empty() => vec![(0, 1.0)],
            Some(taken) => taken.falls(explain::MOST),
            None => explain::alone(score, without),
        };
        answer.hunks = explain::causes(&subject.extract.chunks, without, &falls);
        let calibration = self.card.calibration(subject.ecosystem, subject.mode);
        let named: Vec<usize> = falls.into_iter().map(|(number, _)| number).collect();
        answer.composition = taken.map(|taken| taken.composition(&named, calibration));
        let named = self.card.behaviours.iter().zip(said.behaviours);
        let named = named.map(|(name, logit)| (name, rounded(sigmoid(f64::from(*logit)))));
        let likely = named.filter(|(_, probability)| *probability > 0.5);
        answer.behaviours = likely.map(|(name, probability)| Behaviour { name: name.clone(), probability }).collect();
    }
}

/// What a run said of one subject.
struct Said<'a> {
    /// Of the whole, then without each chunk.
    scores: &'a [f32],
    /// Of the whole.
    behaviours: &'a [f32],
    /// Of each chunk.
    parts: &'a [f32],
}

impl<'a> Said<'a> {
    /// `bag`, `chunk`: the subject's first in the run.
    fn of(logits: &'a Logits, bag: usize, chunk: usize, subject: &Subject) -> Self {
        Self {
            scores: &logits.scores[bag..bag + batch::bags(subject)],
            behaviours: &logits.behaviours[bag * BEHAVIOURS..(bag + 1) * BEHAVIOURS],
            parts: &logits.parts[chunk * PARTS..(chunk + subject.extract.chunks.len()) * PARTS],
        }
    }

    fn parts(&self) -> Vec<Part> {
        let (parts, _) = self.parts.as_chunks::<PARTS>();
        let part = |[logit, attention, pooled]: &[f32; PARTS]| Part {
            logit: f64::from(*logit),
            attention: f64::from(*attention),
            pooled: f64::from(*pooled),
        };
        parts.iter().map(part).collect()
    }
}
