//! Tokens that are wrong, each in one way.

use super::{CLIENT_ID, keys::Keys};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// In what the provider, or whoever stands in its place, lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    None,
    /// The token of another sign-in.
    Nonce,
    /// Meant for another client.
    Audience,
    /// Meant for us and another client, and handed to that one.
    AuthorizedParty,
    Expired,
    FromTomorrow,
    /// The claim `iss`.
    Issuer,
    /// `iss` beside the code (RFC 9207).
    AnswerFromAnother,
    Unsigned,
    /// HMAC with the published key as its secret.
    HmacWithPublicKey,
    /// By somebody else's key, under the published key's name.
    Signature,
    /// By a key that is not published.
    UnknownKey,
    NotAToken,
    /// The person says no.
    Denied,
    /// The truth, for a code as often as it comes.
    CodesForEver,
}

/// The token of `claims` with its lie.
pub(super) fn token(lie: Lie, keys: &Keys, mut claims: Value) -> String {
    let now = chrono::Utc::now().timestamp();
    match lie {
        Lie::None | Lie::AnswerFromAnother | Lie::Denied | Lie::CodesForEver => {}
        Lie::Nonce => claims["nonce"] = json!("of another sign-in"),
        Lie::Audience => claims["aud"] = json!("another-client"),
        Lie::AuthorizedParty => {
            claims["aud"] = json!([CLIENT_ID, "another-client"]);
            claims["azp"] = json!("another-client");
        }
        Lie::Expired => claims["exp"] = json!(now - 3600),
        Lie::FromTomorrow => claims["nbf"] = json!(now + 86_400),
        Lie::Issuer => claims["iss"] = json!("https://other.example.test/realm"),
        Lie::Unsigned => return format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), part(&claims)),
        Lie::HmacWithPublicKey => {
            let header = Header { kid: Some(keys.id().to_owned()), ..Header::new(Algorithm::HS256) };
            let secret = EncodingKey::from_secret(keys.public_text().as_bytes());
            return jsonwebtoken::encode(&header, &claims, &secret).expect("claims can be signed");
        }
        Lie::Signature => return Keys::rs256().sign(&claims, keys.id()),
        Lie::UnknownKey => return Keys::rs256().sign(&claims, "unheard-of"),
        Lie::NotAToken => return "not.a.token".to_owned(),
    }
    keys.sign(&claims, keys.id())
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
