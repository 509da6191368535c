//! Bundles signed by a key and logged in a log of our own: the honest one, and what an attacker makes of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod honest;
mod log;

use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_authority::{Authority, Identity};
use lockgate_signature::bundle::Verified;
use lockgate_signature::{
    Error,
    bundle::{Artifact, Expected, Instance, MOST_BUNDLE, MOST_ROOT, PublicKey, Rejection, Verification, Verifier},
};
use log::{Key, LOGGED, Log};
use serde_json::{Value, json};
use std::{ffi::OsStr, fs};

const ARTIFACT: &[u8] = b"left-pad 1.3.0";
const WORKFLOW: &str = "https://forge.example.test/owner/project/.github/workflows/release.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.example.test";

fn workflow() -> Identity {
    Identity::workflow("https://forge.example.test/owner/project")
}

fn by_workflow() -> Expected {
    Expected::Identity { identity: WORKFLOW.into(), issuer: ISSUER.into() }
}

fn expected(key: &lockgate_authority::Key) -> Expected {
    Expected::Key(PublicKey::from_pem("key.pub", &key.pem()).unwrap())
}

fn statement(artifact: &[u8]) -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": hex::encode(lockgate_authority::sha256(artifact))}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    })
    .to_string()
}

fn verified_by(authority: &Authority, bundle: &Value, expected: &Expected) -> Verified {
    let verifier = Verifier::from_root("root.json", authority.trusted_root().to_string().as_bytes()).unwrap();
    match verifier.verify(bundle.to_string().as_bytes(), &Artifact::Bytes(ARTIFACT.to_vec()), expected).unwrap() {
        Verification::Verified(verified) => verified,
        Verification::Rejected(reason) => panic!("rejected: {reason}"),
    }
}

fn verify(log: &Log, bundle: &Value, artifact: &[u8], expected: &Expected) -> Verification {
    verify_text(log, bundle.to_string().as_bytes(), artifact, expected)
}

fn verify_text(log: &Log, bundle: &[u8], artifact: &[u8], expected: &Expected) -> Verification {
    log.verifier().verify(bundle, &Artifact::Bytes(artifact.to_vec()), expected).unwrap()
}

fn rejection(verification: Verification) -> Rejection {
    match verification {
        Verification::Rejected(rejection) => rejection,
        Verification::Verified(verified) => panic!("accepted: {verified:?}"),
    }
}

fn assert_verified(verification: &Verification) {
    assert!(matches!(verification, Verification::Verified(_)), "{verification:?}");
}

/// The variant's name, without what is in it.
fn reason(rejection: &Rejection) -> String {
    format!("{rejection:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()
}

#[test]
fn an_honest_message_signature_is_verified() {
    let (log, key) = (Log::new(), Key::new());
    let bundle = log::message(&log, &key, ARTIFACT);
    let Verification::Verified(verified) = verify(&log, &bundle, ARTIFACT, &key.expected()) else {
        panic!("rejected");
    };
    assert_eq!(verified.identity(), None, "a key names nobody");
    assert_eq!(verified.issuer(), None);
    assert_eq!(verified.signed_at().unwrap().timestamp(), LOGGED);
}

#[test]
fn an_honest_statement_is_verified() {
    let (log, key) = (Log::new(), Key::new());
    let bundle = log::statement(&log, &key, ARTIFACT);
    let Verification::Verified(verified) = verify(&log, &bundle, ARTIFACT, &key.expected()) else {
        panic!("rejected");
    };
    assert_eq!(verified.signed_at(), None, "such an entry has no time");
}

#[test]
fn bytes_digest_and_files_of_any_size_are_the_same_artifact() {
    let (log, key) = (Log::new(), Key::new());
    let folder = tempfile::tempdir().unwrap();
    for size in [0, 1000, (16 << 20) + 1] {
        let content = vec![7; size];
        let path = folder.path().join("artifact");
        fs::write(&path, &content).unwrap();
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&content).into();
        let bundle = log::message(&log, &key, &content).to_string();
        for artifact in [Artifact::Bytes(content), Artifact::Sha256(digest), Artifact::File(path.clone())] {
            assert_verified(&log.verifier().verify(bundle.as_bytes(), &artifact, &key.expected()).unwrap());
        }
        fs::write(&path, vec![8; size.max(1)]).unwrap();
        let other = log.verifier().verify(bundle.as_bytes(), &Artifact::File(path), &key.expected()).unwrap();
        assert_eq!(reason(&rejection(other)), "OtherArtifact");
    }
}

/// What is done to an honest bundle, and the reason for which it is rejected then.
type Forgery = (&'static str, fn(&mut Value), &'static str);

fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

/// Flips a bit in the middle of what is there in base64.
fn flip(text: &mut Value) {
    let mut bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *text = STANDARD.encode(bytes).into();
}

fn unsigned(bundle: &mut Value) {
    bundle.as_object_mut().unwrap().retain(|name, _| name != "messageSignature" && name != "dsseEnvelope");
}

fn remove(of: &mut Value, name: &str) {
    of.as_object_mut().unwrap().remove(name).unwrap();
}

/// Of either kind of content.
const FORGERIES: [Forgery; 11] = [
    ("no signature", unsigned, "Malformed"),
    ("no material", |b| remove(b, "verificationMaterial"), "Malformed"),
    ("a version to come", |b| b["mediaType"] = "application/vnd.dev.sigstore.bundle.v9+json".into(), "Malformed"),
    ("no log entry", |b| b["verificationMaterial"]["tlogEntries"] = json!([]), "NoInclusionProof"),
    ("no proof", |b| remove(entry(b), "inclusionProof"), "NoInclusionProof"),
    ("no checkpoint", |b| remove(&mut entry(b)["inclusionProof"], "checkpoint"), "NoInclusionProof"),
    ("another checkpoint", |b| checkpoint(b, |text| text.replace("\n1\n", "\n2\n")), "NotInLog"),
    ("another origin", |b| checkpoint(b, |text| text.replacen("log.", "gol.", 1)), "NotInLog"),
    ("another entry", |b| flip(&mut entry(b)["canonicalizedBody"]), "NotInLog"),
    ("a negative index", |b| entry(b)["logIndex"] = "-1".into(), "Malformed"),
    ("another kind of entry", |b| entry(b)["kindVersion"]["version"] = "0.0.9".into(), "Malformed"),
];

/// Of a signature over the artifact.
const MESSAGE: [Forgery; 8] = [
    ("another digest", |b| flip(&mut b["messageSignature"]["messageDigest"]["digest"]), "OtherArtifact"),
    ("another signature", |b| flip(&mut b["messageSignature"]["signature"]), "Signature"),
    ("an empty signature", |b| b["messageSignature"]["signature"] = "".into(), "Signature"),
    ("no signature bytes", |b| remove(&mut b["messageSignature"], "signature"), "Malformed"),
    ("another time", |b| entry(b)["integratedTime"] = (LOGGED - 86400).to_string().into(), "NotInLog"),
    ("another promise", |b| flip(&mut entry(b)["inclusionPromise"]["signedEntryTimestamp"]), "NotInLog"),
    ("another root", |b| flip(&mut entry(b)["inclusionProof"]["rootHash"]), "NotInLog"),
    ("an index beyond the tree", |b| entry(b)["inclusionProof"]["logIndex"] = "5".into(), "NotInLog"),
];

/// Of a statement in an envelope.
const STATEMENT: [Forgery; 6] = [
    ("no statement", |b| b["dsseEnvelope"]["payload"] = STANDARD.encode("[]").into(), "Malformed"),
    ("another predicate", alter_predicate, "Signature"),
    ("another type", |b| b["dsseEnvelope"]["payloadType"] = "text/plain".into(), "Unsupported"),
    ("another signature", |b| flip(&mut b["dsseEnvelope"]["signatures"][0]["sig"]), "Signature"),
    ("no signature in it", |b| b["dsseEnvelope"]["signatures"] = json!([]), "Malformed"),
    (
        "two signatures",
        |b| {
            let twice = b["dsseEnvelope"]["signatures"][0].clone();
            b["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(twice);
        },
        "Malformed",
    ),
];

fn checkpoint(bundle: &mut Value, change: fn(&str) -> String) {
    let text = &mut entry(bundle)["inclusionProof"]["checkpoint"]["envelope"];
    *text = change(text.as_str().unwrap()).into();
}

fn alter_predicate(bundle: &mut Value) {
    let payload = &mut bundle["dsseEnvelope"]["payload"];
    let text = String::from_utf8(STANDARD.decode(payload.as_str().unwrap()).unwrap()).unwrap();
    *payload = STANDARD.encode(text.replace("provenance/v1", "provenance/v2")).into();
}

#[test]
fn each_forgery_is_rejected_for_its_own_reason() {
    let (log, key) = (Log::new(), Key::new());
    type Make = fn(&Log, &Key, &[u8]) -> Value;
    for (make, own) in [(log::message as Make, &MESSAGE[..]), (log::statement as Make, &STATEMENT[..])] {
        for (what, forge, expected) in FORGERIES.iter().chain(own) {
            let mut bundle = make(&log, &key, ARTIFACT);
            assert_verified(&verify(&log, &bundle, ARTIFACT, &key.expected()));
            forge(&mut bundle);
            let rejected = rejection(verify(&log, &bundle, ARTIFACT, &key.expected()));
            assert_eq!(reason(&rejected), *expected, "{what}: {rejected}");
        }
    }
}

#[test]
fn another_artifact_is_rejected_whatever_it_is_named_by() {
    let (log, key) = (Log::new(), Key::new());
    let altered = b"left-pad 1.3.1";
    let digest = <sha2::Sha256 as sha2::Digest>::digest(altered).into();
    for bundle in [log::message(&log, &key, ARTIFACT), log::statement(&log, &key, ARTIFACT)] {
        for artifact in [Artifact::Bytes(altered.to_vec()), Artifact::Sha256(digest)] {
            let rejected = log.verifier().verify(bundle.to_string().as_bytes(), &artifact, &key.expected()).unwrap();
            assert_eq!(reason(&rejection(rejected)), "OtherArtifact");
        }
    }
}

/// The attacker has a key of their own and a log that takes everything in, as the public one does.
#[test]
fn another_key_is_rejected() {
    let (log, key, attacker) = (Log::new(), Key::new(), Key::new());
    for make in [log::message, log::statement] {
        let bundle = make(&log, &attacker, ARTIFACT);
        assert_verified(&verify(&log, &bundle, ARTIFACT, &attacker.expected()));
        assert_eq!(rejection(verify(&log, &bundle, ARTIFACT, &key.expected())), Rejection::OtherKey);
    }
}

/// The log holds another signature: over the same artifact, over another one, by another key.
#[test]
fn an_entry_vouches_for_its_own_signature_alone() {
    let (log, key, other) = (Log::new(), Key::new(), Key::new());
    for make in [log::message, log::statement] {
        for mut logged in [make(&log, &key, ARTIFACT), make(&log, &key, b"another"), make(&log, &other, ARTIFACT)] {
            let mut bundle = make(&log, &key, ARTIFACT);
            *entry(&mut bundle) = entry(&mut logged).clone();
            let rejected = rejection(verify(&log, &bundle, ARTIFACT, &key.expected()));
            assert_eq!(reason(&rejected), "OtherEntry", "{rejected}");
        }
    }
}

#[test]
fn a_log_that_is_not_in_the_trusted_root_vouches_for_nothing() {
    let (log, other, key) = (Log::new(), Log::new(), Key::new());
    for make in [log::message, log::statement] {
        let bundle = make(&other, &key, ARTIFACT);
        assert_verified(&verify(&other, &bundle, ARTIFACT, &key.expected()));
        assert_eq!(reason(&rejection(verify(&log, &bundle, ARTIFACT, &key.expected()))), "UnknownLog");
    }
}

#[test]
fn a_statement_that_names_nothing_is_rejected() {
    let (log, key) = (Log::new(), Key::new());
    let payload = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"p","predicate":{}}"#;
    let rejected = rejection(verify(&log, &log::envelope(&log, &key, payload), ARTIFACT, &key.expected()));
    assert_eq!(reason(&rejected), "Malformed", "{rejected}");
}

#[test]
fn a_key_is_no_identity() {
    let (log, key) = (Log::new(), Key::new());
    let bundle = log::message(&log, &key, ARTIFACT);
    let expected = Expected::Identity { identity: "release key".into(), issuer: "https://issuer.example.test".into() };
    assert_eq!(rejection(verify(&log, &bundle, ARTIFACT, &expected)), Rejection::NoCertificate);
}

#[test]
fn a_bundle_cut_short_anywhere_is_malformed() {
    let (log, key) = (Log::new(), Key::new());
    let text = log::message(&log, &key, ARTIFACT).to_string();
    for end in (0..text.len()).step_by(97) {
        let rejected = rejection(verify_text(&log, &text.as_bytes()[..end], ARTIFACT, &key.expected()));
        assert_eq!(reason(&rejected), "Malformed", "{end} bytes: {rejected}");
    }
}

#[test]
fn what_a_bundle_says_is_quoted_short_and_without_control_characters() {
    let (log, key) = (Log::new(), Key::new());
    let mut bundle = log::message(&log, &key, ARTIFACT);
    bundle["mediaType"] = format!("\u{1b}[2K\n{}", "a".repeat(1 << 20)).into();
    let said = rejection(verify(&log, &bundle, ARTIFACT, &key.expected())).to_string();
    assert!(said.contains("\u{fffd}[2K\u{fffd}aaa") && said.ends_with('…'), "{said}");
    assert!(said.len() < 500, "{} bytes", said.len());
}

#[test]
fn what_is_too_large_is_refused_with_the_figure() {
    let (log, key) = (Log::new(), Key::new());
    let mut text = log::message(&log, &key, ARTIFACT).to_string().into_bytes();
    text.resize(MOST_BUNDLE, b' ');
    assert_verified(&verify_text(&log, &text, ARTIFACT, &key.expected()));
    text.push(b' ');
    let rejected = rejection(verify_text(&log, &text, ARTIFACT, &key.expected()));
    assert_eq!(rejected.to_string(), "the bundle is larger than 16777216 bytes");
    let error = Verifier::from_root("root.json", &vec![b' '; MOST_ROOT + 1]).unwrap_err();
    assert!(matches!(error, Error::RootTooLarge { .. }), "{error}");
    assert!(error.to_string().contains("16777216 bytes"), "{error}");
}

#[test]
fn what_the_operator_names_must_be_of_use() {
    let log = Log::new();
    let mut root = log.root();
    remove(&mut root["tlogs"][0]["publicKey"]["validFor"], "start");
    for broken in [root.to_string().as_str(), "{}", "", "\u{0}"] {
        let error = Verifier::from_root("root.json", broken.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::BadRoot { .. }), "{error}");
    }
    let private = Key::new().pem().replace("PUBLIC", "PRIVATE");
    for broken in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &private] {
        let error = PublicKey::from_pem("key.pub", broken).unwrap_err();
        assert!(matches!(error, Error::BadKey { .. }), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    let bundle = log::message(&log, &key, ARTIFACT).to_string();
    let absent = Artifact::File(folder.path().join("absent"));
    let error = log.verifier().verify(bundle.as_bytes(), &absent, &key.expected()).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}

#[test]
fn the_embedded_roots_are_of_use() {
    let (log, key) = (Log::new(), Key::new());
    let bundle = log::message(&log, &key, ARTIFACT).to_string();
    for instance in [Instance::Production, Instance::Staging] {
        let verifier = Verifier::embedded(instance).unwrap();
        let answer = verifier.verify(bundle.as_bytes(), &Artifact::Bytes(ARTIFACT.into()), &key.expected()).unwrap();
        assert_eq!(reason(&rejection(answer)), "UnknownLog", "it knows other logs than ours");
    }
}

#[test]
fn an_argument_is_a_digest_or_else_a_file() {
    let digits = "a".repeat(64);
    let named = |text: &str| Artifact::named(OsStr::new(text));
    assert!(matches!(named(&format!("sha256:{digits}")), Artifact::Sha256(digest) if digest == [0xaa; 32]));
    for file in [digits.as_str(), "sha256:", "sha256:aa", &format!("sha256:{digits}a"), &format!("sha512:{digits}")] {
        assert!(matches!(named(file), Artifact::File(path) if path.as_os_str() == file), "{file}");
    }
}

/// Blind mutations: none makes the signature hold for another artifact or another key, and none panics.
#[test]
fn mutations_are_never_accepted_for_something_else() {
    let (log, key, other) = (Log::new(), Key::new(), Key::new());
    let verifier = log.verifier();
    let seeds = [log::message(&log, &key, ARTIFACT), log::statement(&log, &key, ARTIFACT)];
    let seeds = seeds.map(|bundle| bundle.to_string().into_bytes());
    lockgate_hostile::mutate(200, &seeds, |bundle| {
        let artifact = Artifact::Bytes(ARTIFACT.to_vec());
        let altered = Artifact::Bytes(b"left-pad 1.3.1".to_vec());
        let _ = verifier.verify(bundle, &artifact, &key.expected()).unwrap();
        rejection(verifier.verify(bundle, &altered, &key.expected()).unwrap());
        rejection(verifier.verify(bundle, &artifact, &other.expected()).unwrap());
    });
}
