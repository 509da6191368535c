//! A thousand releases against two hundred thousand advisories.

use super::{
    Options,
    measure::{Sample, by_turns, seconds},
    osv, process,
    server::{self, Database},
    table::{Aim, Row, Table},
};
use anyhow::{Context, Result, ensure};
use axum::{Json, Router, extract::State, routing::post};
use lockgate_gate::pipeline::{Knowledge, Package};
use lockgate_model::{Digest, Ecosystem, Release};
use lockgate_store::{Store, advisories, provision};
use serde_json::{Value, json};
use std::{collections::HashMap, path::Path, process::Command, sync::Arc, time::Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;

const RECORDS: usize = 200_000;
const RELEASES: usize = 1_000;

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let feed = Feed::provide(options).await?;
    let releases = osv::releases(RELEASES);
    let (mut first, mut whole, mut had) = (Sample::default(), Sample::default(), Sample::default());
    let mut knowledge = feed.knowledge();
    let rounds = options.rounds(40, 15);
    for round in 0..rounds {
        // A new server, whose memory is empty.
        if round < rounds.div_ceil(5) {
            knowledge = feed.knowledge();
            first.push(Looked::at(&knowledge, &releases).await?.milliseconds());
        }
        let looked = Looked::at(&knowledge, &releases).await?;
        whole.push(looked.milliseconds());
        had.push(looked.having * 1000.0);
    }
    let looked = Looked::at(&knowledge, &releases).await?;
    let found = feed.found(&looked, &releases).await?;
    let limit = format!(
        "{} records of {} releases, {} kB, read before; having them is {:.1} ms, looking at them the rest; {} hits",
        looked.records,
        releases.len(),
        found.bytes / 1024,
        had.median(),
        found.hits.len()
    );
    let title = "advisories: 1,000 releases, 200,000 records";
    table.push(Row::alone(title, "ms", &whole, Aim::AtMost(20.0)).against(limit));
    let limit = "as above, and loads and reads the records: the first look after the start, or after an import";
    table.push(Row::alone("advisories: the same, looked at first", "ms", &first, Aim::None).against(limit));
    beside_pip_audit(options, &feed, &releases, &found, table).await?;
    feed.store.close().await;
    Ok(())
}

/// The kept database, with the feed in it.
pub(super) struct Feed {
    pub(super) store: Store,
    database: Database,
}

/// A look at all releases.
pub(super) struct Looked {
    /// Seconds to have the records, and to look at them.
    having: f64,
    looking: f64,
    /// That were looked at.
    pub(super) records: usize,
    /// By release, in their order: the ids of the records that cover it.
    hits: Vec<Vec<String>>,
}

impl Looked {
    /// What the advisory check does for all releases of a change.
    pub(super) async fn at(knowledge: &Knowledge, releases: &[Release]) -> Result<Self> {
        let started = Instant::now();
        let packages: Vec<Package> = releases.iter().map(package).collect();
        let advisories = knowledge.advisories(&packages).await?;
        let having = started.elapsed().as_secs_f64();
        let versions = lockgate_ecosystems::versions(Ecosystem::Pypi);
        let feed = |release: &Release| advisories.of(release).expect("a feed was imported").records;
        let look = || {
            let part = |part: &[Release]| part.iter().map(|r| feed(r).find(r, None, versions)).collect::<Vec<_>>();
            // As the pipeline does: releases are judged side by side.
            let (one, two) = releases.split_at(releases.len() / 2);
            std::thread::scope(|scope| {
                let other = scope.spawn(|| part(two));
                let mut found = part(one);
                found.extend(other.join().expect("looking does not panic"));
                found
            })
        };
        let (looking, found) = seconds(look);
        let records = releases.iter().map(|release| feed(release).len()).sum();
        let unreadable: Vec<_> = found.iter().flat_map(|known| &known.unreadable).collect();
        ensure!(unreadable.is_empty(), "records that cannot be read: {unreadable:?}");
        let hits = found.into_iter().map(|known| known.matches.into_iter().map(|m| m.id).collect()).collect();
        Ok(Self { having, looking, records, hits })
    }

    pub(super) fn milliseconds(&self) -> f64 {
        (self.having + self.looking) * 1000.0
    }
}

fn package(release: &Release) -> Package {
    (release.ecosystem, release.name.clone())
}

/// What the peer's service answers from.
struct Found {
    bytes: usize,
    /// By name and version: the records that cover it.
    hits: HashMap<(String, String), Vec<Value>>,
}

impl Feed {
    pub(super) async fn provide(options: &Options) -> Result<Self> {
        let cluster = server::cluster(options).await?;
        let database = Database::kept(&cluster, "lockgate_bench_feed").await?;
        lockgate_store::migrate(&database.urls.owner).await?;
        let store = Store::connect(&database.urls.runtime, 4).await?;
        let digest = Digest::sha256(format!("{RECORDS} records, version {}", osv::VERSION).as_bytes());
        let source = digest.hex();
        let present = advisories::feed(store.pool()).await?;
        if present.is_none_or(|feed| feed.records != i64::try_from(RECORDS).unwrap_or_default()) {
            let started = Instant::now();
            let mut transaction = store.begin().await?;
            advisories::import(&mut transaction, &source, &digest, osv::records(RECORDS)).await?;
            transaction.commit().await?;
            cluster.execute(&database.urls.database, "analyze")?;
            println!("    {RECORDS} records imported in {:.0} s (kept)", started.elapsed().as_secs_f64());
        }
        Ok(Self { store, database })
    }

    /// As a server has it that has just started.
    pub(super) fn knowledge(&self) -> Knowledge {
        Knowledge::stored(self.store.clone())
    }

    async fn found(&self, looked: &Looked, releases: &[Release]) -> Result<Found> {
        let packages: Vec<Package> = releases.iter().map(package).collect();
        let kept = advisories::for_packages(self.store.pool(), &packages).await?;
        let mut found = Found { bytes: 0, hits: HashMap::new() };
        for ((release, ids), records) in releases.iter().zip(&looked.hits).zip(kept) {
            found.bytes += records.iter().map(|record| record.size).sum::<usize>();
            let hit = |record: &Value| ids.iter().any(|id| record["id"] == id.as_str());
            let hits: Vec<Value> = records.into_iter().map(|record| record.body).filter(hit).collect();
            if !hits.is_empty() {
                found.hits.insert((release.name.clone(), release.version.clone()), hits);
            }
        }
        Ok(found)
    }
}

/// pip-audit asks an OSV service about one release after another. Ours here answers from the same records, beforehand
/// matched: the peer's own matching costs it nothing.
async fn beside_pip_audit(
    options: &Options,
    feed: &Feed,
    releases: &[Release],
    found: &Found,
    table: &mut Table,
) -> Result<()> {
    let program = options.program("python/bin/pip-audit");
    process::exists(&program)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/v1/query", listener.local_addr()?);
    let routes = Router::new().route("/v1/query", post(query)).with_state(Arc::new(found.hits.clone()));
    let service = tokio::spawn(async move { axum::serve(listener, routes).await });

    let folder = TempDir::new()?;
    let pins = folder.path().join("requirements.txt");
    let hash = "0".repeat(64);
    let lines: String = releases.iter().map(|r| format!("{}=={} --hash=sha256:{hash}\n", r.name, r.version)).collect();
    std::fs::write(&pins, lines)?;
    let config = server::bare_configuration(folder.path())?;
    let (lockgate, database) = (options.lockgate.clone(), feed.database.urls.clone());
    let rounds = options.rounds(3, 1);
    let timed = tokio::task::spawn_blocking(move || {
        let ours = || {
            let mut run = Command::new(&lockgate);
            run.env("LOCKGATE_CONFIG", &config).env("LOCKGATE_DATABASE_URL", &database.runtime);
            process::timed(run.args(["advisories", "match"]).arg(&pins), &[1])
        };
        let peer = || process::timed(&mut pip_audit(&program, &pins, &address), &[1]);
        by_turns(rounds, ours, peer)
    });
    let (our, their) = timed.await??;
    service.abort();
    let limit = "ours connects to the database and reads the lockfile; the peer asks a service that matches for it";
    let peer = ("ms pip-audit", &their.times(1000.0));
    table.push(
        Row::time("advisories of 1,000 pins, as a command", "ms", &our.times(1000.0), peer, Aim::None).against(limit),
    );
    Ok(())
}

fn pip_audit(program: &Path, pins: &Path, service: &str) -> Command {
    let mut run = Command::new(program);
    run.args(["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]);
    run.args(["--vulnerability-service", "osv", "--osv-url", service, "--requirement"]).arg(pins);
    run
}

type Hits = Arc<HashMap<(String, String), Vec<Value>>>;

async fn query(State(hits): State<Hits>, Json(asked): Json<Value>) -> Json<Value> {
    let text = |pointer: &str| asked.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    match hits.get(&(text("/package/name"), text("/version"))) {
        Some(records) => Json(json!({ "vulns": records })),
        None => Json(json!({})),
    }
}

impl Database {
    /// One that the next run finds again.
    async fn kept(cluster: &lockgate_postgres::Cluster, name: &str) -> Result<Self> {
        let admin = cluster.admin_url();
        let urls = provision::database(&admin, name, &cluster.runtime_password())
            .await
            .context("make the database of the feed")?;
        Ok(Self { admin, urls })
    }
}
