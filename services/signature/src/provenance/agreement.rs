//! What statement and certificate both say must be the same.

use super::{GITHUB, GITHUB_ISSUER, ProvenanceFacts, Runner, slsa::Claimed};
use crate::bundle::{Claims, Quoted, Verified};
use std::fmt;

/// Why a statement whose signature holds is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disagreement {
    /// Statement and certificate say different things about the same.
    Field { field: Field, stated: Quoted, certified: Quoted },
    /// The certificate names no repository: a person's does not. Then the statement is only what that person says.
    NoBuild,
}

/// What they disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Builder,
    Repository,
    Ref,
    Commit,
    Workflow,
    Trigger,
    Run,
    Runner,
    RepositoryId,
    OwnerId,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { field, stated, certified } => {
                write!(f, "the statement names {stated} as {}, the certificate {certified}", field.name())
            }
            Self::NoBuild => f.write_str("the certificate names no repository, so nobody vouches for the statement"),
        }
    }
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Builder => "builder",
            Self::Repository => "repository",
            Self::Ref => "ref",
            Self::Commit => "commit",
            Self::Workflow => "workflow",
            Self::Trigger => "trigger",
            Self::Run => "run",
            Self::Runner => "runner",
            Self::RepositoryId => "number of the repository",
            Self::OwnerId => "number of the repository's owner",
        }
    }
}

/// What is certified, once nothing that is stated contradicts it.
pub(super) fn facts(slsa: &str, claimed: Claimed, verified: &Verified) -> Result<ProvenanceFacts, Disagreement> {
    let claims = verified.claims().ok_or(Disagreement::NoBuild)?;
    let repository = claims.source_repository.clone().ok_or(Disagreement::NoBuild)?;
    for (field, stated, certified) in [
        (Field::Repository, &claimed.repository, &claims.source_repository),
        (Field::Ref, &claimed.source_ref, &claims.source_ref),
        (Field::Commit, &claimed.commit, &claims.source_commit),
        (Field::Trigger, &claimed.trigger, &claims.trigger),
        (Field::Run, &claimed.run, &claims.run),
        (Field::Runner, &claimed.runner, &claims.runner),
        (Field::RepositoryId, &claimed.repository_id, &claims.source_repository_id),
        (Field::OwnerId, &claimed.owner_id, &claims.source_owner_id),
    ] {
        agree(field, stated.as_deref(), certified.as_deref())?;
    }
    let signer = claims.build_signer.as_deref().or(verified.identity());
    workflow(&claimed, claims, &repository, signer)?;
    builder(&claimed.builder, claims, &repository, verified.issuer(), signer)?;
    Ok(ProvenanceFacts {
        slsa: slsa.to_owned(),
        build_type: claimed.build_type,
        builder: claimed.builder,
        repository,
        r#ref: claims.source_ref.clone(),
        commit: claims.source_commit.clone(),
        workflow: claims.build_config.clone(),
        signer: signer.map(str::to_owned),
        trigger: claims.trigger.clone(),
        run: claims.run.clone(),
        runner: runner(claims.runner.as_deref()),
        visibility: claims.source_visibility.clone(),
    })
}

fn agree(field: Field, stated: Option<&str>, certified: Option<&str>) -> Result<(), Disagreement> {
    match (stated, certified) {
        (Some(stated), Some(certified)) if stated != certified => Err(differ(field, stated, certified)),
        _ => Ok(()),
    }
}

fn differ(field: Field, stated: &str, certified: &str) -> Disagreement {
    Disagreement::Field { field, stated: stated.to_owned().into(), certified: certified.to_owned().into() }
}

/// The statement has the file's path, the certificate an address with the ref. Where no workflow is certified, it is the
/// signer's name.
fn workflow(claimed: &Claimed, claims: &Claims, repository: &str, signer: Option<&str>) -> Result<(), Disagreement> {
    let Some(certified) = claims.build_config.as_deref().or(signer) else { return Ok(()) };
    if let Some(name) = claimed.workflow_name.as_deref() {
        agree(Field::Workflow, Some(&format!("{GITHUB}/{name}")), Some(certified))?;
    }
    let Some(path) = claimed.workflow.as_deref() else { return Ok(()) };
    let refs = [&claims.source_ref, &claims.source_commit, &claims.build_config_commit, &claimed.workflow_ref];
    let mut refs = refs.into_iter().flatten();
    let same =
        refs.any(|at| ["/", "//"].iter().any(|between| certified == format!("{repository}{between}{path}@{at}")));
    if same { Ok(()) } else { Err(differ(Field::Workflow, path, certified)) }
}

/// A builder is the workflow that signed, the run, or the host's runner; npm's client named itself in the first weeks of
/// 2023. Any other name is one that the statement alone knows.
fn builder(
    stated: &str,
    claims: &Claims,
    repository: &str,
    issuer: Option<&str>,
    signer: Option<&str>,
) -> Result<(), Disagreement> {
    let is_certified = [signer, claims.run.as_deref()].contains(&Some(stated));
    let is_githubs = issuer == Some(GITHUB_ISSUER) && is_github_builder(stated, claims.runner.as_deref());
    if is_certified || is_githubs || is_gitlab_runner(stated, repository) {
        return Ok(());
    }
    Err(differ(Field::Builder, stated, signer.or(claims.runner.as_deref()).unwrap_or("nobody")))
}

fn is_github_builder(stated: &str, runner: Option<&str>) -> bool {
    if let Some(version) = stated.strip_prefix("https://github.com/npm/cli@") {
        return version.starts_with(|c: char| c.is_ascii_digit());
    }
    match stated.strip_prefix("https://github.com/actions/runner") {
        Some("") => true,
        Some(kind) => kind.strip_prefix('/').is_some_and(|kind| runner.is_none_or(|runner| kind == runner)),
        None => false,
    }
}

/// By its number.
fn is_gitlab_runner(stated: &str, repository: &str) -> bool {
    let number = stated.strip_prefix(repository).and_then(|rest| rest.strip_prefix("/-/runners/"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// What is not known to be a host's machine is the owner's.
fn runner(certified: Option<&str>) -> Runner {
    match certified {
        Some("github-hosted" | "gitlab-hosted") => Runner::Hosted,
        Some(_) => Runner::SelfHosted,
        None => Runner::NotSaid,
    }
}
