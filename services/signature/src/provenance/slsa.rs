//! SLSA provenance, versions 0.2 and 1: where a builder says that it built, and from what.
//!
//! <https://slsa.dev/spec/v1.0/provenance>, <https://slsa.dev/spec/v0.2/provenance>. Both leave most to the builder: read is
//! what those of GitHub and GitLab write. What another one writes elsewhere is missed, and then it says less than the
//! certificate, which is no harm: [`super::Provenance`] believes the certificate.

use crate::bundle::Rejection;
use serde::Deserialize;

use super::Statement;

pub const V0_2: &str = "https://slsa.dev/provenance/v0.2";
pub const V1: &str = "https://slsa.dev/provenance/v1";

/// What the statement claims.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) build_type: String,
    pub(super) builder: String,
    /// Address, without `git+` before it and `@REF` behind.
    pub(super) repository: Option<String>,
    pub(super) source_ref: Option<String>,
    pub(super) commit: Option<String>,
    /// Path of the workflow's file.
    pub(super) workflow: Option<String>,
    /// Where the workflow's file was taken from: not always the ref that was built.
    pub(super) workflow_ref: Option<String>,
    /// All of it in one, as `OWNER/NAME/PATH@REF` on GitHub.
    pub(super) workflow_name: Option<String>,
    pub(super) trigger: Option<String>,
    pub(super) run: Option<String>,
    pub(super) runner: Option<String>,
    pub(super) repository_id: Option<String>,
    pub(super) owner_id: Option<String>,
}

impl Claimed {
    /// With the predicate's version; none when the statement is no provenance.
    pub(super) fn read(statement: &Statement) -> Option<(&'static str, Result<Self, Rejection>)> {
        match statement.predicate_type() {
            V0_2 => Some(("0.2", statement.predicate::<v0_2::Predicate>().map(Into::into))),
            V1 => Some(("1", statement.predicate::<v1::Predicate>().map(Into::into))),
            _ => None,
        }
    }
}

/// `git+https://HOST/OWNER/NAME@REF` in its two parts.
fn source(uri: &str) -> (String, Option<String>) {
    let uri = uri.strip_prefix("git+").unwrap_or(uri);
    match uri.rsplit_once('@') {
        Some((repository, at)) if at.starts_with("refs/") => (repository.to_owned(), Some(at.to_owned())),
        _ => (uri.to_owned(), None),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Builder {
    id: String,
}

mod v1 {
    use super::{Builder, Claimed, source};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Predicate {
        build_definition: BuildDefinition,
        run_details: RunDetails,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct BuildDefinition {
        build_type: String,
        external_parameters: Option<External>,
        internal_parameters: Option<Internal>,
        resolved_dependencies: Option<Vec<Dependency>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct External {
        workflow: Option<Workflow>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Workflow {
        r#ref: Option<String>,
        repository: Option<String>,
        path: Option<String>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Internal {
        github: Option<GitHub>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct GitHub {
        event_name: Option<String>,
        repository_id: Option<String>,
        repository_owner_id: Option<String>,
        runner_environment: Option<String>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Dependency {
        uri: Option<String>,
        digest: Option<Digest>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Digest {
        git_commit: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    struct RunDetails {
        builder: Builder,
        metadata: Option<Metadata>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Metadata {
        invocation_id: Option<String>,
    }

    impl From<Predicate> for Claimed {
        fn from(predicate: Predicate) -> Self {
            let definition = predicate.build_definition;
            let workflow = definition.external_parameters.and_then(|outer| outer.workflow).unwrap_or_default();
            let github = definition.internal_parameters.and_then(|inner| inner.github).unwrap_or_default();
            let repository = workflow.repository.map(|address| source(&address).0);
            // The dependency that is the repository itself: what else was used is not what was built.
            let of_repository = |dependency: &Dependency| {
                repository.is_some() && dependency.uri.as_deref().map(|uri| source(uri).0) == repository
            };
            let mut dependencies = definition.resolved_dependencies.unwrap_or_default().into_iter();
            let built = dependencies.find(of_repository).unwrap_or_default();
            Self {
                build_type: definition.build_type,
                builder: predicate.run_details.builder.id,
                source_ref: built.uri.and_then(|uri| source(&uri).1),
                commit: built.digest.and_then(|digest| digest.git_commit),
                repository,
                workflow: workflow.path,
                workflow_ref: workflow.r#ref,
                workflow_name: None,
                trigger: github.event_name,
                run: predicate.run_details.metadata.and_then(|metadata| metadata.invocation_id),
                runner: github.runner_environment,
                repository_id: github.repository_id,
                owner_id: github.repository_owner_id,
            }
        }
    }
}

mod v0_2 {
    use super::{Builder, Claimed, source};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Predicate {
        build_type: String,
        builder: Builder,
        invocation: Option<Invocation>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Invocation {
        config_source: Option<ConfigSource>,
        environment: Option<Environment>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct ConfigSource {
        uri: Option<String>,
        digest: Option<Digest>,
        entry_point: Option<String>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Digest {
        sha1: Option<String>,
    }

    /// As GitHub's runner has it; GitLab's has none of these names.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "SCREAMING_SNAKE_CASE")]
    struct Environment {
        github_event_name: Option<String>,
        github_ref: Option<String>,
        github_repository_id: Option<String>,
        github_repository_owner_id: Option<String>,
    }

    impl From<Predicate> for Claimed {
        fn from(predicate: Predicate) -> Self {
            let invocation = predicate.invocation.unwrap_or_default();
            let config = invocation.config_source.unwrap_or_default();
            let environment = invocation.environment.unwrap_or_default();
            let (repository, source_ref) = config.uri.map(|uri| source(&uri)).unzip();
            // A file; in the first weeks, file and ref with the repository before them; on GitLab, a job.
            let entry = config.entry_point;
            let workflow = entry.clone().filter(|path| path.starts_with(".github/"));
            let workflow_name = entry.filter(|name| name.contains("/.github/"));
            Self {
                build_type: predicate.build_type,
                builder: predicate.builder.id,
                repository,
                source_ref: source_ref.flatten().or(environment.github_ref),
                commit: config.digest.unwrap_or_default().sha1,
                workflow,
                workflow_name,
                trigger: environment.github_event_name,
                repository_id: environment.github_repository_id,
                owner_id: environment.github_repository_owner_id,
                ..Self::default()
            }
        }
    }
}
