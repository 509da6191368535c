//! What honest signers make, of every kind and version: accepted, and read as it was meant.

use crate::{ARTIFACT, Case, ISSUER, WORKFLOW, by_key, statement};
use lockgate_authority::{Authority, Content, Identity, Key, Kind, NEW_YEAR, Recipe, Signer, Time, Version};
use lockgate_signature::bundle::{Expected, PublicKey};

/// Each way to make a bundle that Sigstore's specification allows for `content`.
pub(crate) fn recipes(content: Content<'_>) -> Vec<Recipe> {
    let kinds: &[Kind] = match content {
        Content::Message(_) => &[Kind::Hashed],
        Content::Statement(_) => &[Kind::Dsse, Kind::InToto],
    };
    let mut recipes = vec![];
    for version in [Version::V0_1, Version::V0_2, Version::V0_3] {
        for time in [Time::Log, Time::Timestamp, Time::Both] {
            for &kind in kinds {
                recipes.push(Recipe { version, kind: Some(kind), time, ..Recipe::default() });
            }
        }
        recipes.push(Recipe { version, ..Recipe::second() });
    }
    // Version 0.1 has a promise; the proof is optional.
    recipes.retain(|recipe| recipe.version != Version::V0_1 || matches!(recipe.time, Time::Log | Time::Both));
    recipes.extend(kinds.iter().map(|&kind| Recipe { kind: Some(kind), ..Recipe::promised() }));
    recipes
}

#[test]
fn each_kind_is_accepted_with_a_certificate() {
    let authority = Authority::new();
    let statement = statement(ARTIFACT);
    for content in [Content::Message(ARTIFACT), Content::Statement(&statement)] {
        for recipe in recipes(content) {
            let verified = Case::new(&authority, content, &recipe).verified();
            assert_eq!(verified.identity(), Some(WORKFLOW), "{recipe:?}");
            assert_eq!(verified.issuer(), Some(ISSUER));
            assert_eq!(verified.signed_at().unwrap().timestamp(), NEW_YEAR + 60);
        }
    }
}

#[test]
fn each_kind_is_accepted_with_a_key() {
    let authority = Authority::new();
    let statement = statement(ARTIFACT);
    for content in [Content::Message(ARTIFACT), Content::Statement(&statement)] {
        for recipe in recipes(content) {
            let verified = Case::keyed(&authority, content, &recipe).verified();
            assert_eq!(verified.identity(), None, "{recipe:?}: a key names nobody");
            assert_eq!(verified.issuer(), None);
            assert_eq!(verified.signed_at().unwrap().timestamp(), NEW_YEAR + 60);
        }
    }
}

#[test]
fn a_key_needs_no_time() {
    let recipe = Recipe { time: Time::Nobody, ..Recipe::second() };
    let case = Case::keyed(&Authority::new(), Content::Message(ARTIFACT), &recipe);
    assert_eq!(case.verified().signed_at(), None);
}

#[test]
fn keys_of_other_kinds_sign() {
    let authority = Authority::new();
    let statement = statement(ARTIFACT);
    for key in [Key::p384(), Key::ed25519()] {
        let signer = Signer::with_key(key.clone(), "");
        let case = Case::signed_by(&authority, &signer, Content::Statement(&statement), &Recipe::default());
        Case { expected: by_key(&key), ..case }.verified();
    }
}

#[test]
fn a_person_signs_by_an_address() {
    let authority = Authority::new();
    let person = Identity::email("maintainer@example.test");
    let case = Case::signed_by(&authority, &authority.signer(&person), Content::Message(ARTIFACT), &Recipe::default());
    let expected = Expected::Identity { identity: "maintainer@example.test".into(), issuer: person.issuer };
    assert_eq!(Case { expected, ..case }.verified().identity(), Some("maintainer@example.test"));
}

/// An authority that stands by itself, without another between it and who signs.
#[test]
fn a_root_may_issue_by_itself() {
    let mut authority = Authority::new();
    authority.intermediate = authority.root.clone();
    Case::message(&authority).verified();
}

#[test]
fn a_key_is_itself_whoever_writes_it_down() {
    let (authority, key) = (Authority::new(), Key::new());
    let signer = Signer::with_key(key.clone(), "");
    let case = Case::signed_by(&authority, &signer, Content::Message(ARTIFACT), &Recipe::default());
    let pem = key.pem().replace('\n', "\r\n");
    Case { expected: Expected::Key(PublicKey::from_pem("key.pub", &pem).unwrap()), ..case }.verified();
}
