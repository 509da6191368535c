//! With the toy model of `services/classifier/tests/models`: it counts the sign U+0007 and takes off 4.

use super::*;
use crate::fixtures::{fetched, inputs, tarball, upstream};
use lockgate_classifier::{Library, Model, Pin, Settings};
use lockgate_model::PublishedFileKind;
use std::{path::Path, sync::Mutex, time::Duration};

fn collector(settings: Settings) -> Classifier {
    let library = Library::load(&Library::usual_path()).unwrap_or_else(|error| panic!("{error}"));
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../classifier/tests/models/toy.onnx");
    let model = Model::open(&library, &model, Pin::Beside).unwrap_or_else(|error| panic!("{error}"));
    Classifier::new(Arc::new(lockgate_classifier::Classifier::start(model, settings).expect("the toy starts")))
}

fn package(rings: usize) -> FetchedArtifact {
    let files = [("package/a.js", "f()\n"), ("package/ring.js", &"\u{7}".repeat(rings))];
    fetched("example-1.1.0.tgz", PublishedFileKind::NpmTarball, tarball(&files))
}

fn facts(inputs: &Inputs) -> ClassifierFacts {
    match collector(Settings::default()).collect(inputs).expect("an answer") {
        Observation::Observed { facts } => serde_json::from_value(facts).expect("the facts' own shape"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_release_that_rings_is_scored_with_the_place() {
    let found = facts(&inputs(lockgate_model::Ecosystem::Npm, vec![package(9)], &[]));
    assert_eq!((found.mode, found.model.len(), found.provider.is_empty()), (Mode::New, 64, false));
    let [score] = &found.artifacts[..] else { panic!("{found:?}") };
    assert_eq!((score.score, score.probability, score.threshold), (Some(5.0), Some(0.9933), 0.5));
    let [hunk] = &score.hunks[..] else { panic!("{found:?}") };
    assert_eq!((hunk.path.as_str(), hunk.line, hunk.share, hunk.without), ("package/ring.js", 1, 1.0, Some(-4.0)));
}

#[test]
fn an_update_is_scored_by_what_it_adds() {
    let mut inputs = inputs(lockgate_model::Ecosystem::Npm, vec![package(9)], &[]);
    inputs.previous = Some(Ok(vec![package(9)]));
    let found = facts(&inputs);
    assert_eq!((found.mode, found.artifacts[0].score), (Mode::Update, Some(lockgate_classifier::NOTHING_ADDED)));
    assert!(found.artifacts[0].hunks.is_empty());
}

#[test]
fn what_is_missing_or_late_is_an_error_and_no_score() {
    let mut missing = inputs(lockgate_model::Ecosystem::Npm, vec![], &[]);
    let unsupported = collector(Settings::default()).collect(&missing).expect_err("no artifact");
    assert_eq!(unsupported.kind, CauseKind::Unsupported);
    missing.artifacts = Err(upstream());
    assert_eq!(collector(Settings::default()).collect(&missing), Err(upstream()));

    let late = collector(Settings { budget: Duration::ZERO, ..Settings::default() });
    let cause = late.collect(&inputs(lockgate_model::Ecosystem::Npm, vec![package(9)], &[])).expect_err("late");
    assert!(cause.kind == CauseKind::Timeout && cause.message.contains("npm example 1.1.0"), "{cause}");
}

#[test]
fn the_model_is_part_of_the_question_and_the_collector_introduces_itself() {
    let collector = collector(Settings::default());
    let digests = collector.inputs(&InputDigests::default());
    assert_eq!(digests.iter().map(Digest::hex).collect::<Vec<_>>(), [collector.model.as_str()]);
    assert!(collector.version() > 0 && collector.documentation().ends_with("#classifier"));
    assert!(collector.facts_schema().get("properties").is_some());
}

/// The score or the error of each call.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Result<Option<f64>, String>>>);

impl Watch for Heard {
    fn scored(&self, release: &Release, subject: Subject, answer: Result<&Answer, &Error>, took: Duration) {
        assert!(took > Duration::ZERO && !subject.extract.chunks.is_empty());
        assert_eq!(release.to_string(), "npm example 1.1.0");
        let said = answer.map(|answer| answer.score).map_err(ToString::to_string);
        self.0.lock().expect("no other panicked").push(said);
    }
}

#[test]
fn who_watches_hears_of_answers_and_of_failures() {
    let inputs = inputs(lockgate_model::Ecosystem::Npm, vec![package(9)], &[]);
    let heard = Arc::new(Heard::default());
    for budget in [Settings::default().budget, Duration::ZERO] {
        let watched =
            collector(Settings { budget, ..Settings::default() }).watched(Arc::clone(&heard) as Arc<dyn Watch>);
        assert_eq!(watched.collect(&inputs).is_ok(), !budget.is_zero());
    }
    let heard = heard.0.lock().expect("no other panicked");
    let [Ok(Some(5.0)), Err(late)] = &heard[..] else { panic!("{heard:?}") };
    assert!(late.contains("0 ms"), "{late}");
}

#[test]
fn a_model_that_does_not_run_leaves_the_evidence_unavailable() {
    let why = Cause::new(CauseKind::Internal, "the model does not run");
    let check = Classifier::unavailable("a".repeat(64), why.clone());
    let inputs = inputs(lockgate_model::Ecosystem::Npm, vec![package(9)], &[]);
    assert_eq!(check.collect(&inputs), Err(why));
    assert_eq!(check.inputs(&InputDigests::default()).len(), 1);
}
