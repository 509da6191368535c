//! GitHub's objects as JSON, whole: what the REST description requires of an answer, and the webhook schemas of a payload.

use super::{
    APP_ID, Shared, State, access, check_runs::CheckRun, pull_requests::PullRequest, repositories::Repository,
};
use serde_json::{Map, Value, json};
use url::Url;

/// When everything began that tells no other time.
const BEGINNING: &str = "2026-01-01T00:00:00Z";

/// Addresses that an object has below its own: key and tail.
type Tails = &'static [(&'static str, &'static str)];

const USER_TAILS: Tails = &[
    ("followers_url", "followers"),
    ("following_url", "following{/other_user}"),
    ("gists_url", "gists{/gist_id}"),
    ("starred_url", "starred{/owner}{/repo}"),
    ("subscriptions_url", "subscriptions"),
    ("organizations_url", "orgs"),
    ("repos_url", "repos"),
    ("events_url", "events{/privacy}"),
    ("received_events_url", "received_events"),
];

const REPOSITORY_TAILS: Tails = &[
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    ("notifications_url", "notifications{?since,all,participating}"),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
];

/// Numbers that nobody here counts.
const REPOSITORY_COUNTS: [&str; 9] = [
    "size",
    "stargazers_count",
    "watchers_count",
    "forks_count",
    "open_issues_count",
    "forks",
    "open_issues",
    "watchers",
    "network_count",
];

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => unreachable!("{other} is no object"),
    }
}

/// An opaque id of the other API, unique by kind.
fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_{id:08}")
}

fn tails(into: &mut Map<String, Value>, base: &str, tails: Tails) {
    into.extend(tails.iter().map(|(key, tail)| ((*key).to_owned(), Value::from(format!("{base}/{tail}")))));
}

pub(super) fn user(shared: &Shared, login: &str) -> Value {
    kind_of_user(shared, login, "User")
}

pub(super) fn organization(shared: &Shared, login: &str) -> Value {
    kind_of_user(shared, login, "Organization")
}

fn kind_of_user(shared: &Shared, login: &str, kind: &str) -> Value {
    let url = format!("{}users/{login}", shared.url());
    let id = account_id(login);
    let mut user = object(json!({
        "login": login,
        "id": id,
        "node_id": node_id("U", id),
        "avatar_url": format!("{}avatars/{login}", shared.web_url()),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{}{login}", shared.web_url()),
        "type": kind,
        "site_admin": false,
    }));
    tails(&mut user, &url, USER_TAILS);
    user.into()
}

/// Some number that a login always has.
fn account_id(login: &str) -> u64 {
    login.bytes().fold(7, |id, byte| (id * 31 + u64::from(byte)) % 1_000_003)
}

pub(super) fn repository(shared: &Shared, repository: &Repository) -> Value {
    let (owner, name) = repository.name.split_once('/').unwrap_or_default();
    let url = format!("{}repos/{}", shared.url(), repository.name);
    let html = format!("{}{}", shared.web_url(), repository.name);
    let mut all = object(json!({
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": name,
        "full_name": repository.name,
        "owner": organization(shared, owner),
        "private": repository.private,
        "visibility": if repository.private { "private" } else { "public" },
        "html_url": html,
        "description": null,
        "fork": false,
        "url": url,
        "created_at": BEGINNING,
        "updated_at": BEGINNING,
        "pushed_at": BEGINNING,
        "git_url": html.replacen("http:", "git:", 1) + ".git",
        "ssh_url": format!("git@{}:{}.git", shared.address, repository.name),
        "clone_url": shared.clone_url(&repository.name),
        "svn_url": html,
        "homepage": null,
        "language": null,
        "has_issues": true,
        "has_projects": false,
        "has_downloads": true,
        "has_wiki": false,
        "has_pages": false,
        "has_discussions": false,
        "mirror_url": null,
        "archived": repository.archived,
        "disabled": false,
        "license": null,
        "allow_forking": true,
        "is_template": false,
        "web_commit_signoff_required": false,
        "topics": [],
        "default_branch": "main",
    }));
    all.extend(REPOSITORY_COUNTS.iter().map(|key| ((*key).to_owned(), Value::from(0))));
    tails(&mut all, &url, REPOSITORY_TAILS);
    all.into()
}

/// As `GET /repos/{owner}/{repo}` alone shows it.
pub(super) fn full_repository(shared: &Shared, found: &Repository) -> Value {
    let mut full = repository(shared, found);
    full["network_count"] = 0.into();
    full["subscribers_count"] = 0.into();
    full
}

/// As an event shows it, which leaves some of the REST API's fields out.
pub(super) fn event_repository(shared: &Shared, found: &Repository) -> Value {
    let mut shown = object(repository(shared, found));
    shown.remove("network_count");
    shown.insert("custom_properties".into(), json!({}));
    shown.into()
}

/// As events about installations list it.
pub(super) fn repository_name(found: &Repository) -> Value {
    let name = found.name.split_once('/').map_or(found.name.as_str(), |(_, name)| name);
    json!({
        "id": found.id,
        "node_id": node_id("R", found.id),
        "name": name,
        "full_name": found.name,
        "private": found.private,
    })
}

/// As lists show it.
pub(super) fn pull_request(shared: &Shared, state: &State, base: &Repository, pull: &PullRequest) -> Value {
    let head = state.repository(&pull.head_repository).ok();
    let url = format!("{}repos/{}/pulls/{}", shared.url(), base.name, pull.number);
    let issue = format!("{}repos/{}/issues/{}", shared.url(), base.name, pull.number);
    let html = format!("{}{}/pull/{}", shared.web_url(), base.name, pull.number);
    let statuses = format!("{}repos/{}/statuses/{}", shared.url(), base.name, pull.head_sha);
    let closed = (!pull.open).then_some(pull.updated_at);
    let link = |href: &str| json!({"href": href});
    let mut all = object(json!({
        "id": pull.number,
        "node_id": node_id("PR", pull.number),
        "number": pull.number,
        "state": if pull.open { "open" } else { "closed" },
        "locked": false,
        "active_lock_reason": null,
        "draft": pull.draft,
        "title": format!("Merge {}", pull.head_ref),
        "body": null,
        "user": user(shared, "mona"),
        "author_association": "CONTRIBUTOR",
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": closed,
        "merged_at": closed.filter(|_| pull.merged),
        "merge_commit_sha": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": null,
        "auto_merge": null,
        "head": side(shared, &pull.head_repository, &pull.head_ref, &pull.head_sha, head),
        "base": side(shared, &base.name, &pull.base_ref, &pull.base_sha, Some(base)),
    }));
    all.extend(object(json!({
        "url": url,
        "html_url": html,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "issue_url": issue,
        "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{}repos/{}/pulls/comments{{/number}}", shared.url(), base.name),
        "comments_url": format!("{issue}/comments"),
        "statuses_url": statuses,
        "_links": {
            "self": link(&url),
            "html": link(&html),
            "issue": link(&issue),
            "comments": link(&format!("{issue}/comments")),
            "review_comments": link(&format!("{url}/comments")),
            "review_comment": link(&format!("{}repos/{}/pulls/comments{{/number}}", shared.url(), base.name)),
            "commits": link(&format!("{url}/commits")),
            "statuses": link(&statuses),
        },
    })));
    all.into()
}

fn side(shared: &Shared, name: &str, reference: &str, sha: &str, found: Option<&Repository>) -> Value {
    let owner = name.split_once('/').map_or(name, |(owner, _)| owner);
    json!({
        "label": format!("{owner}:{reference}"),
        "ref": reference,
        "sha": sha,
        "user": organization(shared, owner),
        "repo": found.map(|r| event_repository(shared, r)),
    })
}

/// As the pull request's own address and events show it.
pub(super) fn full_pull_request(shared: &Shared, state: &State, base: &Repository, pull: &PullRequest) -> Value {
    let mut full = object(pull_request(shared, state, base, pull));
    full.extend(object(json!({
        "merged": pull.merged,
        "mergeable": null,
        "rebaseable": null,
        "mergeable_state": "unknown",
        "merged_by": null,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": 1,
        "additions": 1,
        "deletions": 1,
        "changed_files": 1,
    })));
    full.into()
}

/// The App; another App has another client id.
pub(super) fn app(shared: &Shared, id: u64) -> Value {
    let ours = id == APP_ID;
    json!({
        "id": id,
        "node_id": node_id("A", id),
        "client_id": if ours { shared.options.client_id.as_str() } else { "Iv23.another" },
        "slug": if ours { "lockgate" } else { "another" },
        "name": if ours { "Lockgate" } else { "Another" },
        "owner": organization(shared, "octo"),
        "description": null,
        "external_url": "https://gate.example.test/",
        "html_url": format!("{}apps/lockgate", shared.web_url()),
        "created_at": BEGINNING,
        "updated_at": BEGINNING,
        "permissions": access::permissions(),
        "events": ["check_run", "check_suite", "merge_group", "pull_request", "push", "repository"],
    })
}

pub(super) fn check_run(shared: &Shared, repo: &str, run: &CheckRun) -> Value {
    let url = format!("{}repos/{repo}/check-runs/{}", shared.url(), run.id);
    json!({
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "name": run.name,
        "head_sha": run.head_sha,
        "external_id": run.external_id.as_deref().unwrap_or_default(),
        "url": url,
        "html_url": format!("{}{repo}/runs/{}", shared.web_url(), run.id),
        "details_url": run.details_url.as_deref().unwrap_or("https://gate.example.test/"),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": run.annotations.len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "app": app(shared, run.app_id),
        "check_suite": {"id": run.app_id},
        "pull_requests": [],
    })
}

pub(super) fn annotation(shared: &Shared, repo: &str, sha: &str, sent: &Value) -> Value {
    let path = sent["path"].as_str().unwrap_or_default();
    json!({
        "path": path,
        "blob_href": format!("{}{repo}/blob/{sha}/{path}", shared.web_url()),
        "start_line": sent["start_line"],
        "end_line": sent["end_line"],
        "start_column": sent.get("start_column"),
        "end_column": sent.get("end_column"),
        "annotation_level": sent["annotation_level"],
        "title": sent.get("title"),
        "message": sent["message"],
        "raw_details": sent.get("raw_details"),
    })
}

pub(super) fn installation(shared: &Shared, found: &super::Installation) -> Value {
    json!({
        "id": found.id,
        "app_id": APP_ID,
        "app_slug": "lockgate",
        "target_id": account_id(&found.account),
        "target_type": "Organization",
        "account": organization(shared, &found.account),
        "repository_selection": "selected",
        "access_tokens_url": format!("{}app/installations/{}/access_tokens", shared.url(), found.id),
        "repositories_url": format!("{}installation/repositories", shared.url()),
        "html_url": format!("{}organizations/{}/settings/installations/{}", shared.web_url(), found.account, found.id),
        "permissions": access::permissions(),
        "events": ["check_run", "check_suite", "merge_group", "pull_request", "push", "repository"],
        "single_file_name": null,
        "created_at": found.created_at,
        "updated_at": found.suspended_at.unwrap_or(found.created_at),
        "suspended_at": found.suspended_at,
        "suspended_by": found.suspended_at.map(|_| user(shared, "mona")),
    })
}

/// As events show it: without the App's slug.
pub(super) fn event_installation(shared: &Shared, found: &super::Installation) -> Value {
    let mut shown = object(installation(shared, found));
    shown.insert("has_multiple_single_files".into(), false.into());
    shown.insert("single_file_paths".into(), json!([]));
    shown.into()
}

/// The App as events show it.
fn event_app(shared: &Shared, id: u64) -> Value {
    let mut shown = object(app(shared, id));
    shown.remove("client_id");
    shown.into()
}

/// A check run as events show it, with the suite that it is part of.
pub(super) fn event_check_run(shared: &Shared, repo: &str, run: &CheckRun) -> Value {
    let mut shown = check_run(shared, repo, run);
    shown["app"] = event_app(shared, run.app_id);
    shown["check_suite"] = simple_suite(shared, repo, &run.head_sha, ("completed", "failure".into()));
    shown
}

/// The suite of a commit's check runs. It names no pull requests, as for forks.
pub(super) fn check_suite(shared: &Shared, repo: &str, sha: &str) -> Value {
    let mut suite = simple_suite(shared, repo, sha, ("queued", Value::Null));
    suite["latest_check_runs_count"] = 1.into();
    suite["check_runs_url"] = format!("{}/check-runs", suite["url"].as_str().unwrap_or_default()).into();
    suite["head_commit"] = simple_commit(sha);
    suite
}

fn simple_suite(shared: &Shared, repo: &str, sha: &str, (status, conclusion): (&str, Value)) -> Value {
    json!({
        "id": 1,
        "node_id": node_id("CS", 1),
        "head_branch": null,
        "head_sha": sha,
        "status": status,
        "conclusion": conclusion,
        "url": format!("{}repos/{repo}/check-suites/1", shared.url()),
        "before": null,
        "after": null,
        "pull_requests": [],
        "app": event_app(shared, APP_ID),
        "created_at": BEGINNING,
        "updated_at": BEGINNING,
    })
}

/// A commit as events show it in passing.
pub(super) fn simple_commit(sha: &str) -> Value {
    let who = json!({"name": "mona", "email": "mona@example.test"});
    json!({"id": sha, "tree_id": sha, "message": "a commit", "timestamp": BEGINNING, "author": who, "committer": who})
}

/// A commit as comparisons show it.
pub(super) fn commit(shared: &Shared, repo: &str, sha: &str) -> Value {
    let url = format!("{}repos/{repo}/commits/{sha}", shared.url());
    let who = json!({"name": "mona", "email": "mona@example.test", "date": BEGINNING});
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": url,
        "html_url": format!("{}{repo}/commit/{sha}", shared.web_url()),
        "comments_url": format!("{url}/comments"),
        "commit": {
            "url": format!("{}repos/{repo}/git/commits/{sha}", shared.url()),
            "author": who,
            "committer": who,
            "message": "a commit",
            "comment_count": 0,
            "tree": {"sha": sha, "url": format!("{}repos/{repo}/git/trees/{sha}", shared.url())},
        },
        "author": user(shared, "mona"),
        "committer": user(shared, "mona"),
        "parents": [],
    })
}

/// The base of a comparison's addresses.
pub(super) fn compare_urls(shared: &Shared, repo: &str, range: &str) -> (String, Url) {
    let html = format!("{}{repo}/compare/{range}", shared.web_url());
    let url = format!("{}repos/{repo}/compare/{range}", shared.url());
    (html, url.parse().expect("a range of commit ids makes an address"))
}
