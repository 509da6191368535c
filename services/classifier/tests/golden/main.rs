//! Fixed differences, their tokens and what the model in `models/` says of them, to the digit that is promised. After a
//! change that is meant: `LOCKGATE_GOLDEN=write cargo nextest run -p lockgate-classifier --test golden`, and read the diff.

use lockgate_classifier::{Acceptance, Answer, Difference, Expect, Extract, Library, Model, Pin, Subject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// How far a score may be from its golden one.
const NEAR: f64 = 1e-3;

#[derive(Debug, Serialize, Deserialize)]
struct Golden {
    /// SHA-256 over roles and tokens: of another digest, the extractor is another one.
    tokens: String,
    score: f64,
    probability: f64,
    /// File and first line of the strongest place.
    worst: Option<(String, u32)>,
    /// What all chunks are pooled to.
    vector: Vec<f64>,
}

fn tokens(extract: &Extract) -> String {
    let mut digest = Sha256::new();
    for chunk in &extract.chunks {
        digest.update([chunk.role.number()]);
        chunk.tokens.iter().for_each(|token| digest.update(token.to_le_bytes()));
    }
    hex::encode(digest.finalize())
}

/// A file of `models/`.
fn shipped(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/models")).join(name)
}

fn model(name: &str) -> Model {
    let library = Library::load(&Library::usual_path()).unwrap_or_else(|error| panic!("{error}"));
    Model::open(&library, &shipped(name), Pin::Beside).unwrap_or_else(|error| panic!("{error}"))
}

fn acceptance() -> Acceptance {
    Acceptance::read(&shipped("acceptance.json")).unwrap_or_else(|error| panic!("{error}"))
}

fn found() -> BTreeMap<String, Golden> {
    let mut model = model("classifier.onnx");
    let differences = acceptance().differences;
    let subjects: Vec<Subject> = differences.iter().map(Difference::subject).collect();
    let answers = model.score(&subjects).expect("answers");
    let mut golden = |(subject, answer): (&Subject, Answer)| Golden {
        tokens: tokens(&subject.extract),
        score: answer.score.expect("text"),
        probability: answer.probability.expect("text"),
        worst: answer.hunks.first().map(|hunk| (hunk.file.clone(), hunk.first_line)),
        vector: model.vector(subject).expect("a vector").into_iter().map(rounded).collect(),
    };
    let named = differences.into_iter().map(|difference| difference.name);
    named.zip(subjects.iter().zip(answers).map(&mut golden)).collect()
}

/// To a tenth of what is promised.
fn rounded(number: f32) -> f64 {
    (f64::from(number) * 1e4).round() / 1e4
}

#[test]
fn the_model_answers_what_it_did() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/scores.json"));
    let found = found();
    if std::env::var_os("LOCKGATE_GOLDEN").is_some_and(|value| value == "write") {
        fs::write(&path, serde_json::to_string_pretty(&found).expect("plain") + "\n").expect("written");
    }
    let golden: BTreeMap<String, Golden> =
        serde_json::from_slice(&fs::read(&path).expect("scores.json")).expect("golden scores");
    assert_eq!(golden.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (name, golden) in &golden {
        let found = &found[name];
        assert_eq!(found.tokens, golden.tokens, "{name}: the extractor reads it otherwise; raise VERSION");
        assert!((found.score - golden.score).abs() <= NEAR, "{name}: {} instead of {}", found.score, golden.score);
        assert!((found.probability - golden.probability).abs() <= NEAR, "{name}");
        assert_eq!(found.worst, golden.worst, "{name}");
        assert_eq!(found.vector.len(), golden.vector.len(), "{name}");
        for (number, (found, golden)) in found.vector.iter().zip(&golden.vector).enumerate() {
            assert!(
                (found - golden).abs() <= NEAR,
                "{name}: number {number} of its vector is {found} instead of {golden}"
            );
        }
    }
}

#[test]
fn the_shipped_model_passes_the_shipped_acceptance_file() {
    let acceptance = acceptance();
    let verdicts = acceptance.judge(&mut model("classifier.onnx")).expect("verdicts");
    assert!(verdicts.len() > acceptance.differences.len(), "{verdicts:?}");
    assert!(acceptance.differences.iter().filter(|d| d.expect != Expect::Quiet).count() > 3);
    let failed: Vec<_> = verdicts.into_iter().filter(|verdict| !verdict.passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn a_score_is_put_together_from_its_parts() {
    let subjects: Vec<Subject> = acceptance().differences.iter().map(Difference::subject).collect();
    let mut several = 0;
    for answer in model("classifier.onnx").score(&subjects).expect("answers") {
        let made = answer.composition.expect("a network of this form");
        let all = vec![true; answer.hunks.len()];
        let score = made.score(&all).expect("something is left");
        assert!((score - answer.score.expect("text")).abs() <= NEAR, "{score} instead of {:?}", answer.score);
        for (number, hunk) in answer.hunks.iter().enumerate() {
            let keep: Vec<bool> = (0..all.len()).map(|other| other != number).collect();
            let Some(without) = hunk.without else { continue };
            let score = made.score(&keep).expect("something is left");
            assert!((score - without).abs() <= NEAR, "{score} instead of {without}");
            several += 1;
        }
    }
    assert!(several > 0, "no difference has two places");
}

/// In fewer bits the scores of benign rows are at most a logit apart (models/CARD.md), and of 2,374 one is judged otherwise.
#[test]
fn in_fewer_bits_the_model_says_nearly_the_same() {
    let subjects: Vec<Subject> = acceptance().differences.iter().map(Difference::subject).collect();
    let whole = model("classifier.onnx").score(&subjects).expect("answers");
    for (name, near) in [("classifier.int8.onnx", 1.0), ("classifier.fp16.onnx", 0.02)] {
        let answers = model(name).score(&subjects).expect("answers");
        let mut furthest: f64 = 0.0;
        for ((answer, whole), difference) in answers.iter().zip(&whole).zip(acceptance().differences) {
            let (fewer, score) = (answer.score.expect("text"), whole.score.expect("text"));
            assert!((fewer - score).abs() <= near, "{name}, {}: {fewer} instead of {score}", difference.name);
            assert_eq!(fewer >= answer.threshold, score >= whole.threshold, "{name}, {}", difference.name);
            furthest = furthest.max((fewer - score).abs());
        }
        assert!(furthest > 0.0, "{name} is the model itself");
    }
}
