//! What the operator names: artifacts, keys and roots.

use crate::{ARTIFACT, Case, by_key, reason, rejection};
use lockgate_authority::{Authority, Content, Key, Recipe, Signer, sha256};
use lockgate_signature::{
    Error,
    bundle::{Artifact, Instance, PublicKey, Verification, Verifier},
};
use std::{ffi::OsStr, fs};

#[test]
fn bytes_digest_and_files_of_any_size_are_the_same_artifact() {
    let (authority, key) = (Authority::new(), Key::new());
    let verifier = Verifier::from_root("root.json", authority.trusted_root().to_string().as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for size in [0, 1000, (16 << 20) + 1] {
        let content = vec![7; size];
        let path = folder.path().join("artifact");
        fs::write(&path, &content).unwrap();
        let signer = Signer::with_key(key.clone(), "");
        let bundle = authority.bundle(&signer, Content::Message(&content), &Recipe::default()).to_string();
        let digest = sha256(&content);
        for artifact in [Artifact::Bytes(content), Artifact::Sha256(digest), Artifact::File(path.clone())] {
            let answer = verifier.verify(bundle.as_bytes(), &artifact, &by_key(&key)).unwrap();
            assert!(matches!(answer, Verification::Verified(_)), "{answer:?}");
        }
        fs::write(&path, vec![8; size.max(1)]).unwrap();
        let other = verifier.verify(bundle.as_bytes(), &Artifact::File(path), &by_key(&key)).unwrap();
        assert_eq!(reason(&rejection(other)), "OtherArtifact");
    }
}

#[test]
fn another_artifact_is_rejected_whatever_it_is_named_by() {
    let authority = Authority::new();
    let altered = b"left-pad 1.3.1";
    for case in [Case::message(&authority), Case::statement(&authority), Case::second(&authority)] {
        for artifact in [Artifact::Bytes(altered.to_vec()), Artifact::Sha256(sha256(altered))] {
            let bundle = case.bundle.to_string();
            let answer = case.verifier().verify(bundle.as_bytes(), &artifact, &case.expected).unwrap();
            assert_eq!(reason(&rejection(answer)), "OtherArtifact");
        }
    }
}

#[test]
fn what_the_operator_names_must_be_of_use() {
    let authority = Authority::new();
    let mut root = authority.trusted_root();
    root["tlogs"][0]["publicKey"]["validFor"].as_object_mut().unwrap().remove("start").unwrap();
    for broken in [root.to_string().as_str(), "{}", "", "\u{0}"] {
        let error = Verifier::from_root("root.json", broken.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::BadRoot { .. }), "{error}");
    }
    let private = Key::new().pem().replace("PUBLIC", "PRIVATE");
    for broken in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &private] {
        let error = PublicKey::from_pem("key.pub", broken).unwrap_err();
        assert!(matches!(error, Error::BadKey { .. }), "{error}");
    }
    let case = Case::message(&authority);
    let absent = Artifact::File(tempfile::tempdir().unwrap().path().join("absent"));
    let error = case.verifier().verify(case.bundle.to_string().as_bytes(), &absent, &case.expected).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
}

#[test]
fn the_embedded_roots_are_of_use() {
    let case = Case::keyed(&Authority::new(), Content::Message(ARTIFACT), &Recipe::default());
    for instance in [Instance::Production, Instance::Staging] {
        let verifier = Verifier::embedded(instance).unwrap();
        let artifact = Artifact::Bytes(ARTIFACT.into());
        let answer = verifier.verify(case.bundle.to_string().as_bytes(), &artifact, &case.expected).unwrap();
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
