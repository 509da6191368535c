//! Who read what: noted for every answer to somebody who proved who they are.
//!
//! A reading costs its reader a place in a bounded queue and nothing more; a writer appends what waits there in
//! batches. Where the queue is full (the database is slow, or gone), the reading is counted, and the log itself says how
//! many are missing. An export and the log itself are not read that way: their row is committed before the answer is
//! given, or there is no answer.

use super::{
    AppState,
    auth::{Authorized, Permission, Principal},
    routes::Access,
};
use axum::{
    extract::{ConnectInfo, MatchedPath, RawPathParams, Request},
    http::StatusCode,
};
use chrono::Utc;
use lockgate_store::{
    Store,
    access::Scope,
    access_log::{self, NewEntry},
};
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, Notify, mpsc},
    task::JoinHandle,
};

/// Readings that may wait to be noted.
const QUEUE: usize = 8192;
/// Rows of one statement.
const BATCH: usize = 500;
/// A reading waits this long for others to share its statement.
const GATHER: Duration = Duration::from_millis(200);
/// Before the next attempt, when the database failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Attempts at one batch; then its readings are counted as lost.
const ATTEMPTS: u32 = 30;

/// The log's end that requests see. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AccessLog {
    queue: mpsc::Sender<NewEntry>,
    lost: Arc<AtomicI64>,
    stop: Arc<Notify>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl AccessLog {
    /// Starts the writer. Must be called within a runtime.
    pub(crate) fn start(store: Store) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (lost, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(Notify::new()));
        let writer = tokio::spawn(write(store, waiting, Arc::clone(&lost), Arc::clone(&stop)));
        Self { queue, lost, stop, writer: Arc::new(Mutex::new(Some(writer))) }
    }

    /// Notes a reading soon.
    pub(super) fn note(&self, entry: NewEntry) {
        if self.queue.try_send(entry).is_err() {
            lose(&self.lost, 1);
        }
    }

    /// Takes no further reading, and waits until everything that was noted is written.
    pub(crate) async fn finish(&self) {
        self.stop.notify_one();
        if let Some(writer) = self.writer.lock().await.take()
            && tokio::time::timeout(Duration::from_secs(10), writer).await.is_err()
        {
            tracing::error!("the last readings could not be noted in the access log");
        }
    }
}

fn lose(lost: &AtomicI64, readings: usize) {
    lost.fetch_add(i64::try_from(readings).unwrap_or(i64::MAX), Ordering::Relaxed);
    metrics::counter!("lockgate_access_log_lost_total").increment(readings as u64);
}

async fn write(store: Store, mut waiting: mpsc::Receiver<NewEntry>, lost: Arc<AtomicI64>, stop: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let first = tokio::select! {
            first = waiting.recv() => first,
            // What waits already is still received after this.
            () = stop.notified() => {
                waiting.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        batch.push(first);
        let gathered = async {
            while batch.len() < BATCH {
                let Some(next) = waiting.recv().await else { break };
                batch.push(next);
            }
        };
        let _ = tokio::time::timeout(GATHER, gathered).await;
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            batch.push(gap(missing));
        }
        if !append(&store, &batch).await {
            lose(&lost, batch.iter().filter(|entry| entry.lost == 0).count());
            lost.fetch_add(missing, Ordering::Relaxed);
        }
        batch.clear();
    }
}

async fn append(store: &Store, batch: &[NewEntry]) -> bool {
    for attempt in 1..=ATTEMPTS {
        match access_log::append(store.pool(), batch).await {
            Ok(()) => return true,
            Err(error) => tracing::warn!(attempt, error = format!("{error:#}"), "note readings in the access log"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::error!(readings = batch.len(), "readings are missing in the access log");
    false
}

/// What the log says of itself.
fn gap(lost: i64) -> NewEntry {
    NewEntry {
        at: Utc::now(),
        principal: "lockgate".to_owned(),
        roles: String::new(),
        action: "readings were lost".to_owned(),
        objects: Vec::new(),
        scope: None,
        outcome: 0,
        client: None,
        lost,
    }
}

/// A reading that is about to happen: what is known of it before the handler runs.
#[derive(Debug)]
pub(super) struct Reading {
    entry: NewEntry,
    must_be_noted: bool,
}

impl Reading {
    /// `None` where nothing is read: metrics are numbers about the server.
    pub(super) async fn of(
        state: &AppState,
        access: Access,
        asking: &Authorized,
        request: &mut Request,
    ) -> Option<Self> {
        if access == Access::Needs(Permission::ReadMetrics) {
            return None;
        }
        let template = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
        let action = format!("{} {template}", request.method());
        let must_be_noted = access == Access::Needs(Permission::ReadAccessLog) || template.contains("/export");
        let scope = match &asking.scope {
            Scope::EveryInstallation => None,
            Scope::Installations(ids) => Some(ids.iter().copied().collect()),
        };
        let entry = NewEntry {
            at: Utc::now(),
            principal: asking.principal.to_string(),
            roles: asking.principal.roles(),
            action,
            objects: objects(request).await,
            scope,
            outcome: 200,
            client: client(state, request).map(network),
            lost: 0,
        };
        Some(Self { entry, must_be_noted })
    }

    /// Before the answer is given.
    ///
    /// # Errors
    /// When the reading must be noted and cannot: then it must not happen.
    pub(super) async fn begin(&self, state: &AppState) -> anyhow::Result<()> {
        if self.must_be_noted {
            access_log::append(state.context.store.pool(), std::slice::from_ref(&self.entry)).await?;
        }
        Ok(())
    }

    /// After it: what came of it. What was noted before is noted again only when it failed.
    pub(super) fn end(self, log: &AccessLog, status: StatusCode) {
        let Self { mut entry, must_be_noted } = self;
        if must_be_noted && status == StatusCode::OK {
            return;
        }
        entry.outcome = i32::from(status.as_u16());
        log.note(entry);
    }
}

/// Notes that somebody asked for what their roles do not allow.
pub(super) async fn refused(state: &AppState, principal: &Principal, request: &mut Request) {
    let (principal, scope) = (principal.clone(), Scope::nothing());
    let asking = Authorized { principal, scope, signed_in: None };
    if let Some(reading) = Reading::of(state, Access::SignedIn, &asking, request).await {
        reading.end(&state.access_log, StatusCode::FORBIDDEN);
    }
}

/// What stands in the template's places, in their order.
async fn objects(request: &mut Request) -> Vec<String> {
    let Ok(params) = axum::RequestExt::extract_parts::<RawPathParams>(request).await else { return Vec::new() };
    params.iter().map(|(_, value)| value.chars().take(200).collect()).collect()
}

/// The client's address: the peer's, or the one that a proxy which the operator trusts says it speaks for.
fn client(state: &AppState, request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    let trusted = &state.context.config.server.trusted_proxies;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let header = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let chain: Vec<IpAddr> =
        header.flat_map(|list| list.split(',')).filter_map(|address| address.trim().parse::<IpAddr>().ok()).collect();
    // The last that no trusted proxy wrote is as far as anybody can be believed.
    Some(chain.into_iter().rev().map(|address| address.to_canonical()).find(|a| !trusted.contains(a)).unwrap_or(peer))
}

/// An address without the part that points to a person: /24 of IPv4, /48 of IPv6.
pub(super) fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cut_to_its_network() {
        for (address, expected) in
            [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:aaaa:bbbb:cccc::1", "2001:db8:aaaa::/48"), ("::1", "::/48")]
        {
            assert_eq!(network(address.parse().unwrap()), expected);
        }
    }
}
