//! GitHub's own record of what it sent us: how a delivery that we never got is found.
//!
//! GitHub sends each delivery once. While we are down or unreachable they are lost to us, but the App's log keeps them
//! (GitHub REST, "Webhooks / App webhooks"), with their payloads.

use crate::{App, GithubError, event::Event, payload::PayloadError, transport::Request};
use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Enough for GitHub's thirty days of a busy App; a log without an end is no log.
const PAGES: usize = 2_000;

/// One attempt at a delivery, as the log lists it. Attempts at the same delivery share its `guid`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeliveryRef {
    /// Of this attempt.
    pub id: u64,
    /// The `X-GitHub-Delivery` header.
    pub guid: String,
    pub event: String,
    pub action: Option<String>,
    /// What we answered; 0 when GitHub got no answer at all.
    #[serde(default)]
    pub status_code: u16,
    pub delivered_at: DateTime<Utc>,
    #[serde(default)]
    pub redelivery: bool,
    pub installation_id: Option<u64>,
    pub repository_id: Option<u64>,
}

impl DeliveryRef {
    /// Whether we took it in.
    pub fn was_accepted(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

/// A part of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    pub deliveries: Vec<DeliveryRef>,
    /// Leads to older ones; `None` at the log's end.
    pub next: Option<DeliveryCursor>,
}

/// A place in the log. GitHub's cursors are opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCursor(String);

/// A delivery with what was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub about: DeliveryRef,
    /// As sent, by name in lower case. The signature is among them, but GitHub returns the payload parsed, so it cannot
    /// be checked again; what vouches for the payload is that it came from the configured API.
    pub headers: BTreeMap<String, String>,
    pub payload: Value,
}

impl Delivery {
    /// The event that was sent.
    ///
    /// # Errors
    /// As [`Event::parse`].
    pub fn event(&self) -> Result<Event, PayloadError> {
        Event::read(&self.about.event, &self.payload)
    }
}

impl App {
    /// A page of a hundred log entries: the newest, or those at `cursor`.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn deliveries(&self, cursor: Option<&DeliveryCursor>) -> Result<DeliveryPage, GithubError> {
        let first = || "/app/hook/deliveries?per_page=100".to_owned();
        let path = cursor.map_or_else(first, |cursor| cursor.0.clone());
        let request = Request { method: Method::GET, path, body: None, doing: "list the App's deliveries".into() };
        let answer = self.ask(&request).await?;
        let next = self.session().transport.next_page(&request, &answer)?.map(DeliveryCursor);
        Ok(DeliveryPage { deliveries: answer.read(&request)?, next })
    }

    /// All log entries since `since`, newest first.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn deliveries_since(&self, since: DateTime<Utc>) -> Result<Vec<DeliveryRef>, GithubError> {
        let (mut found, mut cursor) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = self.deliveries(cursor.as_ref()).await?;
            let complete = page.deliveries.last().is_none_or(|oldest| oldest.delivered_at < since);
            found.extend(page.deliveries.into_iter().filter(|delivery| delivery.delivered_at >= since));
            cursor = page.next.filter(|_| !complete);
            if cursor.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// What attempt `id` sent, whole: a missed delivery can be taken in without asking GitHub to send it again.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] also when the log has dropped it.
    pub async fn delivery(&self, id: u64) -> Result<Delivery, GithubError> {
        #[derive(Deserialize)]
        struct Whole {
            #[serde(flatten)]
            about: DeliveryRef,
            request: Sent,
        }
        #[derive(Deserialize)]
        struct Sent {
            headers: Option<BTreeMap<String, Value>>,
            payload: Option<Value>,
        }
        let path = format!("/app/hook/deliveries/{id}");
        let request = Request { method: Method::GET, path, body: None, doing: format!("read delivery {id}") };
        let Whole { about, request: sent } = self.ask(&request).await?.read(&request)?;
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let headers = sent.headers.unwrap_or_default().into_iter();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect();
        let absent = || GithubError::NotFound { doing: request.doing.clone(), message: "it has no payload".into() };
        Ok(Delivery { about, headers, payload: sent.payload.ok_or_else(absent)? })
    }

    /// Asks GitHub to send attempt `id` again, under the same `guid`.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn redeliver(&self, id: u64) -> Result<(), GithubError> {
        let path = format!("/app/hook/deliveries/{id}/attempts");
        let request = Request { method: Method::POST, path, body: None, doing: format!("redeliver delivery {id}") };
        self.ask(&request).await.map(drop)
    }
}
