//! That the log's entry is about this very signature (CVE-2022-36056 was its absence). All entries are really in the log.

use super::{Forgery, base64, entry, rejected};
use crate::{ARTIFACT, Case, statement, workflow};
use lockgate_authority::{
    Authority, Content, Identity, Key, Kind, Material, NEW_YEAR, Recipe, Signer, certificate::Template, log::Log,
};
use serde_json::{Value, json};

/// An entry's body, altered and then logged.
type Alter = fn(&mut Value);

const LOGGED: i64 = NEW_YEAR + 60;

const HASHED: [Forgery; 10] = [
    (
        "another signature",
        |a, case| log(a, case, |b| put(b, "/spec/signature/content", base64("another"))),
        "OtherEntry",
    ),
    (
        "another digest",
        |a, case| log(a, case, |b| put(b, "/spec/data/hash/value", "0".repeat(64).into())),
        "OtherEntry",
    ),
    ("a digest cut short", |a, case| log(a, case, |b| put(b, "/spec/data/hash/value", "00".into())), "Malformed"),
    ("another certificate", other_certificate, "OtherEntry"),
    ("another certificate for the same key", same_key, "OtherEntry"),
    ("a key in the certificate's place", key_alone, "Malformed"),
    ("no key", |a, case| log(a, case, |b| put(b, "/spec/signature/publicKey/content", "".into())), "Malformed"),
    ("a body that says nothing", |a, case| log(a, case, |b| *b = json!({})), "Malformed"),
    ("a body of the second generation", second_body, "Malformed"),
    ("an entry for an envelope", |a, case| kind(a, case, Kind::Dsse), "Unsupported"),
];

const SECOND: [Forgery; 8] = [
    (
        "another signature",
        |a, case| log2(a, case, |b| put(b, &v2("signature/content"), base64("another"))),
        "OtherEntry",
    ),
    ("another digest", |a, case| log2(a, case, |b| put(b, &v2("data/digest"), base64([0; 32]))), "OtherEntry"),
    ("a digest cut short", |a, case| log2(a, case, |b| put(b, &v2("data/digest"), base64([0; 31]))), "Malformed"),
    (
        "a digest of another kind",
        |a, case| log2(a, case, |b| put(b, &v2("data/algorithm"), "SHA2_512".into())),
        "Unsupported",
    ),
    ("another certificate", |a, case| log2(a, case, |b| put(b, CERTIFICATE_2, base64("another"))), "OtherEntry"),
    (
        "no certificate",
        |a, case| {
            log2(a, case, |b| put(b, &v2("signature/verifier"), json!({"keyDetails": "PKIX_ECDSA_P256_SHA_256"})))
        },
        "OtherEntry",
    ),
    (
        "a key of another kind",
        |a, case| log2(a, case, |b| put(b, &v2("signature/verifier/keyDetails"), "PKIX_ED25519".into())),
        "Malformed",
    ),
    ("an entry for an envelope", |a, case| kind(a, case, Kind::InToto), "Unsupported"),
];
const CERTIFICATE_2: &str = "/spec/hashedRekordV002/signature/verifier/x509Certificate/rawBytes";

const DSSE: [Forgery; 9] = [
    (
        "another signature",
        |a, case| log(a, case, |b| put(b, "/spec/signatures/0/signature", base64("another"))),
        "OtherEntry",
    ),
    (
        "another payload",
        |a, case| log(a, case, |b| put(b, "/spec/payloadHash/value", "0".repeat(64).into())),
        "OtherEntry",
    ),
    (
        "a digest of another kind",
        |a, case| log(a, case, |b| put(b, "/spec/payloadHash/algorithm", "sha512".into())),
        "Unsupported",
    ),
    ("no signature", |a, case| log(a, case, |b| put(b, "/spec/signatures", json!([]))), "OtherEntry"),
    ("two signatures", |a, case| log(a, case, |b| twice(b, "/spec/signatures")), "OtherEntry"),
    ("another certificate", other_certificate, "OtherEntry"),
    ("another certificate for the same key", same_key, "OtherEntry"),
    ("an entry of a kind that was given up", |a, case| kind(a, case, Kind::DsseSecond), "Unsupported"),
    ("an entry for a message", |a, case| kind(a, case, Kind::Hashed), "Unsupported"),
];

const IN_TOTO: [Forgery; 8] = [
    (
        "another signature",
        |a, case| log(a, case, |b| put(b, &envelope("signatures/0/sig"), base64("YW5vdGhlcg=="))),
        "OtherEntry",
    ),
    (
        "another payload",
        |a, case| log(a, case, |b| put(b, "/spec/content/payloadHash/value", "0".repeat(64).into())),
        "OtherEntry",
    ),
    ("another type", |a, case| log(a, case, |b| put(b, &envelope("payloadType"), "text/plain".into())), "OtherEntry"),
    (
        "a digest of another kind",
        |a, case| log(a, case, |b| put(b, "/spec/content/payloadHash/algorithm", "sha512".into())),
        "Unsupported",
    ),
    ("two signatures", |a, case| log(a, case, |b| twice(b, "/spec/content/envelope/signatures")), "OtherEntry"),
    ("another certificate", other_certificate, "OtherEntry"),
    ("another certificate for the same key", same_key, "OtherEntry"),
    ("a key in the certificate's place", key_alone, "OtherEntry"),
];

#[test]
fn entries_about_something_else_are_rejected() {
    rejected(Case::message, &HASHED);
    rejected(Case::second, &SECOND);
    rejected(Case::statement, &DSSE);
    rejected(Case::promised, &IN_TOTO);
}

/// What the log holds is about the same content by the same signer, another time: ECDSA never signs twice alike.
#[test]
fn an_entry_is_about_one_signature() {
    let authority = Authority::new();
    let signer = authority.signer(&workflow());
    let text = statement(ARTIFACT);
    for (content, recipe) in [
        (Content::Message(ARTIFACT), Recipe::default()),
        (Content::Message(ARTIFACT), Recipe::second()),
        (Content::Statement(&text), Recipe::default()),
        (Content::Statement(&text), Recipe::second()),
        (Content::Statement(&text), Recipe::promised()),
    ] {
        let mut case = Case::signed_by(&authority, &signer, content, &recipe);
        case.verified();
        let again = Case::signed_by(&authority, &signer, content, &recipe);
        *entry(&mut case) = again.bundle["verificationMaterial"]["tlogEntries"][0].clone();
        assert_eq!(crate::reason(&case.rejected()), "OtherEntry", "{recipe:?}");
    }
}

fn v2(path: &str) -> String {
    format!("/spec/hashedRekordV002/{path}")
}

fn envelope(path: &str) -> String {
    format!("/spec/content/envelope/{path}")
}

fn put(body: &mut Value, path: &str, value: Value) {
    *body.pointer_mut(path).unwrap() = value;
}

fn twice(body: &mut Value, path: &str) {
    let list = body.pointer_mut(path).unwrap().as_array_mut().unwrap();
    list.push(list[0].clone());
}

fn body(case: &mut Case) -> Value {
    serde_json::from_slice(&super::bytes(&entry(case)["canonicalizedBody"])).unwrap()
}

/// Logs another body in the place of the honest one, with all proofs.
fn log(authority: &Authority, case: &mut Case, alter: Alter) {
    relog(&authority.log, case, alter);
}

fn log2(authority: &Authority, case: &mut Case, alter: Alter) {
    relog(&authority.second, case, alter);
}

fn relog(log: &Log, case: &mut Case, alter: impl FnOnce(&mut Value)) {
    let mut body = body(case);
    alter(&mut body);
    let names = entry(case)["kindVersion"].clone();
    let mut logged = log.enter(Kind::Hashed, &body, LOGGED);
    logged["kindVersion"] = names;
    *entry(case) = logged;
}

/// Who signed, as far as a body says: the certificate of the bundle, or another.
fn relog_as(authority: &Authority, case: &mut Case, pem: &str) {
    let pem = base64(pem);
    relog(&authority.log, case, |body| {
        let places = [
            "/spec/signature/publicKey/content",
            "/spec/signatures/0/verifier",
            "/spec/content/envelope/signatures/0/publicKey",
        ];
        for path in places {
            if let Some(place) = body.pointer_mut(path) {
                *place = pem.clone();
            }
        }
    });
}

fn other_certificate(authority: &Authority, case: &mut Case) {
    let Material::Certificates(chain) = authority.signer(&workflow()).material else { unreachable!() };
    relog_as(authority, case, &lockgate_authority::certificate::to_pem(&chain[0]));
}

/// Who has a key can get certificates for it under several names: the log must show the name that the bundle does, or who
/// watches the log for their name is fooled.
fn same_key(authority: &Authority, case: &mut Case) {
    let key = Key::new();
    let by = |identity: &Identity| authority.certify(&Template::leaf(identity, NEW_YEAR), &key);
    let (shown, logged) = (by(&workflow()), by(&Identity::email("nobody@example.test")));
    let signer = Signer::with_certificates(key.clone(), vec![shown]);
    let (content, recipe) = again(case);
    case.bundle = authority.bundle(&signer, content.as_content(), &recipe);
    case.verified();
    relog_as(authority, case, &lockgate_authority::certificate::to_pem(&logged));
}

fn key_alone(authority: &Authority, case: &mut Case) {
    let signer = authority.signer(&workflow());
    let (content, recipe) = again(case);
    case.bundle = authority.bundle(&signer, content.as_content(), &recipe);
    relog_as(authority, case, &signer.key.pem());
}

enum Again {
    Message,
    Statement(String),
}

impl Again {
    fn as_content(&self) -> Content<'_> {
        match self {
            Self::Message => Content::Message(ARTIFACT),
            Self::Statement(text) => Content::Statement(text),
        }
    }
}

/// What to sign, and how, for the same kind of bundle.
fn again(case: &mut Case) -> (Again, Recipe) {
    let promised = entry(case)["kindVersion"]["kind"] == "intoto";
    let recipe = if promised { Recipe::promised() } else { Recipe::default() };
    let message = case.bundle.get("messageSignature").is_some();
    (if message { Again::Message } else { Again::Statement(statement(ARTIFACT)) }, recipe)
}

fn second_body(authority: &Authority, case: &mut Case) {
    let mut second = Case::second(authority);
    let other = body(&mut second);
    relog(&authority.log, case, |body| *body = other);
}

/// An entry of another kind about the same signature.
fn kind(authority: &Authority, case: &mut Case, kind: Kind) {
    let signer = authority.signer(&workflow());
    let content = again(case).0;
    let recipe = Recipe { kind: Some(kind), ..Recipe::default() };
    case.bundle = authority.bundle(&signer, content.as_content(), &recipe);
}
