//! Deliveries: signed, sent once, with ten seconds for an answer, as GitHub does.

use super::{FakeGitHub, Shared};
use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use std::time::Duration;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The `X-GitHub-Delivery` header.
    pub id: String,
    pub status: u16,
    pub body: String,
}

impl Shared {
    pub(super) async fn deliver(&self, target: &Url, id: &str, event: &str, payload: &Value) -> Result<Delivered> {
        let body = payload.to_string();
        let signature = sign(&self.options.webhook_secret, body.as_bytes());
        let request = self
            .client
            .post(target.clone())
            .timeout(PATIENCE)
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/fake")
            .header("x-github-event", event)
            .header("x-github-delivery", id)
            .header("x-github-hook-id", "1")
            .header("x-hub-signature-256", signature)
            .body(body);
        let answer = request.send().await.with_context(|| format!("deliver {event} {id}"))?;
        let status = answer.status().as_u16();
        Ok(Delivered { id: id.to_owned(), status, body: answer.text().await.unwrap_or_default() })
    }
}

impl FakeGitHub {
    /// Sends `payload` as `event` under a new delivery id.
    pub async fn deliver(&self, target: &Url, event: &str, payload: &Value) -> Result<Delivered> {
        self.redeliver(target, &uuid::Uuid::new_v4().to_string(), event, payload).await
    }

    /// Sends `payload` under an id that may have been used before, as GitHub does when a person asks for it.
    pub async fn redeliver(&self, target: &Url, id: &str, event: &str, payload: &Value) -> Result<Delivered> {
        self.shared.deliver(target, id, event, payload).await
    }
}

/// The value of `X-Hub-Signature-256` for `body`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}
