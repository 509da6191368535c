//! An OpenID provider of our own, on loopback: the whole authorization code flow with PKCE, keys that rotate, and lies.
//!
//! It refuses what a real one refuses (a code used twice, a verifier that does not fit, a wrong client secret, another
//! redirect address), so that a test that passes against it has kept the protocol.

mod endpoints;
mod keys;
mod lies;

pub use lies::Lie;

use keys::Keys;
use lockgate_gate::config::{AuthConfig, GrantConfig, OidcConfig};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

/// The only client.
pub const CLIENT_ID: &str = "lockgate-gate";
/// Holds what form encoding changes, as generated secrets do.
pub const CLIENT_SECRET: &str = "s3cret+/=&of the:gate";

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Lasting id, and name on pages.
    pub name: String,
    pub groups: Vec<String>,
}

impl Person {
    pub fn new(name: &str, groups: &[&str]) -> Self {
        Self { name: name.to_owned(), groups: groups.iter().map(|&g| g.to_owned()).collect() }
    }
}

/// How the provider finds out who sits before the browser.
#[derive(Debug, Clone)]
enum Approval {
    /// Without asking.
    As(Person),
    /// By a page with one link a person.
    Choose(Vec<Person>),
}

/// What a code stands for.
#[derive(Debug, Clone)]
struct Grant {
    person: Person,
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

#[derive(Debug)]
struct State {
    approval: Approval,
    keys: Keys,
    lie: Lie,
    /// Unused codes.
    codes: HashMap<String, Grant>,
}

/// A running provider; ends when dropped.
#[derive(Debug)]
pub struct Provider {
    issuer: Url,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Provider {
    /// Everybody who comes is `person`.
    pub async fn start(person: Person) -> Self {
        Self::serve(Approval::As(person)).await
    }

    /// Whoever comes chooses who to be.
    pub async fn start_with_choice(people: Vec<Person>) -> Self {
        Self::serve(Approval::Choose(people)).await
    }

    async fn serve(approval: Approval) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let issuer: Url = format!("http://{address}/realm").parse().expect("a socket address is an address");
        let state = State { approval, keys: Keys::rs256(), lie: Lie::None, codes: HashMap::new() };
        let state = Arc::new(Mutex::new(state));
        let router = endpoints::router(issuer.clone(), Arc::clone(&state));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the provider serves") });
        Self { issuer, state, server }
    }

    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The configuration of a server whose people sign in here. `client_secret_file` must hold [`CLIENT_SECRET`].
    pub fn auth(&self, client_secret_file: PathBuf, grants: Vec<GrantConfig>) -> AuthConfig {
        let oidc = OidcConfig {
            issuer: self.issuer().to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret_file,
            groups_claim: "groups".to_owned(),
            name_claim: "preferred_username".to_owned(),
            scopes: vec!["profile".to_owned()],
            endpoint_hosts: Vec::new(),
        };
        AuthConfig { oidc: Some(oidc), grants, ..AuthConfig::default() }
    }

    /// From now on everybody who comes is `person`.
    pub fn person(&self, person: Person) {
        lock(&self.state).approval = Approval::As(person);
    }

    /// How the next tokens are wrong.
    pub fn lie(&self, lie: Lie) {
        lock(&self.state).lie = lie;
    }

    /// Replaces the signing key; the old one is no longer published.
    pub fn rotate_to_rs256(&self) {
        lock(&self.state).keys = Keys::rs256();
    }

    pub fn rotate_to_es256(&self) {
        lock(&self.state).keys = Keys::es256();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
