//! A pull request, as the REST API tells it: the way to the base of a head sha that arrived without one.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The parts of a pull request that decide which commits are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    pub open: bool,
    pub draft: bool,
    pub head_sha: String,
    /// `None` when the fork was deleted.
    pub head_repository: Option<String>,
    pub base_sha: String,
    pub base_ref: String,
    /// The repository that the pull request is opened in.
    pub base_repository: Option<String>,
    /// When GitHub last changed it.
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    number: u64,
    state: String,
    #[serde(default)]
    draft: bool,
    head: Side,
    base: Side,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Side {
    sha: String,
    #[serde(rename = "ref")]
    reference: String,
    repo: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

impl From<Answer> for PullRequest {
    fn from(answer: Answer) -> Self {
        Self {
            number: answer.number,
            open: answer.state == "open",
            draft: answer.draft,
            head_sha: answer.head.sha,
            head_repository: answer.head.repo.map(|r| r.full_name),
            base_sha: answer.base.sha,
            base_ref: answer.base.reference,
            base_repository: answer.base.repo.map(|r| r.full_name),
            updated_at: answer.updated_at,
        }
    }
}
