//! `lockgate verify-bundle`: the protocol of the Sigstore conformance suite's clients.

use super::{finding_code, print};
use anyhow::Result;
use chrono::Utc;
use clap::builder::NonEmptyStringValueParser;
use lockgate_model::redact::redact;
use lockgate_signature::bundle::{self, Artifact, Expected, Instance, PublicKey, Verification, Verified, Verifier};
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The bundle: what came with the artifact.
    #[arg(long)]
    bundle: PathBuf,
    /// Who must have signed: the name in the certificate, whole (a workflow's address, or an e-mail address).
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), requires = "certificate_oidc_issuer")]
    #[arg(required_unless_present = "key", conflicts_with = "key")]
    certificate_identity: Option<String>,
    /// Who must have vouched for that name: an OpenID provider's address.
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// A public key (PEM) that must have signed, instead of an identity.
    #[arg(long)]
    key: Option<PathBuf>,
    /// The authorities and logs to trust, instead of those that are built in.
    #[arg(long)]
    trusted_root: Option<PathBuf>,
    /// Trust Sigstore's staging instance instead of the production instance.
    #[arg(long)]
    staging: bool,
    /// Trust GitHub's own instance, which signs for private repositories and has no log; --trusted-root names a newer root of it.
    #[arg(long, conflicts_with_all = ["staging", "key"])]
    github: bool,
    /// The artifact, or its digest as `sha256:HEX`.
    #[arg(value_name = "FILE|sha256:HEX")]
    artifact: OsString,
}

/// Exit 1 with the reason when the bundle does not hold; 2 when that could not be asked.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let verifier = match &arguments.trusted_root {
        Some(path) if arguments.github => Verifier::from_github_file(path)?,
        Some(path) => Verifier::from_file(path)?,
        None if arguments.github => Verifier::embedded(Instance::GitHub)?,
        None if arguments.staging => Verifier::embedded(Instance::Staging)?,
        None => Verifier::embedded(Instance::Production)?,
    };
    for ended in verifier.ended(Utc::now()) {
        eprintln!("lockgate: {} is out of date: {ended}; get the current one", redact(&root_name(arguments)));
    }
    let bundle = bundle::read(&arguments.bundle)?;
    let name = arguments.artifact.to_string_lossy();
    match verifier.verify(&bundle, &Artifact::named(&arguments.artifact), &expected(arguments)?)? {
        Verification::Verified(verified) => print(&redact(&format!("{name}: verified, {}\n", told(&verified))))?,
        Verification::Rejected(reason) => {
            eprintln!("lockgate: {}", redact(&format!("{name}: rejected, {reason}")));
            return Ok(finding_code(false));
        }
    }
    Ok(finding_code(true))
}

fn root_name(arguments: &Arguments) -> String {
    match &arguments.trusted_root {
        Some(path) => format!("the trusted root {}", path.display()),
        None => "the trusted root that is built in".to_owned(),
    }
}

fn expected(arguments: &Arguments) -> Result<Expected> {
    Ok(match (&arguments.key, &arguments.certificate_identity, &arguments.certificate_oidc_issuer) {
        (Some(key), ..) => Expected::Key(PublicKey::from_file(key)?),
        (None, Some(identity), Some(issuer)) => {
            Expected::Identity { identity: identity.clone(), issuer: issuer.clone() }
        }
        _ => anyhow::bail!("name --certificate-identity with --certificate-oidc-issuer, or --key"),
    })
}

fn told(verified: &Verified) -> String {
    let by = match (verified.identity(), verified.issuer()) {
        (Some(identity), Some(issuer)) => format!("signed by {identity} (vouched for by {issuer})"),
        _ => "signed by the key".to_owned(),
    };
    match verified.signed_at() {
        Some(at) => format!("{by} by {}", at.format("%Y-%m-%d %H:%M:%SZ")),
        None => by,
    }
}
