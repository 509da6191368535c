//! A GitHub App: who we are to GitHub, and where GitHub is.

use crate::{
    ExposeSecret, GithubError, InstallationClient, Limits, Secret,
    session::Session,
    signer::Signer,
    token::{Scope, Tokens},
    transport::{Answer, Request, Transport},
};
use std::{fmt, sync::Arc};
use url::Url;

/// What must be configured.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// The REST API: GitHub's own, `https://HOST/api/v3` of a GitHub Enterprise Server, or a loopback address in tests.
    pub api_url: Url,
    /// The App's client id (or, as GitHub still accepts, its numeric id).
    pub client_id: String,
    pub private_key_pem: Secret,
    pub limits: Limits,
}

/// An App that can act. Cheap to clone; clones share tokens and connections.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    session: Session,
    tokens: Tokens,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({})", self.client_id())
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
        let pem = config.private_key_pem.expose_secret().as_bytes();
        let signer = Signer::new(config.client_id.trim().to_owned(), pem)?;
        let session = Session::new(signer, Transport::new(config.api_url)?, config.limits);
        Ok(Self { shared: Arc::new(Shared { session, tokens: Tokens::default() }) })
    }

    /// The client id or App id, as configured.
    pub fn client_id(&self) -> &str {
        self.shared.session.signer.issuer()
    }

    /// Signs with another private key from now on, for all clones of this App. Requests under way end as they began;
    /// installation tokens stay valid, so nothing is interrupted.
    ///
    /// # Errors
    /// [`GithubError::Configuration`] when `pem` is not an RSA private key; the old key then stays in use.
    pub fn replace_key(&self, pem: &Secret) -> Result<(), GithubError> {
        self.shared.session.signer.replace_key(pem.expose_secret().as_bytes())
    }

    /// The App as installation `id`. Its token is requested when first needed.
    pub fn installation(&self, id: u64) -> InstallationClient {
        InstallationClient::new(self.clone(), id)
    }

    /// A token of installation `installation` for `scope`.
    pub(crate) async fn token(&self, installation: u64, scope: Scope) -> Result<Secret, GithubError> {
        self.shared.tokens.get(&self.shared.session, installation, scope).await
    }

    /// Sends a request as the App itself; the answer is a success.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Answer, GithubError> {
        self.shared.session.as_app(request).await
    }

    /// Sends a request under the installation's token; the answer is a success.
    ///
    /// A token may be revoked or expire before its time (the permissions changed, a clock is wrong). GitHub has then done
    /// nothing, so the request is sent once more with a new token.
    pub(crate) async fn ask_as(&self, installation: u64, request: &Request) -> Result<Answer, GithubError> {
        let Shared { session, tokens } = &*self.shared;
        session.admits(installation, request)?;
        let token = tokens.get(session, installation, Scope::Installation).await?;
        let answer = session.as_installation(installation, &token, request).await;
        if !matches!(&answer, Err(GithubError::Unauthorized { status: 401, .. })) {
            return answer;
        }
        tokens.forget(installation, Scope::Installation, &token).await;
        let token = tokens.get(session, installation, Scope::Installation).await?;
        session.as_installation(installation, &token, request).await
    }

    pub(crate) fn session(&self) -> &Session {
        &self.shared.session
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
