//! `lockgate verify-commit`: who signed a commit, a tag, or each commit of a range.

use super::{finding_code, print};
use anyhow::{Context, Result, bail};
use chrono::{SecondsFormat, Utc};
use clap::builder::NonEmptyStringValueParser;
use lockgate_model::redact::{redact, redact_json};
use lockgate_signature::{
    bundle::{Instance, Verifier},
    commit::{
        Committer, Kind, Raw, Signer, Trust, Verification, Verified,
        gitsign::Authority,
        gpg::Keyring,
        ssh::{AllowedSigners, Revoked},
    },
};
use lockgate_source::{Object, ObjectKind, Repository};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};

/// Most commits of a range.
const MOST_COMMITS: usize = 10_000;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Text,
    /// A line for each commit.
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder of a repository. Its own configuration is not heeded.
    #[arg(long)]
    repo: PathBuf,
    /// Whose SSH keys may sign: a file as ssh-keygen(1) describes it under ALLOWED SIGNERS.
    #[arg(long)]
    allowed_signers: Option<PathBuf>,
    /// SSH keys that may not sign any more: a list of public keys, or what `ssh-keygen -k` writes.
    #[arg(long, requires = "allowed_signers")]
    revoked_keys: Option<PathBuf>,
    /// OpenPGP keys that may sign: what `gpg --export` writes.
    #[arg(long)]
    keyring: Option<PathBuf>,
    /// Who may sign by gitsign: the name in the certificate, whole.
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), requires = "certificate_oidc_issuer")]
    certificate_identity: Option<String>,
    /// Who must have vouched for that name: an OpenID provider's address.
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// The authorities and logs to trust for gitsign, instead of those that are built in.
    #[arg(long, requires = "certificate_identity")]
    trusted_root: Option<PathBuf>,
    /// Refuse what is signed by somebody else than its committer (or tagger), by the e-mail address.
    #[arg(long)]
    by_committer: bool,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// A commit, an annotated tag (`TAG^{commit}` for its commit), or the commits of `BASE..HEAD`.
    #[arg(value_name = "REV|BASE..HEAD")]
    rev: String,
}

/// Exit 1 when one of them is not verified; 2 when that could not be asked.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let trust = trust(arguments)?;
    let repository = Repository::open(&arguments.repo)?;
    let revisions = match arguments.rev.split_once("..") {
        None => vec![arguments.rev.clone()],
        Some((base, head)) => commits(&repository, base, head)?,
    };
    let mut all_good = true;
    for revision in revisions {
        let object = repository.object(&revision)?;
        let answer = answer(&trust, &object, arguments.by_committer);
        all_good &= answer.name == VERIFIED;
        print(&match arguments.format {
            Format::Text => text(&object, &answer),
            Format::Json => line(&object, &answer),
        })?;
    }
    Ok(finding_code(all_good))
}

fn trust(arguments: &Arguments) -> Result<Trust> {
    let verifier = || match &arguments.trusted_root {
        Some(path) => Verifier::from_file(path),
        None => Verifier::embedded(Instance::Production),
    };
    let authority = match (&arguments.certificate_identity, &arguments.certificate_oidc_issuer) {
        (Some(identity), Some(issuer)) => Some(Authority::new(verifier()?, identity.clone(), issuer.clone())),
        _ => None,
    };
    Ok(Trust {
        keyring: arguments.keyring.as_deref().map(Keyring::from_file).transpose()?,
        signers: arguments.allowed_signers.as_deref().map(AllowedSigners::from_file).transpose()?,
        revoked: arguments.revoked_keys.as_deref().map(Revoked::from_file).transpose()?.unwrap_or_default(),
        authority,
        now: Utc::now(),
    })
}

/// Of a range without commits nothing would be said, and a mistaken range would pass.
fn commits(repository: &Repository, base: &str, head: &str) -> Result<Vec<String>> {
    let range = || format!("{base}..{head}");
    if head.starts_with('.') {
        bail!("{}: three dots name commits of both sides; name BASE..HEAD", range());
    }
    let commits = repository.between(base, head, MOST_COMMITS).with_context(range)?;
    if commits.is_empty() {
        bail!("{}: no commit leads to the second that does not lead to the first; exchange them?", range());
    }
    Ok(commits.iter().map(ToString::to_string).collect())
}

const VERIFIED: &str = "verified";

struct Answer {
    name: &'static str,
    /// Of a rejection; a name that stays.
    reason: Option<&'static str>,
    says: String,
    verified: Option<Verified>,
}

fn answer(trust: &Trust, object: &Object, by_committer: bool) -> Answer {
    let raw = Raw {
        kind: match object.kind {
            ObjectKind::Commit => Kind::Commit,
            ObjectKind::Tag => Kind::Tag,
        },
        id: object.id.as_str(),
        bytes: &object.bytes,
        name: object.name.as_deref(),
    };
    let rejected = |reason, says| Answer { name: "rejected", reason: Some(reason), says, verified: None };
    match trust.verify(&raw) {
        Verification::Unsigned => {
            Answer { name: "unsigned", reason: None, says: "nobody vouches for it".into(), verified: None }
        }
        Verification::Rejected(rejection) => rejected(rejection.reason(), rejection.to_string()),
        Verification::Verified(verified) if by_committer && verified.committer() == Committer::IsAnother => {
            rejected("other-committer", format!("{}; {ANOTHER}", by(verified.signer())))
        }
        Verification::Verified(verified) => {
            let another = if verified.committer() == Committer::IsAnother { ANOTHER } else { OWN };
            let says = format!("{}; {another}", by(verified.signer()));
            Answer { name: VERIFIED, reason: None, says, verified: Some(verified) }
        }
    }
}

const OWN: &str = "the committer's address is the signer's";
const ANOTHER: &str = "the committer's address is none of the signer's";

fn by(signer: &Signer) -> String {
    match signer {
        Signer::Gpg { primary, users, .. } => {
            let user = users.first().map_or("a key without user id", String::as_str);
            format!("signed by {user}, OpenPGP key {primary}")
        }
        Signer::Ssh { principals, key, authority: None, .. } => format!("signed by {principals}, SSH key {key}"),
        Signer::Ssh { principals, key, authority: Some(authority), .. } => {
            format!("signed by {principals}, SSH key {key} certified by {authority}")
        }
        Signer::Sigstore { identity, issuer, .. } => format!("signed by {identity} (vouched for by {issuer})"),
    }
}

fn text(object: &Object, answer: &Answer) -> String {
    format!("{}: {}, {}\n", subject(object), answer.name, redact(&answer.says))
}

fn subject(object: &Object) -> String {
    let kind = kind(object);
    match &object.name {
        Some(name) => format!("{kind} {name} {}", object.id),
        None => format!("{kind} {}", object.id),
    }
}

fn kind(object: &Object) -> &'static str {
    match object.kind {
        ObjectKind::Commit => "commit",
        ObjectKind::Tag => "tag",
    }
}

fn line(object: &Object, answer: &Answer) -> String {
    let mut value = json!({
        "kind": kind(object),
        "id": object.id.as_str(),
        "name": object.name,
        "answer": answer.name,
        "reason": answer.reason,
        "says": answer.says,
        "signer": answer.verified.as_ref().map(|verified| signer(verified.signer())),
        "committer": answer.verified.as_ref().map(|verified| match verified.committer() {
            Committer::IsSigner => "is-signer",
            Committer::IsAnother => "is-another",
        }),
    });
    redact_json(&mut value);
    format!("{value}\n")
}

fn signer(signer: &Signer) -> Value {
    match signer {
        Signer::Gpg { primary, key, users, .. } => {
            json!({ "kind": "openpgp", "primary": primary, "key": key, "users": users })
        }
        Signer::Ssh { principals, key, authority, .. } => {
            json!({ "kind": "ssh", "principals": principals, "key": key, "authority": authority })
        }
        Signer::Sigstore { identity, issuer, signed_at, .. } => {
            let signed_at = signed_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
            json!({ "kind": "sigstore", "identity": identity, "issuer": issuer, "signed_at": signed_at })
        }
    }
}
