//! Known-good, known-bad, absent, unavailable.

use super::*;
use crate::{
    FirstSeen,
    fixtures::{fetched, inputs, published_file, tarball, upstream},
};
use chrono::DateTime;
use lockgate_model::{DigestAlgorithm, Ecosystem, PublishedFileKind};
use serde_json::{Value, json};

const FILE: &str = "example-1.1.0.tgz";

fn artifact() -> FetchedArtifact {
    fetched(FILE, PublishedFileKind::NpmTarball, tarball(&[("package/index.js", "1")]))
}

fn sha512(artifact: &FetchedArtifact) -> Digest {
    Digest::of(DigestAlgorithm::Sha512, &artifact.bytes)
}

fn facts(inputs: &Inputs) -> ChecksumFacts {
    match Checksum.collect(inputs).unwrap() {
        Observation::Observed { facts } => serde_json::from_value(facts).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn types(facts: &ChecksumFacts) -> Vec<String> {
    let Value::Array(findings) = json!(facts.findings) else { panic!() };
    findings.iter().map(|f| f["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn bytes_as_locked_and_listed_are_verified() {
    let artifact = artifact();
    let pin = sha512(&artifact);
    let facts = facts(&inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, pin)]));
    assert_eq!(facts.findings, []);
    assert_eq!(facts.verified, [FILE]);
    assert_eq!(
        json!(facts.artifacts),
        json!([{"file": FILE, "sha256": artifact.digest, "bytes": artifact.bytes.len(), "findings": []}])
    );
}

#[test]
fn an_exchanged_artifact_is_told_apart_by_who_disagrees() {
    let (artifact, other) = (artifact(), Digest::sha256(b"other"));
    // The lockfile was edited.
    let edited = facts(&inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, other.clone())]));
    assert_eq!(types(&edited), ["locked_differs_from_registry", "locked_differs_from_bytes"]);
    assert_eq!((edited.verified.len(), edited.artifacts[0].findings.len()), (0, 2));

    // The delivered bytes were exchanged: lockfile and list agree.
    let mut exchanged = artifact.clone();
    exchanged.file.digests = vec![other.clone()];
    let found = facts(&inputs(Ecosystem::Npm, vec![exchanged.clone()], &[(None, other)]));
    assert_eq!(types(&found), ["locked_differs_from_bytes", "registry_differs_from_bytes"]);

    // The list is wrong: lockfile and bytes agree.
    let pin = artifact.digest.clone();
    let found = facts(&inputs(Ecosystem::Npm, vec![exchanged], &[(None, pin)]));
    assert_eq!(types(&found), ["locked_differs_from_registry", "registry_differs_from_bytes"]);
    assert_eq!(found.verified, Vec::<String>::new());
}

#[test]
fn algorithms_are_never_held_against_each_other() {
    let mut artifact = artifact();
    let pin = sha512(&artifact);
    artifact.file.digests = vec![Digest::of(DigestAlgorithm::Sha1, &artifact.bytes)];
    let facts = facts(&inputs(Ecosystem::Npm, vec![artifact], &[(None, pin)]));
    assert_eq!((facts.findings.len(), facts.verified.len()), (0, 1));
}

#[test]
fn any_digest_of_one_algorithm_may_match_and_each_algorithm_must() {
    let artifact = artifact();
    let (right, wrong) = (artifact.digest.clone(), Digest::sha256(b"other"));
    let any = facts(&inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, wrong.clone()), (None, right)]));
    assert_eq!((any.findings.len(), any.verified.len()), (0, 1));
    let each = facts(&inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, wrong), (None, sha512(&artifact))]));
    assert_eq!((types(&each).len(), each.verified.len()), (2, 0));
}

#[test]
fn weak_and_missing_pins_are_findings() {
    let artifact = artifact();
    let sha1 = Digest::of(DigestAlgorithm::Sha1, &artifact.bytes);
    let weak = facts(&inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, sha1)]));
    assert_eq!((types(&weak), weak.verified.len()), (vec!["weak_digest_only".to_owned()], 0));
    let missing = facts(&inputs(Ecosystem::Npm, vec![artifact], &[]));
    assert_eq!((types(&missing), missing.verified.len()), (vec!["no_locked_digest".to_owned()], 0));
}

fn wheel(name: &str, content: &str) -> FetchedArtifact {
    fetched(name, PublishedFileKind::Sdist, tarball(&[("example-1.1.0/a.py", content)]))
}

#[test]
fn named_files_that_were_not_fetched_are_held_against_the_list() {
    let sdist = wheel("example-1.1.0.tar.gz", "1");
    let (linux, gone) = (Digest::sha256(b"linux"), Digest::sha256(b"gone"));
    let pins = [
        (Some("example-1.1.0.tar.gz"), sdist.digest.clone()),
        (Some("example-linux.whl"), linux.clone()),
        (Some("example-gone.whl"), gone),
    ];
    let mut inputs = inputs(Ecosystem::Pypi, vec![sdist], &pins);
    let listed = |digest| published_file("example-linux.whl", PublishedFileKind::Wheel, vec![digest]);
    inputs.published.as_mut().unwrap().files.push(listed(linux));
    let found = facts(&inputs);
    assert_eq!(types(&found), ["locked_file_unknown_to_registry"]);
    assert_eq!(found.verified, ["example-1.1.0.tar.gz"]);

    inputs.published.as_mut().unwrap().files[1] = listed(Digest::sha256(b"exchanged"));
    assert_eq!(types(&facts(&inputs)), ["locked_differs_from_registry", "locked_file_unknown_to_registry"]);

    inputs.published.as_mut().unwrap().files[1].digests.clear();
    assert_eq!(types(&facts(&inputs)), ["locked_file_unknown_to_registry", "not_verified_file"]);
}

#[test]
fn unnamed_pins_are_a_set() {
    let (sdist, wheel) = (wheel("example-1.1.0.tar.gz", "1"), wheel("example.whl", "2"));
    let both = vec![sdist.clone(), wheel.clone()];
    let one = facts(&inputs(Ecosystem::Pypi, both.clone(), &[(None, wheel.digest.clone())]));
    assert_eq!((one.findings.len(), one.verified), (0, vec!["example.whl".to_owned()]));

    let more = facts(&inputs(Ecosystem::Pypi, both.clone(), &[(None, wheel.digest), (None, Digest::sha256(b"gone"))]));
    assert_eq!(types(&more), ["locked_file_unknown_to_registry"]);

    let none = facts(&inputs(Ecosystem::Pypi, both, &[(None, Digest::sha256(b"gone"))]));
    assert_eq!((none.verified.len(), none.findings.iter().filter(|f| f.is_disagreement()).count()), (0, 4));

    let mut exchanged = sdist;
    exchanged.file.digests = vec![Digest::sha256(b"listed")];
    let found = facts(&inputs(Ecosystem::Pypi, vec![exchanged], &[(None, Digest::sha256(b"listed"))]));
    assert_eq!(types(&found), ["locked_differs_from_bytes", "registry_differs_from_bytes"]);
}

#[test]
fn bytes_that_changed_since_they_were_first_seen_are_a_finding() {
    let artifact = artifact();
    let pin = artifact.digest.clone();
    let mut inputs = inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, pin.clone())]);
    let seen = |digest| FirstSeen { file: FILE.to_owned(), digest, first_seen_at: DateTime::UNIX_EPOCH };
    inputs.first_seen = vec![seen(pin)];
    assert_eq!(facts(&inputs).findings, []);
    inputs.first_seen = vec![seen(Digest::sha256(b"before"))];
    let found = facts(&inputs);
    assert_eq!(
        json!(found.findings),
        json!([{
            "type": "changed_since_first_seen", "file": FILE, "first_seen": Digest::sha256(b"before"),
            "first_seen_at": "1970-01-01T00:00:00Z", "actual": artifact.digest
        }])
    );
    assert_eq!(found.verified, Vec::<String>::new());
}

#[test]
fn without_bytes_only_a_disagreement_is_an_answer() {
    let artifact = artifact();
    let mut inputs = inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, artifact.digest)]);
    inputs.artifacts = Err(upstream());
    assert_eq!(Checksum.collect(&inputs), Err(upstream()));
    inputs.change.new.as_mut().unwrap().digests[0].digest = Digest::sha256(b"edited");
    assert_eq!(types(&facts(&inputs)), ["locked_differs_from_registry"]);
}

#[test]
fn without_the_registrys_list_bytes_are_still_compared() {
    let artifact = artifact();
    let mut inputs = inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, artifact.digest)]);
    inputs.published = Err(upstream());
    assert_eq!(facts(&inputs).verified, [FILE]);
    inputs.artifacts = Err(upstream());
    assert_eq!(Checksum.collect(&inputs), Err(upstream()));
}

#[test]
fn what_comes_from_elsewhere_is_unsupported_and_the_bundled_is_absent() {
    let mut inputs = inputs(Ecosystem::Npm, vec![], &[]);
    inputs.change.new.as_mut().unwrap().origin = Origin::Git { url: "https://git.example.test/x".into(), commit: None };
    let cause = Checksum.collect(&inputs).unwrap_err();
    assert_eq!(cause.kind, CauseKind::Unsupported);
    assert!(cause.message.contains("npm example 1.1.0") && cause.remedy.is_some());
    inputs.change.new.as_mut().unwrap().origin = Origin::Bundled { by: None };
    assert_eq!(Checksum.collect(&inputs), Ok(Observation::Absent));
}

#[test]
fn a_preview_tells_what_the_list_alone_shows_and_verifies_nothing() {
    let artifact = artifact();
    let mut inputs = inputs(Ecosystem::Npm, vec![artifact.clone()], &[(None, artifact.digest.clone())]);
    inputs.artifacts = Err(upstream());
    let seen = |inputs: &Inputs| match Checksum.preview(inputs) {
        Some(Observation::Observed { facts }) => serde_json::from_value::<ChecksumFacts>(facts).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(seen(&inputs), ChecksumFacts::default());

    // The bytes may still meet a pin that the list cannot be compared with.
    inputs.change.new.as_mut().unwrap().digests[0].digest = sha512(&artifact);
    assert_eq!(seen(&inputs), ChecksumFacts::default());

    inputs.change.new.as_mut().unwrap().digests[0].digest = Digest::sha256(b"edited");
    assert_eq!(types(&seen(&inputs)), ["locked_differs_from_registry"]);

    inputs.change.new.as_mut().unwrap().digests[0].digest = artifact.digest;
    let before = Digest::sha256(b"before");
    inputs.first_seen = vec![FirstSeen { file: FILE.to_owned(), digest: before, first_seen_at: DateTime::UNIX_EPOCH }];
    assert_eq!(types(&seen(&inputs)), ["changed_since_first_seen"]);

    inputs.published = Err(upstream());
    assert_eq!(Checksum.preview(&inputs), None);
}
