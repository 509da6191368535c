//! Who may do what: the App's own token, and the installation tokens that it buys.

use super::{APP_ID, INSTALLATION};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, sync::OnceLock};

/// An RSA key that exists for this process only: no private key is ever committed.
pub struct AppKey {
    private_pem: String,
    public: DecodingKey,
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKey")
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: Value,
    iat: i64,
    exp: i64,
}

impl AppKey {
    pub(super) fn of_this_process() -> &'static Self {
        static KEY: OnceLock<AppKey> = OnceLock::new();
        KEY.get_or_init(Self::generate)
    }

    fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("this machine has randomness");
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a fresh key can be encoded");
        let body = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = (0..body.len()).step_by(64).map(|i| &body[i..body.len().min(i + 64)]).collect();
        let private_pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        Self { private_pem, public: DecodingKey::from_rsa_der(pair.public_key().as_ref()) }
    }

    pub(super) fn private_pem(&self) -> &str {
        &self.private_pem
    }

    /// GitHub's rules for an App's token: RS256, our issuer, issued in the past, gone within ten minutes.
    pub(super) fn check(&self, token: &str, client_id: &str) -> Result<(), String> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.leeway = 0;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.public, &rules)
            .map_err(|e| format!("A JSON web token could not be decoded ({e})"))?
            .claims;
        let now = Utc::now().timestamp();
        let issuer = claims.iss.as_str().map_or_else(|| claims.iss.to_string(), str::to_owned);
        if issuer != client_id && issuer != APP_ID.to_string() {
            return Err("'Issuer' claim ('iss') must be the App's client id or id".into());
        }
        if claims.iat > now {
            return Err("'Issued at' claim ('iat') must be an Integer representing a time in the past".into());
        }
        if claims.exp > now + 600 {
            return Err("'Expiration time' claim ('exp') is too far in the future".into());
        }
        Ok(())
    }
}

/// What a token was restricted to when it was issued.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    expires_at: DateTime<Utc>,
    /// Names without owner; `None` is every repository.
    repositories: Option<Vec<String>>,
    permissions: BTreeMap<String, String>,
}

/// Installation tokens that are valid.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: BTreeMap<String, Grant>,
}

impl Tokens {
    /// Issues a token as `POST /app/installations/{id}/access_tokens` asks, and returns the answer's body.
    pub(super) fn issue(&mut self, request: &Value) -> Value {
        let expires_at = Utc::now() + TimeDelta::hours(1);
        let names = |list: &Vec<Value>| list.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect();
        let all = json!({"contents": "read", "checks": "write", "pull_requests": "read", "metadata": "read"});
        let permissions = request.get("permissions").unwrap_or(&all).clone();
        let grant = Grant {
            expires_at,
            repositories: request.get("repositories").and_then(Value::as_array).map(names),
            permissions: serde_json::from_value(permissions.clone()).unwrap_or_default(),
        };
        // Neither forty characters nor one word: nothing may rely on a token's shape.
        let token = format!("ghs_{APP_ID}_{}.{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        self.issued.insert(token.clone(), grant);
        json!({"token": token, "expires_at": expires_at, "permissions": permissions, "installation_id": INSTALLATION})
    }

    /// The grant behind `token`, while it lasts.
    pub(super) fn grant(&self, token: &str) -> Option<&Grant> {
        self.issued.get(token).filter(|grant| grant.expires_at > Utc::now())
    }
}

impl Grant {
    /// Whether the token covers `repo` (`OWNER/NAME`).
    pub(super) fn covers(&self, repo: &str) -> bool {
        let name = repo.split_once('/').map_or(repo, |(_, name)| name);
        self.repositories.as_ref().is_none_or(|list| list.iter().any(|n| n == name))
    }

    /// Whether it may `write` (or else read) `area`.
    pub(super) fn permits(&self, area: &str, write: bool) -> bool {
        self.permissions.get(area).is_some_and(|level| level == "write" || !write)
    }
}
