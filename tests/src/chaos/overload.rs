//! Ten times what the intake can take: it must say so rather than lose or hoard, and recover by itself.

use super::{
    account::Account,
    fleet::{Fleet, Program},
    ledger::{Head, Ledger},
    load::{self, Counted, Flood, Template},
    plan::{Content, Pull, REPOSITORIES},
    run::Set,
    stage, verdict,
};
use anyhow::{Context, Result, ensure};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What to play.
#[derive(Debug, Clone)]
pub struct Options {
    pub lockgate: PathBuf,
    pub workers: usize,
    /// Pull requests that the deliveries are about.
    pub pulls: usize,
    /// What storing takes longer than it would. The sender runs on the server's own machine, and could not offer ten
    /// times what an idle disk takes.
    pub slow_storage: Duration,
    /// Connections at which the intake is measured; more than it stores in one commit.
    pub calm: usize,
    /// Connections of the flood.
    pub connections: usize,
    pub probe: Duration,
    pub flood: Duration,
    /// The flood's rate as a multiple of what was measured.
    pub factor: f64,
    /// Longest wait until everything accepted is decided.
    pub patience: Duration,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Report {
    pub calm: Counted,
    pub flood: Counted,
    /// Deliveries that were answered 202, and those that are in the database.
    pub answered_202: usize,
    pub stored: usize,
    /// Resident memory of the intake in KiB.
    pub idle: u64,
    pub peak: u64,
    pub after: u64,
    /// From the end of the flood to the 202 of a new delivery.
    pub recovered: Duration,
    /// From the end of the flood until no job was left; `None`: not within patience.
    pub decided: Option<Duration>,
    /// Heads without exactly one right check run.
    pub offences: Vec<verdict::Offence>,
}

/// Floods a server and says what it made of that.
///
/// # Errors
/// When the stage fails, or when nothing was accepted in calm weather.
pub async fn run(options: &Options) -> Result<Report> {
    let set = Set::build(false).await?;
    let program = Program::present(&options.lockgate);
    set.prepare(&program).await?;
    slow_down(&set, options.slow_storage).await?;
    let fleet = Fleet::start(program, &set.folder, &set.database, &set.settings, options.workers, false).await?;
    let ledger = Ledger::default();
    let target = fleet.webhook()?;
    let templates = Arc::new(templates(&set, &ledger, &target, options.pulls)?);
    let once = |connections| Flood { connections, time: options.probe, rate: None };
    // Caches and connections are filled before anything is measured.
    let warm = load::flood(&target, &templates, Flood { time: options.probe / 4, ..once(options.calm) }).await?;
    let memory = Memory::start(&fleet);
    let idle = memory.now();
    let calm = load::flood(&target, &templates, once(options.calm)).await?;
    ensure!(calm.accepted > 0, "measure the intake: nothing was accepted; see the logs in {}", set.folder.display());
    let rate = calm.rate(calm.accepted) * options.factor;
    let hard = Flood { connections: options.connections, time: options.flood, rate: Some(rate) };
    let flood = load::flood(&target, &templates, hard).await?;
    let over = Instant::now();
    let recovered = loop {
        let one = Flood { connections: 1, time: Duration::from_millis(200), rate: None };
        if load::flood(&target, &templates, one).await?.accepted > 0 {
            break over.elapsed();
        }
        ensure!(over.elapsed() < options.patience, "the intake takes nothing after the flood");
    };
    let decided = drain(&set, &ledger, over, options.patience).await;
    let stored = set.database.clone();
    let stored = tokio::task::spawn_blocking(move || stored.value("select count(*) from deliveries")).await??;
    let report = Report {
        answered_202: warm.accepted + calm.accepted + flood.accepted,
        stored: stored.parse().context("read how many deliveries are stored")?,
        idle,
        peak: memory.peak(),
        after: memory.now(),
        calm,
        flood,
        recovered,
        decided,
        offences: verdict::judge(&set.stage, &ledger.book(), verdict::Weather::Bad),
    };
    fleet.stop().await;
    Ok(report)
}

/// Every statement that stores deliveries takes so much longer.
async fn slow_down(set: &Set, time: Duration) -> Result<()> {
    let (database, seconds) = (set.database.clone(), time.as_secs_f64());
    let function = format!(
        "create function slow_storage() returns trigger language plpgsql as
         $$ begin perform pg_sleep({seconds}); return null; end $$"
    );
    let trigger =
        "create trigger slow_storage after insert on deliveries for each statement execute function slow_storage()";
    tokio::task::spawn_blocking(move || {
        database.query(&function)?;
        database.query(trigger)
    })
    .await?
    .map(drop)
}

/// One delivery about each of some pull requests.
fn templates(set: &Set, ledger: &Ledger, target: &url::Url, pulls: usize) -> Result<Vec<Template>> {
    let secret = set.stage.github.webhook_secret().to_owned();
    (0..pulls)
        .map(|number| {
            let repository = number % REPOSITORIES;
            let pull = Pull { repository, content: Content::Good, from_fork: false, draft: false, lost: false };
            let (opened, payload) = set.stage.open(number, &pull)?;
            let head = ledger.head(&stage::repository(repository), &opened.head_sha, pull.content);
            let delivery = ledger.delivery("many", "pull_request", head, false);
            ledger.answered(delivery, 202, "accepted");
            Ok(Template::new(target, &secret, "pull_request", &payload))
        })
        .collect()
}

async fn drain(set: &Set, ledger: &Ledger, over: Instant, patience: Duration) -> Option<Duration> {
    let all =
        |heads: &[Head]| heads.iter().all(|h| verdict::runs(&set.stage, h).iter().any(|r| r.status == "completed"));
    while over.elapsed() < patience {
        let left = super::run::unfinished_of(&set.database).await;
        if left.is_ok_and(|left| left == 0) && all(&ledger.book().heads) {
            return Some(over.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    None
}

/// Looks at the intake's memory all the time.
struct Memory {
    peak: Arc<AtomicU64>,
    now: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Memory {
    fn start(fleet: &Fleet) -> Self {
        let (peak, now, over) = (Arc::default(), Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let memory = Self { peak, now, over };
        let read = fleet.memory_reader();
        memory.note(read().unwrap_or_default());
        let (peak, now, over) = (Arc::clone(&memory.peak), Arc::clone(&memory.now), Arc::clone(&memory.over));
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                if let Some(size) = read() {
                    now.store(size, Ordering::Relaxed);
                    peak.fetch_max(size, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        memory
    }

    fn note(&self, size: u64) {
        self.now.store(size, Ordering::Relaxed);
        self.peak.fetch_max(size, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Report {
    /// As it is printed.
    pub fn account(&self) -> Account {
        let mut account = Account::default();
        account.offences.clone_from(&self.offences);
        let (calm, flood) = (&self.calm, &self.flood);
        account.line("sustainable", format!("{:.0} deliveries/s answered 202", calm.rate(calm.accepted)));
        account.line(
            "offered",
            format!(
                "{:.0}/s over {:.0} s, {:.1} times as many",
                flood.rate(flood.sent()),
                flood.time.as_secs_f64(),
                flood.rate(flood.sent()) / calm.rate(calm.accepted)
            ),
        );
        account.line(
            "answers",
            format!(
                "{} 202, {} 503 with retry-after, {} other, {} none; the longest took {:.1} s",
                flood.accepted,
                flood.told_to_wait,
                flood.other,
                flood.unanswered,
                flood.longest.as_secs_f64()
            ),
        );
        account.line("stored", format!("{} of {} that were answered 202", self.stored, self.answered_202));
        let mib = |kib: u64| kib / 1024;
        account.line(
            "memory",
            format!(
                "intake {} MiB before, {} MiB at most, {} MiB after",
                mib(self.idle),
                mib(self.peak),
                mib(self.after)
            ),
        );
        account.line("a new delivery", format!("202 after {:.1} s", self.recovered.as_secs_f64()));
        account.line(
            "all decided",
            self.decided.map_or("not in time".to_owned(), |time| format!("after {:.1} s", time.as_secs_f64())),
        );
        account
    }

    /// Whether nothing was lost, memory stayed bounded, and it recovered by itself.
    ///
    /// # Errors
    /// What was not so.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.stored >= self.answered_202,
            "{} were answered 202, {} are stored",
            self.answered_202,
            self.stored
        );
        ensure!(
            self.flood.other == 0,
            "{} deliveries were answered neither 202 nor 503 with retry-after",
            self.flood.other
        );
        // Bodies under way are bounded by bytes and number; beyond them nothing may grow with the flood.
        ensure!(self.peak < self.idle + (256 << 10), "memory grew from {} to {} KiB", self.idle, self.peak);
        ensure!(self.recovered < Duration::from_secs(10), "a new delivery was taken only after {:?}", self.recovered);
        ensure!(self.decided.is_some(), "not everything that was accepted is decided");
        ensure!(self.offences.is_empty(), "{:?}", self.offences);
        Ok(())
    }
}
