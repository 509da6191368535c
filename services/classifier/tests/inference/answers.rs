//! What a model answers, and for which places.

use crate::{subject, toy};
use lockgate_classifier::{Cause, Fact, Mode, NOTHING_ADDED, Subject};

#[test]
fn a_score_is_read_in_the_scale_of_its_mode() {
    let new = subject(&[5]);
    let update = Subject { mode: Mode::Update, ..new.clone() };
    let answers = toy().score(&[new, update]).expect("answers");
    let read: Vec<_> = answers.iter().map(|a| (a.score, a.probability, a.mode, a.threshold)).collect();
    // 5 - 4 = 1; sigmoid(1) and sigmoid(2 * 1 + 1).
    assert_eq!(read, [(Some(1.0), Some(0.7311), Mode::New, 0.5), (Some(1.0), Some(0.9526), Mode::Update, 1.5)]);
    assert_eq!(answers[0].model, toy().digest());
}

#[test]
fn the_places_that_raise_a_score_are_named_with_what_it_would_be_without() {
    let answer = &toy().score(&[subject(&[0, 9, 3])]).expect("answers")[0];
    let cause = |place: u32, share, without| Cause {
        file: format!("src/{place}.js"),
        first_line: 10 + place,
        last_line: 20,
        share,
        without: Some(without),
    };
    assert_eq!(answer.score, Some(8.0));
    assert_eq!(answer.hunks, [cause(1, 0.75, -1.0), cause(2, 0.25, 5.0)]);
}

#[test]
fn behaviours_are_named_when_they_are_likely() {
    let mut subject = subject(&[1]);
    subject.extract.facts.insert(Fact::StartFile);
    let answer = &toy().score(&[subject]).expect("answers")[0];
    let named: Vec<_> = answer.behaviours.iter().map(|b| (b.name.as_str(), b.probability)).collect();
    // The toy says of the third what the third fact is: sigmoid(4 - 2).
    assert_eq!(named, [("fetches", 0.8808)]);
    assert_eq!(answer.score, Some(-2.5));
}

#[test]
fn an_answer_does_not_depend_on_the_company() {
    let subjects: Vec<Subject> = [&[4, 1][..], &[], &[9; 256], &[2], &[1; 255], &[6, 6, 6]].map(subject).into();
    let together = toy().score(&subjects).expect("answers");
    let mut model = toy();
    let alone: Vec<_> = subjects.into_iter().flat_map(|s| model.score(&[s]).expect("answers")).collect();
    assert_eq!(together, alone);
}

#[test]
fn what_adds_nothing_is_lowest_and_what_cannot_be_read_has_no_score() {
    let (nothing, mut unread, mut cut) = (subject(&[]), subject(&[]), subject(&[]));
    unread.extract.facts.insert(Fact::Native);
    cut.extract.left_out = 1;
    let answers = toy().score(&[nothing, unread, cut]).expect("answers");
    let read: Vec<_> = answers.iter().map(|a| (a.score, a.probability)).collect();
    assert_eq!(read, [(Some(NOTHING_ADDED), Some(0.0)), (None, None), (None, None)]);
    assert!(toy().score(&[]).expect("answers").is_empty());
}
