//! Backup and restore, as `deploy/BACKUP.md` tells it: made while pull requests are worked on, restored elsewhere,
//! verified by an auditor's commands, and served from.

use super::{
    account::Account,
    database::{DATABASE, Database},
    fleet::{self, Fleet, Program},
    ledger::Ledger,
    plan::{Content, Pull, REPOSITORIES},
    run::{Set, unfinished_of},
    sender::Sender,
    stage,
    verdict::{self, Weather},
};
use anyhow::{Context, Result, ensure};
use lockgate_postgres::{Cluster, ClusterConfig};
use lockgate_store::provision;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::spawn_blocking;

const SINCE: [&str; 2] = ["--since", "2020-01-01T00:00:00Z"];
/// Longest wait until a server is done.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a backup must bring back, as one text a kind, to be compared.
const REMEMBERED: [(&str, &str); 4] = [
    (
        "deliveries",
        "select coalesce(md5(string_agg(id || payload::text, ' ' order by id)), '') || ' ' || count(*) from deliveries",
    ),
    (
        "decisions",
        "select coalesce(max(sequence), 0) || ' ' || coalesce((select hash from decisions order by sequence desc limit 1), '') from decisions",
    ),
    (
        "first-seen digests",
        "select coalesce(md5(string_agg(purl || file || digest, ' ' order by purl, file, algorithm)), '') || ' ' || count(*) from first_seen",
    ),
    (
        "unfinished jobs",
        "select count(*)::text from jobs where finished_at is null and kind in ('handle_delivery', 'detect_changes', 'collect_evidence', 'decide', 'publish')",
    ),
];

/// Plays `pulls` pull requests, backs up in the middle in both ways, restores both, and checks them.
///
/// # Errors
/// When a restored database lacks something or does not verify.
pub async fn run(lockgate: &Path, pulls: usize) -> Result<Account> {
    let set = Set::build(false).await?;
    let program = Program::present(lockgate);
    let config = set.prepare(&program).await?;
    let (stage, ledger) = (Arc::clone(&set.stage), Arc::new(Ledger::default()));
    let fleet = Arc::new(Fleet::start(program, &set.folder, &set.database, &set.settings, 1, false).await?);
    let sender = Arc::new(Sender::new(Arc::clone(&stage), Arc::clone(&fleet), Arc::clone(&ledger)));
    let opening = tokio::spawn(open(Arc::clone(&stage), Arc::clone(&ledger), sender, pulls));
    decisions_reach(&set.database, pulls / 3).await?;

    let mut account = Account::default();
    let cluster = set.database.cluster();
    let dump = set.disk.path().join("lockgate.dump");
    let (dumped, from) = (Instant::now(), (cluster.clone(), dump.clone()));
    spawn_blocking(move || from.0.dump(DATABASE, &from.1)).await??;
    account.line(
        "pg_dump while serving",
        format!("{:.1} s, {} KiB", dumped.elapsed().as_secs_f64(), dump.metadata()?.len() / 1024),
    );
    let (copied, folder) = (Instant::now(), set.disk.path().join("copy"));
    let copy = spawn_blocking(move || cluster.copy(&mut ClusterConfig::new(folder, &mut |_| {}))).await??;
    account.line("pg_basebackup while serving", format!("{:.1} s, started", copied.elapsed().as_secs_f64()));
    opening.await??;

    let restored = restored_dump(&set, dump).await?;
    let copy = Database::over(Arc::clone(&set.disk), copy).await?;
    for (name, database) in [("dump", &restored), ("copy", &copy)] {
        let said =
            audit(lockgate, &config, database, &set.folder).await.with_context(|| format!("audit the {name}"))?;
        account.line(&format!("{name}: audit and replay"), said);
        compare(&set.database, database, name, &mut account).await?;
    }
    // The server is lost at the worst time: its backup goes on with the work.
    fleet.kill_all(Duration::from_secs(3600)).await;
    serve_from(lockgate, &set, &copy, &ledger, &mut account).await?;
    let said = audit(lockgate, &config, &copy, &set.folder).await.context("audit what the restored server decided")?;
    account.line("restored server: audit and replay", said);
    Ok(account)
}

async fn open(stage: Arc<stage::Stage>, ledger: Arc<Ledger>, sender: Arc<Sender>, pulls: usize) -> Result<()> {
    const CONTENTS: [Content; 4] = [Content::Good, Content::License, Content::Documents, Content::Broken];
    for number in 0..pulls {
        let repository = number % REPOSITORIES;
        let content = CONTENTS[number % CONTENTS.len()];
        let pull = Pull { repository, content, from_fork: false, draft: false, lost: false };
        let for_stage = Arc::clone(&stage);
        let (opened, payload) = spawn_blocking(move || for_stage.open(number, &pull)).await??;
        let head = ledger.head(&stage::repository(repository), &opened.head_sha, content);
        sender.send("pull_request", &payload, head).await?;
    }
    Ok(())
}

async fn decisions_reach(database: &Database, wanted: usize) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let asked = database.clone();
        let made = spawn_blocking(move || asked.value("select count(*) from decisions")).await??;
        if made.parse::<usize>()? >= wanted {
            return Ok(());
        }
        ensure!(Instant::now() < until, "only {made} decisions after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A cluster elsewhere, with the role that the dump grants to, filled from the dump.
async fn restored_dump(set: &Set, dump: PathBuf) -> Result<Database> {
    let folder = set.disk.path().join("restored");
    let cluster = spawn_blocking(move || Cluster::ensure(&mut ClusterConfig::new(folder, &mut |_| {}))).await??;
    provision::database(&cluster.admin_url(), DATABASE, &cluster.runtime_password()).await?;
    let target = cluster.clone();
    spawn_blocking(move || target.restore(DATABASE, &dump)).await??;
    Database::over(Arc::clone(&set.disk), cluster).await
}

/// What an auditor runs on a restored database.
async fn audit(lockgate: &Path, config: &Path, database: &Database, folder: &Path) -> Result<String> {
    let bundle = folder.join("restored.json").display().to_string();
    let export = [&["audit", "export"][..], &SINCE, &["--out", &bundle]].concat();
    fleet::command(lockgate, config, database, &export).await?;
    let verified = fleet::command(lockgate, config, database, &["audit", "verify", &bundle]).await?;
    let replayed = fleet::command(lockgate, config, database, &[&["policy", "replay"][..], &SINCE].concat()).await?;
    Ok(format!("{}; {}", verified.trim(), replayed.trim()))
}

/// A backup of a moment in the past is a prefix of what the server went on to write.
async fn compare(original: &Database, restored: &Database, name: &str, account: &mut Account) -> Result<()> {
    let (original, restored) = (original.clone(), restored.clone());
    let lines = spawn_blocking(move || -> Result<Vec<(&str, String)>> {
        let lost = "select count(*) from decisions where sequence <= ";
        let mut lines = Vec::new();
        for (what, sql) in REMEMBERED {
            lines.push((what, restored.value(sql)?));
        }
        let last = restored.value("select coalesce(max(sequence), 0) from decisions")?;
        let chain = "select coalesce(string_agg(hash, ' ' order by sequence), '') from decisions where sequence <= ";
        ensure!(restored.value(&format!("{lost}{last}"))? == last, "decisions are missing");
        ensure!(
            restored.value(&format!("{chain}{last}"))? == original.value(&format!("{chain}{last}"))?,
            "the chain differs from the original's"
        );
        let seen = "select purl || ' ' || file || ' ' || algorithm || ' ' || digest from first_seen order by 1";
        let original = original.query(seen)?;
        let kept = restored.query(seen)?;
        ensure!(kept.iter().all(|row| original.contains(row)), "a first-seen digest differs from the original's");
        Ok(lines)
    });
    for (what, value) in lines.await?? {
        let value = value.split(' ').next_back().unwrap_or_default().to_owned();
        let shown = if what == "decisions" { value.chars().take(19).collect() } else { value };
        account.line(&format!("{name}: {what}"), shown);
    }
    Ok(())
}

/// Serves from the restored database until its queue is empty, and checks that no head has two checks.
async fn serve_from(
    lockgate: &Path,
    set: &Set,
    database: &Database,
    ledger: &Ledger,
    account: &mut Account,
) -> Result<()> {
    let folder = set.disk.beside().join("again");
    std::fs::create_dir(&folder)?;
    let fleet = Fleet::start(Program::present(lockgate), &folder, database, &set.settings, 1, false).await?;
    let started = Instant::now();
    while unfinished_of(database).await? > 0 {
        ensure!(started.elapsed() < PATIENCE, "the restored server is not done after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    account.line("restored server: queue empty", format!("after {:.1} s", started.elapsed().as_secs_f64()));
    let known = database.clone();
    let known = spawn_blocking(move || known.query("select distinct head_sha from evaluations")).await??;
    let known: Vec<String> = known.into_iter().flatten().flatten().collect();
    let offences = verdict::judge(&set.stage, &ledger.book(), Weather::Bad);
    // A head that came after the backup may be unknown to it; one that is known must be answered once.
    account.offences = offences.into_iter().filter(|o| known.contains(&o.sha)).collect();
    account.line(
        "restored server: heads",
        format!("{} known, {} without their one check", known.len(), account.offences.len()),
    );
    fleet.stop().await;
    Ok(())
}
