//! Why a request to GitHub had no result, sorted by what the caller can do about it.

use std::time::Duration;

/// A request to GitHub that did not succeed. Each text is a whole sentence that names what was being done, in
/// which repository or installation, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    #[error(
        "{doing}: GitHub knows no such thing ({message}); check that the App is installed there and that the commit was pushed"
    )]
    NotFound { doing: String, message: String },
    #[error(
        "{doing}: GitHub refused the App ({message}); check its identifier, private key, permissions and that the installation is not suspended"
    )]
    Unauthorized { doing: String, message: String, status: u16 },
    /// GitHub does not believe the App itself, as against the token of an installation.
    #[error(
        "{doing}: GitHub refused the App's own signature ({message}); if the private key was replaced or deleted in the App's settings, give the new one; check the client id and this machine's clock too"
    )]
    AppRefused { doing: String, message: String },
    #[error("{doing}: GitHub's rate limit is reached; try again in {} s", retry_after.as_secs())]
    RateLimited { doing: String, retry_after: Duration },
    #[error("{doing}: GitHub rejected the request: {message}")]
    Validation { doing: String, message: String },
    #[error("{doing}: {message}; try again later")]
    Transient { doing: String, message: String },
    #[error("the GitHub App is not usable: {0}")]
    Configuration(String),
}

impl GithubError {
    /// Whether the same request may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Transient { .. })
    }

    /// How long GitHub asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
