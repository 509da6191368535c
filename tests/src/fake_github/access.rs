//! Who may do what: the App's own token, and the installation tokens that it buys.

use super::{APP_ID, State, installations::Installation};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::OnceLock,
};

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

    pub(super) fn generate() -> Self {
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
    pub(super) fn check(&self, token: &str, client_id: &str, now: DateTime<Utc>) -> Result<(), String> {
        let mut rules = Validation::new(Algorithm::RS256);
        // Judged below, by GitHub's clock.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.public, &rules)
            .map_err(|e| format!("A JSON web token could not be decoded ({e})"))?
            .claims;
        let now = now.timestamp();
        let issuer = claims.iss.as_str().map_or_else(|| claims.iss.to_string(), str::to_owned);
        if issuer != client_id && issuer != APP_ID.to_string() {
            return Err("'Issuer' claim ('iss') must be the App's client id or id".into());
        }
        if claims.iat > now {
            return Err("'Issued at' claim ('iat') must be an Integer representing a time in the past".into());
        }
        if claims.exp <= now {
            return Err("'Expiration time' claim ('exp') must be a numeric value representing the future time".into());
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
    pub(super) installation: u64,
    expires_at: DateTime<Utc>,
    /// Ids; `None` is every repository of the installation.
    repositories: Option<BTreeSet<u64>>,
    permissions: BTreeMap<String, String>,
}

/// Installation tokens that were issued.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: BTreeMap<String, Grant>,
}

/// What an installation's owner granted the App.
pub(super) fn permissions() -> Value {
    json!({"contents": "read", "checks": "write", "pull_requests": "read", "merge_queues": "read", "metadata": "read"})
}

impl State {
    /// By GitHub's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.clock
    }

    /// Issues a token as `POST /app/installations/{id}/access_tokens` asks, and returns it with its end.
    ///
    /// Fails with the words of GitHub's 422 when a repository is not the installation's.
    pub(super) fn issue_token(
        &mut self,
        installation: u64,
        request: &Value,
        lifetime: TimeDelta,
    ) -> Result<(String, DateTime<Utc>, Value), &'static str> {
        let expires_at = self.now().trunc_subsecs(0) + lifetime;
        let granted = permissions();
        let permissions = request.get("permissions").unwrap_or(&granted).clone();
        let covered = self.installation(installation).map(|i| i.repositories.clone()).unwrap_or_default();
        let named = |name: &Value| {
            let name = name.as_str().unwrap_or_default();
            let mut repositories = covered.iter().filter_map(|id| self.repositories.get(id));
            repositories.find(|r| r.name.split_once('/').is_some_and(|(_, n)| n == name)).map(|r| r.id)
        };
        let listed = |key: &str| request.get(key).and_then(Value::as_array);
        let by_name = listed("repositories").map(|names| names.iter().map(named).collect::<Option<BTreeSet<u64>>>());
        let by_id = listed("repository_ids")
            .map(|ids| ids.iter().map(|id| id.as_u64().filter(|id| covered.contains(id))).collect());
        let repositories = match by_name.or(by_id) {
            Some(None) => return Err("There is at least one repository that does not exist or is not accessible"),
            Some(restricted) => restricted,
            None => None,
        };
        let permitted = serde_json::from_value(permissions.clone()).unwrap_or_default();
        let grant = Grant { installation, expires_at, repositories, permissions: permitted };
        // Neither forty characters nor one word: nothing may rely on a token's shape.
        let token = format!("ghs_{APP_ID}_{}.{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        self.tokens.issued.insert(token.clone(), grant);
        Ok((token, expires_at, permissions))
    }

    /// The grant behind `token` with its installation, while both last.
    pub(super) fn grant(&self, token: &str) -> Option<(&Grant, &Installation)> {
        let grant = self.tokens.issued.get(token).filter(|grant| grant.expires_at > self.now())?;
        Some((grant, self.installation(grant.installation)?))
    }

    /// Whether `token` covers the repository with this id.
    pub(super) fn covers(&self, grant: &Grant, repository: u64) -> bool {
        let covered = self.installation(grant.installation).is_some_and(|i| i.repositories.contains(&repository));
        covered && grant.repositories.as_ref().is_none_or(|ids| ids.contains(&repository))
    }
}

impl Grant {
    /// Whether it may `write` (or else read) `area`.
    pub(super) fn permits(&self, area: &str, write: bool) -> bool {
        self.permissions.get(area).is_some_and(|level| level == "write" || !write)
    }
}
