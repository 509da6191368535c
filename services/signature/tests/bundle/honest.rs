//! What honest signers make, of every kind and version: accepted, and read as it was meant.

use crate::{ARTIFACT, ISSUER, WORKFLOW, by_workflow, expected, statement, verified_by, workflow};
use lockgate_authority::{Authority, Content, Identity, Key, Kind, NEW_YEAR, Recipe, Signer, Time, Version};
use lockgate_signature::bundle::{Expected, PublicKey};

const TIMES: [Time; 3] = [Time::Log, Time::Timestamp, Time::Both];
const VERSIONS: [Version; 3] = [Version::V0_1, Version::V0_2, Version::V0_3];

/// Each way to make a bundle that Sigstore's specification allows, for a message or a statement.
fn recipes(message: bool) -> Vec<Recipe> {
    let kinds: &[Kind] = if message { &[Kind::Hashed] } else { &[Kind::Dsse, Kind::InToto] };
    let mut recipes = vec![];
    for version in VERSIONS {
        for time in TIMES {
            for &kind in kinds {
                recipes.push(Recipe { version, kind: Some(kind), time, ..Recipe::default() });
            }
        }
        recipes.push(Recipe { version, ..Recipe::second() });
    }
    // Version 0.1 has a promise; the proof is optional.
    recipes.retain(|recipe| recipe.version != Version::V0_1 || matches!(recipe.time, Time::Log | Time::Both));
    for &kind in kinds {
        recipes.push(Recipe { kind: Some(kind), ..Recipe::promised() });
    }
    recipes
}

#[test]
fn each_kind_is_accepted_with_a_certificate() {
    let authority = Authority::new();
    let statement = statement(ARTIFACT);
    for (message, content) in [(true, Content::Message(ARTIFACT)), (false, Content::Statement(&statement))] {
        for recipe in recipes(message) {
            let bundle = authority.bundle(&authority.signer(&workflow()), content, &recipe);
            let verified = verified_by(&authority, &bundle, &by_workflow());
            assert_eq!(verified.identity(), Some(WORKFLOW), "{recipe:?}");
            assert_eq!(verified.issuer(), Some(ISSUER));
            assert_eq!(verified.signed_at().unwrap().timestamp(), NEW_YEAR + 60);
        }
    }
}

#[test]
fn each_kind_is_accepted_with_a_key() {
    let (authority, key) = (Authority::new(), Key::new());
    let statement = statement(ARTIFACT);
    for (message, content) in [(true, Content::Message(ARTIFACT)), (false, Content::Statement(&statement))] {
        for recipe in recipes(message) {
            let signer = Signer::with_key(key.clone(), "SHA256:a-key-by-this-name");
            let bundle = authority.bundle(&signer, content, &recipe);
            let verified = verified_by(&authority, &bundle, &expected(&key));
            assert_eq!(verified.identity(), None, "{recipe:?}");
            assert_eq!(verified.issuer(), None);
            assert_eq!(verified.signed_at().unwrap().timestamp(), NEW_YEAR + 60);
        }
    }
}

#[test]
fn a_key_needs_no_time() {
    let (authority, key) = (Authority::new(), Key::new());
    let recipe = Recipe { time: Time::Nobody, ..Recipe::second() };
    let bundle = authority.bundle(&Signer::with_key(key.clone(), ""), Content::Message(ARTIFACT), &recipe);
    assert_eq!(verified_by(&authority, &bundle, &expected(&key)).signed_at(), None);
}

#[test]
fn keys_of_other_kinds_sign() {
    let authority = Authority::new();
    for key in [Key::p384(), Key::ed25519()] {
        let statement = statement(ARTIFACT);
        let bundle =
            authority.bundle(&Signer::with_key(key.clone(), ""), Content::Statement(&statement), &Recipe::default());
        verified_by(&authority, &bundle, &expected(&key));
    }
}

#[test]
fn a_person_signs_by_an_address() {
    let authority = Authority::new();
    let person = Identity::email("maintainer@example.test");
    let bundle = authority.bundle(&authority.signer(&person), Content::Message(ARTIFACT), &Recipe::default());
    let by = Expected::Identity { identity: "maintainer@example.test".into(), issuer: person.issuer };
    assert_eq!(verified_by(&authority, &bundle, &by).identity(), Some("maintainer@example.test"));
}

/// The same key, but the operator named it by PEM of its own.
#[test]
fn a_key_is_itself_whoever_writes_it_down() {
    let (authority, key) = (Authority::new(), Key::new());
    let bundle = authority.bundle(&Signer::with_key(key.clone(), ""), Content::Message(ARTIFACT), &Recipe::default());
    let pem = key.pem().replace('\n', "\r\n");
    verified_by(&authority, &bundle, &Expected::Key(PublicKey::from_pem("key.pub", &pem).unwrap()));
}
