//! Where an artifact was built, and from what: what the builder states, held against what its certificate says.
//!
//! The statement is written by the build itself, and a build runs what its repository tells it to. The certificate was
//! issued to the build by a token that it cannot write. So the certificate is believed; what both say must agree, and a
//! disagreement is a rejection of its own ([`Disagreement`]): it is how a build that lies about itself looks.
//!
//! Who is stopped, as long as somebody compares the answer with what is expected or was before:
//!
//! - **A registry account** that is taken over can publish, but its builds run in another repository or on a laptop.
//! - **A package** whose author is the attacker cannot name another's repository as the one that it was built from. The
//!   repository that its manifest names is only a claim; whoever reads [`ProvenanceFacts::repository`] beside it sees.
//! - **A workflow** that is called from a stranger's repository signs as itself, but the certificate names the stranger's.
//! - **A mirror** or **the network** has neither key nor certificate, and can only leave the attestation out.
//!
//! Who can push to the repository, or runs the machine that it is built on ([`Runner::SelfHosted`]), is not stopped.

mod agreement;
mod facts;
mod slsa;
mod statement;

pub use agreement::{Disagreement, Field};
pub use facts::{ProvenanceFacts, Runner};
pub use slsa::{V0_2, V1};
pub use statement::{Statement, Subject};

use crate::{
    Attestation, Attested, Error, Rejected,
    bundle::{Artifact, Expected, Verification, Verified, Verifier},
};
use slsa::Claimed;

/// Who vouches for GitHub's workflows.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
pub(crate) const GITHUB: &str = "https://github.com";

/// Where an artifact was built: of a bundle that holds, and in which statement and certificate agree. Nothing else makes one.
#[derive(Debug)]
pub struct Provenance(ProvenanceFacts);

impl Provenance {
    pub fn facts(&self) -> &ProvenanceFacts {
        &self.0
    }

    /// None when the statement is about something else.
    pub(crate) fn read(verified: &Verified, statement: &Statement) -> Option<Result<Self, Rejected>> {
        let (slsa, claimed) = Claimed::read(statement)?;
        Some(match claimed {
            Ok(claimed) => agreement::facts(slsa, claimed, verified).map(Self).map_err(|found| Rejected::from(&found)),
            Err(rejection) => Err(Rejected::from(&rejection)),
        })
    }
}

/// What a bundle attests of an artifact: a GitHub artifact attestation, say. Nobody is expected where `expected` is none;
/// then the caller must judge the signer.
///
/// # Errors
/// When the artifact cannot be read.
pub fn attestation(
    verifier: &Verifier,
    bundle: &[u8],
    artifact: &Artifact,
    expected: Option<&Expected>,
) -> Result<Attestation, Error> {
    let verification = match expected {
        Some(expected) => verifier.verify(bundle, artifact, expected),
        None => verifier.identify(bundle, artifact),
    };
    Ok(match verification? {
        Verification::Rejected(rejection) => Attestation::rejected(None, Rejected::from(&rejection)),
        Verification::Verified(verified) => read(&verified),
    })
}

/// A bundle that holds, as an attestation.
fn read(verified: &Verified) -> Attestation {
    let statement = match Statement::read(verified) {
        Ok(statement) => statement,
        Err(rejection) => return Attestation::rejected(None, Rejected::from(&rejection)),
    };
    match Attested::by_certificate(verified, &statement) {
        Ok(attested) => Attestation::Verified(Box::new(attested)),
        Err(rejected) => Attestation::rejected(Some(statement.predicate_type().to_owned()), rejected),
    }
}
