//! One bounded request to GitHub's REST API, and the sorting of its answer.
//!
//! Redirects are followed here and not by the HTTP client, because a renamed repository answers writes with one too:
//! the method and the body must be kept, and the credentials must never leave the configured API. Retries are left to
//! the job queue, which survives a restart where a loop here would not.

use crate::{ExposeSecret, GithubError, Secret, link};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode, header};
use lockgate_outbound::{Client, Hosts, Settings};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// GitHub answers within 10 s or gives up itself; the rest is network.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A page of 100 check runs with full outputs is the largest answer that we ask for.
const ANSWER_BYTES: usize = 32 << 20;
/// GitHub answers the present address of a renamed repository at once; more than this is a circle.
const REDIRECTS: usize = 5;
/// GitHub asks for at least a minute after a secondary limit that states no time.
const SECONDARY_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// Longest wait that is believed: GitHub's primary limit is renewed each hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Longest part of an answer that is quoted in an error.
const QUOTED_CHARS: usize = 300;
/// The version of the REST API that this client is written against.
const API_VERSION: &str = "2022-11-28";

/// A request before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query below the API's address; built from validated names only.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// "create a check run in octo/hello": the beginning of every error.
    pub(crate) doing: String,
}

/// GitHub's answer, read to its end; not necessarily a success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

/// The connections to one API.
#[derive(Debug)]
pub(crate) struct Transport {
    client: Client,
    api: Url,
}

impl Transport {
    /// # Errors
    /// [`GithubError::Configuration`] when the machine's certificate store cannot be read.
    pub(crate) fn new(mut api: Url) -> Result<Self, GithubError> {
        if !api.path().ends_with('/') {
            api.set_path(&format!("{}/", api.path()));
        }
        let settings = Settings::new(concat!("lockgate/", env!("CARGO_PKG_VERSION")));
        let client = Client::new(Hosts::new().with(&api), &settings)
            .map_err(|e| GithubError::Configuration(format!("no connection can be made: {}", describe(e))))?;
        Ok(Self { client, api })
    }

    /// Sends `request` with `token` as bearer and reads the answer, whatever its status.
    ///
    /// # Errors
    /// [`GithubError::Transient`] when there is no answer, [`GithubError::Validation`] when it leads elsewhere.
    pub(crate) async fn send(&self, token: &Secret, request: &Request) -> Result<Answer, GithubError> {
        let mut url = self.address(request)?;
        for _ in 0..=REDIRECTS {
            let answer = self.exchange(token, request, &url).await?;
            match answer.status.as_u16() {
                301 | 302 | 307 | 308 => url = self.redirected(request, &url, &answer)?,
                _ => return Ok(answer),
            }
        }
        Err(invalid(request, format!("GitHub redirected more than {REDIRECTS} times")))
    }

    /// The page after `answer`, as a path below the API's address (GitHub REST, "Using pagination": the `Link` header).
    pub(crate) fn next_page(&self, request: &Request, answer: &Answer) -> Result<Option<String>, GithubError> {
        let Some(next) = link::next(&answer.headers) else { return Ok(None) };
        let url = self.api.join(&next).ok().filter(|url| self.is_ours(url));
        let url =
            url.ok_or_else(|| invalid(request, format!("the next page is not below {}: {}", self.api, quote(&next))))?;
        let path = &url.path()[self.api.path().len() - 1..];
        Ok(Some(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))))
    }

    fn address(&self, request: &Request) -> Result<Url, GithubError> {
        let url = self.api.join(request.path.trim_start_matches('/')).ok().filter(|url| self.is_ours(url));
        url.ok_or_else(|| invalid(request, "the address would leave the API".to_owned()))
    }

    /// Where a redirect leads. Whoever could make GitHub, or a proxy before it, answer one would otherwise get the
    /// token: it is sent to the configured API and to nobody else.
    fn redirected(&self, request: &Request, from: &Url, answer: &Answer) -> Result<Url, GithubError> {
        let location = answer.headers.get(header::LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default();
        let to = from.join(location).ok().filter(|url| !location.is_empty() && self.is_ours(url));
        to.ok_or_else(|| {
            let host = from.join(location).ok().and_then(|url| url.host_str().map(str::to_owned));
            let host = host.unwrap_or_else(|| "nowhere".to_owned());
            invalid(request, format!("GitHub redirected to {host}, outside of {}; credentials stay here", self.api))
        })
    }

    fn is_ours(&self, url: &Url) -> bool {
        let plain = url.username().is_empty() && url.password().is_none();
        plain && url.origin() == self.api.origin() && url.path().starts_with(self.api.path())
    }

    async fn exchange(&self, token: &Secret, request: &Request, url: &Url) -> Result<Answer, GithubError> {
        let transient = |message: String| GithubError::Transient { doing: request.doing.clone(), message };
        let answer = tokio::time::timeout(TIMEOUT, self.round_trip(token, request, url)).await;
        answer
            .map_err(|_| transient(format!("GitHub did not answer within {} s", TIMEOUT.as_secs())))?
            .map_err(|why| transient(format!("GitHub could not be reached or its answer not be read: {why}")))
    }

    async fn round_trip(&self, token: &Secret, request: &Request, url: &Url) -> Result<Answer, String> {
        let mut sent = self
            .client
            .request(request.method.clone(), url)
            .map_err(|refused| refused.to_string())?
            .bearer_auth(token.expose_secret())
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION);
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let mut answer = sent.send().await.map_err(describe)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(describe)? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(format!("the answer is longer than {ANSWER_BYTES} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: answer.status(), headers: std::mem::take(answer.headers_mut()), body })
    }
}

impl Answer {
    /// The JSON of a success.
    ///
    /// # Errors
    /// What the status stands for; [`GithubError::Transient`] when the JSON is not as documented.
    pub(crate) fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<T, GithubError> {
        self.check(request)?;
        serde_json::from_slice(&self.body).map_err(|e| GithubError::Transient {
            doing: request.doing.clone(),
            message: format!("GitHub's answer is not as documented: {e}"),
        })
    }

    /// Whether it is a success.
    ///
    /// # Errors
    /// What the status stands for.
    pub(crate) fn check(&self, request: &Request) -> Result<(), GithubError> {
        if self.status.is_success() {
            return Ok(());
        }
        Err(refusal(request.doing.clone(), self.status, &self.headers, &self.body))
    }

    /// How long GitHub wants to be left alone, when the answer is about a rate limit.
    pub(crate) fn rate_limit(&self) -> Option<Duration> {
        rate_limit(self.status, &self.headers, &explanation(self.status, &self.body))
    }
}

fn invalid(request: &Request, message: String) -> GithubError {
    GithubError::Validation { doing: request.doing.clone(), message }
}

/// The chain of causes in one line, without the address.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let part = cause.to_string();
        if !part.is_empty() && !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        source = cause.source();
    }
    quote(&text)
}

/// Sorts an answer that is not a success.
fn refusal(doing: String, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> GithubError {
    let message = explanation(status, body);
    if let Some(retry_after) = rate_limit(status, headers, &message) {
        return GithubError::RateLimited { doing, retry_after };
    }
    match status.as_u16() {
        status @ (401 | 403) => GithubError::Unauthorized { doing, message, status },
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
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        return Some(until_reset(headers).unwrap_or(SECONDARY_LIMIT_WAIT));
    }
    let limited = status == StatusCode::TOO_MANY_REQUESTS || message.to_ascii_lowercase().contains("rate limit");
    limited.then_some(SECONDARY_LIMIT_WAIT)
}

/// The time until the primary limit is renewed (`x-ratelimit-reset`, in seconds of the epoch). It is measured from the
/// answer's own `date`, so that a wrong clock here makes no wait too short or too long.
pub(crate) fn until_reset(headers: &HeaderMap) -> Option<Duration> {
    let reset = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim().parse::<i64>().ok()?;
    let now = github_time(headers).unwrap_or_else(Utc::now).timestamp();
    Some(Duration::from_secs(reset.saturating_sub(now).max(1).unsigned_abs()).min(LONGEST_WAIT))
}

/// What GitHub's clock said when it answered.
pub(crate) fn github_time(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let stated = headers.get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(stated).ok().map(|time| time.to_utc())
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

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() }
    }

    fn request() -> Request {
        let (method, doing) = (Method::POST, "create a check run in octo/hello".into());
        Request { method, path: "/repos/octo/hello/check-runs".into(), body: None, doing }
    }

    fn sort(status: u16, headers: &[(&'static str, &str)], body: &str) -> GithubError {
        answer(status, headers, body).check(&request()).unwrap_err()
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
    fn a_wrong_clock_here_does_not_stretch_the_wait() {
        let headers = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1000000090"),
            ("date", "Sun, 09 Sep 2001 01:46:40 GMT"),
        ];
        assert_eq!(sort(403, &headers, "").retry_after(), Some(Duration::from_secs(90)));
    }

    #[test]
    fn credentials_stay_below_the_configured_address() {
        let transport = Transport::new("https://github.example.test/api/v3".parse().unwrap()).unwrap();
        let from = transport.address(&request()).unwrap();
        assert_eq!(from.as_str(), "https://github.example.test/api/v3/repos/octo/hello/check-runs");
        let to = |location: &str| transport.redirected(&request(), &from, &answer(307, &[("location", location)], ""));
        let moved = to("https://github.example.test/api/v3/repositories/1/check-runs").unwrap();
        assert_eq!(moved.path(), "/api/v3/repositories/1/check-runs");
        assert_eq!(to("/api/v3/repositories/1").unwrap().host_str(), Some("github.example.test"));
        for bad in [
            "",
            "https://evil.example.test/api/v3/",
            "http://github.example.test/api/v3/",
            "https://github.example.test:8443/api/v3/",
            "//evil.example.test/api/v3/",
            "https://github.example.test/login",
            "https://user@github.example.test/api/v3/",
            "/api/v3/../../login",
        ] {
            assert!(matches!(to(bad), Err(GithubError::Validation { .. })), "{bad}");
        }
        let next = |link: &str| transport.next_page(&request(), &answer(200, &[("link", link)], ""));
        let second = "<https://github.example.test/api/v3/repositories/1/pulls?page=2>; rel=\"next\"";
        assert_eq!(next(second).unwrap().as_deref(), Some("/repositories/1/pulls?page=2"));
        assert!(next("<https://evil.example.test/x>; rel=\"next\"").is_err());
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
