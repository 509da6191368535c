//! The REST API, as far as an App that writes check runs sees it.

use super::{
    APP_ID, FakeGitHub, INSTALLATION, Shared, State as Everything,
    check_runs::CheckRun,
    control,
    faults::{Fault, FaultTiming},
    payloads, smart_http,
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

pub(super) type App = State<Arc<Shared>>;
type Answer = Result<(StatusCode, Json<Value>), Refusal>;
type Listed = Result<(HeaderMap, Json<Value>), Refusal>;

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    errors: Vec<String>,
}

impl Refusal {
    fn new(status: u16, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).expect("a status of this file");
        Self { status, message: message.into(), errors: Vec::new() }
    }

    fn not_found() -> Self {
        Self::new(404, "Not Found")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body =
            json!({"message": self.message, "documentation_url": "about:blank", "status": self.status.as_str()});
        if !self.errors.is_empty() {
            body["errors"] = self.errors.into();
        }
        (self.status, Json(body)).into_response()
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/app/installations/{id}/access_tokens", post(issue_token))
        .route("/repos/{owner}/{name}", get(repository))
        .route("/repos/{owner}/{name}/check-runs", post(create_check_run))
        .route("/repos/{owner}/{name}/check-runs/{id}", get(read_check_run).patch(update_check_run))
        .route("/repos/{owner}/{name}/check-runs/{id}/annotations", get(annotations))
        .route("/repos/{owner}/{name}/commits/{sha}/check-runs", get(list_check_runs))
        .route("/repos/{owner}/{name}/commits/{sha}/pulls", get(pull_requests_of_commit))
        .route("/repos/{owner}/{name}/pulls/{number}", get(pull_request))
        .route("/repos/{owner}/{name}/compare/{range}", get(compare))
        .merge(smart_http::router())
        .layer(middleware::from_fn_with_state(shared.clone(), misbehave))
        .merge(control::router())
        .layer(DefaultBodyLimit::max(64 << 20))
        .with_state(shared)
}

/// Records the request, and lets it fail where a test ordered that.
async fn misbehave(State(shared): App, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let met = {
        let mut state = shared.state();
        state.requests.push(line.clone());
        state.faults.take(&line)
    };
    let Some((timing, fault)) = met else { return next.run(request).await };
    if timing == FaultTiming::After {
        drop(next.run(request).await);
    }
    match fault {
        Fault::Status(status, headers) => {
            let mut response = Refusal::new(status, "a fault that a test ordered").into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("a header that a test ordered"));
            }
            response
        }
        Fault::Hang(time) => {
            tokio::time::sleep(time).await;
            Refusal::new(504, "silence that a test ordered").into_response()
        }
    }
}

/// Checks the installation token, and that it reaches `repo` and may do this.
fn admit(state: &Everything, headers: &HeaderMap, repo: &str, area: &str, write: bool) -> Result<(), Refusal> {
    let grant = bearer(headers)
        .and_then(|token| state.tokens.grant(token))
        .ok_or_else(|| Refusal::new(401, "Bad credentials"))?;
    if !state.repositories.contains_key(repo) || !grant.covers(repo) {
        return Err(Refusal::not_found());
    }
    if !grant.permits(area, write) {
        return Err(Refusal::new(403, "Resource not accessible by integration"));
    }
    Ok(())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("token "))
}

async fn issue_token(State(shared): App, Path(id): Path<u64>, headers: HeaderMap, body: Option<Json<Value>>) -> Answer {
    let token = bearer(&headers).ok_or_else(|| Refusal::new(401, "A JSON web token is required"))?;
    shared.key.check(token, &shared.options.client_id).map_err(|why| Refusal::new(401, why))?;
    if id != INSTALLATION {
        return Err(Refusal::not_found());
    }
    let request = body.map_or_else(|| json!({}), |Json(body)| body);
    let mut state = shared.state();
    let known = |name: &str| state.repositories.keys().any(|r| r.split_once('/').is_some_and(|(_, n)| n == name));
    if let Some(names) = request.get("repositories").and_then(Value::as_array)
        && names.iter().any(|n| !n.as_str().is_some_and(known))
    {
        return Err(Refusal::new(422, "There is at least one repository that does not exist or is not accessible"));
    }
    Ok((StatusCode::CREATED, Json(state.tokens.issue(&request))))
}

async fn repository(State(shared): App, Path((owner, name)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "metadata", false)?;
    let found = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    Ok((StatusCode::OK, Json(payloads::repository(&shared, found))))
}

async fn create_check_run(
    State(shared): App,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let mut state = shared.state();
    admit(&state, &headers, &repo, "checks", true)?;
    let id = state.next_id();
    let run = CheckRun::create(id, APP_ID, &body).map_err(invalid)?;
    let repository = state.repository_mut(&repo).map_err(|_| Refusal::not_found())?;
    if repository.public.commit_at(&run.head_sha).is_none() {
        return Err(Refusal::new(422, format!("No commit found for SHA: {}", run.head_sha)));
    }
    let same = repository.check_runs.iter().filter(|r| r.name == run.name && r.head_sha == run.head_sha).count();
    if same >= 1000 {
        return Err(Refusal::new(422, "A check suite has at most 1000 check runs of one name"));
    }
    let answer = run.answer(&shared.options.client_id);
    repository.check_runs.push(run);
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn update_check_run(
    State(shared): App,
    Path((owner, name, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let mut state = shared.state();
    admit(&state, &headers, &repo, "checks", true)?;
    let repository = state.repository_mut(&repo).map_err(|_| Refusal::not_found())?;
    let run = repository.check_runs.iter_mut().find(|r| r.id == id).ok_or_else(Refusal::not_found)?;
    if run.app_id != APP_ID {
        return Err(Refusal::new(403, "Invalid app_id: the check run was created by another App"));
    }
    run.update(&body).map_err(invalid)?;
    Ok((StatusCode::OK, Json(run.answer(&shared.options.client_id))))
}

fn invalid(errors: Vec<String>) -> Refusal {
    Refusal { errors, ..Refusal::new(422, "Invalid request") }
}

async fn read_check_run(
    State(shared): App,
    Path((owner, name, id)): Path<(String, String, u64)>,
    headers: HeaderMap,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "checks", false)?;
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    let run = repository.check_runs.iter().find(|r| r.id == id).ok_or_else(Refusal::not_found)?;
    Ok((StatusCode::OK, Json(shown(run, &shared))))
}

/// Another App's runs do not carry our client id.
fn shown(run: &CheckRun, shared: &Shared) -> Value {
    let client_id = if run.app_id == APP_ID { shared.options.client_id.as_str() } else { "Iv23.another" };
    run.answer(client_id)
}

async fn list_check_runs(
    State(shared): App,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Listed {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "checks", false)?;
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    if repository.public.commit_at(&sha).is_none() {
        return Err(Refusal::new(422, format!("No commit found for SHA: {sha}")));
    }
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
    let (page, headers) = page(&shared, &uri, &query, runs);
    let page: Vec<Value> = page.into_iter().map(|r| shown(r, &shared)).collect();
    Ok((headers, Json(json!({"total_count": total, "check_runs": page}))))
}

/// One page of `all`, and the `Link` header that leads on.
fn page<T>(shared: &Shared, uri: &Uri, query: &BTreeMap<String, String>, all: Vec<T>) -> (Vec<T>, HeaderMap) {
    let number = |key: &str, default: usize| query.get(key).and_then(|v| v.parse().ok()).unwrap_or(default).max(1);
    let (size, number) = (number("per_page", 30).min(100), number("page", 1));
    let mut headers = HeaderMap::new();
    if all.len() > number * size {
        let mut next = shared.url();
        next.set_path(uri.path());
        let kept = query.iter().filter(|(key, _)| *key != "page");
        next.query_pairs_mut().extend_pairs(kept).append_pair("page", &(number + 1).to_string());
        let link = format!("<{next}>; rel=\"next\"");
        headers.insert("link", link.parse().expect("an address makes a header"));
    }
    (all.into_iter().skip((number - 1) * size).take(size).collect(), headers)
}

async fn annotations(
    State(shared): App,
    Path((owner, name, id)): Path<(String, String, u64)>,
    Query(query): Query<BTreeMap<String, String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Listed {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "checks", false)?;
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    let run = repository.check_runs.iter().find(|r| r.id == id).ok_or_else(Refusal::not_found)?;
    let (page, headers) = page(&shared, &uri, &query, run.annotations.clone());
    Ok((headers, Json(page.into())))
}

async fn pull_requests_of_commit(
    State(shared): App,
    Path((owner, name, sha)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "pull_requests", false)?;
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    if repository.public.commit_at(&sha).is_none() {
        return Err(Refusal::new(422, format!("No commit found for SHA: {sha}")));
    }
    let contains = |head: &str| head == sha || repository.public.merge_base(&sha, head).as_deref() == Some(&sha);
    let outside = |base: &str| repository.public.merge_base(&sha, base).as_deref() != Some(&sha);
    let found = repository.pull_requests.iter().filter(|p| contains(&p.head_sha) && outside(&p.base_sha));
    let found: Vec<Value> = found.map(|p| payloads::pull_request(&shared, &state, repository, p)).collect();
    Ok((StatusCode::OK, Json(found.into())))
}

async fn pull_request(
    State(shared): App,
    Path((owner, name, number)): Path<(String, String, u64)>,
    headers: HeaderMap,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "pull_requests", false)?;
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    let found = repository.pull_request(number).map_err(|_| Refusal::not_found())?;
    Ok((StatusCode::OK, Json(payloads::pull_request(&shared, &state, repository, found))))
}

async fn compare(
    State(shared): App,
    Path((owner, name, range)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let repo = format!("{owner}/{name}");
    let state = shared.state();
    admit(&state, &headers, &repo, "contents", false)?;
    let repository = state.repository(&repo).map_err(|_| Refusal::not_found())?;
    let (base, head) = range.split_once("...").ok_or_else(Refusal::not_found)?;
    let both = repository.public.commit_at(base).zip(repository.public.commit_at(head));
    let (base, head) = both.ok_or_else(Refusal::not_found)?;
    let merge_base = repository.public.merge_base(&base, &head).ok_or_else(Refusal::not_found)?;
    Ok((
        StatusCode::OK,
        Json(json!({"merge_base_commit": {"sha": merge_base}, "base_commit": {"sha": base}, "files": []})),
    ))
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

    /// A check run by another App, which may have our name and external id.
    pub fn forge_check_run(&self, repo: &str, body: &Value) -> anyhow::Result<u64> {
        let mut state = self.shared.state();
        let id = state.next_id();
        let run = CheckRun::create(id, APP_ID + 1, body).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        state.repository_mut(repo)?.check_runs.push(run);
        Ok(id)
    }
}
