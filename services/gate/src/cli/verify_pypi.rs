//! `lockgate verify-pypi`: whether a file's attestation, or its provenance object, holds.

use super::{
    attested::{self, Trust},
    finding_code, print,
};
use anyhow::Result;
use clap::builder::NonEmptyStringValueParser;
use lockgate_model::redact::redact;
use lockgate_signature::{
    provenance,
    pypi::{self, File, Identity},
};
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// An attestation, or a provenance object as the index serves it (PEP 740).
    #[arg(long)]
    attestation: PathBuf,
    /// Who must have signed: the name in the certificate, whole; or a workflow without its ref, as
    /// https://HOST/OWNER/NAME/.github/workflows/FILE.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    identity: String,
    /// Who must have vouched for that name: an OpenID provider's address. Left out: the provider of the identity's host; for
    /// an e-mail address, one of those by which people sign in to Sigstore.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    issuer: Option<String>,
    #[command(flatten)]
    trust: Trust,
    /// The wheel or sdist, under the name by which the index lists it.
    file: PathBuf,
}

/// A line for each attestation. Exit 1 when one does not hold, or there is none; 2 when that could not be asked.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let verifier = arguments.trust.verifier()?;
    let identity = match &arguments.issuer {
        Some(issuer) => Identity::new(&arguments.identity, issuer),
        None => Identity::of_known_kind(&arguments.identity)?,
    };
    let object = pypi::read(&arguments.attestation)?;
    let file = File::read(&arguments.file)?;
    let path = &arguments.file;
    let attestations = match pypi::objects(&verifier, &file, Some(&identity), &object) {
        Ok(attestations) => attestations,
        Err(rejected) => {
            print(&redact(&format!("{}: rejected, {rejected}\n", path.display())))?;
            return Ok(finding_code(false));
        }
    };
    if attestations.is_empty() {
        print(&redact(&format!("{}: attestations: missing\n", path.display())))?;
    }
    attested::tell(path, &attestations, |predicate_type| match predicate_type {
        pypi::PUBLISH => Some("publish"),
        provenance::V1 => Some("provenance"),
        _ => None,
    })?;
    let holds = attestations.iter().all(|one| one.attested().is_some());
    Ok(finding_code(holds && !attestations.is_empty()))
}
