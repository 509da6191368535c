//! Deliveries: signed, sent once, with ten seconds for an answer, and logged, as GitHub does.

use super::{FakeGitHub, Shared};
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(10);
/// What GitHub's log says where nobody answered.
const UNREACHED: u16 = 502;
const SILENT: u16 = 504;

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The `X-GitHub-Delivery` header.
    pub id: String,
    /// 0 when it was lost or nobody answered.
    pub status: u16,
    pub body: String,
}

/// An entry of the App's delivery log.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedDelivery {
    pub id: u64,
    pub guid: String,
    pub event: String,
    pub status_code: u16,
    pub delivered_at: DateTime<Utc>,
    pub redelivery: bool,
    #[serde(skip)]
    pub(super) payload: Arc<Value>,
    #[serde(skip)]
    headers: Value,
    #[serde(skip)]
    target: Url,
    #[serde(skip)]
    duration: f64,
    #[serde(skip)]
    answer: String,
}

impl LoggedDelivery {
    /// As `GET /app/hook/deliveries` lists it.
    pub(super) fn item(&self) -> Value {
        let status = match self.status_code {
            200..=299 => "OK".to_owned(),
            UNREACHED => "failed to connect to host".to_owned(),
            SILENT => "timed out".to_owned(),
            other => format!("Invalid HTTP Response: {other}"),
        };
        json!({
            "id": self.id,
            "guid": self.guid,
            "delivered_at": self.delivered_at,
            "redelivery": self.redelivery,
            "duration": self.duration,
            "status": status,
            "status_code": self.status_code,
            "event": self.event,
            "action": self.payload.get("action"),
            "installation_id": self.payload.pointer("/installation/id"),
            "repository_id": self.payload.pointer("/repository/id"),
            "throttled_at": null,
        })
    }

    /// As `GET /app/hook/deliveries/{id}` shows it.
    pub(super) fn whole(&self) -> Value {
        let mut whole = self.item();
        whole["url"] = self.target.as_str().into();
        whole["request"] = json!({"headers": self.headers, "payload": &*self.payload});
        whole["response"] = json!({"headers": {}, "payload": self.answer});
        whole
    }
}

impl Shared {
    /// Sends, waits for the answer and logs it.
    pub(super) async fn deliver(
        &self,
        target: &Url,
        guid: &str,
        event: &str,
        payload: Arc<Value>,
        redelivery: bool,
    ) -> Delivered {
        let body = payload.to_string();
        let signature = sign(&self.options.webhook_secret, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("user-agent", "GitHub-Hookshot/fake"),
            ("x-github-event", event),
            ("x-github-delivery", guid),
            ("x-github-hook-id", "1"),
            ("x-hub-signature-256", &signature),
        ];
        let (began, lost) = (Instant::now(), self.loses());
        let (status_code, delivered) = if lost {
            (UNREACHED, Delivered { id: guid.to_owned(), status: 0, body: "lost".into() })
        } else {
            self.send(target, guid, &headers, body).await
        };
        let mut state = self.state();
        let id = 20_000_000_000 + state.next_id();
        state.deliveries.push(LoggedDelivery {
            id,
            guid: guid.to_owned(),
            event: event.to_owned(),
            status_code,
            delivered_at: Utc::now(),
            redelivery,
            payload,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect(),
            target: target.clone(),
            duration: began.elapsed().as_secs_f64(),
            answer: delivered.body.clone(),
        });
        delivered
    }

    async fn send(&self, target: &Url, guid: &str, headers: &[(&str, &str)], body: String) -> (u16, Delivered) {
        let mut request = self.client.post(target.clone()).timeout(PATIENCE).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let unanswered = |body: String| Delivered { id: guid.to_owned(), status: 0, body };
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body = answer.text().await.unwrap_or_default();
                (status, Delivered { id: guid.to_owned(), status, body })
            }
            Err(error) if error.is_timeout() => (SILENT, unanswered("nobody answered in time".into())),
            Err(error) => (UNREACHED, unanswered(error.to_string())),
        }
    }

    fn loses(&self) -> bool {
        let mut state = self.state();
        let loses = state.losing > 0;
        state.losing = state.losing.saturating_sub(1);
        loses
    }

    /// Sends what log entry `id` sent, in the background, under the same guid.
    pub(super) fn send_again(self: &Arc<Self>, id: u64) -> Result<()> {
        let entry = {
            let state = self.state();
            state.deliveries.iter().find(|d| d.id == id).cloned().context("the log has no such delivery")?
        };
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            shared.deliver(&entry.target, &entry.guid, &entry.event, entry.payload, true).await;
        });
        Ok(())
    }
}

impl FakeGitHub {
    /// Sends `payload` as `event` under a new delivery id.
    pub async fn deliver(&self, target: &Url, event: &str, payload: &Value) -> Result<Delivered> {
        let guid = uuid::Uuid::new_v4().to_string();
        Ok(self.shared.deliver(target, &guid, event, Arc::new(payload.clone()), false).await)
    }

    /// Sends `payload` under an id that may have been used before, as GitHub does when a person asks for it.
    pub async fn redeliver(&self, target: &Url, id: &str, event: &str, payload: &Value) -> Result<Delivered> {
        Ok(self.shared.deliver(target, id, event, Arc::new(payload.clone()), true).await)
    }

    /// Lets the next `count` deliveries get lost: the log has them as failed, nobody receives them.
    pub fn lose_deliveries(&self, count: usize) {
        self.shared.state().losing = count;
    }

    /// The App's delivery log, oldest first.
    pub fn deliveries(&self) -> Vec<LoggedDelivery> {
        self.shared.state().deliveries.clone()
    }
}

/// The value of `X-Hub-Signature-256` for `body`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}
