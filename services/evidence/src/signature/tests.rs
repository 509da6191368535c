//! A package with provenance, its history, and what an attacker makes of them.

use super::*;
use crate::{Attested, Earlier, Signed, fixtures};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_authority::{Authority, Content, Identity, Key, Recipe, extension};
use lockgate_model::{
    Claims, DigestAlgorithm, Ecosystem, PublishedFile, PublishedFileKind, PublishedRelease, RegistrySignature, Release,
};
use lockgate_signature::{Attestation, Reason, npm, provenance::GITHUB_ISSUER};
use serde_json::{Value as Json, json};

const SOURCE: &str = "https://github.com/owner/example";
const WORKFLOW: &str = ".github/workflows/release.yml";

/// Who is trusted, and the key of the registry.
struct World {
    authority: Authority,
    check: Signature,
    key: Key,
}

/// How a release was built.
struct How {
    source: &'static str,
    workflow: &'static str,
    reference: &'static str,
    runner: &'static str,
    issuer: &'static str,
}

const USUAL: How = How {
    source: SOURCE,
    workflow: WORKFLOW,
    reference: "refs/tags/v1",
    runner: "github-hosted",
    issuer: GITHUB_ISSUER,
};

impl World {
    fn new() -> Self {
        let authority = Authority::new();
        let root = authority.trusted_root().to_string();
        let verifier = Verifier::from_root("root.json", root.as_bytes()).unwrap();
        Self { check: Signature::new(verifier, None, Digest::sha256(root.as_bytes())), authority, key: Key::new() }
    }

    fn keys(&self) -> Json {
        json!({"keys": [{
            "keyid": "k", "expires": null, "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256",
            "key": STANDARD.encode(self.key.der()),
        }]})
    }

    /// The document that npm serves of a release with these bytes.
    fn document(&self, version: &str, bytes: &[u8], how: &How) -> Json {
        let identity = Identity::workflow_at(how.source, how.workflow, how.reference, &"1".repeat(40))
            .with(extension::RUNNER_ENVIRONMENT, how.runner)
            .issued_by(how.issuer);
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{
                "name": format!("pkg:npm/example@{version}"),
                "digest": {"sha512": Digest::of(DigestAlgorithm::Sha512, bytes).hex()},
            }],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
                    "externalParameters": {
                        "workflow": {"ref": how.reference, "repository": how.source, "path": how.workflow},
                    },
                    "internalParameters": {"github": {"event_name": "push", "runner_environment": how.runner}},
                    "resolvedDependencies": [],
                },
                "runDetails": {"builder": {"id": format!("{}/{}@{}", how.source, how.workflow, how.reference)}},
            },
        });
        let signer = self.authority.signer(&identity);
        let bundle = self.authority.bundle(&signer, Content::Statement(&statement.to_string()), &Recipe::default());
        json!({"attestations": [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle}]})
    }

    /// Version 1.1.0, built `how`, after 1.0.0, built `before`; as the registry and the attestations have it.
    fn inputs(&self, how: Option<&How>, before: Option<&How>) -> Inputs {
        let bytes = fixtures::tarball(&[("package/index.js", "1")]);
        let mut artifact = fixtures::fetched("example-1.1.0.tgz", PublishedFileKind::NpmTarball, bytes.clone());
        artifact.file.attestations = how.map(|_| address());
        let mut inputs = fixtures::inputs(Ecosystem::Npm, vec![artifact.clone()], &[]);
        let attested = |file: &PublishedFile, version, bytes: &[u8], how: Option<&How>| -> Vec<Attested> {
            let document = how.map(|how| self.document(version, bytes, how).to_string().into());
            document.into_iter().map(|document| Attested { file: file.clone(), document }).collect()
        };
        let older = b"the bytes of 1.0.0";
        let digests = vec![Digest::of(DigestAlgorithm::Sha512, older)];
        let mut file = fixtures::published_file("example-1.0.0.tgz", PublishedFileKind::NpmTarball, digests);
        file.attestations = before.map(|_| address());
        let earlier =
            Earlier { attested: Ok(attested(&file, "1.0.0", older, before)), published: release("1.0.0", file) };
        inputs.signed =
            Ok(Signed { keys: None, attested: attested(&artifact.file, "1.1.0", &bytes, how), earlier: vec![earlier] });
        inputs
    }

    fn facts(&self, inputs: &Inputs) -> SignatureFacts {
        match self.check.collect(inputs).unwrap() {
            Observation::Observed { facts } => serde_json::from_value(facts).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// What is found of a release built `how` after one that was built as usual.
    fn found(&self, how: Option<&How>) -> Vec<Finding> {
        self.facts(&self.inputs(how, Some(&USUAL))).findings
    }
}

fn address() -> url::Url {
    "https://registry.example.test/-/npm/v1/attestations/example".parse().unwrap()
}

fn release(version: &str, file: PublishedFile) -> PublishedRelease {
    PublishedRelease {
        release: Release::new(Ecosystem::Npm, "example", version),
        files: vec![file],
        claims: Claims::default(),
        published_at: None,
        yanked: None,
    }
}

fn value(now: &str, was: &str) -> Value {
    Value { now: now.into(), was: was.into(), version: "1.0.0".into() }
}

#[test]
fn a_release_built_as_those_before_has_nothing_found() {
    let world = World::new();
    let facts = world.facts(&world.inputs(Some(&USUAL), Some(&USUAL)));
    assert_eq!(facts.findings, []);
    let build = Build {
        issuer: GITHUB_ISSUER.into(),
        source: SOURCE.into(),
        workflow: Some(WORKFLOW.into()),
        r#ref: Some("refs/tags/v1".into()),
        runner: Some("github-hosted".into()),
    };
    assert_eq!(facts.earlier[0].builds, std::slice::from_ref(&build));
    assert_eq!(builds::build(&facts.attestations[0].attestation), Some(build));
    let next = How { reference: "refs/tags/v1.1.0", ..USUAL };
    assert_eq!(world.found(Some(&next)), [], "another tag is no news");
}

#[test]
fn what_was_never_signed_is_absent_and_a_first_provenance_is_no_finding() {
    let world = World::new();
    assert_eq!(world.check.collect(&world.inputs(None, None)), Ok(Observation::Absent));
    assert_eq!(world.facts(&world.inputs(Some(&USUAL), None)).findings, []);
}

#[test]
fn what_is_another_than_before_is_found_with_what_it_was() {
    let world = World::new();
    for (how, finding) in [
        (
            How { source: "https://github.com/other/example", ..USUAL },
            Finding::OtherSource(value("https://github.com/other/example", SOURCE)),
        ),
        (
            How { workflow: ".github/workflows/other.yml", ..USUAL },
            Finding::OtherWorkflow(value(".github/workflows/other.yml", WORKFLOW)),
        ),
        (How { reference: "refs/heads/evil", ..USUAL }, Finding::OtherKindOfRef(value("refs/heads", "refs/tags"))),
        (How { runner: "self-hosted", ..USUAL }, Finding::OtherRunner(value("self-hosted", "github-hosted"))),
    ] {
        assert_eq!(world.found(Some(&how)), [finding]);
    }
    let issuer = How { issuer: "https://issuer.example.test", ..USUAL };
    assert!(
        world.found(Some(&issuer)).contains(&Finding::OtherIssuer(value("https://issuer.example.test", GITHUB_ISSUER)))
    );
}

#[test]
fn provenance_that_disappears_is_found() {
    let world = World::new();
    let gone = [Finding::AttestationDisappeared { version: "1.0.0".into() }];
    assert_eq!(world.found(None), gone);
    // The document is there, and there is no provenance in it.
    let mut emptied = world.inputs(Some(&USUAL), Some(&USUAL));
    emptied.signed.as_mut().unwrap().attested[0].document = r#"{"attestations":[]}"#.into();
    assert_eq!(world.facts(&emptied).findings, gone);
}

#[test]
fn other_bytes_and_other_papers_are_rejected() {
    let world = World::new();
    let reason = |inputs: &Inputs| match &world.facts(inputs).attestations[0].attestation {
        Attestation::Rejected { rejected, .. } => rejected.reason,
        Attestation::Verified(attested) => panic!("accepted: {attested:?}"),
    };
    let mut changed = world.inputs(Some(&USUAL), Some(&USUAL));
    changed.artifacts.as_mut().unwrap()[0].bytes = fixtures::tarball(&[("package/index.js", "2")]);
    assert_eq!(reason(&changed), Reason::OtherArtifact);
    assert_eq!(world.facts(&changed).findings, [], "it did not disappear, it does not hold");

    let mut exchanged = world.inputs(Some(&USUAL), Some(&USUAL));
    let earlier = exchanged.signed.as_ref().unwrap().earlier[0].attested.as_ref().unwrap()[0].document.clone();
    exchanged.signed.as_mut().unwrap().attested[0].document = earlier;
    assert_eq!(reason(&exchanged), Reason::OtherArtifact);

    let stranger = World::new();
    let bytes = &exchanged.artifacts.as_ref().unwrap()[0].bytes;
    let document = stranger.document("1.1.0", bytes, &USUAL).to_string();
    exchanged.signed.as_mut().unwrap().attested[0].document = document.into();
    assert_eq!(reason(&exchanged), Reason::UnknownLog, "of another instance");
}

#[test]
fn an_earlier_release_that_does_not_hold_tells_nothing() {
    let world = World::new();
    let mut inputs = world.inputs(Some(&USUAL), Some(&How { source: "https://github.com/other/example", ..USUAL }));
    let earlier = &mut inputs.signed.as_mut().unwrap().earlier[0];
    earlier.published.files[0].digests = vec![Digest::of(DigestAlgorithm::Sha512, b"other")];
    earlier.attested.as_mut().unwrap()[0].file.digests = earlier.published.files[0].digests.clone();
    let facts = world.facts(&inputs);
    assert_eq!((facts.findings, facts.earlier[0].builds.len()), (vec![], 0));
    let cause = fixtures::upstream();
    inputs.signed.as_mut().unwrap().earlier[0].attested = Err(cause.clone());
    assert_eq!(world.facts(&inputs).findings, []);
    inputs.signed = Err(cause.clone());
    assert_eq!(world.check.collect(&inputs), Err(cause));
}

#[test]
fn the_manifest_must_name_the_repository_that_built_it() {
    let world = World::new();
    let mut inputs = world.inputs(Some(&USUAL), Some(&USUAL));
    inputs.manifest_claims.repository = Some("git+https://github.com/Owner/Example.git".into());
    assert_eq!(world.facts(&inputs).findings, []);
    inputs.manifest_claims.repository = Some("https://github.com/famous/example".into());
    let finding = Finding::SourceDiffersFromClaim {
        claimed: "github.com/famous/example".into(),
        built: "github.com/owner/example".into(),
    };
    assert_eq!(world.facts(&inputs).findings, [finding]);
}

#[test]
fn the_registrys_signature_is_over_the_bytes_that_came() {
    let world = World::new();
    let mut inputs = world.inputs(None, None);
    let integrity = Digest::of(DigestAlgorithm::Sha512, &inputs.artifacts.as_ref().unwrap()[0].bytes).sri();
    let sig = STANDARD.encode(world.key.sign(format!("example@1.1.0:{integrity}").as_bytes()));
    let signature = RegistrySignature { keyid: "k".into(), sig };
    inputs.artifacts.as_mut().unwrap()[0].file.signatures = vec![signature];
    assert_eq!(world.facts(&inputs).findings, [Finding::NoKeys {}]);

    inputs.signed.as_mut().unwrap().keys = Some(world.keys().to_string().into());
    let facts = world.facts(&inputs);
    assert_eq!(facts.registry[0].signature, npm::RegistrySignature::Good { keyid: "k".into() });
    assert_eq!(facts.findings, []);

    inputs.artifacts.as_mut().unwrap()[0].bytes = fixtures::tarball(&[("package/index.js", "2")]);
    assert_eq!(world.facts(&inputs).registry[0].signature, npm::RegistrySignature::Bad { keyid: "k".into() });

    inputs.signed.as_mut().unwrap().keys = Some("odd".into());
    let cause = world.check.collect(&inputs).unwrap_err();
    assert_eq!(cause.kind, CauseKind::Malformed);
    assert!(cause.message.contains("the keys of the npm registry"), "{cause}");

    let unsigned = &mut inputs.artifacts.as_mut().unwrap()[0].file.signatures;
    let signatures = std::mem::take(unsigned);
    let signed = inputs.signed.as_mut().unwrap();
    signed.keys = None;
    signed.earlier[0].published.files[0].signatures = signatures;
    let finding = Finding::RegistrySignatureDisappeared { version: "1.0.0".into() };
    assert_eq!(world.facts(&inputs).findings, [finding]);
}

#[test]
fn a_file_slipped_in_beside_attested_ones_is_found() {
    let world = World::new();
    let mut inputs = world.inputs(Some(&USUAL), None);
    let published = inputs.published.as_mut().unwrap();
    published.files.push(fixtures::published_file("example-1.1.0-evil.whl", PublishedFileKind::Wheel, Vec::new()));
    let finding = Finding::FileNotAttested { file: "example-1.1.0-evil.whl".into() };
    assert_eq!(world.facts(&inputs).findings, [finding]);
}

#[test]
fn the_question_holds_the_root_and_the_releases_before() {
    let (world, other) = (World::new(), World::new());
    let known = world.inputs(Some(&USUAL), Some(&USUAL)).digests();
    assert_ne!(world.check.inputs(&known), other.check.inputs(&known));
    let without = InputDigests { earlier: Vec::new(), ..known.clone() };
    assert_ne!(world.check.inputs(&known), world.check.inputs(&without));
}
