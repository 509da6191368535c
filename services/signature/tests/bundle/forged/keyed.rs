//! Bundles signed by a key: it takes the certificate's place.

use super::{Forgery, base64, entry, flip, rejected};
use crate::{ARTIFACT, Case, by_key, reason, statement, workflow};
use lockgate_authority::{Authority, Content, Key, Recipe, Signer};
use lockgate_signature::bundle::{Expected, Rejection};

const MESSAGES: [Forgery; 6] = [
    (
        "another digest",
        |_, case| flip(&mut case.bundle["messageSignature"]["messageDigest"]["digest"]),
        "OtherArtifact",
    ),
    ("another signature", |_, case| flip(&mut case.bundle["messageSignature"]["signature"]), "Signature"),
    ("another time", |_, case| entry(case)["integratedTime"] = "1".into(), "NotInLog"),
    ("another promise", |_, case| flip(&mut entry(case)["inclusionPromise"]["signedEntryTimestamp"]), "NotInLog"),
    ("another entry", |_, case| flip(&mut entry(case)["canonicalizedBody"]), "NotInLog"),
    ("a certificate", |a, case| case.bundle = Case::message(a).bundle, "NotByKey"),
];

#[test]
fn forgeries_of_what_a_key_signed_are_rejected() {
    rejected(|a| Case::keyed(a, Content::Message(ARTIFACT), &Recipe::default()), &MESSAGES);
}

/// The attacker has a key of their own, and the log takes everything in.
#[test]
fn another_key_is_rejected() {
    let authority = Authority::new();
    let text = statement(ARTIFACT);
    for (content, recipe) in [
        (Content::Message(ARTIFACT), Recipe::default()),
        (Content::Message(ARTIFACT), Recipe::second()),
        (Content::Statement(&text), Recipe::default()),
        (Content::Statement(&text), Recipe::second()),
        (Content::Statement(&text), Recipe::promised()),
    ] {
        let case = Case::keyed(&authority, content, &recipe);
        case.verified();
        assert_eq!(Case { expected: by_key(&Key::new()), ..case }.rejected(), Rejection::OtherKey, "{recipe:?}");
    }
}

/// The right key signed, but what is logged is another's.
#[test]
fn an_entry_by_another_key_is_rejected() {
    let authority = Authority::new();
    let key = Key::new();
    let text = statement(ARTIFACT);
    for (content, recipe) in [
        (Content::Message(ARTIFACT), Recipe::default()),
        (Content::Message(ARTIFACT), Recipe::second()),
        (Content::Statement(&text), Recipe::default()),
        (Content::Statement(&text), Recipe::promised()),
    ] {
        let signer = Signer::with_key(key.clone(), "");
        let mut case = Case::signed_by(&authority, &signer, content, &recipe);
        case.expected = by_key(&key);
        case.verified();
        let other = Case::keyed(&authority, content, &recipe);
        *entry(&mut case) = other.bundle["verificationMaterial"]["tlogEntries"][0].clone();
        assert_eq!(reason(&case.rejected()), "OtherEntry", "{recipe:?}");
    }
}

#[test]
fn a_hint_is_no_key() {
    let authority = Authority::new();
    let mut case = Case::keyed(&authority, Content::Message(ARTIFACT), &Recipe::default());
    let attacker = Key::new();
    case.bundle["verificationMaterial"]["publicKey"]["hint"] = base64(attacker.der());
    case.verified();
    assert_eq!(Case { expected: by_key(&attacker), ..case }.rejected(), Rejection::OtherKey);
}

#[test]
fn a_key_is_no_identity() {
    let authority = Authority::new();
    let case = Case::keyed(&authority, Content::Message(ARTIFACT), &Recipe::default());
    let expected = Expected::Identity { identity: workflow().name.as_str().into(), issuer: workflow().issuer };
    assert_eq!(Case { expected, ..case }.rejected(), Rejection::NoCertificate);
}
