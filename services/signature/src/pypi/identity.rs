//! Whom the operator expects, in one word.

use super::publisher::{GITLAB, GOOGLE_ISSUER};
use crate::{
    bundle::{Rejection, Verified, Workflow},
    provenance::{GITHUB, GITHUB_ISSUER},
};

/// An identity and the issuers whose word is taken for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    expected: Expected,
    issuers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    /// The certificate's name, whole.
    Name(String),
    Workflow {
        repository: String,
        path: String,
    },
}

/// Why no issuer is known for an identity.
#[derive(Debug, thiserror::Error)]
#[error("identity {identity}: its kind does not tell who vouches for it; name the OpenID provider by --issuer")]
pub struct BadIdentity {
    identity: String,
}

/// Who vouches for e-mail addresses in Sigstore's public instance: those who make people prove that it is theirs.
const SIGN_INS: [&str; 3] = ["https://github.com/login/oauth", GOOGLE_ISSUER, "https://login.microsoftonline.com"];

impl Identity {
    /// A name as it stands in the certificate, or a workflow without its ref, and who must vouch for it.
    pub fn new(identity: &str, issuer: &str) -> Self {
        Self { expected: expected(identity), issuers: vec![issuer.to_owned()] }
    }

    /// The issuer is told by the kind: the host of a workflow vouches for it, and for an e-mail address one of the
    /// providers by which people sign in to Sigstore's public instance. With another trusted root, name it.
    ///
    /// # Errors
    /// [`BadIdentity`], for any other.
    pub fn of_known_kind(identity: &str) -> Result<Self, BadIdentity> {
        let issuers = match identity {
            _ if identity.starts_with(&format!("{GITHUB}/")) => vec![GITHUB_ISSUER],
            _ if identity.starts_with(&format!("{GITLAB}/")) => vec![GITLAB],
            _ if identity.contains('@') && !identity.contains(['/', ':']) => SIGN_INS.to_vec(),
            _ => return Err(BadIdentity { identity: identity.to_owned() }),
        };
        Ok(Self { expected: expected(identity), issuers: issuers.into_iter().map(str::to_owned).collect() })
    }

    /// Whether the certificate was issued to it.
    pub(super) fn judge(&self, verified: &Verified) -> Result<(), Rejection> {
        let Some(issuer) = self.issuers.iter().find(|issuer| verified.issuer() == Some(issuer)) else {
            return Err(Rejection::OtherIssuer {
                expected: self.issuers.join(" or "),
                found: verified.issuer().map(|found| found.to_owned().into()),
            });
        };
        match &self.expected {
            Expected::Name(name) if verified.identity() == Some(name) => Ok(()),
            Expected::Name(name) => Err(Rejection::OtherIdentity {
                expected: name.clone(),
                found: verified.identity().map(|found| found.to_owned().into()),
            }),
            Expected::Workflow { repository, path } => {
                let (issuer, repository, path) = (issuer.clone(), repository.clone(), path.clone());
                Workflow { issuer, repository, path }.judge(verified)
            }
        }
    }
}

/// A workflow's file on a known host, without `@REF`, means any ref; everything else is a name.
fn expected(identity: &str) -> Expected {
    let workflow =
        |repository: &str, path: &str| Expected::Workflow { repository: repository.to_owned(), path: path.to_owned() };
    if !identity.contains('@') {
        if let Some((repository, path)) = identity.split_once("/.github/workflows/") {
            return workflow(repository, &format!(".github/workflows/{path}"));
        }
        let (scheme, rest) = identity.split_once("://").unwrap_or(("", identity));
        if let Some((repository, path)) = rest.split_once("//") {
            return workflow(&format!("{scheme}://{repository}"), path);
        }
    }
    Expected::Name(identity.to_owned())
}
