//! Who signed, where nobody is expected by name; and a workflow, whatever its ref.

use crate::{REPOSITORY, World, identity, verified};
use lockgate_authority::{Authority, Content, Identity, Key, Name, Recipe, Signer, certificate::Template, extension};
use lockgate_signature::{
    bundle::{Artifact, Expected, Rejection, Verification, Workflow},
    provenance::GITHUB_ISSUER,
};

const ARTIFACT: &[u8] = b"left-pad 1.3.0";

fn bundle(authority: &Authority, signer: &Signer) -> Vec<u8> {
    authority.bundle(signer, Content::Message(ARTIFACT), &Recipe::default()).to_string().into_bytes()
}

fn artifact() -> Artifact {
    Artifact::Bytes(ARTIFACT.to_vec())
}

fn rejection(verification: Verification) -> Rejection {
    match verification {
        Verification::Rejected(rejection) => rejection,
        Verification::Verified(verified) => panic!("accepted: {verified:?}"),
    }
}

#[test]
fn who_signed_is_answered_with_what_the_certificate_says() {
    let world = World::new();
    for identity in [identity(), Identity::email("dev@example.test")] {
        let signer = world.authority.signer(&identity);
        let verification = world.verifier.identify(&bundle(&world.authority, &signer), &artifact()).unwrap();
        let verified = verified(verification);
        assert_eq!(verified.identity(), Some(identity.name.as_str()));
        assert_eq!(verified.issuer(), Some(identity.issuer.as_str()));
        let repository = verified.claims().unwrap().source_repository.as_deref();
        assert_eq!(repository.is_some(), matches!(identity.name, Name::Uri(_)));
    }
}

/// All but the name is asked as ever.
#[test]
fn who_signed_is_answered_only_of_what_holds() {
    let (world, other) = (World::new(), World::new());
    let signer = world.releaser();
    let honest = bundle(&world.authority, &signer);
    let altered = Artifact::Bytes(b"left-pad 1.3.1".to_vec());
    let rejected = rejection(world.verifier.identify(&honest, &altered).unwrap());
    assert!(matches!(rejected, Rejection::OtherArtifact(_)), "{rejected:?}");
    rejection(other.verifier.identify(&honest, &artifact()).unwrap());
    let by_key = Signer::with_key(Key::new(), "key");
    let by_key = rejection(world.verifier.identify(&bundle(&world.authority, &by_key), &artifact()).unwrap());
    assert_eq!(by_key, Rejection::NoCertificate);
}

#[test]
fn a_certificate_for_nobody_is_rejected() {
    let world = World::new();
    let template = Template::leaf(&identity(), lockgate_authority::NEW_YEAR);
    let nameless = template.clone().with(extension::alternative_names(&[]));
    let unvouched = template.without(extension::ISSUER).without(extension::ISSUER_BARE);
    for template in [nameless, unvouched] {
        let signer = world.authority.signer_by(&template);
        let rejected = rejection(world.verifier.identify(&bundle(&world.authority, &signer), &artifact()).unwrap());
        assert_eq!(rejected, Rejection::NoIdentity);
    }
}

fn workflow(issuer: &str, repository: &str, path: &str) -> Expected {
    Expected::Workflow(Workflow { issuer: issuer.into(), repository: repository.into(), path: path.into() })
}

const RELEASE: &str = ".github/workflows/release.yml";

#[test]
fn a_workflow_is_the_same_at_each_ref() {
    let world = World::new();
    for at in ["refs/heads/main", "refs/tags/v1.0.0", "refs/pull/1/merge"] {
        let identity = Identity::workflow_at(REPOSITORY, RELEASE, at, &"1".repeat(40)).issued_by(GITHUB_ISSUER);
        let signed = bundle(&world.authority, &world.authority.signer(&identity));
        let expected = workflow(GITHUB_ISSUER, REPOSITORY, RELEASE);
        verified(world.verifier.verify(&signed, &artifact(), &expected).unwrap());
    }
}

/// Each part is compared whole: no beginning, end or other spelling of it will do.
#[test]
fn another_workflow_is_rejected_by_the_part_that_differs() {
    let world = World::new();
    let signed = bundle(&world.authority, &world.releaser());
    for issuer in ["https://issuer.example.test", "https://token.actions.githubusercontent.com/", ""] {
        let expected = workflow(issuer, REPOSITORY, RELEASE);
        let rejected = rejection(world.verifier.verify(&signed, &artifact(), &expected).unwrap());
        assert!(matches!(rejected, Rejection::OtherIssuer { .. }), "{issuer}: {rejected:?}");
    }
    for repository in [
        "https://github.com/owner/left",
        "https://github.com/owner/left-pad-fork",
        "https://github.com/OWNER/left-pad",
        "https://github.com/owner/left-pad/",
        "https://github.example.test/owner/left-pad",
        "owner/left-pad",
        "",
    ] {
        let expected = workflow(GITHUB_ISSUER, repository, RELEASE);
        let rejected = rejection(world.verifier.verify(&signed, &artifact(), &expected).unwrap());
        assert!(matches!(rejected, Rejection::OtherRepository { .. }), "{repository}: {rejected:?}");
    }
    for path in [
        ".github/workflows/release.yaml",
        ".github/workflows/release.yml@refs/heads/main",
        ".github/workflows/*.yml",
        "release.yml",
        "/.github/workflows/release.yml/",
        "",
    ] {
        let expected = workflow(GITHUB_ISSUER, REPOSITORY, path);
        let rejected = rejection(world.verifier.verify(&signed, &artifact(), &expected).unwrap());
        assert!(matches!(rejected, Rejection::OtherWorkflow { .. }), "{path}: {rejected:?}");
    }
}

/// A stranger calls the project's workflow from a repository of their own: the name is the workflow's, the source is not.
#[test]
fn a_workflow_that_a_stranger_calls_is_not_the_projects() {
    let world = World::new();
    let stranger = identity().with(extension::SOURCE_REPOSITORY_URI, "https://github.com/stranger/left-pad").with(
        extension::BUILD_CONFIG_URI,
        "https://github.com/stranger/left-pad/.github/workflows/release.yml@refs/heads/main",
    );
    let signed = bundle(&world.authority, &world.authority.signer(&stranger));
    let expected = workflow(GITHUB_ISSUER, REPOSITORY, RELEASE);
    let rejected = rejection(world.verifier.verify(&signed, &artifact(), &expected).unwrap());
    assert!(matches!(rejected, Rejection::OtherRepository { .. }), "{rejected:?}");
}
