//! Builders that sign what they build, under an authority of our own.

use crate::registry::Package;
use lockgate_authority::{Authority, Content, Identity, Recipe};
use lockgate_model::{Digest, DigestAlgorithm};
use serde_json::json;
use std::path::Path;

const V1: &str = "https://slsa.dev/provenance/v1";

/// A workflow in a repository.
#[derive(Debug)]
pub struct Builder<'a> {
    pub authority: &'a Authority,
    /// As `https://HOST/OWNER/NAME`.
    pub repository: &'a str,
    /// As `refs/tags/v1.0.0`.
    pub reference: &'a str,
}

impl Builder<'_> {
    /// The npm package with the provenance that the registry serves of it.
    pub fn builds(&self, package: &Package) -> Package {
        let workflow = ".github/workflows/release.yml";
        let digest = Digest::of(DigestAlgorithm::Sha512, &package.artifact());
        let name = format!("pkg:npm/{}@{}", package.name, package.version);
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha512": digest.hex()}}],
            "predicateType": V1,
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
                    "externalParameters": {
                        "workflow": {"ref": self.reference, "repository": self.repository, "path": workflow},
                    },
                    "internalParameters": {},
                    "resolvedDependencies": [],
                },
                "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
            },
        });
        let identity = Identity::workflow_at(self.repository, workflow, self.reference, &"1".repeat(40))
            .issued_by("https://token.actions.githubusercontent.com");
        let signer = self.authority.signer(&identity);
        let bundle = self.authority.bundle(&signer, Content::Statement(&statement.to_string()), &Recipe::default());
        package.clone().attested(&json!({"attestations": [{"predicateType": V1, "bundle": bundle}]}).to_string())
    }
}

/// Writes down whom to trust, for `[signature] trusted_root`.
pub fn write_root(authority: &Authority, file: &Path) {
    std::fs::write(file, authority.trusted_root().to_string()).expect("the folder can be written to");
}
