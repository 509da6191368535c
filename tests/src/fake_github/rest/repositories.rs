//! Repositories and pull requests, read only.

use super::{Answer, App, Listed, Parameters, Refusal, admit, admit_to, page};
use crate::fake_github::{PullRequest, Shared, objects};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::get,
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/installation/repositories", get(covered))
        .route("/repos/{owner}/{name}", get(repository))
        .route("/repos/{owner}/{name}/pulls", get(pull_requests))
        .route("/repos/{owner}/{name}/pulls/{number}", get(pull_request))
        .route("/repos/{owner}/{name}/commits/{sha}/pulls", get(pull_requests_of_commit))
        .route("/repos/{owner}/{name}/compare/{range}", get(compare))
}

async fn covered(State(shared): App, Query(query): Query<Parameters>, uri: Uri, headers: HeaderMap) -> Listed {
    let state = shared.state();
    let grant = admit(&state, &headers, "metadata", false)?;
    let all: Vec<Value> = state
        .repositories
        .values()
        .filter(|r| state.covers(grant, r.id))
        .map(|r| objects::repository(&shared, r))
        .collect();
    let total = all.len();
    let (page, headers) = page(&shared, uri.path(), &query, all);
    Ok((headers, Json(json!({"total_count": total, "repository_selection": "selected", "repositories": page}))))
}

async fn repository(State(shared): App, Path((owner, name)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let state = shared.state();
    let found = admit_to(&state, &headers, &format!("{owner}/{name}"), ("metadata", false))?;
    Ok((StatusCode::OK, Json(objects::full_repository(&shared, found))))
}

async fn pull_requests(
    State(shared): App,
    Path((owner, name)): Path<(String, String)>,
    Query(query): Query<Parameters>,
    uri: Uri,
    headers: HeaderMap,
) -> Listed {
    let state = shared.state();
    let found = admit_to(&state, &headers, &format!("{owner}/{name}"), ("pull_requests", false))?;
    let open = match query.get("state").map(String::as_str) {
        None | Some("open") => Some(true),
        Some("closed") => Some(false),
        _ => None,
    };
    let wanted = found.pull_requests.iter().filter(|p| open.is_none_or(|open| open == p.open));
    let mut all: Vec<Value> = wanted.map(|p| objects::pull_request(&shared, &state, found, p)).collect();
    // They are kept oldest first; GitHub's own order is newest first.
    if query.get("direction").is_none_or(|direction| direction == "desc") {
        all.reverse();
    }
    let (page, headers) = page(&shared, uri.path(), &query, all);
    Ok((headers, Json(page.into())))
}

async fn pull_request(
    State(shared): App,
    Path((owner, name, number)): Path<(String, String, u64)>,
    headers: HeaderMap,
) -> Answer {
    let state = shared.state();
    let repository = admit_to(&state, &headers, &format!("{owner}/{name}"), ("pull_requests", false))?;
    let found = repository.pull_request(number).map_err(|_| Refusal::not_found())?;
    Ok((StatusCode::OK, Json(objects::full_pull_request(&shared, &state, repository, found))))
}

async fn pull_requests_of_commit(
    State(shared): App,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Query(query): Query<Parameters>,
    uri: Uri,
    headers: HeaderMap,
) -> Listed {
    let repo = format!("{owner}/{name}");
    let (public, pulls) = {
        let state = shared.state();
        let repository = admit_to(&state, &headers, &repo, ("pull_requests", false))?;
        (repository.public.clone(), repository.pull_requests.clone())
    };
    if public.commit_at(&sha).is_none() {
        return Err(Refusal::new(422, format!("No commit found for SHA: {sha}")));
    }
    // One process says which heads contain the commit; heads that were replaced meanwhile are not kept as references.
    let listed =
        public.run(&["for-each-ref", "--contains", &sha, "--format=%(refname)", "refs/pull/"]).unwrap_or_default();
    let contains =
        |p: &PullRequest| p.head_sha == sha || listed.lines().any(|l| l == format!("refs/pull/{}/head", p.number));
    let outside = |base: &str| public.merge_base(&sha, base).as_deref() != Some(&sha);
    let found = pulls.iter().filter(|p| contains(p) && outside(&p.base_sha));
    let found: Vec<u64> = found.map(|p| p.number).collect();
    let state = shared.state();
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    let shown = repository.pull_requests.iter().filter(|p| found.contains(&p.number));
    let shown: Vec<Value> = shown.map(|p| objects::pull_request(&shared, &state, repository, p)).collect();
    let (page, headers) = page(&shared, uri.path(), &query, shown);
    Ok((headers, Json(page.into())))
}

async fn compare(
    State(shared): App,
    Path((owner, name, range)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let public = admit_to(&shared.state(), &headers, &repo, ("contents", false))?.public.clone();
    let (base, head) = range.split_once("...").ok_or_else(Refusal::not_found)?;
    let both = public.commit_at(base).zip(public.commit_at(head));
    let (base, head) = both.ok_or_else(Refusal::not_found)?;
    let merge_base = public.merge_base(&base, &head).ok_or_else(Refusal::not_found)?;
    let count = |range: String| public.run(&["rev-list", "--count", &range]).ok().and_then(|n| n.parse().ok());
    let (ahead, behind) = (count(format!("{base}..{head}")), count(format!("{head}..{base}")));
    let (ahead, behind): (u64, u64) = (ahead.unwrap_or_default(), behind.unwrap_or_default());
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let (html, url) = objects::compare_urls(&shared, &repo, &range);
    let answer = json!({
        "url": url,
        "html_url": html,
        "permalink_url": html,
        "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"),
        "base_commit": objects::commit(&shared, &repo, &base),
        "merge_base_commit": objects::commit(&shared, &repo, &merge_base),
        "status": status,
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [],
        "files": [],
    });
    Ok((StatusCode::OK, Json(answer)))
}
