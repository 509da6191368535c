//! What is no model of ours is named and not used.

use crate::{library, open, path, subject};
use lockgate_classifier::{Error, Model, Pin};
use std::fs;

#[test]
fn a_model_that_was_not_pinned_is_not_parsed() {
    let other = "0".repeat(64);
    let refused = Model::open(&library(), &path("toy.onnx"), Pin::Digest(&other));
    assert!(matches!(refused, Err(Error::OtherModel { pinned, .. }) if pinned == other));

    // One bit of a weight: still a sound model, but another one.
    let mut bytes = fs::read(path("toy.onnx")).expect("the toy is there");
    let digest = open("toy.onnx").expect("the toy opens").digest().to_owned();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let refused = Model::from_bytes(&library(), "toy", &bytes, &digest).expect_err("another model");
    assert!(matches!(refused, Error::OtherModel { .. }));
}

#[test]
fn a_pin_that_says_nothing_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("m.onnx");
    let opened = |pin| Model::open(&library(), &model, pin).expect_err("nothing was pinned");
    assert!(matches!(opened(Pin::Beside), Error::NoModel { .. }));
    fs::copy(path("toy.onnx"), &model).expect("copied");
    assert!(matches!(opened(Pin::Beside), Error::NoPin { .. }));
    fs::write(folder.path().join("m.onnx.sha256"), "").expect("written");
    assert!(matches!(opened(Pin::Beside), Error::NoPin { .. }));
    assert!(matches!(opened(Pin::Digest("abc")), Error::NoPin { .. }));
}

#[test]
fn a_model_for_other_features_is_named_so() {
    let error = open("old-features.onnx").expect_err("features of version 1");
    assert!(matches!(error, Error::OtherFeatures { found: 1, wanted: 2, .. }), "{error}");
}

#[test]
fn what_is_no_model_of_ours_is_refused() {
    for (name, cause) in [
        ("no-card.onnx", "no card"),
        ("seven-behaviours.onnx", "7 behaviours"),
        ("inverted.onnx", "slope"),
        ("no-model.onnx", "rotobuf"),
        ("other-ports.onnx", "inputs are not"),
    ] {
        let error = open(name).expect_err(name);
        assert!(matches!(error, Error::BadModel { .. }), "{name}: {error:?}");
        assert!(error.to_string().contains(cause) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn an_answer_that_is_no_number_is_none() {
    let mut model = open("not-a-number.onnx").expect("it opens");
    model.score(&[subject(&[9])]).expect("the root of 5 is a number");
    let error = model.score(&[subject(&[1])]).expect_err("the root of -3 is none");
    assert!(matches!(error, Error::NotANumber { output: "score", .. }), "{error}");
}
