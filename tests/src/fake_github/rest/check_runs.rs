//! Check runs.

use super::{Answer, App, Listed, Parameters, Refusal, admit_to, invalid, page};
use crate::fake_github::{
    APP_ID, FakeGitHub, Shared, State as Everything,
    check_runs::{CheckRun, Tally},
    objects,
};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// GitHub's limit of runs of one name in a suite.
const RUNS_OF_ONE_NAME: usize = 1000;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/repos/{owner}/{name}/check-runs", post(create))
        .route("/repos/{owner}/{name}/check-runs/{id}", get(read).patch(update))
        .route("/repos/{owner}/{name}/check-runs/{id}/annotations", get(annotations))
        .route("/repos/{owner}/{name}/commits/{sha}/check-runs", get(list))
}

/// Whether the commit can be read; asked without the lock, as it may run git.
fn require_commit(shared: &Shared, repo: &str, sha: &str) -> Result<(), Refusal> {
    let (_, public) = shared.both(repo).map_err(|_| Refusal::not_found())?;
    let absent = || Refusal::new(422, format!("No commit found for SHA: {sha}"));
    public.commit_at(sha).map(drop).ok_or_else(absent)
}

async fn create(
    State(shared): App,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let repo = format!("{owner}/{name}");
    admit_to(&shared.state(), &headers, &repo, ("checks", true))?;
    let id = shared.state().next_id();
    let run = CheckRun::create(id, APP_ID, &body).map_err(invalid)?;
    require_commit(&shared, &repo, &run.head_sha)?;
    let mut state = shared.state();
    let repository = state.repository_mut(&repo).map_err(|_| Refusal::not_found())?;
    let same = repository.check_runs.iter().filter(|r| r.name == run.name && r.head_sha == run.head_sha).count();
    if same >= RUNS_OF_ONE_NAME {
        return Err(Refusal::new(422, "A check suite has at most 1000 check runs of one name"));
    }
    let answer = objects::check_run(&shared, &repo, &run);
    repository.check_runs.push(run);
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn update(
    State(shared): App,
    Path((owner, name, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let mut state = shared.state();
    admit_to(&state, &headers, &repo, ("checks", true))?;
    let repository = state.repository_mut(&repo).map_err(|_| Refusal::not_found())?;
    let run = repository.check_runs.iter_mut().find(|r| r.id == id).ok_or_else(Refusal::not_found)?;
    if run.app_id != APP_ID {
        return Err(Refusal::new(403, "Invalid app_id: the check run was created by another App"));
    }
    run.update(&body).map_err(invalid)?;
    Ok((StatusCode::OK, Json(objects::check_run(&shared, &repo, run))))
}

async fn read(State(shared): App, Path((owner, name, id)): Path<(String, String, u64)>, headers: HeaderMap) -> Answer {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    let run = find(&state, &headers, &repo, id)?;
    Ok((StatusCode::OK, Json(objects::check_run(&shared, &repo, run))))
}

fn find<'a>(state: &'a Everything, headers: &HeaderMap, repo: &str, id: u64) -> Result<&'a CheckRun, Refusal> {
    let repository = admit_to(state, headers, repo, ("checks", false))?;
    repository.check_runs.iter().find(|r| r.id == id).ok_or_else(Refusal::not_found)
}

async fn annotations(
    State(shared): App,
    Path((owner, name, id)): Path<(String, String, u64)>,
    Query(query): Query<Parameters>,
    uri: Uri,
    headers: HeaderMap,
) -> Listed {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    let run = find(&state, &headers, &repo, id)?;
    let all = run.annotations.iter().map(|sent| objects::annotation(&shared, &repo, &run.head_sha, sent)).collect();
    let (page, headers) = page(&shared, uri.path(), &query, all);
    Ok((headers, Json(Value::Array(page))))
}

async fn list(
    State(shared): App,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Query(query): Query<Parameters>,
    uri: Uri,
    headers: HeaderMap,
) -> Listed {
    let repo = format!("{owner}/{name}");
    admit_to(&shared.state(), &headers, &repo, ("checks", false))?;
    require_commit(&shared, &repo, &sha)?;
    let state = shared.state();
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    let wanted = |r: &&CheckRun| {
        r.head_sha == sha
            && query.get("check_name").is_none_or(|n| *n == r.name)
            && query.get("status").is_none_or(|s| *s == r.status)
            && query.get("app_id").is_none_or(|a| *a == r.app_id.to_string())
    };
    let mut runs: Vec<&CheckRun> = repository.check_runs.iter().filter(wanted).collect();
    runs.sort_by_key(|r| std::cmp::Reverse(r.id));
    if query.get("filter").is_none_or(|f| f == "latest") {
        let mut seen = std::collections::BTreeSet::new();
        runs.retain(|r| seen.insert((r.name.clone(), r.app_id)));
    }
    let total = runs.len();
    let (page, headers) = page(&shared, uri.path(), &query, runs);
    let page: Vec<Value> = page.into_iter().map(|r| objects::check_run(&shared, &repo, r)).collect();
    Ok((headers, Json(json!({"total_count": total, "check_runs": page}))))
}

impl Shared {
    /// Of each commit of `repo` that has a check run of our App.
    pub(in crate::fake_github) fn tallies(&self, repo: &str) -> BTreeMap<String, Tally> {
        let state = self.state();
        let runs = state.repository(repo).map(|r| r.check_runs.as_slice()).unwrap_or_default();
        let ours = || runs.iter().filter(|run| run.app_id == APP_ID);
        let tally = |sha: &String| Tally::of(ours().filter(|run| run.head_sha == *sha));
        ours().map(|run| (run.head_sha.clone(), tally(&run.head_sha))).collect()
    }
}

impl FakeGitHub {
    /// The check runs of a commit, oldest first.
    pub fn check_runs(&self, repo: &str, sha: &str) -> Vec<CheckRun> {
        let state = self.shared.state();
        let runs = state.repository(repo).map(|r| r.check_runs.as_slice()).unwrap_or_default();
        runs.iter().filter(|r| r.head_sha == sha).cloned().collect()
    }

    /// All check runs of a repository, oldest first.
    pub fn all_check_runs(&self, repo: &str) -> Vec<CheckRun> {
        self.shared.state().repository(repo).map(|r| r.check_runs.clone()).unwrap_or_default()
    }

    /// By commit: how many check runs were created, and how often one was completed.
    pub fn tallies(&self, repo: &str) -> BTreeMap<String, Tally> {
        self.shared.tallies(repo)
    }

    /// A check run by another App, which may have our name and external id.
    pub fn forge_check_run(&self, repo: &str, body: &Value) -> anyhow::Result<u64> {
        let mut state = self.shared.state();
        let id = state.next_id();
        let run = CheckRun::create(id, APP_ID + 1, body).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        state.repository_mut(repo)?.check_runs.push(run);
        Ok(id)
    }
}
