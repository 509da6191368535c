//! The two credentials of an App: a token that it signs itself, and the ones that it gets in return.
//!
//! The App's own JSON Web Token (RS256, RFC 7519) proves the private key and lasts ten minutes. With it GitHub is
//! asked for installation tokens, which last an hour and are opaque: nothing here looks at their shape.

use crate::{
    GithubError, Secret,
    transport::{self, Request},
};
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use octocrab::Octocrab;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::Mutex;

/// GitHub's clock may be behind ours by this much.
const BACKDATED: TimeDelta = TimeDelta::seconds(60);
/// With the backdating, exactly the ten minutes that GitHub allows.
const LIFETIME: TimeDelta = TimeDelta::seconds(540);
/// A token that is handed out lasts at least this long: a clone may take minutes.
const RESERVE: TimeDelta = TimeDelta::minutes(10);

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
}

/// What a token is for: the whole installation, or reading one repository (`OWNER/NAME`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Installation,
    ReadContents(String),
}

#[derive(Clone)]
struct Issued {
    token: Secret,
    expires_at: DateTime<Utc>,
}

type Slot = Arc<Mutex<Option<Issued>>>;

/// Signs App tokens, and keeps the installation tokens until they are nearly spent.
pub(crate) struct Tokens {
    issuer: String,
    key: EncodingKey,
    slots: Mutex<HashMap<(u64, Scope), Slot>>,
}

impl Tokens {
    /// # Errors
    /// [`GithubError::Configuration`] when `pem` is not an RSA private key.
    pub(crate) fn new(issuer: String, pem: &[u8]) -> Result<Self, GithubError> {
        let wrong = "the private key is not an RSA key in PEM form: download one from the App's settings";
        let key = EncodingKey::from_rsa_pem(pem).map_err(|_| GithubError::Configuration(wrong.into()))?;
        let tokens = Self { issuer, key, slots: Mutex::default() };
        tokens.sign(Utc::now()).map(|_| tokens)
    }

    /// The App's own token, valid for nine minutes from `now`.
    pub(crate) fn sign(&self, now: DateTime<Utc>) -> Result<Secret, GithubError> {
        let claims =
            Claims { iss: &self.issuer, iat: (now - BACKDATED).timestamp(), exp: (now + LIFETIME).timestamp() };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key).map(Secret::from).map_err(|_| {
            GithubError::Configuration(
                "the private key does not sign: download a new one from the App's settings".into(),
            )
        })
    }

    /// A token for `installation` that is valid for ten more minutes at least. Concurrent callers wait for one request.
    pub(crate) async fn get(&self, crab: &Octocrab, installation: u64, scope: Scope) -> Result<Secret, GithubError> {
        let slot = self.slots.lock().await.entry((installation, scope.clone())).or_default().clone();
        let mut issued = slot.lock().await;
        if let Some(kept) = issued.as_ref().filter(|i| i.expires_at - Utc::now() > RESERVE) {
            return Ok(kept.token.clone());
        }
        let fresh = self.request(crab, installation, &scope).await?;
        let token = fresh.token.clone();
        *issued = Some(fresh);
        Ok(token)
    }

    /// Drops a token that GitHub no longer accepts.
    pub(crate) async fn forget(&self, installation: u64, scope: Scope) {
        self.slots.lock().await.remove(&(installation, scope));
    }

    async fn request(&self, crab: &Octocrab, installation: u64, scope: &Scope) -> Result<Issued, GithubError> {
        #[derive(Deserialize)]
        struct Answer {
            token: String,
            expires_at: DateTime<Utc>,
        }
        let request = Request {
            method: Method::POST,
            path: format!("/app/installations/{installation}/access_tokens"),
            body: Some(restriction(scope)),
            doing: format!("get a token for installation {installation}"),
        };
        let answer: Answer = transport::send(crab, &self.sign(Utc::now())?, request).await?;
        Ok(Issued { token: answer.token.into(), expires_at: answer.expires_at })
    }
}

/// Asks for no more than the scope needs, so that a token which leaks from a clone cannot write.
fn restriction(scope: &Scope) -> Value {
    match scope {
        Scope::Installation => json!({}),
        Scope::ReadContents(repository) => {
            let name = repository.split_once('/').map_or(repository.as_str(), |(_, name)| name);
            json!({"repositories": [name], "permissions": {"contents": "read"}})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExposeSecret;
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der},
        rsa::{KeyPair, KeySize},
        signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
    };
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };

    #[test]
    fn the_app_token_is_signed_and_lasts_no_more_than_ten_minutes() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        let now = Utc::now();
        let token = Tokens::new("Iv1.client".into(), pem.as_bytes()).unwrap().sign(now).unwrap();
        let (signed, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let read = |t: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(t).unwrap()).unwrap();
        assert_eq!(read(header)["alg"], "RS256");
        let claims = read(claims);
        assert_eq!(claims["iss"], "Iv1.client");
        assert_eq!(claims["iat"], now.timestamp() - 60);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_shown() {
        let Err(error) = Tokens::new("1".into(), b"hunter2") else { panic!("accepted") };
        assert!(matches!(&error, GithubError::Configuration(_)) && !error.to_string().contains("hunter2"));
    }
}
