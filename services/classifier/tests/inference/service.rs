//! Many ask one model.

use crate::{open, subject, toy};
use lockgate_classifier::{Classifier, Error, Settings};
use std::{thread, time::Duration};

#[test]
fn many_ask_at_once_and_each_gets_its_own_answer() {
    let classifier = Classifier::start(toy(), Settings::default()).expect("it starts");
    let classifier = &classifier;
    thread::scope(|scope| {
        let askers: Vec<_> = (0..40).map(|n| scope.spawn(move || classifier.ask(subject(&[n, 1])))).collect();
        for (n, asker) in askers.into_iter().enumerate() {
            let answer = asker.join().expect("no panic").expect("an answer");
            assert_eq!(answer.score, Some(n as f64 - 3.0));
        }
    });
}

#[test]
fn one_difference_does_not_spoil_the_others() {
    let settings = Settings { together: 64, ..Settings::default() };
    // No number from 13 sevens on.
    let classifier = Classifier::start(open("rarely-a-number.onnx").expect("it opens"), settings).expect("it starts");
    let classifier = &classifier;
    thread::scope(|scope| {
        let askers: Vec<_> = (0..30).map(|n| (n, scope.spawn(move || classifier.ask(subject(&[n]))))).collect();
        for (n, asker) in askers {
            match (n, asker.join().expect("no panic")) {
                (13.., Err(Error::NotANumber { .. })) | (..13, Ok(_)) => {}
                (n, other) => panic!("{n}: {other:?}"),
            }
        }
    });
}

#[test]
fn a_model_that_fails_does_not_start() {
    let started = Classifier::start(open("not-a-number.onnx").expect("it opens"), Settings::default());
    assert!(matches!(started, Err(Error::NotANumber { .. })));
}

#[test]
fn who_waits_too_long_or_behind_too_many_is_told() {
    let settings = Settings { waiting: 1, together: 1, budget: Duration::ZERO };
    let classifier = Classifier::start(toy(), settings).expect("it starts");
    assert!(matches!(classifier.ask(subject(&[1])), Err(Error::Late { .. })));

    let settings = Settings { waiting: 1, together: 1, budget: Duration::from_secs(60) };
    let classifier = Classifier::start(toy(), settings).expect("it starts");
    let classifier = &classifier;
    thread::scope(|scope| {
        let askers: Vec<_> = (0..64).map(|_| scope.spawn(move || classifier.ask(subject(&[1; 256])))).collect();
        let answers: Vec<_> = askers.into_iter().map(|asker| asker.join().expect("no panic")).collect();
        let busy = answers.iter().filter(|answer| matches!(answer, Err(Error::Busy { waiting: 1 }))).count();
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(busy > 0 && answered > 0 && busy + answered == 64, "{busy} and {answered}");
    });
}
