//! What was signed: the artifact, or a statement in an envelope (DSSE) that names it.

use super::{Forgery, base64, bytes, flip, rejected, remove};
use crate::{ARTIFACT, Case, statement, workflow};
use lockgate_authority::{Authority, Content, Recipe, sha256};
use serde_json::{Value, json};

const MESSAGES: [Forgery; 8] = [
    ("another artifact", |_, case| case.artifact = b"left-pad 1.3.1".to_vec(), "OtherArtifact"),
    ("another digest", |_, case| flip(&mut message(case)["messageDigest"]["digest"]), "OtherArtifact"),
    (
        "a digest of another kind",
        |_, case| message(case)["messageDigest"]["algorithm"] = "SHA2_512".into(),
        "Unsupported",
    ),
    ("a digest of no kind", |_, case| message(case)["messageDigest"]["algorithm"] = "SHA1".into(), "Malformed"),
    ("another signature", |_, case| flip(&mut message(case)["signature"]), "Signature"),
    ("an empty signature", |_, case| message(case)["signature"] = "".into(), "Signature"),
    ("no signature", |_, case| drop(remove(message(case), "signature")), "Malformed"),
    ("the signature of another artifact", other_signature, "Signature"),
];

const ENVELOPES: [Forgery; 10] = [
    ("another artifact", |_, case| case.artifact = b"left-pad 1.3.1".to_vec(), "OtherArtifact"),
    ("another predicate", |_, case| payload(case, |text| text.replace("the workflow", "attackers")), "Signature"),
    ("another subject", |_, case| payload(case, |text| text.replace("artifact", "fartfact")), "Signature"),
    ("another artifact's digest", |_, case| payload(case, digest_of_another), "Signature"),
    ("white space more", |_, case| payload(case, |text| text.to_owned() + " "), "Signature"),
    ("another type", |_, case| envelope(case)["payloadType"] = "text/plain".into(), "Unsupported"),
    ("another signature", |_, case| flip(&mut envelope(case)["signatures"][0]["sig"]), "Signature"),
    ("no signature", |_, case| envelope(case)["signatures"] = json!([]), "Malformed"),
    ("two signatures", |_, case| two(case), "Malformed"),
    ("a signature over the payload alone", |a, case| payload_alone(a, case), "Signature"),
];

/// Signed and logged as it should be, by who is expected: but it says nothing of the artifact, or not clearly.
const STATEMENTS: [Forgery; 12] = [
    ("no subject", |a, case| say(a, case, |s| s["subject"] = json!([])), "Malformed"),
    ("no list of subjects", |a, case| say(a, case, |s| drop(remove(s, "subject"))), "Malformed"),
    ("a subject without a digest", |a, case| say(a, case, |s| s["subject"][0]["digest"] = json!({})), "Malformed"),
    ("a digest cut short", |a, case| say(a, case, |s| digest(s, json!({"sha256": "00"}))), "Malformed"),
    ("a weak digest", |a, case| say(a, case, |s| digest(s, json!({"sha1": "0".repeat(40)}))), "Unsupported"),
    ("an empty digest", |a, case| say(a, case, |s| digest(s, json!({"sha256": ""}))), "Malformed"),
    ("another artifact", |a, case| say(a, case, |s| digest(s, json!({"sha256": "0".repeat(64)}))), "OtherArtifact"),
    (
        "a statement of another kind",
        |a, case| say(a, case, |s| s["_type"] = "https://in-toto.io/Layout/v1".into()),
        "Unsupported",
    ),
    ("no kind", |a, case| say(a, case, |s| drop(remove(s, "_type"))), "Malformed"),
    ("no statement", |a, case| text(a, case, "[]"), "Malformed"),
    (
        "two predicates",
        |a, case| text(a, case, &twice(r#""predicate":{"#, r#""predicate":{"by":"attackers"},"#)),
        "Malformed",
    ),
    ("two names in a predicate", |a, case| text(a, case, &twice(r#""by":"#, r#""by":"attackers","#)), "Malformed"),
];

#[test]
fn forged_messages_are_rejected() {
    rejected(Case::message, &MESSAGES);
    // A timestamp is found to be of another signature before.
    rejected(Case::second, &MESSAGES[..4]);
}

#[test]
fn forged_envelopes_are_rejected() {
    rejected(Case::statement, &ENVELOPES);
    rejected(Case::promised, &ENVELOPES[..9]);
}

#[test]
fn statements_that_say_nothing_of_the_artifact_are_rejected() {
    rejected(Case::statement, &STATEMENTS);
}

/// One of several subjects is enough; the names of digests that are not known do not matter.
#[test]
fn one_subject_is_enough() {
    let authority = Authority::new();
    let mut case = Case::statement(&authority);
    say(&authority, &mut case, |statement| {
        let other = json!({"name": "other", "digest": {"sha256": "0".repeat(64), "blake3": "00"}});
        statement["subject"].as_array_mut().unwrap().insert(0, other);
    });
    case.verified();
}

fn message(case: &mut Case) -> &mut Value {
    &mut case.bundle["messageSignature"]
}

fn envelope(case: &mut Case) -> &mut Value {
    &mut case.bundle["dsseEnvelope"]
}

fn other_signature(authority: &Authority, case: &mut Case) {
    let other = Case::new(authority, Content::Message(b"left-pad 1.3.1"), &Recipe::default());
    message(case)["signature"] = other.bundle["messageSignature"]["signature"].clone();
}

fn payload(case: &mut Case, change: fn(&str) -> String) {
    let text = String::from_utf8(bytes(&envelope(case)["payload"])).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text);
    envelope(case)["payload"] = base64(changed);
}

fn digest_of_another(text: &str) -> String {
    text.replace(&hex::encode(sha256(ARTIFACT)), &hex::encode(sha256(b"left-pad 1.3.1")))
}

fn two(case: &mut Case) {
    let signatures = envelope(case)["signatures"].as_array_mut().unwrap();
    signatures.push(signatures[0].clone());
}

/// As if the envelope's type did not matter.
fn payload_alone(authority: &Authority, case: &mut Case) {
    let signer = authority.signer(&workflow());
    case.bundle = authority.bundle(&signer, Content::Statement(&statement(ARTIFACT)), &Recipe::default());
    envelope(case)["signatures"][0]["sig"] = base64(signer.key.sign(statement(ARTIFACT).as_bytes()));
}

fn say(authority: &Authority, case: &mut Case, change: fn(&mut Value)) {
    let mut said: Value = serde_json::from_str(&statement(ARTIFACT)).unwrap();
    change(&mut said);
    text(authority, case, &said.to_string());
}

fn text(authority: &Authority, case: &mut Case, said: &str) {
    let signer = authority.signer(&workflow());
    case.bundle = authority.bundle(&signer, Content::Statement(said), &Recipe::default());
}

fn digest(statement: &mut Value, digest: Value) {
    statement["subject"][0]["digest"] = digest;
}

/// The statement with `more` before `at`.
fn twice(at: &str, more: &str) -> String {
    let text = statement(ARTIFACT);
    let place = text.find(at).unwrap();
    format!("{}{more}{}", &text[..place], &text[place..])
}
