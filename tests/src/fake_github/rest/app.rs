//! What the App asks under its own signature: installations, tokens, the delivery log.

use super::{Answer, App, Listed, Parameters, Refusal, admit_app, next, page};
use crate::fake_github::{Shared, objects, webhooks::LoggedDelivery};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/app/installations", get(installations))
        .route("/app/installations/{id}", get(installation))
        .route("/app/installations/{id}/access_tokens", post(issue_token))
        .route("/app/hook/deliveries", get(deliveries))
        .route("/app/hook/deliveries/{id}", get(delivery))
        .route("/app/hook/deliveries/{id}/attempts", post(redeliver))
}

async fn installations(State(shared): App, Query(query): Query<Parameters>, uri: Uri, headers: HeaderMap) -> Listed {
    admit_app(&shared, &headers)?;
    let state = shared.state();
    let all = state.installations.values().filter(|i| !i.deleted);
    let all: Vec<Value> = all.map(|i| objects::installation(&shared, i)).collect();
    let (page, headers) = page(&shared, uri.path(), &query, all);
    Ok((headers, Json(page.into())))
}

async fn installation(State(shared): App, Path(id): Path<u64>, headers: HeaderMap) -> Answer {
    admit_app(&shared, &headers)?;
    let state = shared.state();
    let found = state.installation(id).ok_or_else(Refusal::not_found)?;
    Ok((StatusCode::OK, Json(objects::installation(&shared, found))))
}

async fn issue_token(State(shared): App, Path(id): Path<u64>, headers: HeaderMap, body: Option<Json<Value>>) -> Answer {
    admit_app(&shared, &headers)?;
    let request = body.map_or_else(|| json!({}), |Json(body)| body);
    let mut state = shared.state();
    let installation = state.installation(id).ok_or_else(Refusal::not_found)?;
    if installation.suspended_at.is_some() {
        return Err(Refusal::new(403, "This installation has been suspended"));
    }
    let issued = state.issue_token(id, &request, shared.options.token_lifetime);
    let (token, expires_at, permissions) = issued.map_err(|why| Refusal::new(422, why))?;
    let answer = json!({"token": token, "expires_at": expires_at, "permissions": permissions});
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Newest first; the cursor is opaque to clients and here the id of the last entry shown.
async fn deliveries(State(shared): App, Query(query): Query<Parameters>, uri: Uri, headers: HeaderMap) -> Listed {
    admit_app(&shared, &headers)?;
    let before = match query.get("cursor") {
        Some(cursor) => cursor.strip_prefix("v1_").and_then(|id| id.parse::<u64>().ok()),
        None => Some(u64::MAX),
    };
    let before = before.ok_or_else(|| Refusal::new(422, "Invalid cursor"))?;
    let size = query.get("per_page").and_then(|v| v.parse().ok()).unwrap_or(30).clamp(1, 100);
    let accepted = |d: &LoggedDelivery| (200..300).contains(&d.status_code);
    let wanted = |d: &&LoggedDelivery| match query.get("status").map(String::as_str) {
        Some("success") => accepted(d),
        Some("failure") => !accepted(d),
        _ => true,
    };
    let state = shared.state();
    let mut older: Vec<&LoggedDelivery> = state.deliveries.iter().filter(|d| d.id < before).filter(wanted).collect();
    older.sort_by_key(|d| std::cmp::Reverse(d.id));
    let shown: Vec<Value> = older.iter().take(size).map(|d| d.item()).collect();
    let last = older.get(size - 1).filter(|_| older.len() > size).map(|d| format!("v1_{}", d.id));
    let headers = last.map_or_else(HeaderMap::new, |cursor| next(&shared, uri.path(), &query, "cursor", &cursor));
    Ok((headers, Json(shown.into())))
}

async fn delivery(State(shared): App, Path(id): Path<u64>, headers: HeaderMap) -> Answer {
    admit_app(&shared, &headers)?;
    let state = shared.state();
    let found = state.deliveries.iter().find(|d| d.id == id).ok_or_else(Refusal::not_found)?;
    Ok((StatusCode::OK, Json(found.whole())))
}

async fn redeliver(State(shared): App, Path(id): Path<u64>, headers: HeaderMap) -> Answer {
    admit_app(&shared, &headers)?;
    shared.send_again(id).map_err(|_| Refusal::not_found())?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}
