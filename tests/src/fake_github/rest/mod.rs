//! The REST API, as far as an App that writes check runs sees it.

mod app;
mod check_runs;
mod repositories;

use super::{Shared, State as Everything, access, limits::Exceeded, repositories::Repository};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

pub(super) type App = State<Arc<Shared>>;
type Answer = Result<(StatusCode, Json<Value>), Refusal>;
type Listed = Result<(HeaderMap, Json<Value>), Refusal>;
type Parameters = BTreeMap<String, String>;

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    errors: Vec<String>,
    headers: Box<HeaderMap>,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).expect("a status of this file");
        Self { status, message: message.into(), errors: Vec::new(), headers: Box::default() }
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
        (self.status, *self.headers, Json(body)).into_response()
    }
}

/// What is refused as 422.
pub(super) fn invalid(errors: Vec<String>) -> Refusal {
    Refusal { errors, ..Refusal::new(422, "Invalid request") }
}

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .merge(app::router())
        .merge(check_runs::router())
        .merge(repositories::router())
        .fallback(async || Refusal::not_found())
        .layer(DefaultBodyLimit::max(64 << 20))
}

/// Counts the request against its holder's rate limits, where there are any; returns what the answer tells of them.
pub(super) fn meter(shared: &Shared, method: &Method, path: &str, headers: &HeaderMap) -> Result<HeaderMap, Refusal> {
    let Some(limits) = &shared.options.rate_limits else { return Ok(HeaderMap::new()) };
    let mut state = shared.state();
    let installation = bearer(headers).and_then(|token| state.grant(token)).map(|(grant, _)| grant.installation);
    let holder = installation.map_or_else(|| "the App".to_owned(), |id| format!("installation ID {id}"));
    let write = *method != Method::GET;
    let creates = *method == Method::POST && path.starts_with("/repos/");
    state
        .meters
        .count(limits, &holder, write, creates)
        .map_err(|Exceeded { message, headers }| Refusal { headers: Box::new(headers), ..Refusal::new(403, message) })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("token "))
}

/// Checks that the request is the App's own.
fn admit_app(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = bearer(headers).ok_or_else(|| Refusal::new(401, "A JSON web token is required"))?;
    let (keys, now) = {
        let state = shared.state();
        (state.keys.clone(), state.now())
    };
    let mut why = "the App has no private key".to_owned();
    for key in keys {
        match key.check(token, &shared.options.client_id, now) {
            Ok(()) => return Ok(()),
            Err(refused) => why = refused,
        }
    }
    Err(Refusal::new(401, why))
}

/// Checks the installation token, and that it was granted `area`.
fn admit<'a>(
    state: &'a Everything,
    headers: &HeaderMap,
    area: &str,
    write: bool,
) -> Result<&'a access::Grant, Refusal> {
    let found = bearer(headers).and_then(|token| state.grant(token));
    let (grant, installation) = found.ok_or_else(|| Refusal::new(401, "Bad credentials"))?;
    if installation.suspended_at.is_some() {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    if !grant.permits(area, write) {
        return Err(Refusal::new(403, "Resource not accessible by integration"));
    }
    Ok(grant)
}

/// Checks the token as [`admit`] does, and that it reaches `repo`. What it does not reach does not exist for it.
fn admit_to<'a>(
    state: &'a Everything,
    headers: &HeaderMap,
    repo: &str,
    (area, write): (&str, bool),
) -> Result<&'a Repository, Refusal> {
    let grant = admit(state, headers, "metadata", false).or_else(|refused| match refused.status {
        // A token for contents alone still reaches the repository.
        StatusCode::FORBIDDEN => admit(state, headers, area, write),
        _ => Err(refused),
    })?;
    let repository = state.repository(repo).ok().filter(|r| state.covers(grant, r.id));
    let repository = repository.ok_or_else(Refusal::not_found)?;
    admit(state, headers, area, write)?;
    if write && repository.archived {
        return Err(Refusal::new(403, "Repository was archived so is read-only."));
    }
    Ok(repository)
}

/// One page of `all`, and the `Link` header that leads on.
fn page<T>(shared: &Shared, path: &str, query: &Parameters, all: Vec<T>) -> (Vec<T>, HeaderMap) {
    let number = |key: &str, default: usize| query.get(key).and_then(|v| v.parse().ok()).unwrap_or(default).max(1);
    let (size, number) = (number("per_page", 30).min(100), number("page", 1));
    let more = all.len() > number * size;
    let headers = if more { next(shared, path, query, "page", &(number + 1).to_string()) } else { HeaderMap::new() };
    (all.into_iter().skip((number - 1) * size).take(size).collect(), headers)
}

/// The `Link` header to the page where `key` is `value`.
fn next(shared: &Shared, path: &str, query: &Parameters, key: &str, value: &str) -> HeaderMap {
    let mut next = shared.url().join(path.trim_start_matches('/')).expect("a path of the API joins");
    next.query_pairs_mut().extend_pairs(query.iter().filter(|(other, _)| *other != key)).append_pair(key, value);
    let link = format!("<{next}>; rel=\"next\"").parse().expect("an address makes a header");
    HeaderMap::from_iter([(axum::http::header::LINK, link)])
}
