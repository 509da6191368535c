//! A relay in front of the machine's registries that can be told to lie, to fail and to hang.
//!
//! Text that it relays names itself in place of the registries, so that files are asked for through it as well.

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use lockgate_gate::config::Config;
use lockgate_model::Ecosystem;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

/// How the relay behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Honest,
    /// In the middle of every file.
    ChangesAByte,
    Unavailable,
    Hangs,
}

#[derive(Debug)]
struct Relay {
    /// First segment of our paths, and what it stands for.
    upstream: Vec<(String, String)>,
    base: String,
    client: reqwest::Client,
    mood: Mutex<Mood>,
}

#[derive(Debug)]
pub(super) struct Liar {
    relay: Arc<Relay>,
    roots: Vec<(Ecosystem, String)>,
    server: JoinHandle<()>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Liar {
    pub(super) async fn start(machine: &Config) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let (mut upstream, mut roots) = (Vec::new(), Vec::new());
        for (ecosystem, section) in &machine.registries {
            let origin = section.url.origin().ascii_serialization();
            let name = format!("{}-index", super::named(*ecosystem));
            roots.push((*ecosystem, format!("{base}/{name}{}", section.url.path())));
            upstream.push((name, origin));
            for (number, host) in section.artifact_hosts.iter().enumerate() {
                upstream.push((format!("{}-files{number}", super::named(*ecosystem)), format!("https://{host}")));
            }
        }
        let client = reqwest::Client::new();
        let relay = Arc::new(Relay { upstream, base, client, mood: Mutex::new(Mood::Honest) });
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&relay));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                eprintln!("the relay ended: {error}");
            }
        });
        Ok(Self { relay, roots, server })
    }

    pub(super) fn is(&self, mood: Mood) {
        *self.relay.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Where the registry of an ecosystem is, by way of us.
    pub(super) fn address(&self, ecosystem: Ecosystem) -> Url {
        let root = self.roots.iter().find(|(of, _)| *of == ecosystem).map(|(_, root)| root.as_str());
        root.and_then(|root| root.parse().ok()).expect("every configured registry has an address here")
    }

    pub(super) fn host(&self) -> String {
        self.relay.base.trim_start_matches("http://").to_owned()
    }
}

async fn answer(State(relay): State<Arc<Relay>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let mood = *relay.mood.lock().unwrap_or_else(PoisonError::into_inner);
    match mood {
        Mood::Unavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Hangs => std::future::pending().await,
        Mood::Honest | Mood::ChangesAByte => match relayed(&relay, &request, mood).await {
            Ok(response) => response,
            Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
        },
    }
}

async fn relayed(relay: &Relay, request: &Parts, mood: Mood) -> Result<Response> {
    let path = request.uri.path_and_query().map_or("/", |path| path.as_str()).trim_start_matches('/');
    let (name, rest) = path.split_once('/').context("a path without a registry")?;
    let (_, origin) = relay.upstream.iter().find(|(known, _)| known == name).context("an unknown registry")?;
    let mut asking = relay.client.get(format!("{origin}/{rest}")).header(header::ACCEPT_ENCODING, "identity");
    for name in [header::ACCEPT, header::USER_AGENT] {
        asking = request.headers.get(&name).iter().fold(asking, |asking, value| asking.header(&name, *value));
    }
    let answered = asking.send().await?;
    let (status, media) = (answered.status(), answered.headers().get(header::CONTENT_TYPE).cloned());
    let mut body = answered.bytes().await?.to_vec();
    let is_text = media
        .as_ref()
        .and_then(|media| media.to_str().ok())
        .is_none_or(|media| ["json", "text", "html"].iter().any(|kind| media.contains(kind)))
        || rest.ends_with("config.json");
    if is_text && std::str::from_utf8(&body).is_ok() {
        let mut text = String::from_utf8(body)?;
        for (name, origin) in &relay.upstream {
            text = text.replace(origin, &format!("{}/{name}", relay.base));
        }
        body = text.into_bytes();
    } else if mood == Mood::ChangesAByte {
        let middle = body.len() / 2;
        body.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 1);
    }
    let mut headers = HeaderMap::new();
    media.into_iter().for_each(|media| drop(headers.insert(header::CONTENT_TYPE, media)));
    Ok((status, headers, Body::from(body)).into_response())
}
