//! Who is allowed to upload, as the index names it; and whether the certificate says the same.

use crate::{
    Reason, Rejected,
    bundle::{Rejection, Verified, Workflow},
    provenance::{GITHUB, GITHUB_ISSUER},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) const GITLAB: &str = "https://gitlab.com";
pub(super) const GOOGLE_ISSUER: &str = "https://accounts.google.com";

/// A trusted publisher. Frozen names, read by policy; compare with those of the releases before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
pub enum Publisher {
    GitHub {
        /// As `owner/name`.
        repository: String,
        /// Name of a file in `.github/workflows`.
        workflow: String,
        environment: Option<String>,
    },
    GitLab {
        /// As `group/name`, with subgroups.
        repository: String,
        /// Path of a file.
        workflow_filepath: String,
        environment: Option<String>,
    },
    Google {
        /// Of a service account.
        email: String,
    },
    /// Of a kind that is not known here: nothing of it can be compared.
    #[serde(other)]
    Other,
}

impl Publisher {
    /// Whether the certificate was issued to this publisher.
    pub(super) fn judge(&self, verified: &Verified) -> Result<(), Rejected> {
        match self {
            Self::GitHub { repository, workflow, environment } => {
                let workflow = Workflow {
                    issuer: GITHUB_ISSUER.to_owned(),
                    repository: format!("{GITHUB}/{repository}"),
                    path: format!(".github/workflows/{workflow}"),
                };
                workflow.judge(verified).map_err(|found| Rejected::from(&found))?;
                judge_environment(environment.as_deref(), verified)
            }
            Self::GitLab { repository, workflow_filepath, environment } => {
                let workflow = Workflow {
                    issuer: GITLAB.to_owned(),
                    repository: format!("{GITLAB}/{repository}"),
                    path: workflow_filepath.clone(),
                };
                workflow.judge(verified).map_err(|found| Rejected::from(&found))?;
                judge_environment(environment.as_deref(), verified)
            }
            Self::Google { email } => {
                super::Identity::new(email, GOOGLE_ISSUER).judge(verified).map_err(|found| Rejected::from(&found))
            }
            Self::Other => Err(Rejected::from(&Rejection::Unsupported(
                "the index names a kind of publisher that is not known".to_owned().into(),
            ))),
        }
    }
}

/// Hosts do not tell upper from lower case in it.
fn judge_environment(expected: Option<&str>, verified: &Verified) -> Result<(), Rejected> {
    let found = verified.claims().and_then(|claims| claims.environment.as_deref());
    match (expected, found) {
        (Some(expected), Some(found)) if !expected.eq_ignore_ascii_case(found) => Err(Rejected::new(
            Reason::OtherEnvironment,
            format!("built for another environment: {expected} is expected, it was {found}"),
        )),
        _ => Ok(()),
    }
}
