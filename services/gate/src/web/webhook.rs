//! The door for deliveries: room, HMAC over the raw bytes, form; then commit, and only then 202.
//!
//! Who could attack: anybody who reaches the address. Without the secret nothing of the body is parsed;
//! a replayed delivery id changes nothing; the body is bounded, and so are all bodies together.

use super::{
    AppState,
    intake::{Received, Refused},
};
use crate::config::GithubConfig;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use lockgate_github::{Event, signature};
use lockgate_model::{DeliveryId, RepoId};
use lockgate_store::deliveries::Accepted;
use std::time::Duration;

/// GitHub sends a body at once or not at all.
const BODY: Duration = Duration::from_secs(10);
/// What is refused is passed over for this long.
const PASSING: Duration = Duration::from_secs(1);
/// What a refused delivery should wait, in seconds.
const RETRY_AFTER: &str = "30";

pub(crate) async fn receive(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // 1. Room, before a byte is read.
    let largest = state.context.config.server.max_body_bytes;
    let stated = header(&parts.headers, header::CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok());
    let bytes: usize = stated.unwrap_or(largest);
    if bytes > largest {
        pass_over(body).await;
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "malformed", "the delivery is larger than server.max_body_bytes");
    }
    let room = match state.intake.room(bytes) {
        Ok(room) => room,
        Err(refused) => {
            pass_over(body).await;
            return overloaded(refused);
        }
    };
    let body = match read(body, bytes).await {
        Ok(body) => body,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, "malformed", why),
    };
    // 2. Signature, then form.
    let received = match verified(&state, &parts.headers, &body) {
        Ok(received) => received,
        Err((status, became, why)) => return refuse(status, became, &why),
    };
    // 3. Durable, then 202.
    let event = received.event.clone();
    match state.intake.accept(received, room).await {
        Ok(accepted) => {
            let became = if accepted == Accepted::New { "accepted" } else { "duplicate" };
            metrics::counter!("lockgate_deliveries_total", "event" => event, "became" => became).increment(1);
            (StatusCode::ACCEPTED, became).into_response()
        }
        Err(refused) => overloaded(refused),
    }
}

async fn read(body: Body, bytes: usize) -> Result<axum::body::Bytes, &'static str> {
    match tokio::time::timeout(BODY, axum::body::to_bytes(body, bytes)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err("the body could not be read, or is longer than its content-length"),
        Err(_) => Err("the body did not arrive in time"),
    }
}

/// Reads a body that is refused, and keeps nothing of it. A connection that is closed upon unread bytes is reset, and the
/// sender may never see the answer.
async fn pass_over(body: Body) {
    let mut data = body.into_data_stream();
    let all = async { while let Some(Ok(_)) = data.next().await {} };
    let _ = tokio::time::timeout(PASSING, all).await;
}

fn verified(
    state: &AppState,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Received, (StatusCode, &'static str, String)> {
    let malformed = |why: String| (StatusCode::BAD_REQUEST, "malformed", why);
    let secrets = state.context.credentials.webhook_secrets();
    let verified = signature::verify(&secrets, header(headers, "x-hub-signature-256"), body)
        .map_err(|error| (StatusCode::UNAUTHORIZED, "unsigned", error.to_string()))?;
    let id = header(headers, "x-github-delivery").and_then(|id| id.parse::<DeliveryId>().ok());
    let id = id.ok_or_else(|| malformed("the X-GitHub-Delivery header is missing or malformed".to_owned()))?;
    let name = header(headers, "x-github-event");
    let name = name.ok_or_else(|| malformed("the X-GitHub-Event header is missing".to_owned()))?;
    let event = Event::parse(&verified, name).map_err(|error| malformed(error.to_string()))?;
    usable(state.context.config.github.as_ref(), &event).map_err(malformed)?;
    let content = serde_json::to_string(&event).map_err(|error| malformed(error.to_string()))?;
    Ok(Received {
        id,
        event: event.name().to_owned(),
        action: event.action().map(str::to_owned),
        installation_id: event.installation().and_then(|i| i64::try_from(i).ok()),
        repository: event.repository().map(|r| r.full_name.clone()),
        content,
    })
}

/// What the job could not act upon is refused at the door, where GitHub's log shows why.
fn usable(github: Option<&GithubConfig>, event: &Event) -> Result<(), String> {
    let Some(repository) = event.repository() else { return Ok(()) };
    repository.full_name.parse::<RepoId>().map_err(|e| e.to_string())?;
    let url: url::Url = repository.clone_url.parse().map_err(|e| format!("repository.clone_url: {e}"))?;
    // Repositories are cloned from the configured GitHub alone, whatever a delivery says.
    if github.is_some_and(|g| g.web_url.origin() == url.origin()) {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default();
    Err(format!("the delivery names the clone host {host:?}, which is not github.web_url"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn refuse(status: StatusCode, became: &'static str, why: &str) -> Response {
    metrics::counter!("lockgate_deliveries_total", "event" => "unknown", "became" => became).increment(1);
    tracing::warn!(status = status.as_u16(), why, "refused a delivery");
    (status, why.to_owned()).into_response()
}

fn overloaded(refused: Refused) -> Response {
    let became = if refused == Refused::Full { "overloaded" } else { "not_stored" };
    metrics::counter!("lockgate_deliveries_total", "event" => "unknown", "became" => became).increment(1);
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_AFTER)], refused.to_string()).into_response()
}
