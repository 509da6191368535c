//! The form: versions, fields that are there twice or in two readings, and other traps for who parses.

use super::{Forgery, entry, rejected, remove};
use crate::{ARTIFACT, Case, reason, rejection, workflow};
use lockgate_authority::{Authority, Content, Recipe, Version};
use lockgate_signature::bundle::Artifact;
use serde_json::{Value, json};

const FORGERIES: [Forgery; 14] = [
    (
        "a version to come",
        |_, case| case.bundle["mediaType"] = "application/vnd.dev.sigstore.bundle.v9+json".into(),
        "Unsupported",
    ),
    ("no material", |_, case| drop(remove(&mut case.bundle, "verificationMaterial")), "Malformed"),
    ("no content", |_, case| no_content(case), "Malformed"),
    ("a chain in version 0.3", |_, case| chain(case), "Malformed"),
    ("an empty chain", |_, case| empty_chain(case), "NoCertificate"),
    ("version 0.2 with a promise alone", |a, case| promise_alone(a, case, Version::V0_2), "NoInclusionProof"),
    ("version 0.3 with a promise alone", |a, case| promise_alone(a, case, Version::V0_3), "NoInclusionProof"),
    ("version 0.1 without a promise", |_, case| no_promise(case), "NoInclusionProof"),
    ("another kind of entry", |_, case| entry(case)["kindVersion"]["version"] = "0.0.9".into(), "Unsupported"),
    ("the kind of the second generation", |_, case| entry(case)["kindVersion"]["version"] = "0.0.2".into(), "NotInLog"),
    ("a negative index", |_, case| entry(case)["logIndex"] = "-1".into(), "Malformed"),
    ("a size that is no number", |_, case| entry(case)["inclusionProof"]["treeSize"] = json!(1.5), "Malformed"),
    ("another content beside it", |a, case| two_contents(a, case), "Malformed"),
    ("a key beside the certificate", |_, case| material(case)["publicKey"] = json!({"hint": "a key"}), "Malformed"),
];

#[test]
fn forged_forms_are_rejected() {
    rejected(Case::message, &FORGERIES);
}

/// What is there twice is read as the first by one program and as the last by another: wherever it is.
#[test]
fn fields_that_are_there_twice_are_rejected() {
    let authority = Authority::new();
    for twin in [Case::message, Case::statement, Case::second, Case::promised] {
        let case = twin(&authority);
        let text = case.bundle.to_string();
        let names: Vec<_> = names(&case.bundle);
        assert!(names.len() > 15, "{names:?}");
        for name in names {
            let at = text.find(&format!("{name:?}:")).unwrap();
            let twice = format!("{}{name:?}:null,{}", &text[..at], &text[at..]);
            let answer =
                case.verifier().verify(twice.as_bytes(), &Artifact::Bytes(ARTIFACT.to_vec()), &case.expected).unwrap();
            let rejected = rejection(answer);
            assert_eq!(reason(&rejected), "Malformed", "{name}");
            assert!(rejected.to_string().contains(&name), "{rejected}");
        }
    }
}

/// Escaped, it is the same name.
#[test]
fn a_name_in_other_letters_is_there_twice_as_well() {
    let case = Case::message(&Authority::new());
    let text = case.bundle.to_string().replacen('{', r#"{"mediaTyp\u0065":"other","#, 1);
    let answer = case.verifier().verify(text.as_bytes(), &Artifact::Bytes(ARTIFACT.to_vec()), &case.expected).unwrap();
    assert_eq!(reason(&rejection(answer)), "Malformed");
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| [name.clone()].into_iter().chain(names(value))).collect()
        }
        Value::Array(values) => values.iter().flat_map(names).collect(),
        _ => vec![],
    }
}

fn material(case: &mut Case) -> &mut Value {
    &mut case.bundle["verificationMaterial"]
}

fn no_content(case: &mut Case) {
    remove(&mut case.bundle, "messageSignature");
}

fn chain(case: &mut Case) {
    let certificate = remove(material(case), "certificate");
    material(case)["x509CertificateChain"] = json!({"certificates": [certificate]});
}

fn empty_chain(case: &mut Case) {
    chain(case);
    material(case)["x509CertificateChain"]["certificates"] = json!([]);
}

fn promise_alone(authority: &Authority, case: &mut Case, version: Version) {
    let recipe = Recipe { version, proof: false, ..Recipe::default() };
    case.bundle = authority.bundle(&authority.signer(&workflow()), Content::Message(ARTIFACT), &recipe);
}

fn no_promise(case: &mut Case) {
    case.bundle["mediaType"] = Version::V0_1.media_type().into();
    remove(entry(case), "inclusionPromise");
}

fn two_contents(authority: &Authority, case: &mut Case) {
    case.bundle["dsseEnvelope"] = Case::statement(authority).bundle["dsseEnvelope"].clone();
}
