//! A second door: what a test does by calling [`super::FakeGitHub`], a script or another process does here. It has no
//! locks, as nothing that listens on a loopback address for a demo needs any.
//!
//! Whatever changes GitHub's state answers with the event that GitHub would send, and sends it where there is a target.

use super::{Fault, FaultTiming, Shared, git::FileChange, rest::App};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

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
        .route("/_control/repositories/rename", post(rename))
        .route("/_control/repositories/act", post(act_on_repository))
        .route("/_control/installations", get(installations).post(install))
        .route("/_control/installations/act", post(act_on_installation))
        .route("/_control/installations/select", post(select))
        .route("/_control/commits", post(commit))
        .route("/_control/pull-requests", post(open_pull_request))
        .route("/_control/pull-requests/synchronize", post(synchronize))
        .route("/_control/pull-requests/base", post(change_base))
        .route("/_control/pull-requests/act", post(act_on_pull_request))
        .route("/_control/merge-groups", post(enqueue))
        .route("/_control/merge-groups/destroy", post(destroy))
        .route("/_control/rerequest", post(rerequest))
        .route("/_control/deliveries", get(deliveries).post(deliver))
        .route("/_control/deliveries/lose", post(lose))
        .route("/_control/faults", post(order_fault).delete(heal))
        .route("/_control/check-runs", get(check_runs))
        .route("/_control/tallies", get(tallies))
        .route("/_control/requests", get(requests))
        .route("/_control/violations", get(violations))
}

/// What the product must be configured with.
async fn app(State(shared): App) -> Json<Value> {
    Json(json!({
        "api_url": shared.url(),
        "web_url": shared.web_url(),
        "client_id": shared.options.client_id,
        "installation": super::INSTALLATION,
        "private_key_pem": super::AppKey::of_this_process().private_pem(),
        "webhook_secret": shared.options.webhook_secret,
    }))
}

/// Runs what calls git where it blocks nobody.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    act: impl FnOnce(&Shared) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Wrong> {
    let shared = Arc::clone(shared);
    Ok(tokio::task::spawn_blocking(move || act(&shared)).await??)
}

#[derive(Deserialize)]
struct NewRepository {
    name: String,
    #[serde(default)]
    private: bool,
    /// A local repository whose branches are copied.
    path: Option<PathBuf>,
    /// Who covers it: the first installation unless told; 0 is nobody.
    installation: Option<u64>,
}

async fn create_repository(State(shared): App, Json(new): Json<NewRepository>) -> Answer {
    let clone_url = shared.clone_url(&new.name);
    let installation = Some(new.installation.unwrap_or(super::INSTALLATION)).filter(|id| *id != 0);
    let name = new.name.clone();
    let add = move |shared: &Shared| shared.add_repository(&new.name, new.private, new.path.as_deref(), installation);
    let id = blocking(&shared, add).await?;
    Ok(Json(json!({"id": id, "name": name, "clone_url": clone_url})))
}

#[derive(Deserialize)]
struct Renamed {
    repo: String,
    to: String,
}

async fn rename(State(shared): App, Json(renamed): Json<Renamed>) -> Answer {
    announced(&shared, "repository", shared.rename_event(&renamed.repo, &renamed.to)?).await
}

#[derive(Deserialize)]
struct RepositoryAction {
    repo: String,
    action: String,
}

async fn act_on_repository(State(shared): App, Json(asked): Json<RepositoryAction>) -> Answer {
    announced(&shared, "repository", shared.repository_event(&asked.repo, &asked.action)?).await
}

async fn installations(State(shared): App) -> Answer {
    Ok(Json(serde_json::to_value(shared.state().installations.values().collect::<Vec<_>>())?))
}

#[derive(Deserialize)]
struct NewInstallation {
    account: String,
    #[serde(default)]
    repositories: Vec<String>,
}

async fn install(State(shared): App, Json(new): Json<NewInstallation>) -> Answer {
    let (_, payload) = shared.install(&new.account, &borrowed(&new.repositories))?;
    announced(&shared, "installation", payload).await
}

#[derive(Deserialize)]
struct InstallationAction {
    id: u64,
    /// `suspend`, `unsuspend`, `deleted`.
    action: String,
}

async fn act_on_installation(State(shared): App, Json(asked): Json<InstallationAction>) -> Answer {
    announced(&shared, "installation", shared.act_on_installation(asked.id, &asked.action)?).await
}

#[derive(Deserialize)]
struct Selection {
    id: u64,
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    removed: Vec<String>,
}

async fn select(State(shared): App, Json(asked): Json<Selection>) -> Answer {
    let payload = shared.select(asked.id, &borrowed(&asked.added), &borrowed(&asked.removed))?;
    announced(&shared, "installation_repositories", payload).await
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[derive(Deserialize)]
struct NewCommit {
    repo: String,
    branch: String,
    /// Path to new content; `null` removes the file.
    files: BTreeMap<String, Option<String>>,
    /// Replace the branch instead of adding to it.
    #[serde(default)]
    force: bool,
}

async fn commit(State(shared): App, Json(new): Json<NewCommit>) -> Answer {
    let make = move |shared: &Shared| {
        let files: Vec<FileChange<'_>> =
            new.files.iter().map(|(p, c)| (p.as_str(), c.as_deref().map(str::as_bytes))).collect();
        if new.force {
            shared.force_push(&new.repo, &new.branch, &files)
        } else {
            shared.commit(&new.repo, &new.branch, &files)
        }
    };
    let sha = blocking(&shared, make).await?;
    Ok(Json(json!({"sha": sha})))
}

#[derive(Deserialize)]
struct NewPullRequest {
    repo: String,
    head_ref: String,
    base_ref: String,
    head_repository: Option<String>,
    #[serde(default)]
    draft: bool,
}

/// Opens a pull request and, where there is a target, delivers the event.
async fn open_pull_request(State(shared): App, Json(new): Json<NewPullRequest>) -> Answer {
    let repo = new.repo.clone();
    let open = move |shared: &Shared| {
        let head_repository = new.head_repository.as_deref().unwrap_or(&new.repo);
        let opened = shared.open_pull_request(&new.repo, head_repository, &new.head_ref, &new.base_ref)?;
        if new.draft { shared.act_on_pull_request(&new.repo, opened.number, "converted_to_draft") } else { Ok(opened) }
    };
    let opened = blocking(&shared, open).await?;
    moved_on(&shared, &repo, opened, "opened").await
}

#[derive(Deserialize)]
struct Which {
    repo: String,
    number: u64,
    /// What happened: `closed`, `merged`, `reopened`, `converted_to_draft`, `ready_for_review`.
    #[serde(default)]
    action: String,
    /// The new base.
    #[serde(default)]
    base_ref: String,
}

async fn synchronize(State(shared): App, Json(which): Json<Which>) -> Answer {
    let (repo, number) = (which.repo.clone(), which.number);
    let pull_request = blocking(&shared, move |shared| shared.synchronize(&repo, number)).await?;
    moved_on(&shared, &which.repo, pull_request, "synchronize").await
}

async fn change_base(State(shared): App, Json(which): Json<Which>) -> Answer {
    let pull_request = shared.change_base(&which.repo, which.number, &which.base_ref)?;
    moved_on(&shared, &which.repo, pull_request, "edited").await
}

async fn act_on_pull_request(State(shared): App, Json(which): Json<Which>) -> Answer {
    let pull_request = shared.act_on_pull_request(&which.repo, which.number, &which.action)?;
    moved_on(&shared, &which.repo, pull_request, &which.action).await
}

async fn moved_on(shared: &Arc<Shared>, repo: &str, pull_request: super::PullRequest, action: &str) -> Answer {
    let payload = shared.pull_request_event(repo, pull_request.number, action)?;
    let delivery = announce(shared, "pull_request", payload).await?;
    Ok(Json(json!({"pull_request": pull_request, "delivery": delivery})))
}

async fn enqueue(State(shared): App, Json(which): Json<Which>) -> Answer {
    let (repo, number) = (which.repo.clone(), which.number);
    let (base, head) = blocking(&shared, move |shared| shared.enqueue(&repo, number)).await?;
    let payload = shared.merge_group_event(&which.repo, &base, &head, "checks_requested")?;
    let delivery = announce(&shared, "merge_group", payload).await?;
    Ok(Json(json!({"base_sha": base, "head_sha": head, "delivery": delivery})))
}

#[derive(Deserialize)]
struct Group {
    repo: String,
    base_sha: String,
    head_sha: String,
}

async fn destroy(State(shared): App, Json(group): Json<Group>) -> Answer {
    let payload = shared.merge_group_event(&group.repo, &group.base_sha, &group.head_sha, "destroyed")?;
    announced(&shared, "merge_group", payload).await
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
    Ok(Json(json!({"delivery": announce(&shared, "check_run", payload).await?})))
}

#[derive(Deserialize)]
struct NewDelivery {
    event: String,
    payload: Value,
    id: Option<String>,
}

async fn deliver(State(shared): App, Json(new): Json<NewDelivery>) -> Answer {
    let target = shared.options.target.clone().ok_or_else(|| anyhow::anyhow!("start with --target to deliver"))?;
    let again = new.id.is_some();
    let id = new.id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let delivered = shared.deliver(&target, &id, &new.event, Arc::new(new.payload), again).await;
    Ok(Json(serde_json::to_value(delivered)?))
}

async fn deliveries(State(shared): App) -> Answer {
    Ok(Json(serde_json::to_value(&shared.state().deliveries)?))
}

#[derive(Deserialize)]
struct Count {
    count: usize,
}

async fn lose(State(shared): App, Json(lost): Json<Count>) -> Answer {
    shared.state().losing = lost.count;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct NewFault {
    count: usize,
    /// Part of `METHOD /path`.
    path: String,
    /// The request takes effect, and its answer is lost.
    #[serde(default)]
    after: bool,
    kind: FaultKind,
    /// Of `status` and `page`.
    status: Option<u16>,
    /// The `retry-after` header of `status`, in seconds.
    retry_after: Option<u64>,
    /// How long `hang` lasts, in milliseconds.
    milliseconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultKind {
    Status,
    Page,
    Hang,
    Reset,
    Truncate,
}

async fn order_fault(State(shared): App, Json(new): Json<NewFault>) -> Answer {
    let headers = new.retry_after.map(|seconds| ("retry-after", seconds.to_string())).into_iter().collect();
    let fault = match new.kind {
        FaultKind::Status => Fault::Status(new.status.unwrap_or(500), headers),
        FaultKind::Page => Fault::Page(new.status.unwrap_or(502)),
        FaultKind::Hang => Fault::Hang(Duration::from_millis(new.milliseconds.unwrap_or(60_000))),
        FaultKind::Reset => Fault::Reset,
        FaultKind::Truncate => Fault::Truncate,
    };
    let timing = if new.after { FaultTiming::After } else { FaultTiming::Before };
    shared.state().faults.add(new.count, &new.path, timing, fault);
    Ok(Json(json!({})))
}

async fn heal(State(shared): App) -> Answer {
    shared.state().faults = Default::default();
    Ok(Json(json!({})))
}

/// The event that something caused, and what came of its delivery.
async fn announced(shared: &Arc<Shared>, event: &str, payload: Value) -> Answer {
    let delivery = announce(shared, event, payload.clone()).await?;
    Ok(Json(json!({"payload": payload, "delivery": delivery})))
}

async fn announce(shared: &Arc<Shared>, event: &str, payload: Value) -> Result<Option<Value>, Wrong> {
    let Some(target) = shared.options.target.clone() else { return Ok(None) };
    let id = uuid::Uuid::new_v4().to_string();
    Ok(Some(serde_json::to_value(shared.deliver(&target, &id, event, Arc::new(payload), false).await)?))
}

#[derive(Deserialize)]
struct Of {
    repo: String,
    sha: Option<String>,
}

async fn check_runs(State(shared): App, Query(of): Query<Of>) -> Answer {
    let state = shared.state();
    let runs = state.repository(&of.repo)?.check_runs.iter();
    let runs: Vec<_> = runs.filter(|r| of.sha.as_ref().is_none_or(|sha| *sha == r.head_sha)).collect();
    Ok(Json(serde_json::to_value(runs)?))
}

async fn tallies(State(shared): App, Query(of): Query<Of>) -> Answer {
    Ok(Json(serde_json::to_value(shared.tallies(&of.repo))?))
}

async fn requests(State(shared): App) -> Answer {
    Ok(Json(serde_json::to_value(&shared.state().requests)?))
}

async fn violations(State(shared): App) -> Answer {
    Ok(Json(serde_json::to_value(&shared.state().violations)?))
}
