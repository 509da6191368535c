//! Attestations and provenance objects of PEP 740.

use crate::{
    REPOSITORY, World, attested, hex_sha256, identity, reason,
    statements::{self, statement},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_authority::{Content, Identity as Certified, Key, NEW_YEAR, Name, Recipe, Signer, extension};
use lockgate_signature::{
    Attestation, Reason, Rejected,
    provenance::GITHUB_ISSUER,
    pypi::{self, File, Identity, MOST_OBJECT, PUBLISH, Published, Publisher},
};
use serde_json::{Value, json};

pub(crate) const WHEEL: &[u8] = b"the wheel of left-pad 1.3.0";
const NAME: &str = "left_pad-1.3.0-py3-none-any.whl";

pub(crate) fn file() -> File {
    File::of(NAME, WHEEL)
}

fn subject(name: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "digest": {"sha256": hex_sha256(bytes)}})
}

fn published() -> Value {
    statement(subject(NAME, WHEEL), PUBLISH, Value::Null)
}

/// The same as a bundle, in the words of PEP 740.
fn object(bundle: &Value) -> Value {
    json!({
        "version": 1,
        "verification_material": {
            "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    })
}

fn attestation(world: &World, by: &Signer, statement: &Value) -> Value {
    object(&world.authority.bundle(by, Content::Statement(&statement.to_string()), &Recipe::default()))
}

fn ask(world: &World, file: &File, expected: Option<&Identity>, object: &Value) -> Attestation {
    pypi::attestation(&world.verifier, file, expected, object.to_string().as_bytes())
}

fn github() -> Value {
    json!({"kind": "GitHub", "repository": "owner/left-pad", "workflow": "release.yml", "environment": null})
}

pub(crate) fn provenance_object(world: &World, publisher: &Value) -> Value {
    let by = world.releaser();
    let built = statements::v1(subject(NAME, WHEEL));
    let attestations = [attestation(world, &by, &published()), attestation(world, &by, &built)];
    json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": attestations}]})
}

fn ask_object(world: &World, file: &File, object: &Value) -> Result<Vec<Published>, Rejected> {
    pypi::provenance(&world.verifier, file, None, object.to_string().as_bytes())
}

/// The reason of every attestation of the only publisher.
fn reasons(world: &World, file: &File, object: &Value) -> Vec<Reason> {
    let published = ask_object(world, file, object).unwrap();
    assert_eq!(published.len(), 1);
    published[0].attestations.iter().map(reason).collect()
}

#[test]
fn an_honest_attestation_holds() {
    let world = World::new();
    let by = world.releaser();
    let publish = ask(&world, &file(), None, &attestation(&world, &by, &published()));
    assert_eq!(attested(&publish).predicate_type, PUBLISH);
    assert_eq!(attested(&publish).provenance, None, "it says nothing of the build");
    let built = ask(&world, &file(), None, &attestation(&world, &by, &statements::v1(subject(NAME, WHEEL))));
    assert_eq!(attested(&built).provenance.as_ref().unwrap().repository, REPOSITORY);
}

/// Python's encoder breaks lines; older attestations have it so.
#[test]
fn lines_may_be_broken() {
    let world = World::new();
    let mut broken = attestation(&world, &world.releaser(), &published());
    for place in ["/verification_material/certificate", "/envelope/statement", "/envelope/signature"] {
        let text = broken.pointer(place).unwrap().as_str().unwrap();
        let lines: Vec<_> = text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
        *broken.pointer_mut(place).unwrap() = format!("{}\n", lines.join("\n")).into();
    }
    assert!(ask(&world, &file(), None, &broken).attested().is_some());
}

#[test]
fn publishers_are_who_the_certificate_names() {
    let world = World::new();
    let honest = ask_object(&world, &file(), &provenance_object(&world, &github())).unwrap();
    let publisher =
        Publisher::GitHub { repository: "owner/left-pad".into(), workflow: "release.yml".into(), environment: None };
    assert_eq!(honest[0].publisher, publisher);
    assert_eq!(honest[0].attestations.len(), 2);
    assert!(honest[0].attestations.iter().all(|one| one.attested().is_some()), "{honest:?}");
    for (publisher, expected) in [
        (json!({"kind": "GitHub", "repository": "owner/left", "workflow": "release.yml"}), Reason::OtherRepository),
        (json!({"kind": "GitHub", "repository": "owner/left-pad", "workflow": "ci.yml"}), Reason::OtherWorkflow),
        (
            json!({"kind": "GitHub", "repository": "owner/left-pad", "workflow": "release.yml@refs/heads/main"}),
            Reason::OtherWorkflow,
        ),
        (
            json!({"kind": "GitLab", "repository": "owner/left-pad", "workflow_filepath": "release.yml"}),
            Reason::OtherIssuer,
        ),
        (json!({"kind": "Google", "email": "dev@example.test"}), Reason::OtherIssuer),
        (json!({"kind": "Forge", "repository": "owner/left-pad"}), Reason::Unsupported),
    ] {
        let answers = reasons(&world, &file(), &provenance_object(&world, &publisher));
        assert_eq!(answers, [expected; 2], "{publisher}");
    }
}

#[test]
fn each_kind_of_publisher_is_known() {
    let world = World::new();
    let gitlab = Certified::workflow_at("https://gitlab.com/group/left-pad", "/.gitlab-ci.yml", "refs/heads/main", "1")
        .issued_by("https://gitlab.com");
    let google = Certified::new(Name::Email("release@project.example.test".into()), "https://accounts.google.com");
    for (identity, publisher, other) in [
        (
            gitlab,
            json!({"kind": "GitLab", "repository": "group/left-pad", "workflow_filepath": ".gitlab-ci.yml"}),
            json!({"kind": "GitLab", "repository": "group/left-pad", "workflow_filepath": "ci.yml"}),
        ),
        (
            google,
            json!({"kind": "Google", "email": "release@project.example.test"}),
            json!({"kind": "Google", "email": "elease@project.example.test"}),
        ),
    ] {
        let by = world.authority.signer(&identity);
        let object = |publisher: &Value| {
            let attestations = [attestation(&world, &by, &published())];
            json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": attestations}]})
        };
        let honest = ask_object(&world, &file(), &object(&publisher)).unwrap();
        assert!(honest[0].attestations[0].attested().is_some(), "{honest:?}");
        let text = serde_json::to_string(&honest).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Published>>(&text).unwrap(), honest);
        let answers = reasons(&world, &file(), &object(&other));
        assert!([[Reason::OtherWorkflow], [Reason::OtherIdentity]].contains(&answers.as_slice().try_into().unwrap()));
    }
}

#[test]
fn an_environment_is_compared_where_the_certificate_names_one() {
    let world = World::new();
    let publisher = |environment: Value| json!({"kind": "GitHub", "repository": "owner/left-pad", "workflow": "release.yml", "environment": environment});
    let by = world.authority.signer(&identity().with(extension::DEPLOYMENT_ENVIRONMENT, "PyPI"));
    let object = |by: &Signer, environment: Value| {
        let attestations = [attestation(&world, by, &published())];
        json!({"version": 1, "attestation_bundles": [{"publisher": publisher(environment), "attestations": attestations}]})
    };
    for environment in [json!("PyPI"), json!("pypi"), Value::Null] {
        let answer = ask_object(&world, &file(), &object(&by, environment)).unwrap();
        assert!(answer[0].attestations[0].attested().is_some(), "{answer:?}");
    }
    assert_eq!(reasons(&world, &file(), &object(&by, json!("staging"))), [Reason::OtherEnvironment]);
    let silent = ask_object(&world, &file(), &object(&world.releaser(), json!("pypi"))).unwrap();
    assert!(silent[0].attestations[0].attested().is_some(), "then it is the index's word");
}

#[test]
fn a_tampered_file_is_rejected() {
    let world = World::new();
    let altered = File::of(NAME, b"the wheel of left-pad 1.3.0, and more");
    assert_eq!(reasons(&world, &altered, &provenance_object(&world, &github())), [Reason::OtherArtifact; 2]);
}

#[test]
fn a_tampered_statement_is_rejected() {
    let world = World::new();
    let mut object = attestation(&world, &world.releaser(), &published());
    object["envelope"]["statement"] = STANDARD.encode(published().to_string().replace("null", "{}")).into();
    assert_eq!(reason(&ask(&world, &file(), None, &object)), Reason::Signature);
}

#[test]
fn another_name_or_version_is_rejected() {
    let world = World::new();
    for name in ["left_pad-1.3.1-py3-none-any.whl", "leftpad-1.3.0-py3-none-any.whl", "left_pad-1.3.0.tar.gz", ""] {
        let object = attestation(&world, &world.releaser(), &statement(subject(name, WHEEL), PUBLISH, Value::Null));
        assert_eq!(reason(&ask(&world, &file(), None, &object)), Reason::OtherRelease, "{name}");
    }
    let spelled = statement(subject("Left.Pad-1.3.0-py3-none-any.whl", WHEEL), PUBLISH, Value::Null);
    assert!(ask(&world, &file(), None, &attestation(&world, &world.releaser(), &spelled)).attested().is_some());
    let mut more = published();
    more["subject"].as_array_mut().unwrap().push(subject("other-1.0.tar.gz", b"other"));
    let object = attestation(&world, &world.releaser(), &more);
    assert_eq!(reason(&ask(&world, &file(), None, &object)), Reason::OtherRelease);
}

#[test]
fn another_kind_of_attestation_is_rejected() {
    let world = World::new();
    let note = statement(subject(NAME, WHEEL), "https://note.example.test/v1", json!({}));
    let answer = ask(&world, &file(), None, &attestation(&world, &world.releaser(), &note));
    assert_eq!((reason(&answer), answer.predicate_type()), (Reason::Unsupported, Some("https://note.example.test/v1")));
    let old = statements::v0_2(subject(NAME, WHEEL));
    let answer = ask(&world, &file(), None, &attestation(&world, &world.releaser(), &old));
    assert_eq!(reason(&answer), Reason::Unsupported);
}

#[test]
fn another_builder_is_rejected() {
    let world = World::new();
    let mut built = statements::v1(subject(NAME, WHEEL));
    built["predicate"]["runDetails"]["builder"]["id"] = "https://builder.example.test".into();
    let answer = ask(&world, &file(), None, &attestation(&world, &world.releaser(), &built));
    assert_eq!(reason(&answer), Reason::OtherBuilder);
}

#[test]
fn a_certificate_that_had_expired_is_rejected() {
    let world = World::new();
    let late = Recipe { at: NEW_YEAR + 3600, ..Recipe::default() };
    let by = world.releaser();
    let bundle = world.authority.bundle(&by, Content::Statement(&published().to_string()), &late);
    assert_eq!(reason(&ask(&world, &file(), None, &object(&bundle))), Reason::NotValidAtSigning);
}

#[test]
fn what_is_missing_is_named() {
    let world = World::new();
    let honest = attestation(&world, &world.releaser(), &published());
    let mut unlogged = honest.clone();
    unlogged["verification_material"]["transparency_entries"] = json!([]);
    assert_eq!(reason(&ask(&world, &file(), None, &unlogged)), Reason::NoInclusionProof);
    for place in ["certificate", "transparency_entries"] {
        let mut without = honest.clone();
        without["verification_material"].as_object_mut().unwrap().remove(place);
        assert_eq!(reason(&ask(&world, &file(), None, &without)), Reason::Malformed, "{place}");
    }
    let none = json!({"version": 1, "attestation_bundles": []});
    assert_eq!(ask_object(&world, &file(), &none).unwrap(), []);
    let mut newer = honest;
    newer["version"] = 2.into();
    assert_eq!(reason(&ask(&world, &file(), None, &newer)), Reason::Unsupported);
    newer["version"] = "1".into();
    assert_eq!(reason(&ask(&world, &file(), None, &newer)), Reason::Malformed);
    let mut object = provenance_object(&world, &github());
    object["version"] = 2.into();
    assert_eq!(ask_object(&world, &file(), &object).unwrap_err().reason, Reason::Unsupported);
    let large = pypi::provenance(&world.verifier, &file(), None, &vec![b' '; MOST_OBJECT + 1]).unwrap_err();
    assert_eq!(large.reason, Reason::TooLarge);
    let attestations = vec![json!({}); 65];
    let many = json!({"version": 1, "attestation_bundles": [{"publisher": github(), "attestations": attestations}]});
    assert_eq!(ask_object(&world, &file(), &many).unwrap_err().reason, Reason::Malformed);
}

/// A self-signed certificate, and one of another authority.
#[test]
fn a_strangers_certificate_is_rejected() {
    let (world, stranger) = (World::new(), World::new());
    let by = stranger.authority.signer(&identity());
    let object = attestation(&world, &by, &published());
    assert_eq!(reason(&ask(&world, &file(), None, &object)), Reason::UntrustedCertificate);
    let mut by = world.releaser();
    by.key = Key::new();
    let object = attestation(&world, &by, &published());
    assert_eq!(reason(&ask(&world, &file(), None, &object)), Reason::Signature);
}

#[test]
fn an_identity_is_the_whole_name_or_a_workflow() {
    let world = World::new();
    let object = attestation(&world, &world.releaser(), &published());
    let workflow = format!("{REPOSITORY}/.github/workflows/release.yml");
    for good in [format!("{workflow}@refs/heads/main"), workflow.clone()] {
        for identity in [Identity::of_known_kind(&good).unwrap(), Identity::new(&good, GITHUB_ISSUER)] {
            assert!(ask(&world, &file(), Some(&identity), &object).attested().is_some(), "{good}");
        }
        let identity = Identity::new(&good, "https://issuer.example.test");
        assert_eq!(reason(&ask(&world, &file(), Some(&identity), &object)), Reason::OtherIssuer);
    }
    for (bad, expected) in [
        (format!("{workflow}@refs/heads/other"), Reason::OtherIdentity),
        (format!("{workflow}@"), Reason::OtherIdentity),
        (REPOSITORY.to_owned(), Reason::OtherIdentity),
        (format!("{REPOSITORY}-fork/.github/workflows/release.yml"), Reason::OtherRepository),
        (format!("{REPOSITORY}/.github/workflows/release.ym"), Reason::OtherWorkflow),
        ("dev@example.test".to_owned(), Reason::OtherIssuer),
    ] {
        let identity = Identity::of_known_kind(&bad).unwrap();
        assert_eq!(reason(&ask(&world, &file(), Some(&identity), &object)), expected, "{bad}");
    }
    for unknown in ["https://forge.example.test/owner/left-pad", "left-pad", "https://github.com.example.test/a/b", ""]
    {
        assert!(Identity::of_known_kind(unknown).unwrap_err().to_string().contains("--issuer"), "{unknown}");
    }
}

/// Whoever signs in by a provider that lets people choose their address is not who has the address.
#[test]
fn an_address_is_vouched_for_by_who_checks_it() {
    let world = World::new();
    let address = "dev@example.test";
    let by = |issuer: &str| {
        let person = Certified::email(address).issued_by(issuer);
        attestation(&world, &world.authority.signer(&person), &published())
    };
    let identity = Identity::of_known_kind(address).unwrap();
    for issuer in ["https://github.com/login/oauth", "https://accounts.google.com", "https://login.microsoftonline.com"]
    {
        assert!(ask(&world, &file(), Some(&identity), &by(issuer)).attested().is_some(), "{issuer}");
    }
    for issuer in ["https://accounts.example.test", GITHUB_ISSUER] {
        assert_eq!(reason(&ask(&world, &file(), Some(&identity), &by(issuer))), Reason::OtherIssuer, "{issuer}");
    }
    let named = Identity::new(address, "https://accounts.example.test");
    assert!(ask(&world, &file(), Some(&named), &by("https://accounts.example.test")).attested().is_some());
}

/// Of a provenance object the index's word does not replace the operator's.
#[test]
fn who_is_expected_is_asked_of_a_provenance_object_too() {
    let world = World::new();
    let object = provenance_object(&world, &github()).to_string();
    let ask = |identity: &str| {
        let identity = Identity::of_known_kind(identity).unwrap();
        pypi::objects(&world.verifier, &file(), Some(&identity), object.as_bytes()).unwrap()
    };
    let workflow = format!("{REPOSITORY}/.github/workflows/release.yml");
    assert!(ask(&workflow).iter().all(|one| one.attested().is_some()));
    let other = ask(&format!("{REPOSITORY}-fork/.github/workflows/release.yml"));
    assert_eq!(other.iter().map(reason).collect::<Vec<_>>(), [Reason::OtherRepository; 2]);
    let single = attestation(&world, &world.releaser(), &published()).to_string();
    let answers = pypi::objects(&world.verifier, &file(), None, single.as_bytes()).unwrap();
    assert_eq!(answers.len(), 1);
    attested(&answers[0]);
}

#[test]
fn a_file_on_disk_is_called_as_the_index_lists_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    std::fs::write(&path, WHEEL).unwrap();
    assert_eq!(File::read(&path).unwrap(), file());
    assert!(File::read(&folder.path().join("absent")).is_err());
}
