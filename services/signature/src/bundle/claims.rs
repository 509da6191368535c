//! What a certificate's authority says of the build that asked for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sigstore_verify::crypto::CertificateInfo;

/// Fulcio's extensions (1.3.6.1.4.1.57264.1.9 to .23), in words that no builder owns. The authority copied them from a
/// token of the issuer, so they are as true as the issuer is; each may be missing, and a person's certificate has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Claims {
    /// Address of the repository that was built, as `https://HOST/OWNER/NAME`.
    pub source_repository: Option<String>,
    /// As `refs/tags/v1.0.0`.
    pub source_ref: Option<String>,
    /// The commit that was built.
    pub source_commit: Option<String>,
    /// The repository by the host's number: it stays the same when the name goes to somebody else, and only then.
    pub source_repository_id: Option<String>,
    pub source_owner: Option<String>,
    pub source_owner_id: Option<String>,
    /// `public`, `private` or `internal`, at signing time.
    pub source_visibility: Option<String>,
    /// The workflow that signed, with its ref: another than [`Self::build_config`] where that calls a reusable one.
    pub build_signer: Option<String>,
    pub build_signer_commit: Option<String>,
    /// The workflow that was started, with its ref.
    pub build_config: Option<String>,
    pub build_config_commit: Option<String>,
    /// What started it, as `push`.
    pub trigger: Option<String>,
    /// The run's address.
    pub run: Option<String>,
    /// As `github-hosted` or `self-hosted`: on the latter, the owner of the repository has all in hand.
    pub runner: Option<String>,
    pub environment: Option<String>,
}

impl Claims {
    /// Certificates of the first half of 2023 have GitHub's older extensions alone, with the same values.
    pub(super) fn of(certificate: &CertificateInfo) -> Self {
        let (claims, older) = (certificate.ci_claims.clone(), &certificate.ci_claims.deprecated_github);
        let github = certificate.issuer.as_deref() == Some(crate::provenance::GITHUB_ISSUER);
        let repository = older.workflow_repository.as_ref().filter(|_| github);
        Self {
            source_repository: claims
                .source_repository_uri
                .or_else(|| repository.map(|name| format!("{}/{name}", crate::provenance::GITHUB))),
            source_ref: claims.source_repository_ref.or_else(|| older.workflow_ref.clone()),
            source_commit: claims.source_repository_digest.or_else(|| older.workflow_sha.clone()),
            source_repository_id: claims.source_repository_identifier,
            source_owner: claims.source_repository_owner_uri,
            source_owner_id: claims.source_repository_owner_identifier,
            source_visibility: claims.source_repository_visibility_at_signing,
            build_signer: claims.build_signer_uri,
            build_signer_commit: claims.build_signer_digest,
            build_config: claims.build_config_uri,
            build_config_commit: claims.build_config_digest,
            trigger: claims.build_trigger.or_else(|| older.workflow_trigger.clone()),
            run: claims.run_invocation_uri,
            runner: claims.runner_environment,
            environment: claims.deployment_environment,
        }
    }
}
