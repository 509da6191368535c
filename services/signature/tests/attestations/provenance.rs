//! Statement and certificate must agree.

use crate::{
    REPOSITORY, World, attested, identity, reason,
    statements::{self, V1},
    subject,
};
use lockgate_authority::{Content, Identity, Recipe, extension};
use lockgate_signature::{
    Attestation, Reason, Signer,
    bundle::Artifact,
    provenance::{self, ProvenanceFacts, Runner},
};
use serde_json::Value;

const ARTIFACT: &[u8] = b"left-pad 1.3.0";

fn judge(world: &World, identity: &Identity, statement: &Value) -> Attestation {
    let signer = world.authority.signer(identity);
    let bundle = world.authority.bundle(&signer, Content::Statement(&statement.to_string()), &Recipe::default());
    let artifact = Artifact::Bytes(ARTIFACT.to_vec());
    provenance::attestation(&world.verifier, bundle.to_string().as_bytes(), &artifact, None).unwrap()
}

fn honest(world: &World, identity: &Identity, statement: &Value) -> ProvenanceFacts {
    attested(&judge(world, identity, statement)).provenance.clone().unwrap()
}

fn both() -> [Value; 2] {
    [statements::v1(subject("left-pad.tgz", ARTIFACT)), statements::v0_2(subject("left-pad.tgz", ARTIFACT))]
}

#[test]
fn a_provenance_says_where_it_was_built() {
    let world = World::new();
    let [v1, v0_2] = both();
    let attestation = judge(&world, &identity(), &v1);
    let attested = attested(&attestation);
    let workflow = format!("{REPOSITORY}/.github/workflows/release.yml@refs/heads/main");
    let facts = ProvenanceFacts {
        slsa: "1".into(),
        build_type: "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1".into(),
        builder: "https://github.com/actions/runner/github-hosted".into(),
        repository: REPOSITORY.into(),
        r#ref: Some("refs/heads/main".into()),
        commit: Some("1".repeat(40)),
        workflow: Some(workflow.clone()),
        signer: Some(workflow.clone()),
        trigger: Some("push".into()),
        run: Some(format!("{REPOSITORY}/actions/runs/3001/attempts/1")),
        runner: Runner::Hosted,
        visibility: Some("public".into()),
    };
    assert_eq!(attested.provenance.as_ref(), Some(&facts));
    assert_eq!(attested.predicate_type, V1);
    assert_eq!(attested.signed_at.unwrap().timestamp(), Recipe::default().at);
    let Signer::Identity { identity: name, issuer, claims } = &attested.signer else { panic!("{attested:?}") };
    assert_eq!((name, issuer.as_str()), (&workflow, provenance::GITHUB_ISSUER));
    assert_eq!(claims.source_repository_id.as_deref(), Some("1001"));
    let older = ProvenanceFacts {
        slsa: "0.2".into(),
        build_type: "https://github.com/npm/cli/gha/v2".into(),
        builder: "https://github.com/actions/runner".into(),
        ..facts
    };
    assert_eq!(honest(&world, &identity(), &v0_2), older);
}

/// What they find out is kept: it must come back from JSON as it went.
#[test]
fn facts_come_back_from_json() {
    let world = World::new();
    let [v1, mut wrong] = both();
    wrong["predicate"]["builder"]["id"] = "https://builder.example.test".into();
    for statement in [v1, wrong] {
        let attestation = judge(&world, &identity(), &statement);
        let text = serde_json::to_string(&attestation).unwrap();
        assert_eq!(serde_json::from_str::<Attestation>(&text).unwrap(), attestation, "{text}");
    }
}

/// What the build states, where the certificate says otherwise.
#[test]
fn a_build_that_lies_about_itself_is_rejected() {
    let world = World::new();
    let other = format!("{REPOSITORY}-other");
    let v1: [(&str, String, Reason); 10] = [
        ("/runDetails/builder/id", "https://github.com/actions/runner/self-hosted".into(), Reason::OtherBuilder),
        ("/runDetails/builder/id", "https://builder.example.test".into(), Reason::OtherBuilder),
        ("/runDetails/builder/id", String::new(), Reason::OtherBuilder),
        ("/buildDefinition/externalParameters/workflow/repository", other.clone(), Reason::Disagreement),
        ("/buildDefinition/externalParameters/workflow/path", ".github/workflows/ci.yml".into(), Reason::Disagreement),
        ("/buildDefinition/internalParameters/github/event_name", "release".into(), Reason::Disagreement),
        ("/buildDefinition/internalParameters/github/repository_id", "1002".into(), Reason::Disagreement),
        ("/buildDefinition/internalParameters/github/repository_owner_id", "2002".into(), Reason::Disagreement),
        ("/buildDefinition/resolvedDependencies/1/digest/gitCommit", "2".repeat(40), Reason::Disagreement),
        ("/runDetails/metadata/invocationId", format!("{REPOSITORY}/actions/runs/9/attempts/1"), Reason::Disagreement),
    ];
    let v0_2: [(&str, String, Reason); 7] = [
        ("/builder/id", "https://github.com/actions/runner-evil".into(), Reason::OtherBuilder),
        ("/invocation/configSource/uri", format!("git+{other}@refs/heads/main"), Reason::Disagreement),
        ("/invocation/configSource/uri", format!("git+{REPOSITORY}@refs/heads/evil"), Reason::Disagreement),
        ("/invocation/configSource/digest/sha1", "2".repeat(40), Reason::Disagreement),
        ("/invocation/configSource/entryPoint", ".github/workflows/ci.yml".into(), Reason::Disagreement),
        ("/invocation/environment/GITHUB_EVENT_NAME", "release".into(), Reason::Disagreement),
        ("/invocation/environment/GITHUB_REPOSITORY_ID", "1002".into(), Reason::Disagreement),
    ];
    let [honest_v1, honest_v0_2] = both();
    for (honest, changes) in [(honest_v1, v1.as_slice()), (honest_v0_2, v0_2.as_slice())] {
        for (place, text, expected) in changes {
            let mut statement = honest.clone();
            *statement["predicate"].pointer_mut(place).unwrap() = text.as_str().into();
            let attestation = judge(&world, &identity(), &statement);
            assert_eq!(reason(&attestation), *expected, "{place}: {attestation:?}");
            assert_eq!(attestation.predicate_type(), statement["predicateType"].as_str());
        }
    }
}

/// What the certificate says, where the build states otherwise: the twin of the lies above.
#[test]
fn a_statement_of_another_build_is_rejected() {
    let world = World::new();
    for (oid, text) in [
        (extension::SOURCE_REPOSITORY_URI, "https://github.com/owner/left-pad-other"),
        (extension::SOURCE_REPOSITORY_REF, "refs/heads/evil"),
        (extension::SOURCE_REPOSITORY_DIGEST, "2222222222222222222222222222222222222222"),
        (extension::BUILD_CONFIG_URI, "https://github.com/owner/left-pad/.github/workflows/ci.yml@refs/heads/main"),
        (extension::BUILD_TRIGGER, "pull_request_target"),
        (extension::SOURCE_REPOSITORY_IDENTIFIER, "1002"),
        (extension::SOURCE_OWNER_IDENTIFIER, "2002"),
    ] {
        for statement in both() {
            let attestation = judge(&world, &identity().with(oid, text), &statement);
            assert_eq!(reason(&attestation), Reason::Disagreement, "{oid} {text}: {attestation:?}");
        }
    }
    let [v1, _] = both();
    for (oid, text) in [
        (extension::RUN_INVOCATION_URI, "https://github.com/owner/left-pad/actions/runs/9/attempts/1"),
        (extension::RUNNER_ENVIRONMENT, "self-hosted"),
    ] {
        assert_eq!(reason(&judge(&world, &identity().with(oid, text), &v1)), Reason::Disagreement, "{text}");
    }
}

#[test]
fn a_person_cannot_vouch_for_a_build() {
    let world = World::new();
    let person = Identity::email("dev@example.test");
    for statement in both() {
        assert_eq!(reason(&judge(&world, &person, &statement)), Reason::NoBuild);
    }
    let note = statements::statement(subject("left-pad.tgz", ARTIFACT), "https://note.example.test/v1", Value::Null);
    let attestation = judge(&world, &person, &note);
    assert_eq!(attested(&attestation).provenance, None, "and may say something else");
}

#[test]
fn a_machine_of_the_owner_is_told() {
    let world = World::new();
    let [mut v1, v0_2] = both();
    v1["predicate"]["runDetails"]["builder"]["id"] = "https://github.com/actions/runner/self-hosted".into();
    v1["predicate"]["buildDefinition"]["internalParameters"]["github"]["runner_environment"] = "self-hosted".into();
    for (runner, expected) in [("self-hosted", Runner::SelfHosted), ("whatever", Runner::SelfHosted)] {
        let identity = identity().with(extension::RUNNER_ENVIRONMENT, runner);
        assert_eq!(honest(&world, &identity, &v0_2).runner, expected);
    }
    let hosted_by_owner = identity().with(extension::RUNNER_ENVIRONMENT, "self-hosted");
    assert_eq!(honest(&world, &hosted_by_owner, &v1).runner, Runner::SelfHosted);
    let silent = identity().without(extension::RUNNER_ENVIRONMENT);
    assert_eq!(honest(&world, &silent, &v0_2).runner, Runner::NotSaid);
}

/// Certificates of the first half of 2023 have the older extensions alone.
#[test]
fn older_certificates_say_the_same() {
    let world = World::new();
    let mut identity = identity();
    let bare = [
        extension::TRIGGER_BARE,
        extension::SHA_BARE,
        extension::WORKFLOW_BARE,
        extension::REPOSITORY_BARE,
        extension::REF_BARE,
    ];
    identity.extensions.retain(|(oid, _)| bare.contains(oid));
    for statement in both() {
        let facts = honest(&world, &identity, &statement);
        assert_eq!((facts.repository.as_str(), facts.runner), (REPOSITORY, Runner::NotSaid));
        assert_eq!(facts.commit, Some("1".repeat(40)));
        let lying = identity.clone().with(extension::REPOSITORY_BARE, "owner/other");
        assert_eq!(reason(&judge(&world, &lying, &statement)), Reason::Disagreement);
        // The short name means an address on GitHub only by GitHub's word.
        let elsewhere = identity.clone().issued_by("https://issuer.example.test");
        assert_eq!(reason(&judge(&world, &elsewhere, &statement)), Reason::NoBuild);
    }
}

/// A reusable workflow signs for the repository that calls it: the builder is then the workflow, and not the caller.
#[test]
fn a_reusable_workflow_is_a_builder_and_no_source() {
    let world = World::new();
    let builder = "https://github.com/builders/node/.github/workflows/build.yml@refs/tags/v2";
    let mut calling = identity().with(extension::BUILD_SIGNER_URI, builder);
    calling.name = lockgate_authority::Name::Uri(builder.into());
    let [mut v1, _] = both();
    v1["predicate"]["runDetails"]["builder"]["id"] = builder.into();
    let facts = honest(&world, &calling, &v1);
    assert_eq!((facts.signer.as_deref(), facts.repository.as_str()), (Some(builder), REPOSITORY));
    assert_eq!(reason(&judge(&world, &identity(), &v1)), Reason::OtherBuilder, "of who did not call it");
}

/// In the first weeks of 2023 npm's client named itself as the builder, and the workflow with all that belongs to it.
#[test]
fn the_first_provenances_hold() {
    let world = World::new();
    let [_, mut v0_2] = both();
    v0_2["predicate"]["buildType"] = "https://github.com/npm/cli/gha@v0".into();
    v0_2["predicate"]["builder"]["id"] = "https://github.com/npm/cli@9.2.0".into();
    let entry = "owner/left-pad/.github/workflows/release.yml@refs/heads/main";
    v0_2["predicate"]["invocation"]["configSource"]["entryPoint"] = entry.into();
    assert_eq!(honest(&world, &identity(), &v0_2).builder, "https://github.com/npm/cli@9.2.0");
    for other in [
        "owner/left-pad/.github/workflows/ci.yml@refs/heads/main",
        "owner/left-pad/.github/workflows/release.yml@refs/heads/evil",
        "stranger/left-pad/.github/workflows/release.yml@refs/heads/main",
    ] {
        let mut lying = v0_2.clone();
        lying["predicate"]["invocation"]["configSource"]["entryPoint"] = other.into();
        assert_eq!(reason(&judge(&world, &identity(), &lying)), Reason::Disagreement, "{other}");
    }
    for builder in ["https://github.com/npm/cli", "https://github.com/npm/cli@", "https://github.com/npm/cli@evil"] {
        v0_2["predicate"]["builder"]["id"] = builder.into();
        assert_eq!(reason(&judge(&world, &identity(), &v0_2)), Reason::OtherBuilder, "{builder}");
    }
}

/// A run may be named as the builder, as long as it is the one that the certificate names.
#[test]
fn a_run_is_a_builder() {
    let world = World::new();
    let [mut v1, _] = both();
    for (run, holds) in [("3001", true), ("3002", false)] {
        let run = format!("{REPOSITORY}/actions/runs/{run}/attempts/1");
        v1["predicate"]["runDetails"]["builder"]["id"] = run.into();
        let attestation = judge(&world, &identity(), &v1);
        assert_eq!(attestation.attested().is_some(), holds, "{attestation:?}");
    }
}

#[test]
fn gitlab_names_its_runner() {
    let world = World::new();
    let repository = "https://gitlab.com/owner/left-pad";
    let gitlab = Identity::workflow_at(repository, "/.gitlab-ci.yml", "refs/heads/main", &"1".repeat(40))
        .issued_by("https://gitlab.com")
        .with(extension::RUNNER_ENVIRONMENT, "gitlab-hosted");
    let [_, mut v0_2] = both();
    v0_2["predicate"] = serde_json::json!({
        "buildType": "https://github.com/npm/cli/gitlab/v0alpha1",
        "builder": {"id": format!("{repository}/-/runners/12")},
        "invocation": {
            "configSource": {"uri": format!("git+{repository}"), "digest": {"sha1": "1".repeat(40)}, "entryPoint": "publish"},
        },
    });
    let facts = honest(&world, &gitlab, &v0_2);
    assert_eq!((facts.runner, facts.repository.as_str()), (Runner::Hosted, repository));
    for builder in [
        format!("{repository}/-/runners/"),
        format!("{repository}/-/runners/12/x"),
        "https://gitlab.com/other/left-pad/-/runners/12".into(),
        "https://github.com/actions/runner".into(),
        "https://github.com/npm/cli@9.2.0".into(),
    ] {
        v0_2["predicate"]["builder"]["id"] = builder.as_str().into();
        assert_eq!(reason(&judge(&world, &gitlab, &v0_2)), Reason::OtherBuilder, "{builder}");
    }
}

#[test]
fn a_statement_that_cannot_be_read_is_rejected() {
    let world = World::new();
    let [v1, v0_2] = both();
    for (honest, place) in [(&v1, "/predicate/buildDefinition"), (&v0_2, "/predicate/builder")] {
        let mut statement = honest.clone();
        *statement.pointer_mut(place).unwrap() = Value::Null;
        assert_eq!(reason(&judge(&world, &identity(), &statement)), Reason::Malformed, "{place}");
    }
    let mut statement = v1.clone();
    statement["_type"] = "https://in-toto.io/Statement/v9".into();
    assert_eq!(reason(&judge(&world, &identity(), &statement)), Reason::Unsupported);
    let mut statement = v1.clone();
    statement["subject"] = vec![subject("left-pad.tgz", ARTIFACT); 4097].into();
    assert_eq!(reason(&judge(&world, &identity(), &statement)), Reason::Malformed);
    // A field that stands twice: others may read the second.
    let twice = v1.to_string().replacen(r#""id":"https"#, r#""id":"https://first.example.test","id":"https"#, 1);
    let signer = world.releaser();
    let bundle = world.authority.bundle(&signer, Content::Statement(&twice), &Recipe::default()).to_string();
    let artifact = Artifact::Bytes(ARTIFACT.to_vec());
    let attestation = provenance::attestation(&world.verifier, bundle.as_bytes(), &artifact, None).unwrap();
    assert_eq!(reason(&attestation), Reason::Malformed);
}

/// What a builder does not say, it may leave out or set to null; what is told is the certificate's.
#[test]
fn a_builder_may_say_little() {
    let world = World::new();
    let [mut v1, mut v0_2] = both();
    let full = honest(&world, &identity(), &v1);
    for part in ["externalParameters", "internalParameters", "resolvedDependencies"] {
        v1["predicate"]["buildDefinition"][part] = Value::Null;
        assert_eq!(honest(&world, &identity(), &v1), full, "{part}");
    }
    v1["predicate"]["runDetails"].as_object_mut().unwrap().remove("metadata");
    assert_eq!(honest(&world, &identity(), &v1), full);
    let full = honest(&world, &identity(), &v0_2);
    for part in ["configSource", "environment"] {
        v0_2["predicate"]["invocation"][part] = Value::Null;
        assert_eq!(honest(&world, &identity(), &v0_2), full, "{part}");
    }
    v0_2["predicate"].as_object_mut().unwrap().remove("invocation");
    assert_eq!(honest(&world, &identity(), &v0_2), full);
}

#[test]
fn a_signed_artifact_attests_nothing() {
    let world = World::new();
    let bundle = world.authority.bundle(&world.releaser(), Content::Message(ARTIFACT), &Recipe::default()).to_string();
    let artifact = Artifact::Bytes(ARTIFACT.to_vec());
    let attestation = provenance::attestation(&world.verifier, bundle.as_bytes(), &artifact, None).unwrap();
    assert_eq!(reason(&attestation), Reason::Unsupported);
}
