//! Bundles of an instance of our own: the honest ones, and what attackers make of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod forged;
mod honest;
mod mutated;
mod operator;

use lockgate_authority::{Authority, Content, Identity, Key, Recipe, Signer, sha256};
use lockgate_signature::bundle::{Artifact, Expected, PublicKey, Rejection, Verification, Verified, Verifier};
use serde_json::{Value, json};

const ARTIFACT: &[u8] = b"left-pad 1.3.0";
const REPOSITORY: &str = "https://forge.example.test/owner/project";
const WORKFLOW: &str = "https://forge.example.test/owner/project/.github/workflows/release.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.example.test";

fn workflow() -> Identity {
    Identity::workflow(REPOSITORY)
}

fn by_workflow() -> Expected {
    Expected::Identity { identity: WORKFLOW.into(), issuer: ISSUER.into() }
}

fn by_key(key: &Key) -> Expected {
    Expected::Key(PublicKey::from_pem("key.pub", &key.pem()).unwrap())
}

/// Says that `artifact` was built.
fn statement(artifact: &[u8]) -> String {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": hex::encode(sha256(artifact))}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"by": "the workflow"},
    })
    .to_string()
}

/// A question that a verifier is asked.
struct Case {
    root: Value,
    bundle: Value,
    artifact: Vec<u8>,
    expected: Expected,
}

impl Case {
    /// `content` (see [`Content`]) signed by the workflow.
    fn new(authority: &Authority, content: Content<'_>, recipe: &Recipe) -> Self {
        Self::signed_by(authority, &authority.signer(&workflow()), content, recipe)
    }

    /// The workflow is expected, whoever signed.
    fn signed_by(authority: &Authority, signer: &Signer, content: Content<'_>, recipe: &Recipe) -> Self {
        Self {
            root: authority.trusted_root(),
            bundle: authority.bundle(signer, content, recipe),
            artifact: ARTIFACT.to_vec(),
            expected: by_workflow(),
        }
    }

    fn message(authority: &Authority) -> Self {
        Self::new(authority, Content::Message(ARTIFACT), &Recipe::default())
    }

    fn statement(authority: &Authority) -> Self {
        Self::new(authority, Content::Statement(&statement(ARTIFACT)), &Recipe::default())
    }

    /// By a log of the second generation.
    fn second(authority: &Authority) -> Self {
        Self::new(authority, Content::Message(ARTIFACT), &Recipe::second())
    }

    /// As npm's of 2023.
    fn promised(authority: &Authority) -> Self {
        Self::new(authority, Content::Statement(&statement(ARTIFACT)), &Recipe::promised())
    }

    /// By a key that is expected.
    fn keyed(authority: &Authority, content: Content<'_>, recipe: &Recipe) -> Self {
        let key = Key::new();
        let signer = Signer::with_key(key.clone(), "the key");
        Self { expected: by_key(&key), ..Self::signed_by(authority, &signer, content, recipe) }
    }

    fn verifier(&self) -> Verifier {
        Verifier::from_root("root.json", self.root.to_string().as_bytes()).unwrap()
    }

    fn answer(&self) -> Verification {
        let artifact = Artifact::Bytes(self.artifact.clone());
        self.verifier().verify(self.bundle.to_string().as_bytes(), &artifact, &self.expected).unwrap()
    }

    fn verified(&self) -> Verified {
        match self.answer() {
            Verification::Verified(verified) => verified,
            Verification::Rejected(reason) => panic!("rejected: {reason}: {}", self.bundle),
        }
    }

    fn rejected(&self) -> Rejection {
        rejection(self.answer())
    }
}

fn rejection(verification: Verification) -> Rejection {
    match verification {
        Verification::Rejected(rejection) => rejection,
        Verification::Verified(verified) => panic!("accepted: {verified:?}"),
    }
}

/// The variant's name, without what is in it.
fn reason(rejection: &Rejection) -> String {
    format!("{rejection:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()
}
