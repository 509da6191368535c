//! What `verify-npm` and `verify-pypi` say of an attestation: one line each.

use super::print;
use anyhow::Result;
use lockgate_model::redact::redact;
use lockgate_signature::{
    Attestation, Signer,
    bundle::{Instance, Verifier},
    provenance::{ProvenanceFacts, Runner},
};
use std::path::{Path, PathBuf};

/// Whose word is taken.
#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    /// The authorities and logs to trust, instead of those that are built in.
    #[arg(long)]
    trusted_root: Option<PathBuf>,
    /// Trust Sigstore's staging instance instead of the production instance.
    #[arg(long)]
    staging: bool,
}

impl Trust {
    pub(super) fn verifier(&self) -> Result<Verifier> {
        Ok(match (&self.trusted_root, self.staging) {
            (Some(path), _) => Verifier::from_file(path)?,
            (None, true) => Verifier::embedded(Instance::Staging)?,
            (None, false) => Verifier::embedded(Instance::Production)?,
        })
    }
}

/// Prints a line for each; `kind` has a word for what it is.
pub(super) fn tell(
    file: &Path,
    attestations: &[Attestation],
    kind: impl Fn(&str) -> Option<&'static str>,
) -> Result<()> {
    for attestation in attestations {
        let what = attestation.predicate_type().unwrap_or("attestation");
        let what = kind(what).unwrap_or(what);
        print(&redact(&format!("{}: {what}: {}\n", file.display(), told(attestation))))?;
    }
    Ok(())
}

fn told(attestation: &Attestation) -> String {
    let attested = match attestation {
        Attestation::Rejected { rejected, .. } => return format!("rejected, {rejected}"),
        Attestation::Verified(attested) => attested,
    };
    let mut told = match &attested.signer {
        Signer::Identity { identity, issuer, .. } => {
            format!("verified, signed by {identity} (vouched for by {issuer})")
        }
        Signer::Key { keyid } => format!("verified, signed by the registry's key {keyid}"),
    };
    if let Some(at) = attested.signed_at {
        told.push_str(&format!(" by {}", at.format("%Y-%m-%d %H:%M:%SZ")));
    }
    if let Some(provenance) = &attested.provenance {
        told.push_str(&built(provenance));
    }
    told
}

fn built(provenance: &ProvenanceFacts) -> String {
    let ProvenanceFacts { repository, builder, r#ref, commit, .. } = provenance;
    let on = match provenance.runner {
        Runner::Hosted => "",
        Runner::SelfHosted => ", on a machine of the repository's owner",
        Runner::NotSaid => ", on a machine that the certificate does not name",
    };
    let at = [r#ref, commit].into_iter().flatten().map(|at| format!(" {at}")).collect::<String>();
    format!("; built from {repository}{at} by {builder}{on}")
}
