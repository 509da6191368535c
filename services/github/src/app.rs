//! A GitHub App: who we are to GitHub, and where GitHub is.

use crate::{
    ExposeSecret, GithubError, InstallationClient, Secret,
    token::{Scope, Tokens},
    transport::{self, Request},
};
use octocrab::{Octocrab, service::middleware::retry::RetryConfig};
use serde::de::DeserializeOwned;
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use url::Url;

/// GitHub allows 100 requests at a time over all of an App's installations; other users of the App need some.
const CONCURRENT_REQUESTS: usize = 40;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What must be configured.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// The REST API: GitHub's own, `https://HOST/api/v3` of a GitHub Enterprise Server, or a loopback address in tests.
    pub api_url: Url,
    /// The App's client id (or, as GitHub still accepts, its numeric id).
    pub client_id: String,
    pub private_key_pem: Secret,
}

/// An App that can act. Cheap to clone; clones share tokens and connections.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    client_id: String,
    crab: Octocrab,
    tokens: Tokens,
    permits: Semaphore,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({})", self.shared.client_id)
    }
}

impl App {
    /// Checks the configuration; asks nothing of the network. Must be called within a Tokio runtime, which the
    /// connections then belong to.
    ///
    /// # Errors
    /// [`GithubError::Configuration`].
    pub fn new(config: AppConfig) -> Result<Self, GithubError> {
        let unusable = |why: &str| GithubError::Configuration(why.to_owned());
        if config.client_id.trim().is_empty() {
            return Err(unusable("the client id is empty: copy it from the App's settings"));
        }
        if !is_safe(&config.api_url) {
            return Err(unusable("the API address must be https (http is for loopback addresses only)"));
        }
        let tokens =
            Tokens::new(config.client_id.trim().to_owned(), config.private_key_pem.expose_secret().as_bytes())?;
        let crab = Octocrab::builder()
            .base_uri(config.api_url.as_str())
            .and_then(|b| {
                b.add_retry_config(RetryConfig::None)
                    .set_connect_timeout(Some(CONNECT_TIMEOUT))
                    .add_header(http::header::USER_AGENT, concat!("lockgate/", env!("CARGO_PKG_VERSION")).into())
                    .build()
            })
            .map_err(|_| {
                unusable("the API address cannot be used, or this machine's certificate store cannot be read")
            })?;
        let shared = Shared {
            client_id: config.client_id.trim().to_owned(),
            crab,
            tokens,
            permits: Semaphore::new(CONCURRENT_REQUESTS),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The client id or App id, as configured.
    pub fn client_id(&self) -> &str {
        &self.shared.client_id
    }

    /// The App as installation `id`. Its token is requested when first needed.
    pub fn installation(&self, id: u64) -> InstallationClient {
        InstallationClient::new(self.clone(), id)
    }

    /// A token that can do nothing but read the contents of `repository`.
    pub(crate) async fn contents_token(&self, installation: u64, repository: &str) -> Result<Secret, GithubError> {
        let scope = Scope::ReadContents(repository.to_owned());
        self.shared.tokens.get(&self.shared.crab, installation, scope).await
    }

    /// Sends a request under the installation's token.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        installation: u64,
        request: Request,
    ) -> Result<T, GithubError> {
        let Shared { crab, tokens, permits, .. } = &*self.shared;
        let _permit = permits.acquire().await.expect("the semaphore is never closed");
        let token = tokens.get(crab, installation, Scope::Installation).await?;
        let answer = transport::send(crab, &token, request).await;
        // A token may be revoked before its time (a key was rotated, the installation's permissions changed): the next
        // attempt then gets a new one.
        if matches!(answer, Err(GithubError::Unauthorized { .. })) {
            tokens.forget(installation, Scope::Installation).await;
        }
        answer
    }
}

/// The private key's signature and all tokens travel to this address.
fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (url, safe) in [
            ("https://github.example.test/api/v3", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://github.example.test", false),
            ("file:///etc", false),
        ] {
            assert_eq!(is_safe(&url.parse().unwrap()), safe, "{url}");
        }
    }
}
