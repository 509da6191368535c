//! The firewall: a door of its own, in front of the registries, through which package managers install.
//!
//! A client asks here for metadata and files. Metadata comes from the configured registry, with its addresses led back
//! here. A file is handed out when policy allows it, and then to the last byte only after all of it was hashed; what is
//! denied, held, or cannot be judged is refused, with words that the client prints.
//!
//! Who could attack, and what stops them here:
//! - *one who controls a package or a registry's account* publishes something bad: every file is judged before the first
//!   client gets it, by the evidence and the policy of pull requests;
//! - *one who exchanges a published file*, at the registry or a mirror of it: the bytes must match every digest that the
//!   registry states, and what was first seen of the file (`checksum`); clients get what was judged, from our own mirror;
//! - *one on the network between here and the registry*: TLS is verified and cannot be switched off, and the digests are
//!   those of the metadata;
//! - *one who writes a lockfile in a pull request*: whatever it names is judged when it is installed;
//! - *a client that was taken over*: its credentials go no further than here, and no host is asked but the configured ones.
//!
//! What stops none of them: a client that is configured to ask elsewhere. That is the network's matter.

mod answers;
mod artifact;
mod cargo;
mod document;
mod flights;
mod judge;
mod npm;
mod page;
mod path;
mod pypi;
mod remembered;

use crate::{config::FirewallConfig, jobs::Context, mirror::Keeper, web};
use anyhow::{Context as _, Result};
use axum::{Router, routing::any};
use document::Documents;
use flights::Flights;
use judge::{Answer, Wanted};
use remembered::Remembered;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

/// How often it is looked whether the advisories changed.
const WATCH: Duration = Duration::from_secs(2);

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Firewall {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    context: Arc<Context>,
    keeper: Keeper,
    section: FirewallConfig,
    /// Where clients reach us; ends with a slash.
    base: Url,
    documents: Documents,
    remembered: Remembered,
    flights: Flights<Wanted, Answer>,
    /// Turns of judging.
    turns: Semaphore,
    /// Of the imported advisories.
    revision: AtomicI64,
}

/// An open door.
#[derive(Debug)]
pub(crate) struct Door {
    firewall: Firewall,
    listener: TcpListener,
}

impl Door {
    /// Opens the door of a configuration that has one.
    ///
    /// # Errors
    /// When its address cannot be listened on.
    pub(crate) async fn open(context: &Arc<Context>) -> Result<Option<Self>> {
        let (Some(section), Some(keeper)) = (&context.config.firewall, &context.mirror) else { return Ok(None) };
        let listen = section.listen;
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("listen on {listen} for the firewall"))?;
        let shared = Shared {
            keeper: keeper.clone(),
            base: section.public_url(),
            documents: Documents::new(section.memory_bytes, context.config.work.registry_fresh_seconds),
            remembered: Remembered::new(section.memory_bytes),
            flights: Flights::default(),
            turns: Semaphore::new(section.judged_at_once),
            revision: AtomicI64::new(0),
            section: section.clone(),
            context: Arc::clone(context),
        };
        Ok(Some(Self { firewall: Firewall { shared: Arc::new(shared) }, listener }))
    }

    /// Serves until `stop` ends.
    pub(crate) async fn serve(self, stop: impl Future<Output = ()> + Send) {
        tracing::info!(address = %self.firewall.shared.section.listen, "the firewall is open");
        let watching = tokio::spawn(self.firewall.clone().watch_advisories());
        web::connections::serve(&self.listener, &self.firewall.router(), stop).await;
        watching.abort();
    }
}

impl Firewall {
    /// Everything that this door answers. None of it asks for credentials: who reaches the door may install.
    fn router(&self) -> Router {
        Router::new()
            .route("/npm/{*path}", any(npm::answer))
            .route("/pypi/{*path}", any(pypi::answer))
            .route("/cargo/{*path}", any(cargo::answer))
            .route("/judgements/{id}", any(page::answer))
            .fallback(page::nothing)
            .with_state(self.clone())
            .layer(CatchPanicLayer::new())
    }

    /// What was judged under other advisories is looked at again: [`Remembered`] compares this number.
    async fn watch_advisories(self) {
        loop {
            match lockgate_store::advisories::feed(self.shared.context.store.pool()).await {
                Ok(feed) => self.shared.revision.store(feed.map_or(0, |feed| feed.revision), Ordering::Relaxed),
                Err(error) => tracing::warn!(%error, "look whether the advisories changed"),
            }
            tokio::time::sleep(WATCH).await;
        }
    }

    /// Under our own address.
    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.shared.base)
    }
}
