//! The provider, as its discovery document describes it (OpenID Connect Discovery 1.0).
//!
//! Metadata is kept for an hour. Keys are kept until a token names one that is not among them: then they are asked for
//! again, once, which is how a rotation is noticed. No redirect is followed, and no answer above a megabyte is read.

use super::{
    id_token::{self, Expected, Header},
    refusal::Refusal,
};
use crate::{
    config::{Config, OidcConfig, is_private, read_secret},
    web::auth::secret::{self, Opaque},
};
use anyhow::{Context as _, Result, bail, ensure};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::jwk::Jwk;
use lockgate_outbound::{Client, Hosts, Settings};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::RwLock;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(10);
const FRESH: Duration = Duration::from_secs(3600);
const LARGEST_ANSWER: usize = 1024 * 1024;
/// The remedy where the discovery document leads to a host that is not configured.
const ENDPOINT_HOSTS: &str =
    "ask the OpenID provider; if its documentation names this host, add it to auth.oidc.endpoint_hosts";

/// The part of the discovery document that is used.
#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// A configured provider.
#[derive(Debug)]
pub struct Provider {
    config: OidcConfig,
    redirect_uri: Url,
    http: Client,
    metadata: RwLock<Option<(Instant, Arc<Metadata>)>>,
    keys: RwLock<Arc<Vec<Jwk>>>,
}

/// What the provider sends the browser back with.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Callback {
    state: Option<String>,
    code: Option<String>,
    /// RFC 9207.
    iss: Option<String>,
    error: Option<String>,
}

/// Whom the provider vouches for.
#[derive(Debug)]
pub(in crate::web::auth) struct Person {
    pub(in crate::web::auth) subject: String,
    pub(in crate::web::auth) name: String,
    pub(in crate::web::auth) groups: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    /// `None` when the configuration names none.
    ///
    /// # Errors
    /// When the public address cannot carry the callback's path.
    pub fn new(config: &Config) -> Result<Option<Self>> {
        let Some(oidc) = config.auth.oidc.clone() else { return Ok(None) };
        let issuer: Url = oidc.issuer.parse().context("auth.oidc.issuer is not an address")?;
        let hosts = oidc.endpoint_hosts.iter().fold(Hosts::new().with(&issuer), |hosts, host| hosts.with_host(host));
        let http = Client::new(hosts, &Settings::new(crate::server::USER_AGENT).timeout(TIMEOUT))
            .context("set up the client for the OpenID provider")?;
        let redirect_uri =
            config.server.public_url.join("login/callback").context("join the callback's path to server.public_url")?;
        let (metadata, keys) = (RwLock::new(None), RwLock::new(Arc::default()));
        Ok(Some(Self { config: oidc, redirect_uri, http, metadata, keys }))
    }

    /// Asks for discovery document and keys, as `lockgate doctor` does; answers how many keys are of use.
    ///
    /// # Errors
    /// When the provider does not answer, calls itself otherwise, or publishes no key; when the secret cannot be read.
    pub async fn probe(&self) -> Result<usize> {
        read_secret(&self.config.client_secret_file)?;
        let keys = self.fetch_keys().await?.len();
        ensure!(keys > 0, "the provider {} publishes no key of a kind that is known here", self.config.issuer);
        Ok(keys)
    }

    /// Where to send the browser. `login` is the secret that its cookie holds: state, nonce and PKCE verifier follow
    /// from it, so that the server keeps nothing about sign-ins that are never finished.
    pub(in crate::web::auth) async fn begin(&self, login: &Opaque) -> Result<Url, Refusal> {
        let metadata = self.metadata().await.map_err(Refusal::Unreachable)?;
        let challenge = URL_SAFE_NO_PAD.encode(secret::hash(login.derive("verifier").expose().as_bytes()));
        let mut url = metadata.authorization_endpoint.clone();
        let scopes = ["openid"].into_iter().chain(self.config.scopes.iter().map(String::as_str)).collect::<Vec<_>>();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", self.redirect_uri.as_str())
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", login.derive("state").expose())
            .append_pair("nonce", login.derive("nonce").expose())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Who comes back.
    ///
    /// # Errors
    /// The [`Refusal`] that names what is wrong.
    pub(in crate::web::auth) async fn finish(&self, login: &Opaque, callback: &Callback) -> Result<Person, Refusal> {
        // 1. It is this browser's own sign-in.
        if !callback.state.as_deref().is_some_and(|state| login.derive("state").is(state)) {
            return Err(Refusal::State);
        }
        // 2. It comes from the provider that was asked (RFC 9207, section 2.4).
        if callback.iss.as_ref().is_some_and(|issuer| *issuer != self.config.issuer) {
            return Err(Refusal::OtherIssuer);
        }
        if let Some(error) = &callback.error {
            let plain = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40);
            return Err(Refusal::Provider(plain.collect()));
        }
        // 3. The code buys an identity token, for whoever knows the verifier.
        let code = callback.code.as_deref().ok_or(Refusal::Code)?;
        let token = self.exchange(code, login).await?;
        // 4. The token is signed by the provider, for us, for this sign-in, now.
        let header = Header::read(&token)?;
        let key = self.key(&header).await?;
        let nonce = login.derive("nonce");
        let expected =
            Expected { issuer: &self.config.issuer, client_id: &self.config.client_id, nonce: nonce.expose() };
        let claims = id_token::verify(&token, &header, &key, expected)?;
        Ok(self.person(claims))
    }

    fn person(&self, claims: id_token::Claims) -> Person {
        let name = claims.others.get(&self.config.name_claim).and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty()).unwrap_or(&claims.sub).chars().take(100).collect();
        let groups = match claims.others.get(&self.config.groups_claim) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Person { subject: claims.sub, name, groups }
    }

    /// RFC 6749, section 4.1.3, with RFC 7636's verifier.
    async fn exchange(&self, code: &str, login: &Opaque) -> Result<String, Refusal> {
        let metadata = self.metadata().await.map_err(Refusal::Unreachable)?;
        let secret = read_secret(&self.config.client_secret_file).map_err(Refusal::Unreachable)?;
        let verifier = login.derive("verifier");
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", verifier.expose()),
        ];
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let by_header = methods.is_empty() || methods.iter().any(|m| m == "client_secret_basic");
        let request = self.http.post(&metadata.token_endpoint).context(ENDPOINT_HOSTS);
        let mut request = request.map_err(Refusal::Unreachable)?;
        if by_header {
            request = request.header("authorization", basic(&self.config.client_id, &secret));
        } else {
            form.extend([("client_id", self.config.client_id.as_str()), ("client_secret", secret.as_str())]);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.context("ask the OpenID provider for the identity token");
        let answer = answer.map_err(Refusal::Unreachable)?;
        match answer.status() {
            StatusCode::OK => {
                let tokens: Tokens = read(answer, "the token endpoint").await.map_err(Refusal::Unreachable)?;
                Ok(tokens.id_token)
            }
            StatusCode::BAD_REQUEST => Err(Refusal::Code),
            status => Err(Refusal::Unreachable(anyhow::anyhow!(
                "ask the OpenID provider for the identity token: it answered {status}; compare auth.oidc.client_id and \
                 the client's secret with what the provider has"
            ))),
        }
    }

    async fn key(&self, header: &Header) -> Result<Jwk, Refusal> {
        let kept = Arc::clone(&*self.keys.read().await);
        if let Some(key) = header.key(&kept) {
            return Ok(key.clone());
        }
        let fresh = Arc::new(self.fetch_keys().await.map_err(Refusal::Unreachable)?);
        *self.keys.write().await = Arc::clone(&fresh);
        header.key(&fresh).cloned().ok_or(Refusal::UnknownKey)
    }

    async fn fetch_keys(&self) -> Result<Vec<Jwk>> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let metadata = self.metadata().await?;
        let set: Set = self.get(&metadata.jwks_uri).await.context("ask the OpenID provider for its keys")?;
        // A key of a kind that this program does not know is no reason to refuse the others.
        Ok(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }

    async fn metadata(&self) -> Result<Arc<Metadata>> {
        if let Some((at, kept)) = &*self.metadata.read().await
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(kept));
        }
        let fresh = Arc::new(self.discover().await?);
        *self.metadata.write().await = Some((Instant::now(), Arc::clone(&fresh)));
        Ok(fresh)
    }

    /// OpenID Connect Discovery, section 4.
    async fn discover(&self) -> Result<Metadata> {
        let issuer = &self.config.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let address: Url = address.parse().with_context(|| format!("read auth.oidc.issuer {issuer}"))?;
        let found: Metadata = self.get(&address).await.with_context(|| format!("discover the provider {issuer}"))?;
        ensure!(
            found.issuer == *issuer,
            "the provider calls itself {:?}, not {issuer:?}; correct auth.oidc.issuer to the letter",
            found.issuer
        );
        for endpoint in [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri] {
            ensure!(is_private(endpoint), "the provider {issuer} names {endpoint}, which is plain http on a network");
        }
        Ok(found)
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T> {
        let answer = self.http.get(url).context(ENDPOINT_HOSTS)?.send().await?;
        let status = answer.status();
        ensure!(status == StatusCode::OK, "{url} answered {status}");
        read(answer, url.as_str()).await
    }
}

/// RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))))
}

/// JSON, within bounds. The error does not show the answer: it may hold tokens.
async fn read<T: DeserializeOwned>(mut answer: Response, what: &str) -> Result<T> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > LARGEST_ANSWER {
            bail!("{what} answered with more than {LARGEST_ANSWER} bytes");
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|e| anyhow::anyhow!("{what} answered with other JSON than expected: {e}"))
}
