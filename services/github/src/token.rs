//! The tokens of installations, which the App buys with its own: they last an hour and are opaque, so nothing here looks
//! at their shape.

use crate::{
    ExposeSecret, GithubError, Secret,
    session::Session,
    transport::{self, Request},
};
use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// A token that is handed out lasts at least this long: a clone may take minutes.
const RESERVE: Duration = Duration::from_secs(600);

/// What a token is for: the whole installation, or reading one repository (`OWNER/NAME`, or its id).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Installation,
    ReadContents(String),
    ReadContentsOf(u64),
}

#[derive(Clone)]
struct Issued {
    token: Secret,
    /// By the clock that nobody sets.
    expires: Instant,
}

type Slot = Arc<Mutex<Option<Issued>>>;

/// Keeps the installation tokens until they are nearly spent. A new private key does not end them, so it leaves them.
#[derive(Default)]
pub(crate) struct Tokens {
    slots: Mutex<HashMap<(u64, Scope), Slot>>,
}

impl Tokens {
    /// A token for `installation` that is valid for ten more minutes at least. Concurrent callers wait for one request.
    pub(crate) async fn get(&self, session: &Session, installation: u64, scope: Scope) -> Result<Secret, GithubError> {
        let slot = self.slots.lock().await.entry((installation, scope.clone())).or_default().clone();
        let mut issued = slot.lock().await;
        if let Some(kept) = issued.as_ref().filter(|i| i.expires.saturating_duration_since(Instant::now()) > RESERVE) {
            return Ok(kept.token.clone());
        }
        let fresh = request(session, installation, &scope).await?;
        let token = fresh.token.clone();
        *issued = Some(fresh);
        Ok(token)
    }

    /// Drops `token`, which GitHub no longer accepts; one that was got meanwhile stays.
    pub(crate) async fn forget(&self, installation: u64, scope: Scope, token: &Secret) {
        let Some(slot) = self.slots.lock().await.get(&(installation, scope)).cloned() else { return };
        let mut issued = slot.lock().await;
        if issued.as_ref().is_some_and(|i| i.token.expose_secret() == token.expose_secret()) {
            *issued = None;
        }
    }
}

async fn request(session: &Session, installation: u64, scope: &Scope) -> Result<Issued, GithubError> {
    #[derive(Deserialize)]
    struct Bought {
        token: String,
        expires_at: DateTime<Utc>,
    }
    let request = Request {
        method: Method::POST,
        path: format!("/app/installations/{installation}/access_tokens"),
        body: Some(restriction(scope)),
        doing: format!("get a token for installation {installation}"),
    };
    let answer = session.as_app(&request).await?;
    let bought: Bought = answer.read(&request)?;
    // Both ends by GitHub's clock: what ours says does not count.
    let lasts = bought.expires_at - transport::github_time(&answer.headers).unwrap_or_else(Utc::now);
    let expires = Instant::now() + lasts.to_std().unwrap_or_default();
    Ok(Issued { token: bought.token.into(), expires })
}

/// Asks for no more than the scope needs, so that a token which leaks from a clone cannot write.
fn restriction(scope: &Scope) -> Value {
    match scope {
        Scope::Installation => json!({}),
        Scope::ReadContents(repository) => {
            let name = repository.split_once('/').map_or(repository.as_str(), |(_, name)| name);
            json!({"repositories": [name], "permissions": {"contents": "read"}})
        }
        Scope::ReadContentsOf(id) => json!({"repository_ids": [id], "permissions": {"contents": "read"}}),
    }
}
