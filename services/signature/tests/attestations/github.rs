//! GitHub's own instance: a timestamp authority, and no log.

use crate::{REPOSITORY, World, attested, identity, reason, statements, subject, verified};
use lockgate_authority::{Authority, Content, NEW_YEAR, Recipe, Signer, Time};
use lockgate_signature::{
    Attestation, Error, Reason,
    bundle::{Artifact, Expected, Instance, Rejection, Verification, Verifier, Workflow},
    provenance::{self, GITHUB_ISSUER},
};
use serde_json::{Value, json};

const ARTIFACT: &[u8] = b"left-pad 1.3.0";

/// The same authorities, without the logs.
fn root(authority: &Authority) -> Value {
    let mut root = authority.trusted_root();
    root.as_object_mut().unwrap().retain(|name, _| name != "tlogs" && name != "ctlogs");
    root
}

fn verifier(authority: &Authority) -> Verifier {
    Verifier::from_github_root("root.json", root(authority).to_string().as_bytes()).unwrap()
}

/// A bundle as that instance makes it.
fn bundle(authority: &Authority, signer: &Signer, at: i64) -> Value {
    let statement = statements::v1(subject("left-pad.tgz", ARTIFACT)).to_string();
    let recipe = Recipe { time: Time::Timestamp, at, ..Recipe::default() };
    let mut bundle = authority.bundle(signer, Content::Statement(&statement), &recipe);
    bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    bundle
}

fn ask(verifier: &Verifier, bundle: &Value, artifact: &[u8], expected: Option<&Expected>) -> Attestation {
    let artifact = Artifact::Bytes(artifact.to_vec());
    provenance::attestation(verifier, bundle.to_string().as_bytes(), &artifact, expected).unwrap()
}

fn workflow(path: &str) -> Expected {
    let (issuer, repository) = (GITHUB_ISSUER.to_owned(), REPOSITORY.to_owned());
    Expected::Workflow(Workflow { issuer, repository, path: path.to_owned() })
}

#[test]
fn a_timestamp_is_enough_for_the_instance_without_a_log() {
    let authority = Authority::new();
    let honest = bundle(&authority, &authority.signer(&identity()), NEW_YEAR + 60);
    let expected = workflow(".github/workflows/release.yml");
    for expected in [None, Some(&expected)] {
        let attestation = ask(&verifier(&authority), &honest, ARTIFACT, expected);
        assert_eq!(attested(&attestation).provenance.as_ref().unwrap().repository, REPOSITORY);
        assert_eq!(attested(&attestation).signed_at.unwrap().timestamp(), NEW_YEAR + 60);
    }
}

/// Under the rules of an instance with a log, the same bundle proves nothing.
#[test]
fn and_for_no_other() {
    let authority = Authority::new();
    let honest = bundle(&authority, &authority.signer(&identity()), NEW_YEAR + 60);
    for root in [root(&authority), authority.trusted_root()] {
        let strict = Verifier::from_root("root.json", root.to_string().as_bytes()).unwrap();
        assert_eq!(reason(&ask(&strict, &honest, ARTIFACT, None)), Reason::NoInclusionProof);
    }
}

/// Otherwise naming the instance would leave out the log of any other.
#[test]
fn a_root_with_logs_is_not_that_instances() {
    let authority = Authority::new();
    for logs in ["tlogs", "ctlogs"] {
        let mut root = root(&authority);
        root[logs] = authority.trusted_root()[logs].clone();
        let error = Verifier::from_github_root("root.json", root.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, Error::RootWithLogs { .. }), "{logs}: {error}");
    }
}

#[test]
fn everything_else_is_asked_as_ever() {
    let (authority, other) = (Authority::new(), Authority::new());
    let verifier = verifier(&authority);
    let signer = authority.signer(&identity());
    let honest = bundle(&authority, &signer, NEW_YEAR + 60);
    assert_eq!(reason(&ask(&verifier, &honest, b"left-pad 1.3.1", None)), Reason::OtherArtifact);
    let ci = workflow(".github/workflows/ci.yml");
    assert_eq!(reason(&ask(&verifier, &honest, ARTIFACT, Some(&ci))), Reason::OtherWorkflow);
    let expired = bundle(&authority, &signer, NEW_YEAR + 3600);
    assert_eq!(reason(&ask(&verifier, &expired, ARTIFACT, None)), Reason::NotValidAtSigning);
    let stranger = bundle(&authority, &other.signer(&identity()), NEW_YEAR + 60);
    assert_eq!(reason(&ask(&verifier, &stranger, ARTIFACT, None)), Reason::UntrustedCertificate);
    let mut stamped = honest.clone();
    let theirs = bundle(&other, &signer, NEW_YEAR + 60);
    stamped["verificationMaterial"]["timestampVerificationData"] =
        theirs["verificationMaterial"]["timestampVerificationData"].clone();
    assert_eq!(reason(&ask(&verifier, &stamped, ARTIFACT, None)), Reason::Timestamp);
    let mut timeless = honest.clone();
    timeless["verificationMaterial"].as_object_mut().unwrap().remove("timestampVerificationData");
    assert!([Reason::NoTime, Reason::NoInclusionProof].contains(&reason(&ask(&verifier, &timeless, ARTIFACT, None))));
    let mut altered = honest.clone();
    altered["dsseEnvelope"]["payload"] =
        other.bundle(&signer, Content::Statement("{}"), &Recipe::default())["dsseEnvelope"]["payload"].clone();
    reason(&ask(&verifier, &altered, ARTIFACT, None));
    let mut lying = statements::v1(subject("left-pad.tgz", ARTIFACT));
    lying["predicate"]["runDetails"]["builder"]["id"] = "https://builder.example.test".into();
    let recipe = Recipe { time: Time::Timestamp, ..Recipe::default() };
    let mut lying = authority.bundle(&signer, Content::Statement(&lying.to_string()), &recipe);
    lying["verificationMaterial"]["tlogEntries"] = json!([]);
    assert_eq!(reason(&ask(&verifier, &lying, ARTIFACT, None)), Reason::OtherBuilder);
}

/// An entry of a log that nobody of the instance knows does not help, and is not passed over.
#[test]
fn a_log_that_is_not_the_instances_is_not_believed() {
    let authority = Authority::new();
    let statement = statements::v1(subject("left-pad.tgz", ARTIFACT)).to_string();
    for time in [Time::Log, Time::Both] {
        let recipe = Recipe { time, ..Recipe::default() };
        let logged = authority.bundle(&authority.signer(&identity()), Content::Statement(&statement), &recipe);
        reason(&ask(&verifier(&authority), &logged, ARTIFACT, None));
    }
}

#[test]
fn the_root_of_the_instance_is_built_in() {
    let world = World::new();
    let honest = bundle(&world.authority, &world.releaser(), NEW_YEAR + 60);
    let embedded = Verifier::embedded(Instance::GitHub).unwrap();
    assert_eq!(reason(&ask(&embedded, &honest, ARTIFACT, None)), Reason::Timestamp, "it knows other authorities");
}

/// The public instance logs, whoever's workflow it is.
#[test]
fn the_public_instance_signs_for_githubs_workflows_too() {
    let world = World::new();
    for recipe in [Recipe::default(), Recipe::second()] {
        let statement = statements::v1(subject("left-pad.tgz", ARTIFACT)).to_string();
        let bundle = world.authority.bundle(&world.releaser(), Content::Statement(&statement), &recipe);
        let expected = workflow(".github/workflows/release.yml");
        attested(&ask(&world.verifier, &bundle, ARTIFACT, Some(&expected)));
        let text = bundle.to_string();
        let artifact = Artifact::Sha512(<sha2::Sha512 as sha2::Digest>::digest(ARTIFACT).into());
        verified(world.verifier.verify(text.as_bytes(), &artifact, &expected).unwrap());
        let other = world.verifier.verify(text.as_bytes(), &Artifact::Sha512([0; 64]), &expected).unwrap();
        assert!(matches!(other, Verification::Rejected(Rejection::OtherArtifact(_))), "{other:?}");
    }
}
