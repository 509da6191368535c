//! Webhook payloads, as our own types.
//!
//! GitHub sends some sixty events with hundreds of fields; Lockgate acts on eight of them and on few fields. Events
//! that it does not know become [`Event::Other`]: the App's settings may subscribe to more than it needs, and that is no
//! error. Events serialise, so that a job can carry one without the foreign payload.

use crate::{
    parse,
    payload::{Field, PayloadError},
    prune,
    signature::Verified,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What every event may say of where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventOrigin {
    /// The installation whose token can answer; absent when a repository's own webhook sent the event.
    pub installation: Option<u64>,
    /// Login of who caused it.
    pub sender: Option<String>,
}

/// The repository that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    pub id: u64,
    /// `OWNER/NAME`.
    pub full_name: String,
    pub clone_url: String,
    pub private: bool,
    /// The branch that counts; absent from some old payloads.
    pub default_branch: Option<String>,
}

/// A repository in a list, of which GitHub says less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryName {
    pub id: u64,
    pub full_name: String,
    pub private: bool,
}

/// `pull_request`: the head or base moved, or a person did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestEvent {
    pub action: String,
    pub origin: EventOrigin,
    pub repository: Repository,
    pub number: u64,
    pub head_sha: String,
    /// Where the head lives; `None` when the fork was deleted.
    pub head_repository: Option<String>,
    pub base_sha: String,
    pub base_ref: String,
    pub draft: bool,
    /// When GitHub last changed the pull request. Deliveries arrive in any order: of two, the later one tells how it stands.
    pub updated_at: Option<DateTime<Utc>>,
    /// The head before a `synchronize`.
    pub before: Option<String>,
    /// The base before an `edited` that chose another base branch.
    pub base_before: Option<String>,
}

impl PullRequestEvent {
    /// Whether the head lives in another repository than the base.
    pub fn is_from_fork(&self) -> bool {
        self.head_repository.as_ref().is_none_or(|head| !head.eq_ignore_ascii_case(&self.repository.full_name))
    }
}

/// `merge_group`: the merge queue built a commit (`checks_requested`) or gave it up (`destroyed`). Base and head are the
/// group's own, never a branch tip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeGroupEvent {
    pub action: String,
    pub origin: EventOrigin,
    pub repository: Repository,
    pub head_sha: String,
    pub base_sha: String,
    pub base_ref: String,
    /// Why it was `destroyed`: `merged`, `invalidated` or `dequeued`.
    pub reason: Option<String>,
}

/// `push`. An all-zero id stands for "no commit": created or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushEvent {
    pub origin: EventOrigin,
    pub repository: Repository,
    /// The full reference, `refs/heads/main`.
    pub reference: String,
    pub before: String,
    pub after: String,
    pub created: bool,
    pub deleted: bool,
}

impl PushEvent {
    /// Whether it moved the repository's default branch.
    pub fn is_default_branch(&self) -> bool {
        let branch = self.reference.strip_prefix("refs/heads/");
        branch.is_some() && branch == self.repository.default_branch.as_deref()
    }
}

/// A pull request that a check suite or run mentions. Empty lists are normal: GitHub names none for forks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestHint {
    pub number: u64,
    pub head_sha: String,
    pub base_sha: String,
    pub base_ref: String,
}

/// `check_suite`: GitHub asks for checks, or a person asks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSuiteEvent {
    pub action: String,
    pub origin: EventOrigin,
    pub repository: Repository,
    pub head_sha: String,
    pub app_id: Option<u64>,
    pub pull_requests: Vec<PullRequestHint>,
}

/// `check_run`: a person pressed "re-run" or one of our buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRunEvent {
    pub action: String,
    pub origin: EventOrigin,
    pub repository: Repository,
    pub head_sha: String,
    pub id: u64,
    pub name: String,
    pub external_id: Option<String>,
    pub app_id: Option<u64>,
    /// The button's identifier, when `action` is `requested_action`.
    pub requested_action: Option<String>,
    pub pull_requests: Vec<PullRequestHint>,
}

/// `installation`: the App was installed, removed, suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationEvent {
    pub action: String,
    pub id: u64,
    /// Login of the organisation or user.
    pub account: String,
    pub repositories: Vec<RepositoryName>,
}

/// `installation_repositories`: the selection of repositories changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationRepositoriesEvent {
    pub action: String,
    pub id: u64,
    pub account: String,
    pub added: Vec<RepositoryName>,
    pub removed: Vec<RepositoryName>,
}

/// `repository`: it got another name or owner, was archived, deleted or made private.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryEvent {
    /// `renamed`, `transferred`, `deleted`, `archived`, `unarchived`, `privatized`, `publicized`, `created` or `edited`.
    pub action: String,
    pub origin: EventOrigin,
    /// As it is called now; the id never changes.
    pub repository: Repository,
    /// `OWNER/NAME` before a `renamed` or `transferred`.
    pub previous_name: Option<String>,
}

/// A delivery that was verified and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    PullRequest(PullRequestEvent),
    MergeGroup(MergeGroupEvent),
    Push(PushEvent),
    CheckSuite(CheckSuiteEvent),
    CheckRun(CheckRunEvent),
    Installation(InstallationEvent),
    InstallationRepositories(InstallationRepositoriesEvent),
    Repository(RepositoryEvent),
    /// GitHub tries the webhook out.
    Ping,
    /// Nothing that Lockgate acts on.
    Other {
        name: String,
        action: Option<String>,
    },
}

impl Event {
    /// Reads the payload that `verified` vouches for; `name` is the `X-GitHub-Event` header.
    ///
    /// # Errors
    /// [`PayloadError`] names the event and the field, when a field that we need is not as documented.
    pub fn parse(verified: &Verified<'_>, name: &str) -> Result<Self, PayloadError> {
        let value = prune::parse(verified.body())
            .map_err(|e| PayloadError::NotJson { event: short(name), why: e.to_string() })?;
        Self::read(name, &value)
    }

    /// Reads a payload that was vouched for before: kept since [`Event::parse`], or answered by GitHub's API.
    ///
    /// # Errors
    /// As [`Event::parse`].
    pub fn read(name: &str, value: &Value) -> Result<Self, PayloadError> {
        let name = short(name);
        let payload = Field::root(&name, value);
        match name.as_str() {
            "pull_request" => parse::pull_request(&payload).map(Self::PullRequest),
            "merge_group" => parse::merge_group(&payload).map(Self::MergeGroup),
            "push" => parse::push(&payload).map(Self::Push),
            "check_suite" => parse::check_suite(&payload).map(Self::CheckSuite),
            "check_run" => parse::check_run(&payload).map(Self::CheckRun),
            "installation" => parse::installation(&payload).map(Self::Installation),
            "installation_repositories" => {
                parse::installation_repositories(&payload).map(Self::InstallationRepositories)
            }
            "repository" => parse::repository_event(&payload).map(Self::Repository),
            "ping" => Ok(Self::Ping),
            _ => {
                let action = payload.find("action").and_then(|a| a.text().ok());
                Ok(Self::Other { name, action })
            }
        }
    }

    /// GitHub's name of the event.
    pub fn name(&self) -> &str {
        match self {
            Self::PullRequest(_) => "pull_request",
            Self::MergeGroup(_) => "merge_group",
            Self::Push(_) => "push",
            Self::CheckSuite(_) => "check_suite",
            Self::CheckRun(_) => "check_run",
            Self::Installation(_) => "installation",
            Self::InstallationRepositories(_) => "installation_repositories",
            Self::Repository(_) => "repository",
            Self::Ping => "ping",
            Self::Other { name, .. } => name,
        }
    }

    /// What happened, where the event says so (`push` and `ping` do not).
    pub fn action(&self) -> Option<&str> {
        match self {
            Self::PullRequest(e) => Some(&e.action),
            Self::MergeGroup(e) => Some(&e.action),
            Self::CheckSuite(e) => Some(&e.action),
            Self::CheckRun(e) => Some(&e.action),
            Self::Installation(e) => Some(&e.action),
            Self::InstallationRepositories(e) => Some(&e.action),
            Self::Repository(e) => Some(&e.action),
            Self::Push(_) | Self::Ping => None,
            Self::Other { action, .. } => action.as_deref(),
        }
    }

    /// The installation that the event belongs to.
    pub fn installation(&self) -> Option<u64> {
        match self {
            Self::PullRequest(e) => e.origin.installation,
            Self::MergeGroup(e) => e.origin.installation,
            Self::Push(e) => e.origin.installation,
            Self::CheckSuite(e) => e.origin.installation,
            Self::CheckRun(e) => e.origin.installation,
            Self::Installation(e) => Some(e.id),
            Self::InstallationRepositories(e) => Some(e.id),
            Self::Repository(e) => e.origin.installation,
            Self::Ping | Self::Other { .. } => None,
        }
    }

    /// The repository that the event is about.
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::PullRequest(e) => Some(&e.repository),
            Self::MergeGroup(e) => Some(&e.repository),
            Self::Push(e) => Some(&e.repository),
            Self::CheckSuite(e) => Some(&e.repository),
            Self::CheckRun(e) => Some(&e.repository),
            Self::Repository(e) => Some(&e.repository),
            Self::Installation(_) | Self::InstallationRepositories(_) | Self::Ping | Self::Other { .. } => None,
        }
    }
}

/// Names come from a header.
fn short(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Secret, signature};
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(name: &str, body: &[u8]) -> Result<Event, PayloadError> {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"s").unwrap();
        mac.update(body);
        let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let verified = signature::verify(&[Secret::from("s")], Some(&header), body).unwrap();
        Event::parse(&verified, name)
    }

    fn pull_request() -> Value {
        json!({
            "action": "synchronize",
            "number": 7,
            "before": "c".repeat(40),
            "pull_request": {
                "number": 7,
                "draft": true,
                "updated_at": "2026-01-02T03:04:05Z",
                "head": {"sha": "a".repeat(40), "ref": "bump", "repo": {"full_name": "fork/hello"}},
                "base": {"sha": "b".repeat(40), "ref": "main", "repo": {"full_name": "octo/hello"}},
                "something_new": [1, 2, 3],
            },
            "repository": {
                "id": 1, "full_name": "octo/hello", "private": true,
                "clone_url": "https://github.example.test/octo/hello.git",
            },
            "installation": {"id": 42},
            "sender": {"login": "mona"},
        })
    }

    #[test]
    fn a_pull_request_from_a_fork_is_known_as_such() {
        let event = parse("pull_request", pull_request().to_string().as_bytes()).unwrap();
        assert_eq!(
            (event.name(), event.action(), event.installation()),
            ("pull_request", Some("synchronize"), Some(42))
        );
        assert_eq!(event.repository().unwrap().full_name, "octo/hello");
        let Event::PullRequest(e) = &event else { panic!("{event:?}") };
        assert!(e.is_from_fork() && e.draft);
        assert_eq!((e.number, e.before.as_deref()), (7, Some("c".repeat(40).as_str())));
        assert_eq!(e.updated_at.unwrap().to_rfc3339(), "2026-01-02T03:04:05+00:00");
        let kept = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&kept).unwrap(), event);
    }

    #[test]
    fn a_deleted_fork_is_still_a_fork() {
        let mut payload = pull_request();
        payload["pull_request"]["head"]["repo"] = Value::Null;
        let Ok(Event::PullRequest(e)) = parse("pull_request", payload.to_string().as_bytes()) else { panic!() };
        assert!(e.is_from_fork() && e.head_repository.is_none());
    }

    #[test]
    fn hostile_names_and_ids_do_not_pass_the_door() {
        for (pointer, value) in [
            ("/repository/full_name", json!("../../app/installations")),
            ("/pull_request/head/sha", json!("main")),
            ("/pull_request/head/sha", json!("a".repeat(39))),
            ("/pull_request/number", json!(-1)),
            ("/installation/id", json!("42")),
            ("/pull_request/updated_at", json!("yesterday")),
        ] {
            let mut payload = pull_request();
            *payload.pointer_mut(pointer).unwrap() = value;
            let error = parse("pull_request", payload.to_string().as_bytes()).unwrap_err();
            let field = pointer.trim_start_matches('/').replace('/', ".");
            assert!(matches!(&error, PayloadError::Unexpected { field: f, .. } if *f == field), "{error}");
        }
    }

    #[test]
    fn what_is_absent_is_named() {
        let mut payload = pull_request();
        payload["pull_request"]["base"].as_object_mut().unwrap().remove("sha");
        let error = parse("pull_request", payload.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the payload of event pull_request lacks pull_request.base.sha");
    }

    #[test]
    fn a_repository_that_moved_says_what_it_was_called() {
        let moved = |action: &str, changes: Value| {
            let mut payload = pull_request();
            payload["action"] = action.into();
            payload["changes"] = changes;
            match parse("repository", payload.to_string().as_bytes()) {
                Ok(Event::Repository(event)) => event,
                other => panic!("{other:?}"),
            }
        };
        let renamed = moved("renamed", json!({"repository": {"name": {"from": "goodbye"}}}));
        assert_eq!((renamed.repository.id, renamed.previous_name.as_deref()), (1, Some("octo/goodbye")));
        let transferred = moved("transferred", json!({"owner": {"from": {"organization": {"login": "mona"}}}}));
        assert_eq!(transferred.previous_name.as_deref(), Some("mona/hello"));
        assert_eq!(moved("archived", Value::Null).previous_name, None);
        let mut hostile = pull_request();
        hostile["changes"] = json!({"repository": {"name": {"from": "../app"}}});
        assert!(parse("repository", hostile.to_string().as_bytes()).is_err());
    }

    #[test]
    fn events_that_we_do_not_act_on_are_no_error() {
        let event = parse("star", br#"{"action":"created"}"#).unwrap();
        assert_eq!((event.name(), event.action()), ("star", Some("created")));
        assert!(matches!(parse("star", b"{"), Err(PayloadError::NotJson { .. })));
        // serde_json bounds nesting, so depth is an error and no overflow.
        assert!(matches!(parse("push", "[".repeat(100_000).as_bytes()), Err(PayloadError::NotJson { .. })));
    }

    const NAMES: [&str; 9] = [
        "pull_request",
        "merge_group",
        "push",
        "check_suite",
        "check_run",
        "installation",
        "installation_repositories",
        "repository",
        "x",
    ];

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(name in 0..NAMES.len(), body: Vec<u8>) {
            let _ = parse(NAMES[name], &body);
        }

        #[test]
        fn any_one_value_replaced_never_panics(name in 0..NAMES.len(), key in 0usize..7, text: String) {
            let mut payload = pull_request();
            let map = payload.as_object_mut().unwrap();
            let chosen = map.keys().nth(key % map.len()).unwrap().clone();
            map.insert(chosen, Value::from(text));
            let _ = parse(NAMES[name], payload.to_string().as_bytes());
        }
    }
}
