//! A whole run: set the stage, play the plan, wait for quiet, judge.

use super::{
    account::Account,
    conductor::Conductor,
    database::Database,
    disk::Disk,
    fleet::{self, Fleet, Program},
    ledger::Ledger,
    plan::{Fault, Plan, REPOSITORIES, Size},
    sender::Sender,
    settings::{Settings, Version},
    stage::{self, Stage},
    verdict::{self, Offence, Weather},
    watch::{self, Watch},
};
use crate::app::advisory;
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Jobs that a delivery asks for, directly or by way of others. The rest (sweep, reconciliation, retention) comes back for
/// ever and is never "left".
const ASKED_FOR: &str = "('handle_delivery', 'detect_changes', 'collect_evidence', 'decide', 'publish')";

/// What to play.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's binary.
    pub lockgate: PathBuf,
    /// An older binary to begin with; the new one takes over at half time, process by process.
    pub previous: Option<PathBuf>,
    pub seed: u64,
    pub pulls: usize,
    pub kills: usize,
    pub faults: BTreeSet<Fault>,
    /// How often each fault comes.
    pub troubles: usize,
    /// 0: one process is intake and worker.
    pub workers: usize,
    pub length: Duration,
    /// Longest time from the last act until everything is quiet.
    pub patience: Duration,
    /// Where the server's logs are copied at the end.
    pub logs: Option<PathBuf>,
}

/// Everything that a run needs, standing.
#[derive(Debug)]
pub struct Set {
    pub stage: Arc<Stage>,
    pub disk: Arc<Disk>,
    pub database: Database,
    pub settings: Arc<Settings>,
    pub folder: PathBuf,
}

impl Set {
    /// GitHub, registries, database and settings. `own_disk`: whether the database's disk is to be one that can be filled.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn build(own_disk: bool) -> Result<Self> {
        let stage = Arc::new(Stage::start().await?);
        let disk = Arc::new(Disk::make(own_disk)?);
        let database = Database::start(Arc::clone(&disk)).await?;
        let folder = disk.beside().join("server");
        std::fs::create_dir(&folder)?;
        let settings = Arc::new(Settings::new(&folder, &disk.path(), &stage.github, &stage.registries)?);
        Ok(Self { stage, disk, database, settings, folder })
    }

    /// Migrates, and imports an advisory feed that concerns nobody: without one every check is incomplete.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn prepare(&self, program: &Program) -> Result<PathBuf> {
        let config = self.config(program.version)?;
        let feed = self.folder.join("osv.json");
        let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
        std::fs::write(&feed, advisory("GHSA-0000-0000-0000", "npm", "nobody", "1.0.1", vector).to_string())?;
        let feed = feed.display().to_string();
        fleet::command(&program.path, &config, &self.database, &["advisories", "import", &feed]).await?;
        Ok(config)
    }

    fn config(&self, version: Version) -> Result<PathBuf> {
        self.settings.for_commands(&"http://127.0.0.1:8080/".parse()?, version)
    }
}

/// Plays a run and answers its account.
///
/// # Errors
/// When the stage itself fails; a broken promise is in the account.
pub async fn run(options: &Options) -> Result<Account> {
    let mut faults = options.faults.clone();
    let set = Set::build(faults.contains(&Fault::Disk)).await?;
    let ledger = Arc::new(Ledger::default());
    leave_out(&mut faults, &set, &ledger);
    let plan = Plan::draw(&Size {
        seed: options.seed,
        pulls: options.pulls,
        kills: options.kills,
        faults: faults.clone(),
        troubles: options.troubles,
        processes: options.workers + 1,
        length: options.length,
    });
    let first = match &options.previous {
        Some(previous) => Program::previous(previous),
        None => Program::present(&options.lockgate),
    };
    set.prepare(&first).await?;
    let config = set.config(Version::Present)?;
    let clock = faults.contains(&Fault::Clock);
    let fleet = Fleet::start(first, &set.folder, &set.database, &set.settings, options.workers, clock);
    let fleet = Arc::new(fleet.await?);
    let sender = Arc::new(Sender::new(Arc::clone(&set.stage), Arc::clone(&fleet), Arc::clone(&ledger)));
    let watch = Watch::start(Arc::clone(&set.stage), Arc::clone(&ledger));
    let conductor = Conductor::new(
        Arc::clone(&set.stage),
        set.database.clone(),
        Arc::clone(&fleet),
        Arc::clone(&ledger),
        Arc::clone(&sender),
        plan,
    );
    let started = Instant::now();
    let upgrade = options.previous.is_some().then(|| tokio::spawn(upgrade(Arc::clone(&fleet), options.clone())));
    {
        let playing = conductor.play();
        tokio::pin!(playing);
        match tokio::time::timeout(options.length + options.patience, &mut playing).await {
            Ok(played) => played?,
            Err(_) => {
                sender.give_up();
                playing.await?;
            }
        }
    }
    if let Some(upgrade) = upgrade {
        upgrade.await?;
    }
    set.stage.registries.recover();
    set.stage.github.heal();
    let calmed = wait(&set, &ledger, Weather::Bad, options.patience).await?;
    let again = rerun(&set, &ledger, &sender).await?;
    let cleared = wait(&set, &ledger, Weather::Clear, options.patience).await?;
    let quiet = calmed && cleared;

    drop(watch);
    let mut account = Account::default();
    account.line("seed", options.seed);
    account.line(
        "took",
        format!("{:.0} s, {} quiet", started.elapsed().as_secs_f64(), if quiet { "then" } else { "never" }),
    );
    describe(&mut account, &set, &ledger, &fleet, again).await?;
    let chain = chain(&options.lockgate, &config, &set, &mut account.offences).await?;
    account.line("decisions", chain);
    account.offences.extend(offences(&set, &ledger).await);
    if let Some(logs) = &options.logs {
        keep_logs(&set.folder, logs)?;
    }
    match Arc::try_unwrap(fleet) {
        Ok(fleet) => fleet.stop().await,
        // Its processes are killed when the last owner goes.
        Err(fleet) => drop(fleet.kill_all(Duration::from_secs(3600)).await),
    }
    Ok(account)
}

/// Takes out what this machine cannot do, and says so.
fn leave_out(faults: &mut BTreeSet<Fault>, set: &Set, ledger: &Ledger) {
    if faults.contains(&Fault::Disk) && !set.disk.can_be_filled() {
        faults.remove(&Fault::Disk);
        ledger.book().left_out.push("disk: no tmpfs can be mounted here; run it as root".to_owned());
    }
    if faults.contains(&Fault::Clock) && !fleet::clock_can_be_faked() {
        faults.remove(&Fault::Clock);
        ledger.book().left_out.push("clock: libfaketime is not installed (Debian's package libfaketime)".to_owned());
    }
}

/// The new binary takes over at half time, one process after the other.
async fn upgrade(fleet: Arc<Fleet>, options: Options) {
    tokio::time::sleep(options.length / 2).await;
    fleet.replace_program(Program::present(&options.lockgate));
    for number in 0..fleet.len() {
        fleet.kill(number, Duration::from_millis(100)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits until no job is left and every head has what it is due. Whether that came to be.
async fn wait(set: &Set, ledger: &Ledger, weather: Weather, patience: Duration) -> Result<bool> {
    let until = Instant::now() + patience;
    let mut calm = 0;
    while Instant::now() < until {
        watch::look(&set.stage, ledger);
        let fine = verdict::judge(&set.stage, &ledger.book(), weather).is_empty();
        let idle = fine && unfinished_of(&set.database).await.is_ok_and(|left| left == 0);
        calm = if idle { calm + 1 } else { 0 };
        if calm == 5 {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(false)
}

/// How many jobs are left, those that come back for ever aside.
///
/// # Errors
/// When the database does not answer.
pub async fn unfinished_of(database: &Database) -> Result<u64> {
    let sql = format!("select count(*) from jobs where finished_at is null and kind in {ASKED_FOR}");
    let database = database.clone();
    let left = tokio::task::spawn_blocking(move || database.value(&sql)).await??;
    left.parse().context("read how many jobs are left")
}

/// Checks that bad weather left incomplete are asked for again, as a person would. Answers how many there were.
async fn rerun(set: &Set, ledger: &Ledger, sender: &Sender) -> Result<usize> {
    let strict = verdict::judge(&set.stage, &ledger.book(), Weather::Clear);
    let lenient: BTreeSet<String> =
        verdict::judge(&set.stage, &ledger.book(), Weather::Bad).into_iter().map(|o| o.sha).collect();
    let mut again = 0;
    for offence in strict.iter().filter(|o| !lenient.contains(&o.sha)) {
        let (head, runs) = {
            let book = ledger.book();
            let found = book.heads.iter().position(|h| h.sha == offence.sha && h.repository == offence.repository);
            let head = found.context("an offending head is in the ledger")?;
            (head, verdict::runs(&set.stage, &book.heads[head]))
        };
        let Some(run) = runs.first() else { continue };
        let payload = set.stage.github.check_run_event(&offence.repository, run.id, "rerequested", None)?;
        sender.send("check_run", &payload, head).await?;
        again += 1;
    }
    Ok(again)
}

async fn describe(account: &mut Account, set: &Set, ledger: &Ledger, fleet: &Fleet, again: usize) -> Result<()> {
    let runs: Vec<_> =
        (0..REPOSITORIES).flat_map(|number| set.stage.github.all_check_runs(&stage::repository(number))).collect();
    {
        let book = ledger.book();
        account.deliveries(&book);
        account.checks(&book, &runs);
        account.line("incomplete, then asked again", again);
        account.line("GitHub's description broken", set.stage.github.violations().len());
        account.wounds(&book, fleet.ended_alone());
    }
    let jobs = format!(
        "select count(*) || ' done or left, ' || coalesce(sum(greatest(attempts - 1, 0)), 0) || ' retries, '
             || count(*) filter (where state = 'failed') || ' given up, '
             || count(*) filter (where finished_at is null) || ' left, most attempts ' || coalesce(max(attempts), 0)
         from jobs where kind in {ASKED_FOR}"
    );
    let database = set.database.clone();
    account.line("jobs", tokio::task::spawn_blocking(move || database.value(&jobs)).await??);
    Ok(())
}

/// Exports every decision and verifies the chain, as an auditor would.
async fn chain(lockgate: &Path, config: &Path, set: &Set, offences: &mut Vec<Offence>) -> Result<String> {
    let bundle = set.folder.join("decisions.json").display().to_string();
    let export = ["audit", "export", "--since", "2020-01-01T00:00:00Z", "--format", "json", "--out", &bundle];
    fleet::command(lockgate, config, &set.database, &export).await?;
    match fleet::command(lockgate, config, &set.database, &["audit", "verify", &bundle]).await {
        Ok(said) => Ok(said.trim().to_owned()),
        Err(error) => {
            let why = format!("the chain of decisions does not verify: {error:#}");
            offences.push(Offence {
                repository: "audit".to_owned(),
                sha: String::new(),
                why: why.clone(),
                deliveries: Vec::new(),
                jobs: Vec::new(),
            });
            Ok(why)
        }
    }
}

/// What the verdict finds, each with what the database knows of it.
async fn offences(set: &Set, ledger: &Ledger) -> Vec<Offence> {
    let mut found = verdict::judge(&set.stage, &ledger.book(), Weather::Clear);
    for offence in found.iter_mut().take(20) {
        let sql = format!(
            "select j.id || ' ' || j.kind || ' ' || j.state || ' attempt ' || j.attempts || ' run_at ' || j.run_at
                 || ' ' || coalesce(j.last_error, '')
             from jobs j join evaluations e on j.payload::text like '%' || e.id || '%' where e.head_sha = '{0}'
             union all
             select 'evaluation ' || id || ' ' || state || ' superseded ' || superseded || ' base ' || base_sha
             from evaluations where head_sha = '{0}'",
            offence.sha
        );
        let database = set.database.clone();
        match tokio::task::spawn_blocking(move || database.query(&sql)).await {
            Ok(Ok(rows)) => {
                offence.jobs = rows.into_iter().flatten().flatten().map(|row| format!("job {row}")).collect()
            }
            Ok(Err(error)) => offence.jobs = vec![format!("its jobs cannot be read: {error}")],
            Err(_) => {}
        }
    }
    found
}

/// Copies logs and configurations to where they outlive the run.
fn keep_logs(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { bail!("{} has no name", path.display()) };
        if path.extension().is_some_and(|extension| extension == "log") {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
