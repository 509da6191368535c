//! Why a repository could not be read.

use lockgate_model::CommitSha;

/// A failed attempt to read a repository. No text holds a token or the user part of an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error(
        "fetch {sha} of {repository}: the server does not have it (yet); it is tried again until the commit is seen"
    )]
    CommitMissing { repository: String, sha: CommitSha },
    #[error(
        "fetch {repository}: the server knows no such repository; check its name and that the App is installed on it"
    )]
    RepositoryMissing { repository: String },
    #[error("fetch {repository}: the server refused access; check the App's permission to read contents")]
    Unauthorized { repository: String },
    /// A redirect is never followed: the token would go with it, and an address in an answer is not one that the operator
    /// configured. A renamed repository keeps its id: look its present address up by that.
    #[error(
        "fetch {repository}: the server answers that it is elsewhere now; look its present address up by the repository's id"
    )]
    Moved { repository: String },
    #[error("fetch {repository}: {message}; try again later")]
    Transient { repository: String, message: String },
    #[error("fetch {repository}: not finished within {seconds} s; try again later, or raise the time limit")]
    TimedOut { repository: String, seconds: u64 },
    #[error("fetch {repository}: {message}")]
    Unsupported { repository: String, message: String },
    #[error("{subject} is larger than the limit of {limit} {unit}; it was not read")]
    TooLarge { subject: String, limit: u64, unit: &'static str },
    /// A fact about the commit, which no second attempt changes.
    #[error("{repository} holds what git itself refuses: {message}; it was not read")]
    Hostile { repository: String, message: String },
    #[error("{rev:?} names no commit of {repository}: {message}")]
    UnknownRevision { repository: String, rev: String, message: String },
    #[error("{repository} cannot be read: {message}; if it is a cache, remove it")]
    Damaged { repository: String, message: String },
}

impl SourceError {
    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::CommitMissing { .. } | Self::Transient { .. } | Self::TimedOut { .. })
    }

    /// Whether the repository may be found under another name.
    pub fn may_have_moved(&self) -> bool {
        matches!(self, Self::RepositoryMissing { .. } | Self::Moved { .. })
    }
}

/// A gix error with its causes, in one bounded line.
pub(crate) fn describe(error: &gix::Error) -> String {
    let mut text = String::new();
    for cause in error.iter_errors() {
        let part = cause.to_string();
        if !text.contains(&part) {
            text = if text.is_empty() { part } else { format!("{text}: {part}") };
        }
    }
    text.replace(['\n', '\r'], " ").chars().take(500).collect()
}
