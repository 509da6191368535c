//! GitHub, as an App sees it: signed deliveries in, check runs out.
//!
//! This crate knows GitHub's contract and nothing of Lockgate's. A delivery is bytes until
//! [`signature::verify`] has vouched for them; only then can [`Event::parse`] read them. An [`App`]
//! holds the private key and the installation tokens, and hands out one [`InstallationClient`] per
//! installation, through which check runs are written within GitHub's limits.

mod app;
mod budget;
mod check_run;
mod check_runs;
mod client;
mod deliveries;
mod error;
mod event;
mod installations;
mod link;
mod parse;
mod payload;
mod prune;
mod pull_request;
mod session;
pub mod signature;
mod signer;
mod token;
mod transport;

pub use app::{App, AppConfig};
pub use budget::{Headroom, Limits};
pub use check_run::{
    Action, Annotation, AnnotationLevel, CheckRunDraft, CheckRunRef, CheckRunState, Conclusion, ReportedStatus,
};
pub use client::InstallationClient;
pub use deliveries::{Delivery, DeliveryCursor, DeliveryPage, DeliveryRef};
pub use error::GithubError;
pub use event::{
    CheckRunEvent, CheckSuiteEvent, Event, EventOrigin, InstallationEvent, InstallationRepositoriesEvent,
    MergeGroupEvent, PullRequestEvent, PullRequestHint, PushEvent, Repository, RepositoryEvent, RepositoryName,
};
pub use installations::Installation;
pub use payload::PayloadError;
pub use pull_request::PullRequest;
pub use signature::{SignatureError, Verified};

/// A text that no log line, error or `Debug` output shows.
pub use secrecy::{ExposeSecret, SecretString as Secret};
