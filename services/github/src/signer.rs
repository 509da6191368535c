//! The App's own credential: a JSON Web Token (RS256, RFC 7519) that proves the private key and lasts ten minutes.

use crate::{GithubError, Secret};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use std::sync::{PoisonError, RwLock};

/// GitHub's clock may be behind ours by this much.
const BACKDATED: TimeDelta = TimeDelta::seconds(60);
/// With the backdating, exactly the ten minutes that GitHub allows.
const LIFETIME: TimeDelta = TimeDelta::seconds(540);

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
}

/// Signs App tokens with the present private key.
pub(crate) struct Signer {
    issuer: String,
    key: RwLock<EncodingKey>,
}

impl Signer {
    /// # Errors
    /// [`GithubError::Configuration`] when `pem` is not an RSA private key.
    pub(crate) fn new(issuer: String, pem: &[u8]) -> Result<Self, GithubError> {
        Ok(Self { issuer, key: RwLock::new(signing_key(pem)?) })
    }

    /// The client id or App id.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs with another key from now on.
    ///
    /// # Errors
    /// [`GithubError::Configuration`] when `pem` is not an RSA private key; the old key then stays.
    pub(crate) fn replace_key(&self, pem: &[u8]) -> Result<(), GithubError> {
        let key = signing_key(pem)?;
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }

    /// The App's own token, valid for nine minutes from `now`.
    pub(crate) fn sign(&self, now: DateTime<Utc>) -> Result<Secret, GithubError> {
        let claims =
            Claims { iss: &self.issuer, iat: (now - BACKDATED).timestamp(), exp: (now + LIFETIME).timestamp() };
        sign(&claims, &self.key.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn signing_key(pem: &[u8]) -> Result<EncodingKey, GithubError> {
    let wrong = "the private key is not an RSA key in PEM form: download one from the App's settings";
    let key = EncodingKey::from_rsa_pem(pem).map_err(|_| GithubError::Configuration(wrong.into()))?;
    // A key that parses may still be unable to sign; better known now than at the first delivery.
    sign(&Claims { iss: "", iat: 0, exp: 0 }, &key).map(|_| key)
}

fn sign(claims: &Claims<'_>, key: &EncodingKey) -> Result<Secret, GithubError> {
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, key).map(Secret::from).map_err(|_| {
        GithubError::Configuration("the private key does not sign: download a new one from the App's settings".into())
    })
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
    use serde_json::Value;

    fn pem(pair: &KeyPair) -> String {
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()))
    }

    fn verifies(token: &Secret, pair: &KeyPair) -> bool {
        let (signed, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok()
    }

    #[test]
    fn another_key_signs_from_then_on_and_a_bad_one_changes_nothing() {
        let (old, new) = (KeyPair::generate(KeySize::Rsa2048).unwrap(), KeyPair::generate(KeySize::Rsa2048).unwrap());
        let signer = Signer::new("1".into(), pem(&old).as_bytes()).unwrap();
        assert!(signer.replace_key(b"hunter2").is_err());
        assert!(verifies(&signer.sign(Utc::now()).unwrap(), &old));
        signer.replace_key(pem(&new).as_bytes()).unwrap();
        let token = signer.sign(Utc::now()).unwrap();
        assert!(verifies(&token, &new) && !verifies(&token, &old));
    }

    #[test]
    fn the_app_token_is_signed_and_lasts_no_more_than_ten_minutes() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let now = Utc::now();
        let token = Signer::new("Iv1.client".into(), pem(&pair).as_bytes()).unwrap().sign(now).unwrap();
        assert!(verifies(&token, &pair));
        let (signed, _) = token.expose_secret().rsplit_once('.').unwrap();
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
        let Err(error) = Signer::new("1".into(), b"hunter2") else { panic!("accepted") };
        assert!(matches!(&error, GithubError::Configuration(_)) && !error.to_string().contains("hunter2"));
    }
}
