//! The identity token: who signed in, in the provider's words (OpenID Connect Core, section 3.1.3.7).
//!
//! Who could attack: a provider's other client that passes its own token on, a browser that passes an old one on, and
//! whoever can write a token but not sign it. Algorithms are a closed list: a token never chooses how it is checked.

use super::refusal::Refusal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    errors::ErrorKind,
    jwk::{Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: u64 = 60;

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// What a checked token says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    nonce: Option<String>,
    azp: Option<String>,
    aud: Value,
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

/// The token's header, as far as it is believed before the signature is checked.
#[derive(Debug)]
pub(super) struct Header {
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl Header {
    /// # Errors
    /// [`Refusal::Algorithm`] for `none`, for HMAC (whose key would be the public key), and for anything else but
    /// RS256 and ES256; [`Refusal::Malformed`].
    pub(super) fn read(token: &str) -> Result<Self, Refusal> {
        let first = token.split('.').next().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(first).map_err(Refusal::malformed)?;
        let header: Map<String, Value> = serde_json::from_slice(&bytes).map_err(Refusal::malformed)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm = match text("alg") {
            Some("RS256") => Algorithm::RS256,
            Some("ES256") => Algorithm::ES256,
            other => return Err(Refusal::Algorithm(other.unwrap_or("nothing").chars().take(20).collect())),
        };
        if header.contains_key("crit") {
            return Err(Refusal::malformed("it demands an extension that this program does not know"));
        }
        Ok(Self { algorithm, key_id: text("kid").map(str::to_owned) })
    }

    /// The published key that the header names; without a name, the only one that fits.
    pub(super) fn key<'k>(&self, keys: &'k [Jwk]) -> Option<&'k Jwk> {
        let mut fitting = keys.iter().filter(|key| {
            let named = self.key_id.is_none() || key.common.key_id == self.key_id;
            let signs = key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
            named && signs && DecodingKey::from_jwk(key).is_ok_and(|k| k.family() == self.algorithm.family())
        });
        let key = fitting.next()?;
        fitting.next().is_none().then_some(key)
    }
}

/// Checks signature and claims.
///
/// # Errors
/// The [`Refusal`] that names the first thing that is wrong.
pub(super) fn verify(token: &str, header: &Header, key: &Jwk, expected: Expected<'_>) -> Result<Claims, Refusal> {
    let mut rules = Validation::new(header.algorithm);
    rules.leeway = LEEWAY;
    rules.validate_nbf = true;
    rules.set_issuer(&[expected.issuer]);
    rules.set_audience(&[expected.client_id]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let key = DecodingKey::from_jwk(key).map_err(Refusal::malformed)?;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|e| refusal(e.kind()))?.claims;
    let for_others = claims.aud.as_array().is_some_and(|audiences| audiences.len() > 1);
    let party = claims.azp.as_deref();
    if (for_others || party.is_some()) && party != Some(expected.client_id) {
        return Err(Refusal::Audience);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(Refusal::Nonce);
    }
    Ok(claims)
}

fn refusal(kind: &ErrorKind) -> Refusal {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Refusal::Signature,
        ErrorKind::InvalidIssuer => Refusal::Issuer,
        ErrorKind::InvalidAudience => Refusal::Audience,
        ErrorKind::ExpiredSignature => Refusal::Expired,
        ErrorKind::ImmatureSignature => Refusal::NotYet,
        ErrorKind::MissingRequiredClaim(claim) => Refusal::malformed(format!("the claim {claim} is missing")),
        _ => Refusal::malformed("it is no signed set of claims"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(json: &str) -> Result<Header, Refusal> {
        Header::read(&format!("{}.e30.", URL_SAFE_NO_PAD.encode(json)))
    }

    #[test]
    fn a_token_does_not_choose_how_it_is_checked() {
        for algorithm in ["none", "None", "HS256", "HS512", "RS1", "PS256", "EdDSA", "ES384"] {
            let refused = header(&format!("{{\"alg\":\"{algorithm}\"}}")).unwrap_err();
            assert_eq!(refused.code(), "algorithm", "{algorithm}");
        }
        assert_eq!(header("{}").unwrap_err().code(), "algorithm");
        assert_eq!(header("{\"alg\":\"RS256\",\"crit\":[\"b64\"]}").unwrap_err().code(), "malformed");
        assert_eq!(header("not json").unwrap_err().code(), "malformed");
        assert_eq!(Header::read("").unwrap_err().code(), "malformed");
        assert!(header("{\"alg\":\"ES256\"}").is_ok());
    }
}
