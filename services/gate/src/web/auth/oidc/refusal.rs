//! Why nobody was signed in: each cause by name, none with a secret in it.

use std::fmt::Display;

#[derive(Debug, thiserror::Error)]
pub(in crate::web::auth) enum Refusal {
    #[error("this browser did not begin this sign-in, or it began it too long ago")]
    State,
    #[error("the answer comes from another provider than the one that was asked")]
    OtherIssuer,
    #[error("the provider refused: {0}")]
    Provider(String),
    #[error("the provider does not accept the code; it may have been used before")]
    Code,
    #[error("this sign-in was used before")]
    Used,
    #[error("the identity token is malformed: {0}")]
    Malformed(String),
    #[error("the identity token is signed with {0}; RS256 and ES256 are accepted")]
    Algorithm(String),
    #[error("the identity token names a key that the provider does not publish")]
    UnknownKey,
    #[error("the identity token's signature is wrong")]
    Signature,
    #[error("the identity token is from another issuer")]
    Issuer,
    #[error("the identity token is meant for somebody else")]
    Audience,
    #[error("the identity token has expired")]
    Expired,
    #[error("the identity token is not valid yet; compare the clocks")]
    NotYet,
    #[error("the identity token belongs to another sign-in")]
    Nonce,
    #[error("none of your groups has a grant on this server; ask whoever runs it")]
    NoGrant,
    #[error("the provider cannot be asked at the moment; the server's log says why")]
    Unreachable(#[source] anyhow::Error),
}

impl Refusal {
    /// Stable: the page shows it, metrics count by it.
    pub(in crate::web::auth) fn code(&self) -> &'static str {
        match self {
            Self::State => "state",
            Self::OtherIssuer => "other-issuer",
            Self::Provider(_) => "provider",
            Self::Code => "code",
            Self::Used => "used",
            Self::Malformed(_) => "malformed",
            Self::Algorithm(_) => "algorithm",
            Self::UnknownKey => "unknown-key",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not-yet",
            Self::Nonce => "nonce",
            Self::NoGrant => "no-grant",
            Self::Unreachable(_) => "unreachable",
        }
    }

    pub(super) fn malformed(why: impl Display) -> Self {
        Self::Malformed(why.to_string())
    }
}
