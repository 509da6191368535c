//! What builders and registries state, as they write it.

use crate::REPOSITORY;
use serde_json::{Value, json};

pub(crate) const V1: &str = "https://slsa.dev/provenance/v1";
pub(crate) const V0_2: &str = "https://slsa.dev/provenance/v0.2";

/// The commit that [`lockgate_authority::Identity::workflow`] builds.
fn commit() -> String {
    "1".repeat(40)
}

pub(crate) fn statement(subject: Value, predicate_type: &str, predicate: Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
}

/// As GitHub's runner states it since 2023.
pub(crate) fn v1(subject: Value) -> Value {
    let predicate = json!({
        "buildDefinition": {
            "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {"ref": "refs/heads/main", "repository": REPOSITORY, "path": ".github/workflows/release.yml"},
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "1001",
                    "repository_owner_id": "2001",
                    "runner_environment": "github-hosted",
                },
            },
            "resolvedDependencies": [
                {"uri": "pkg:npm/typescript@5.0.0", "digest": {"sha512": "00"}},
                {"uri": format!("git+{REPOSITORY}@refs/heads/main"), "digest": {"gitCommit": commit()}},
            ],
        },
        "runDetails": {
            "builder": {"id": "https://github.com/actions/runner/github-hosted"},
            "metadata": {"invocationId": format!("{REPOSITORY}/actions/runs/3001/attempts/1")},
        },
    });
    statement(subject, V1, predicate)
}

/// As npm stated it in the first half of 2023.
pub(crate) fn v0_2(subject: Value) -> Value {
    let predicate = json!({
        "buildType": "https://github.com/npm/cli/gha/v2",
        "builder": {"id": "https://github.com/actions/runner"},
        "invocation": {
            "configSource": {
                "uri": format!("git+{REPOSITORY}@refs/heads/main"),
                "digest": {"sha1": commit()},
                "entryPoint": ".github/workflows/release.yml",
            },
            "parameters": {},
            "environment": {
                "GITHUB_EVENT_NAME": "push",
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_REPOSITORY": "owner/left-pad",
                "GITHUB_REPOSITORY_ID": "1001",
                "GITHUB_REPOSITORY_OWNER_ID": "2001",
            },
        },
        "metadata": {"buildInvocationId": "3001-1", "reproducible": false},
        "materials": [{"uri": format!("git+{REPOSITORY}@refs/heads/main"), "digest": {"sha1": commit()}}],
    });
    let mut statement = statement(subject, V0_2, predicate);
    statement["_type"] = "https://in-toto.io/Statement/v0.1".into();
    statement
}
