//! One request and its answer: attempts, redirects, statuses, and a body that stays within its bound.

use super::Registry;
use super::cache::Validators;
use super::hosts::{self, shown};
use super::retry::{self, Attempts, Failure};
use bytes::{Bytes, BytesMut};
use chrono::Utc;
use lockgate_model::{Cause, CauseKind};
use lockgate_outbound::{self as outbound, Settings};
use reqwest::{Response, StatusCode, header};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use url::Url;

const MAX_REDIRECTS: usize = 5;
/// Requests to one host at a time.
const MAX_AT_ONCE: usize = 16;
/// What is reserved for a body of unknown or large declared length.
const FIRST_CAPACITY: u64 = 1 << 20;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// For messages: `fetch npm left-pad 1.3.0`.
    pub(super) subject: &'a str,
    pub(super) url: &'a Url,
    pub(super) accept: &'static str,
    /// Largest body, in bytes.
    pub(super) limit: u64,
    /// Whether the bytes are an artifact: then they are taken as they are sent, never decompressed.
    pub(super) artifact: bool,
    pub(super) validators: Option<&'a Validators>,
}

#[derive(Debug)]
pub(super) enum Reply {
    Body { bytes: Bytes, validators: Validators },
    NotModified,
}

/// The connections of all registries.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    metadata: outbound::Client,
    artifacts: outbound::Client,
    slots: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl Exchange {
    /// For the hosts of these registries and no other.
    ///
    /// # Errors
    /// When the system's TLS cannot be set up or `user_agent` cannot be sent.
    pub(super) fn new(hosts: &outbound::Hosts, user_agent: &str) -> Result<Self, Cause> {
        let build = |gzip: bool| {
            outbound::Client::new(hosts.clone(), &Settings::new(user_agent).gzip(gzip))
                .map_err(|e| Cause::new(CauseKind::Internal, format!("set up the registry client: {}", root_cause(&e))))
        };
        Ok(Self { metadata: build(true)?, artifacts: build(false)?, slots: Arc::default() })
    }

    /// # Errors
    /// Why there is no answer with a body, or none that says the known one still holds.
    pub(super) async fn ask(&self, registry: &Registry, ask: Ask<'_>) -> Result<Reply, Cause> {
        let limits = &registry.config.limits;
        let mut attempts = Attempts::new(ask.subject, limits);
        loop {
            let timeout = || Failure::passing(CauseKind::Timeout, format!("no answer within {:?}", limits.timeout));
            let attempt = tokio::time::timeout(limits.timeout, self.attempt(registry, ask)).await;
            match attempt.unwrap_or_else(|_| Err(timeout())) {
                Ok(reply) => return Ok(reply),
                Err(failure) => attempts.after(failure).await?,
            }
        }
    }

    /// Follows redirects to the answer and reads it.
    async fn attempt(&self, registry: &Registry, ask: Ask<'_>) -> Result<Reply, Failure> {
        let mut url = ask.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            registry.hosts.check(ask.subject, &url).map_err(Failure::Lasting)?;
            let slot = self.slot(&url);
            let _turn = slot.acquire().await.map_err(|_| Failure::passing(CauseKind::Internal, "no turn was given"))?;
            let response = self.send(registry, ask, &url).await?;
            match redirected(ask, &url, &response)? {
                Some(next) => url = next,
                None => return read(ask, response).await,
            }
        }
        let message = format!("{}: the registry redirects more than {MAX_REDIRECTS} times", ask.subject);
        Err(Failure::Lasting(Cause::new(CauseKind::Upstream, message)))
    }

    /// The slots of a host. Only configured hosts come here, so their number is bounded.
    fn slot(&self, url: &Url) -> Arc<Semaphore> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(shown(url)).or_insert_with(|| Arc::new(Semaphore::new(MAX_AT_ONCE))))
    }

    async fn send(&self, registry: &Registry, ask: Ask<'_>, url: &Url) -> Result<Response, Failure> {
        let client = if ask.artifact { &self.artifacts } else { &self.metadata };
        let request = client.get(&without_user(url));
        let request = request.map_err(|refused| Failure::Lasting(hosts::cause(ask.subject, &refused)))?;
        let mut request = request.header(header::ACCEPT, ask.accept);
        if ask.artifact {
            request = request.header(header::ACCEPT_ENCODING, "identity");
        }
        if let Some(validators) = ask.validators {
            for (name, value) in
                [(header::IF_NONE_MATCH, &validators.etag), (header::IF_MODIFIED_SINCE, &validators.last_modified)]
            {
                request = value.iter().fold(request, |request, value| request.header(&name, value));
            }
        }
        // The token is for the registry alone: a redirect must not carry it to another host.
        if let Some(token) = registry.config.token.as_ref().filter(|_| registry.hosts.is_own(url)) {
            request = request.bearer_auth(token.reveal());
        }
        request.send().await.map_err(|error| match outbound::refusal(&error) {
            Some(refused) => Failure::Lasting(hosts::cause(ask.subject, refused)),
            None => broken(&error),
        })
    }
}

/// An address of a registry's answer may carry a user; sending it is not for the registry to decide.
fn without_user(url: &Url) -> Url {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Where a redirect leads; `None` for every other answer.
fn redirected(ask: Ask<'_>, url: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok());
    let message = || format!("{}: the registry redirects without saying where to", ask.subject);
    next.map(Some).ok_or_else(|| Failure::Lasting(Cause::new(CauseKind::Malformed, message())))
}

async fn read(ask: Ask<'_>, response: Response) -> Result<Reply, Failure> {
    let status = response.status();
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Ok(Reply::NotModified),
        _ => return Err(refused(ask, status, &response)),
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let validators = Validators { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) };
    Ok(Reply::Body { bytes: body(ask, response).await?, validators })
}

fn refused(ask: Ask<'_>, status: StatusCode, response: &Response) -> Failure {
    let code = status.as_u16();
    let lasting = |kind, why: &str, remedy: Option<&str>| {
        let cause = Cause::new(kind, format!("{}: {why}", ask.subject));
        Failure::Lasting(remedy.map_or(cause.clone(), |remedy| cause.with_remedy(remedy)))
    };
    match code {
        404 | 410 => {
            let remedy = "check the name, and that the configured registry carries it";
            lasting(CauseKind::NotFound, &format!("the registry does not have it ({code})"), Some(remedy))
        }
        401 | 403 => {
            let remedy = "check the token that is configured for the registry";
            lasting(CauseKind::NotConfigured, &format!("the registry refuses access ({code})"), Some(remedy))
        }
        408 | 429 | 500..=599 => {
            let header = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = header.and_then(|text| retry::retry_after(text, Utc::now()));
            Failure::Passing { kind: CauseKind::Upstream, why: format!("registry answered {code}"), retry_after }
        }
        _ => lasting(CauseKind::Upstream, &format!("registry answered {code}"), None),
    }
}

/// Reads the body up to the limit; a declared length over it is refused before a byte is read.
async fn body(ask: Ask<'_>, mut response: Response) -> Result<Bytes, Failure> {
    let declared = response.content_length();
    if declared.is_some_and(|declared| declared > ask.limit) {
        return Err(Failure::Lasting(over_limit(ask.subject, ask.limit)));
    }
    let capacity = declared.unwrap_or(FIRST_CAPACITY).min(FIRST_CAPACITY);
    let mut bytes = BytesMut::with_capacity(usize::try_from(capacity).unwrap_or_default());
    while let Some(chunk) = response.chunk().await.map_err(|e| cut_off(&e, declared, bytes.len()))? {
        if (bytes.len() + chunk.len()) as u64 > ask.limit {
            return Err(Failure::Lasting(over_limit(ask.subject, ask.limit)));
        }
        bytes.extend_from_slice(&chunk);
    }
    match declared {
        Some(declared) if declared != bytes.len() as u64 => Err(short(declared, bytes.len())),
        _ => Ok(bytes.freeze()),
    }
}

/// A body that ends early: a broken connection, or a length that was a lie. Which one shows when it is tried
/// again, so it is; a body that stays short is malformed.
fn cut_off(error: &reqwest::Error, declared: Option<u64>, received: usize) -> Failure {
    match declared {
        Some(declared) if !error.is_timeout() && (received as u64) < declared => short(declared, received),
        _ => broken(error),
    }
}

fn short(declared: u64, received: usize) -> Failure {
    Failure::passing(CauseKind::Malformed, format!("registry declared {declared} bytes and sent {received}"))
}

/// A connection that could not be made or broke.
fn broken(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::passing(CauseKind::Timeout, "connecting took too long");
    }
    let what = if error.is_connect() { "cannot connect to the registry" } else { "the connection broke" };
    Failure::passing(CauseKind::Upstream, format!("{what} ({})", root_cause(error)))
}

/// The innermost error, which never holds the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    crate::position::excerpt(&cause.to_string())
}

pub(super) fn over_limit(subject: &str, limit: u64) -> Cause {
    let message = format!("{subject}: it is larger than the limit of {limit} bytes");
    Cause::new(CauseKind::LimitExceeded, message).with_remedy("raise the registry's limit if this size is expected")
}

/// 304 to a request that was not conditional.
pub(super) fn unasked_for(subject: &str) -> Cause {
    Cause::new(CauseKind::Malformed, format!("{subject}: the registry says nothing changed, but was not asked that"))
}
