//! What is too much, cut short, or written to mislead who reads the answer.

use crate::{ARTIFACT, Case, reason, rejection};
use lockgate_authority::Authority;
use lockgate_signature::{
    Error,
    bundle::{Artifact, MOST_BUNDLE, MOST_ROOT, Verification, Verifier},
};

fn asked(case: &Case, bundle: &[u8]) -> Verification {
    case.verifier().verify(bundle, &Artifact::Bytes(ARTIFACT.to_vec()), &case.expected).unwrap()
}

#[test]
fn a_bundle_cut_short_anywhere_is_malformed() {
    let case = Case::message(&Authority::new());
    let text = case.bundle.to_string();
    for end in (0..text.len()).step_by(97) {
        let rejected = rejection(asked(&case, &text.as_bytes()[..end]));
        assert_eq!(reason(&rejected), "Malformed", "{end} bytes: {rejected}");
    }
}

#[test]
fn what_a_bundle_says_is_quoted_short_and_without_control_characters() {
    let mut case = Case::message(&Authority::new());
    case.bundle["mediaType"] = format!("\u{1b}[2K\n{}", "a".repeat(1 << 20)).into();
    let said = case.rejected().to_string();
    assert!(said.contains("\u{fffd}[2K\u{fffd}aaa") && said.ends_with('…'), "{said}");
    assert!(said.len() < 500, "{} bytes", said.len());
}

#[test]
fn what_is_too_large_is_refused_with_the_figure() {
    let case = Case::message(&Authority::new());
    let mut text = case.bundle.to_string().into_bytes();
    text.resize(MOST_BUNDLE, b' ');
    assert!(matches!(asked(&case, &text), Verification::Verified(_)));
    text.push(b' ');
    assert_eq!(rejection(asked(&case, &text)).to_string(), "the bundle is larger than 16777216 bytes");
    let error = Verifier::from_root("root.json", &vec![b' '; MOST_ROOT + 1]).unwrap_err();
    assert!(matches!(error, Error::RootTooLarge { .. }), "{error}");
    assert!(error.to_string().contains("16777216 bytes"), "{error}");
}

#[test]
fn nesting_without_an_end_is_malformed() {
    let case = Case::message(&Authority::new());
    let deep = format!("{}{}", r#"{"a":["#.repeat(100_000), "]}".repeat(100_000));
    assert_eq!(reason(&rejection(asked(&case, deep.as_bytes()))), "Malformed");
}
