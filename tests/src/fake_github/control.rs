//! A second door for the demo: what a test does by calling [`super::FakeGitHub`], a script does here. It has no locks,
//! as nothing that listens on a loopback address for a demo needs any.

use super::{Shared, git::FileChange, rest::App};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// Any failure is the script's mistake.
struct Wrong(anyhow::Error);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"message": format!("{:#}", self.0)}))).into_response()
    }
}

impl<E: Into<anyhow::Error>> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

type Answer = Result<Json<Value>, Wrong>;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_control/app", get(app))
        .route("/_control/repositories", post(create_repository))
        .route("/_control/commits", post(commit))
        .route("/_control/pull-requests", post(open_pull_request))
        .route("/_control/pull-requests/synchronize", post(synchronize))
        .route("/_control/rerequest", post(rerequest))
        .route("/_control/deliveries", post(deliver))
        .route("/_control/check-runs", get(check_runs))
}

/// What the product must be configured with.
async fn app(State(shared): App) -> Json<Value> {
    Json(json!({
        "api_url": shared.url(),
        "client_id": shared.options.client_id,
        "installation": super::INSTALLATION,
        "private_key_pem": shared.key.private_pem(),
        "webhook_secret": shared.options.webhook_secret,
    }))
}

#[derive(Deserialize)]
struct NewRepository {
    name: String,
    #[serde(default)]
    private: bool,
    /// A local repository whose branches are copied.
    path: Option<PathBuf>,
}

async fn create_repository(State(shared): App, Json(new): Json<NewRepository>) -> Answer {
    shared.add_repository(&new.name, new.private, new.path.as_deref())?;
    Ok(Json(json!({"name": new.name, "clone_url": shared.clone_url(&new.name)})))
}

#[derive(Deserialize)]
struct NewCommit {
    repo: String,
    branch: String,
    /// Path to new content; `null` removes the file.
    files: BTreeMap<String, Option<String>>,
}

async fn commit(State(shared): App, Json(new): Json<NewCommit>) -> Answer {
    let files: Vec<FileChange<'_>> =
        new.files.iter().map(|(p, c)| (p.as_str(), c.as_deref().map(str::as_bytes))).collect();
    let sha = shared.commit(&new.repo, &new.branch, &files)?;
    Ok(Json(json!({"sha": sha})))
}

#[derive(Deserialize)]
struct NewPullRequest {
    repo: String,
    head_ref: String,
    base_ref: String,
    head_repository: Option<String>,
}

/// Opens a pull request and, where there is a target, delivers the event.
async fn open_pull_request(State(shared): App, Json(new): Json<NewPullRequest>) -> Answer {
    let head_repository = new.head_repository.as_deref().unwrap_or(&new.repo);
    let opened = shared.open_pull_request(&new.repo, head_repository, &new.head_ref, &new.base_ref)?;
    let payload = shared.pull_request_event(&new.repo, opened.number, "opened")?;
    let delivery = announce(&shared, "pull_request", &payload).await?;
    Ok(Json(json!({"pull_request": opened, "delivery": delivery})))
}

#[derive(Deserialize)]
struct Moved {
    repo: String,
    number: u64,
}

async fn synchronize(State(shared): App, Json(moved): Json<Moved>) -> Answer {
    let pull_request = shared.synchronize(&moved.repo, moved.number)?;
    let payload = shared.pull_request_event(&moved.repo, moved.number, "synchronize")?;
    let delivery = announce(&shared, "pull_request", &payload).await?;
    Ok(Json(json!({"pull_request": pull_request, "delivery": delivery})))
}

#[derive(Deserialize)]
struct Rerequested {
    repo: String,
    check_run: u64,
    /// A button's identifier; absent for "re-run".
    action: Option<String>,
}

async fn rerequest(State(shared): App, Json(asked): Json<Rerequested>) -> Answer {
    let action = if asked.action.is_some() { "requested_action" } else { "rerequested" };
    let payload = shared.check_run_event(&asked.repo, asked.check_run, action, asked.action.as_deref())?;
    Ok(Json(json!({"delivery": announce(&shared, "check_run", &payload).await?})))
}

#[derive(Deserialize)]
struct NewDelivery {
    event: String,
    payload: Value,
    id: Option<String>,
}

async fn deliver(State(shared): App, Json(new): Json<NewDelivery>) -> Answer {
    let target = shared.options.target.clone().ok_or_else(|| anyhow::anyhow!("start with --target to deliver"))?;
    let id = new.id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let delivered = shared.deliver(&target, &id, &new.event, &new.payload).await?;
    Ok(Json(serde_json::to_value(delivered)?))
}

async fn announce(shared: &Shared, event: &str, payload: &Value) -> Result<Option<Value>, Wrong> {
    let Some(target) = shared.options.target.clone() else { return Ok(None) };
    let id = uuid::Uuid::new_v4().to_string();
    Ok(Some(serde_json::to_value(shared.deliver(&target, &id, event, payload).await?)?))
}

#[derive(Deserialize)]
struct Which {
    repo: String,
    sha: Option<String>,
}

async fn check_runs(State(shared): App, Query(which): Query<Which>) -> Answer {
    let state = shared.state();
    let runs = state.repository(&which.repo)?.check_runs.iter();
    let runs: Vec<_> = runs.filter(|r| which.sha.as_ref().is_none_or(|sha| *sha == r.head_sha)).collect();
    Ok(Json(serde_json::to_value(runs)?))
}
