//! One bounded request to GitHub's REST API, and the sorting of its answer.
//!
//! Requests go through octocrab's client stack (TLS, redirects without credentials, base address); retries are
//! left to the job queue, which survives a restart where a loop here would not.

use crate::{ExposeSecret, GithubError, Secret};
use http::{HeaderMap, Method, StatusCode, request::Builder};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// GitHub answers within 10 s or gives up itself; the rest is network.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A page of 100 check runs with full outputs is the largest answer that we ask for.
const ANSWER_BYTES: usize = 32 << 20;
/// GitHub asks for at least a minute after a secondary limit that states no time.
const SECONDARY_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// Longest part of an answer that is quoted in an error.
const QUOTED_CHARS: usize = 300;

/// A request before it is sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query below the API's address; built from validated names only.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// "create a check run in octo/hello": the beginning of every error.
    pub(crate) doing: String,
}

/// Sends `request` with `token` as bearer and reads the JSON answer.
pub(crate) async fn send<T: DeserializeOwned>(
    crab: &Octocrab,
    token: &Secret,
    request: Request,
) -> Result<T, GithubError> {
    let transient = |message: String| GithubError::Transient { doing: request.doing.clone(), message };
    let answer = tokio::time::timeout(TIMEOUT, exchange(crab, token, &request)).await;
    let (status, headers, body) = answer
        .map_err(|_| transient(format!("GitHub did not answer within {} s", TIMEOUT.as_secs())))?
        .map_err(|why| transient(format!("GitHub could not be reached or its answer not be read: {why}")))?;
    if !status.is_success() {
        return Err(refusal(request.doing, status, &headers, &body));
    }
    serde_json::from_slice(&body).map_err(|e| transient(format!("GitHub's answer is not as documented: {e}")))
}

async fn exchange(
    crab: &Octocrab,
    token: &Secret,
    request: &Request,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), String> {
    // The clone carries the token; the client below it is shared.
    let crab = crab.user_access_token(token.expose_secret()).map_err(describe)?;
    let builder = Builder::new().method(request.method.clone()).uri(&request.path);
    let built = crab.build_request(builder, request.body.as_ref()).map_err(describe)?;
    let (parts, body) = crab.execute(built).await.map_err(describe)?.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|e| e.to_string())?;
    Ok((parts.status, parts.headers, body.to_bytes().to_vec()))
}

/// octocrab's texts end with a backtrace; the chain of sources says more in one line.
fn describe(error: octocrab::Error) -> String {
    let mut source: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    let mut text = String::new();
    while let Some(cause) = source {
        let part = cause.to_string();
        if !part.is_empty() && !text.contains(&part) {
            text = if text.is_empty() { part } else { format!("{text}: {part}") };
        }
        source = cause.source();
    }
    if text.is_empty() { quote(&error.to_string()) } else { quote(&text) }
}

/// Sorts an answer that is not a success.
fn refusal(doing: String, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> GithubError {
    let message = explanation(status, body);
    if let Some(retry_after) = rate_limit(status, headers, &message) {
        return GithubError::RateLimited { doing, retry_after };
    }
    match status.as_u16() {
        401 | 403 => GithubError::Unauthorized { doing, message },
        404 | 410 | 451 => GithubError::NotFound { doing, message },
        // What the commit endpoints answer for a commit that has not arrived yet.
        422 if message.starts_with("No commit found") => GithubError::NotFound { doing, message },
        408 | 409 | 500.. => GithubError::Transient { doing, message: format!("GitHub answered {message}") },
        _ => GithubError::Validation { doing, message },
    }
}

/// The wait, when the answer is about a rate limit (GitHub REST, "Rate limits": 403 or 429; `retry-after` first, then
/// `x-ratelimit-reset`, else a minute).
fn rate_limit(status: StatusCode, headers: &HeaderMap, message: &str) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds.min(3600)));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let now = chrono::Utc::now().timestamp().unsigned_abs();
        let wait = number("x-ratelimit-reset").map_or(60, |reset| reset.saturating_sub(now));
        return Some(Duration::from_secs(wait.clamp(1, 3600)));
    }
    let limited = status == StatusCode::TOO_MANY_REQUESTS || message.to_ascii_lowercase().contains("rate limit");
    limited.then_some(SECONDARY_LIMIT_WAIT)
}

/// GitHub's own words: `message` and the entries of `errors`, or the status.
fn explanation(status: StatusCode, body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return status.to_string() };
    let message = value["message"].as_str().unwrap_or_default();
    let details = value["errors"].as_array().filter(|e| !e.is_empty()).map(|e| Value::from(e.clone()).to_string());
    match details {
        Some(details) => quote(&format!("{message}: {details}")),
        None if message.is_empty() => status.to_string(),
        None if status.is_server_error() => quote(&format!("{status}: {message}")),
        None => quote(message),
    }
}

fn quote(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(QUOTED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(status: u16, headers: &[(&'static str, &str)], body: &str) -> GithubError {
        let headers = headers.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect();
        refusal(
            "create a check run in octo/hello".into(),
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
        )
    }

    #[test]
    fn limits_are_told_from_refusals() {
        let wait = |e: GithubError| e.retry_after().map(|d| d.as_secs());
        assert_eq!(wait(sort(403, &[("retry-after", "7")], "")), Some(7));
        assert_eq!(wait(sort(429, &[], "")), Some(60));
        assert_eq!(wait(sort(403, &[], r#"{"message":"You have exceeded a secondary rate limit"}"#)), Some(60));
        let reset = (chrono::Utc::now().timestamp() + 100).to_string();
        let seconds = wait(sort(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "")).unwrap();
        assert!((98..=100).contains(&seconds));
        assert_eq!(wait(sort(403, &[("retry-after", "99999999999")], "")), Some(3600));
        assert!(matches!(sort(403, &[], r#"{"message":"Resource not accessible"}"#), GithubError::Unauthorized { .. }));
    }

    #[test]
    fn each_status_leads_to_one_remedy() {
        assert!(matches!(sort(401, &[], "{}"), GithubError::Unauthorized { .. }));
        assert!(matches!(sort(404, &[], "<html>"), GithubError::NotFound { .. }));
        let unseen = sort(422, &[], r#"{"message":"No commit found for SHA: 0000"}"#);
        assert!(matches!(unseen, GithubError::NotFound { .. }));
        let invalid = sort(422, &[], r#"{"message":"Invalid request","errors":[{"field":"name"}]}"#);
        assert_eq!(
            invalid.to_string(),
            r#"create a check run in octo/hello: GitHub rejected the request: Invalid request: [{"field":"name"}]"#
        );
        for status in [500, 502, 503, 409] {
            assert!(sort(status, &[], "").is_transient(), "{status}");
        }
    }
}
