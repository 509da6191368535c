//! Metadata: asked of the registry in the client's form, led back here, kept in memory within a bound, and handed out as it
//! was when the registry does not answer.

use super::{Firewall, answers, flights::Flights};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use lockgate_ecosystems::{Document, Revision};
use lockgate_model::{Cause, CauseKind, Digest, Ecosystem};
use quick_cache::{Weighter, sync::Cache};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// After a failed attempt the registry is left alone for this time, and what is known is handed out at once.
const REST: Duration = Duration::from_secs(10);
/// Where something is known, the registry has this long to say what is new.
const HURRY: Duration = Duration::from_secs(10);

/// In which form a package's metadata is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    NpmFull,
    NpmAbbreviated,
    SimpleJson,
    SimpleHtml,
    CargoIndex,
}

impl Form {
    pub(super) fn ecosystem(self) -> Ecosystem {
        match self {
            Self::NpmFull | Self::NpmAbbreviated => Ecosystem::Npm,
            Self::SimpleJson | Self::SimpleHtml => Ecosystem::Pypi,
            Self::CargoIndex => Ecosystem::Cargo,
        }
    }

    /// The media type that the registry is asked for. HTML is made of the JSON.
    fn asked(self) -> &'static str {
        match self {
            Self::SimpleJson | Self::SimpleHtml => "application/vnd.pypi.simple.v1+json",
            other => other.media(),
        }
    }

    /// The media type that the client gets.
    fn media(self) -> &'static str {
        match self {
            Self::NpmFull => "application/json",
            Self::NpmAbbreviated => "application/vnd.npm.install-v1+json",
            Self::SimpleJson => "application/vnd.pypi.simple.v1+json",
            Self::SimpleHtml => "text/html; charset=utf-8",
            Self::CargoIndex => "text/plain",
        }
    }
}

type Key = (Form, String);

/// A document, ready to be handed out.
#[derive(Debug)]
struct Ready {
    body: Bytes,
    /// Of the body as we hand it out: the registry's would be that of another one.
    tag: String,
    revision: Revision,
}

#[derive(Debug, Clone)]
struct Known {
    ready: Arc<Ready>,
    fresh_until: Instant,
}

#[derive(Debug)]
pub(super) struct Documents {
    known: Cache<Key, Known, Weight>,
    flights: Flights<Key, Result<Arc<Ready>, Cause>>,
    fresh: Duration,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Key, Known> for Weight {
    fn weight(&self, (_, name): &Key, known: &Known) -> u64 {
        200 + (name.len() + known.ready.body.len()) as u64
    }
}

impl Documents {
    pub(super) fn new(bytes: u64, fresh_seconds: u64) -> Self {
        Self {
            known: Cache::with_weighter(10_000, bytes, Weight),
            flights: Flights::default(),
            fresh: Duration::from_secs(fresh_seconds),
        }
    }
}

impl Firewall {
    /// The metadata of a package, or why there is none.
    pub(super) async fn metadata(&self, form: Form, name: &str, headers: &HeaderMap) -> Response {
        match self.ready(form, form.ecosystem().normalize_name(name)).await {
            Ok(ready) => answer(form, &ready, headers),
            Err(cause) => answers::failed(form.ecosystem(), &cause),
        }
    }

    async fn ready(&self, form: Form, name: String) -> Result<Arc<Ready>, Cause> {
        let key = (form, name);
        let known = self.shared.documents.known.get(&key);
        if let Some(known) = known.as_ref().filter(|known| Instant::now() < known.fresh_until) {
            return Ok(Arc::clone(&known.ready));
        }
        let asking = self.clone().ask(key.clone(), known.as_ref().map(|known| Arc::clone(&known.ready)));
        let asking = self.shared.documents.flights.join(key.clone(), asking);
        let patience = self.shared.section.patience();
        let patience = if known.is_some() { patience.min(HURRY) } else { patience };
        let asked = tokio::time::timeout(patience, asking).await;
        let subject = || format!("fetch {} {}", form.ecosystem(), key.1);
        let cause = match asked {
            Ok(Some(Ok(ready))) => return Ok(ready),
            Ok(Some(Err(cause))) => cause,
            Ok(None) => Cause::new(CauseKind::Internal, format!("{}: it ended early", subject())),
            Err(_) => {
                let message = format!("{}: the registry did not answer within {} s", subject(), patience.as_secs());
                Cause::new(CauseKind::Timeout, message).with_remedy("ask again, or see lockgate doctor")
            }
        };
        match known {
            Some(known) if cause.kind.is_transient() => {
                metrics::counter!("lockgate_firewall_stale_total", "ecosystem" => form.ecosystem().name()).increment(1);
                tracing::warn!(%cause, "handing out metadata as it was");
                let fresh_until = Instant::now() + REST;
                self.shared.documents.known.insert(key, Known { ready: Arc::clone(&known.ready), fresh_until });
                Ok(known.ready)
            }
            _ => Err(cause),
        }
    }

    /// Asks the registry, and keeps its answer.
    async fn ask(self, key: Key, known: Option<Arc<Ready>>) -> Result<Arc<Ready>, Cause> {
        let (form, name) = key.clone();
        let client = &self.shared.keeper.client;
        let revision = known.as_ref().map(|known| &known.revision);
        let ready = match (client.document(form.ecosystem(), &name, form.asked(), revision).await?, known) {
            (Document::NotModified, Some(known)) => known,
            (Document::NotModified, None) => {
                let message = format!("fetch {} {name}: the registry says that nothing changed", form.ecosystem());
                return Err(Cause::new(CauseKind::Malformed, message));
            }
            (Document::Body { bytes, revision }, _) => {
                let firewall = self.clone();
                let leading = tokio::task::spawn_blocking(move || firewall.led_back(form, &name, &bytes));
                let failed = |_| Cause::new(CauseKind::Internal, "read metadata: it ended early");
                let body = leading.await.map_err(failed)??;
                let tag = format!("\"{}\"", Digest::sha256(&body).hex());
                Arc::new(Ready { body, tag, revision })
            }
        };
        let fresh_until = Instant::now() + self.shared.documents.fresh;
        self.shared.documents.known.insert(key, Known { ready: Arc::clone(&ready), fresh_until });
        Ok(ready)
    }

    /// The registry's document with every address of a file leading here.
    fn led_back(&self, form: Form, name: &str, body: &Bytes) -> Result<Bytes, Cause> {
        match form {
            Form::NpmFull | Form::NpmAbbreviated => super::npm::led_back(&self.address("npm/"), name, body),
            Form::SimpleJson => super::pypi::led_back(&self.address("pypi/files/"), name, body),
            Form::SimpleHtml => super::pypi::as_html(&self.address("pypi/files/"), name, body),
            // Its lines name no address.
            Form::CargoIndex => Ok(body.clone()),
        }
    }
}

fn answer(form: Form, ready: &Ready, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let tag = ready.tag.clone();
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let heads = [(header::CONTENT_TYPE, form.media().to_owned()), (header::ETAG, tag), (header::VARY, "accept".into())];
    (heads, Body::from(ready.body.clone())).into_response()
}

/// A document that makes no sense.
pub(super) fn malformed(ecosystem: Ecosystem, name: &str, why: &str) -> Cause {
    Cause::new(CauseKind::Malformed, format!("read {ecosystem} {name}: {why}"))
}
