//! Git over smart HTTP: access is checked here, the rest is git's own server program.

use super::{Shared, git::bare_git, rest::App};
use anyhow::{Context, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{path::PathBuf, process::Stdio, sync::Arc};
use tokio::io::AsyncWriteExt;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/{owner}/{name}/info/refs", get(serve)).route("/{owner}/{name}/git-upload-pack", post(serve))
}

struct Found {
    folder: PathBuf,
    /// Where only references are given out: the commits that they point at.
    tips: Option<Vec<String>>,
}

async fn serve(
    State(shared): App,
    Path((owner, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let repo = format!("{owner}/{}", name.strip_suffix(".git").unwrap_or(&name));
    let found = match admit(&shared, &headers, &repo) {
        Ok(found) => found,
        Err(StatusCode::UNAUTHORIZED) => {
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"GitHub\"")]).into_response();
        }
        Err(status) => return status.into_response(),
    };
    if let Some(refused) = found.tips.as_ref().and_then(|tips| refused(tips, &body)) {
        let line = format!("ERR upload-pack: not our ref {refused}");
        let answer = format!("{:04x}{line}", line.len() + 4);
        return ([(header::CONTENT_TYPE, "application/x-git-upload-pack-result")], answer).into_response();
    }
    let service = uri.path().rsplit_once(&name).map(|(_, tail)| tail.to_owned()).unwrap_or_default();
    match backend(&found, &service, query.as_deref().unwrap_or_default(), &method, &headers, &body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// A private repository needs a token that may read it; a public one is open, but a wrong token is still wrong.
fn admit(shared: &Shared, headers: &HeaderMap, repo: &str) -> Result<Found, StatusCode> {
    let (public, legacy) = {
        let state = shared.state();
        let repository = state.repository(repo).map_err(|_| StatusCode::NOT_FOUND)?;
        match password(headers) {
            None if repository.private => return Err(StatusCode::UNAUTHORIZED),
            None => {}
            Some(token) => {
                let (grant, installation) = state.grant(&token).ok_or(StatusCode::UNAUTHORIZED)?;
                if !state.covers(grant, repository.id) {
                    return Err(StatusCode::NOT_FOUND);
                }
                if !grant.permits("contents", false) || installation.suspended_at.is_some() {
                    return Err(StatusCode::FORBIDDEN);
                }
            }
        }
        (repository.public.clone(), repository.legacy)
    };
    let tips = legacy.then(|| public.run(&["for-each-ref", "--format=%(objectname)"]).unwrap_or_default());
    let tips = tips.map(|list| list.lines().map(str::to_owned).collect());
    Ok(Found { folder: public.folder().to_owned(), tips })
}

/// The first wanted commit that is no tip. (git itself is less strict over HTTP, other servers are not.)
fn refused(tips: &[String], body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let wanted = text.split("want ").skip(1).filter_map(|rest| rest.get(..40));
    // A capability's name may end in "want" too: only ids count.
    let wanted = wanted.filter(|sha| sha.bytes().all(|b| b.is_ascii_hexdigit()));
    wanted.map(str::to_owned).find(|sha| !tips.contains(sha))
}

/// The password of basic authentication, whose user must be `x-access-token`.
fn password(headers: &HeaderMap) -> Option<String> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, token) = decoded.split_once(':')?;
    Some(if user == "x-access-token" { token.to_owned() } else { String::new() })
}

/// Runs `git http-backend`, which speaks CGI (RFC 3875).
async fn backend(
    found: &Found,
    service: &str,
    query: &str,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response> {
    let header = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut command = tokio::process::Command::from(bare_git(&found.folder));
    command
        .arg("http-backend")
        .env_remove("GIT_DIR")
        .env("GIT_PROJECT_ROOT", &found.folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", service)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method.as_str())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING));
    if found.tips.is_none() {
        command.env("GIT_PROTOCOL", headers.get("git-protocol").and_then(|v| v.to_str().ok()).unwrap_or_default());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("standard input is piped")?;
    // Written beside the reading: either pipe may fill up first.
    let body = body.to_vec();
    let written = tokio::spawn(async move { input.write_all(&body).await });
    let output = child.wait_with_output().await?;
    let _ = written.await;
    answer(&output.stdout)
}

fn answer(output: &[u8]) -> Result<Response> {
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").context("git http-backend answered no headers")?;
    let mut response = Response::builder().status(StatusCode::OK);
    for line in std::str::from_utf8(&output[..end])?.lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => response = response.status(status.split(' ').next().unwrap_or("500")),
            Some((name, value)) => response = response.header(name, value),
            None => {}
        }
    }
    Ok(response.body(Body::from(output[end + 4..].to_vec()))?)
}
