//! Webhooks that are kept for good, a second, beside single-row commits on the same cluster.

use super::{
    Options, load,
    measure::Sample,
    process,
    server::{self, Database, Server, Settings},
    table::{Aim, Row, Table},
};
use crate::fake_github::FakeGitHub;
use anyhow::{Context, Result, ensure};
use lockgate_postgres::Cluster;
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const CLIENTS: [usize; 2] = [16, 64];
/// A usual pull request event.
const BODY: usize = 20 * 1024;
const REPO: &str = "octo/shop";

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let cluster = server::cluster(options).await?;
    let database = Database::create(&cluster).await?;
    let github = FakeGitHub::start().await?;
    let settings = Settings { role: "intake", workers: 1, github: &github, registry: "http://127.0.0.1:9" };
    let server = Server::start(options, &database, settings).await?;
    let template = load::Template::new(event(&github)?, BODY, github.webhook_secret());
    let pgbench = Pgbench::prepare(options, &cluster, &database.urls.database)?;
    let time = Duration::from_secs(if options.quick { 3 } else { 6 });
    let rounds = options.rounds(5, 3);
    let mut sent = 0;
    for clients in CLIENTS {
        let (mut ours, mut peers) = (Sample::default(), Sample::default());
        let (mut middle, mut slow) = (Sample::default(), Sample::default());
        for _ in 0..rounds {
            peers.push(pgbench.commits(clients, time)?);
            let answers = load::webhooks(&server.webhook(), &template, clients, time).await?;
            #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
            ours.push(answers.accepted as f64 / answers.seconds);
            middle.push(answers.latency.median() * 1000.0);
            slow.push(answers.latency.quantile(0.99) * 1000.0);
            sent += answers.accepted;
        }
        let limit = format!(
            "one commit a delivery would be {:.0}/s; {} kB a body are {:.1} MB/s to verify, parse and keep",
            peers.median(),
            BODY / 1024,
            ours.median() * 0.020_48
        );
        let peer = ("commits/s by pgbench", &peers);
        let figure = format!("durable webhooks, {clients} clients");
        table.push(Row::rate(&figure, "/s", &ours, peer, Aim::AtLeast(0.7)).against(limit));
        table.push(Row::alone(&format!("acknowledgement, p50, {clients} clients"), "ms", &middle, Aim::None));
        table.push(Row::alone(&format!("acknowledgement, p99, {clients} clients"), "ms", &slow, Aim::None));
    }
    let (now, peak) = server.memory()?;
    table.note(format!("memory of the intake after {sent} deliveries: {now:.0} MiB, peak {peak:.0} MiB"));
    let kept = cluster.query(&database.urls.database, "select count(*)::text from deliveries")?;
    let kept = format!("{kept:?}");
    ensure!(kept.contains(&sent.to_string()), "{sent} deliveries were acknowledged, and kept were {kept}");
    server.stop().await?;
    database.remove().await
}

fn event(github: &FakeGitHub) -> Result<serde_json::Value> {
    github.create_repository(REPO, true)?;
    github.commit_files(REPO, "main", &[("README.md", "# Shop\n")])?;
    github.commit_files(REPO, "next", &[("README.md", "# Shop, again\n")])?;
    let pull = github.open_pull_request(REPO, REPO, "next", "main")?;
    github.pull_request_event(REPO, pull.number, "opened")
}

/// The peer: PostgreSQL's own benchmark, which commits one row a transaction.
struct Pgbench {
    program: PathBuf,
    script: PathBuf,
    url: String,
}

impl Pgbench {
    fn prepare(options: &Options, cluster: &Cluster, database: &str) -> Result<Self> {
        cluster.execute(database, "create table if not exists bench_row (id bigint not null, note text not null)")?;
        let script = options.state.join("commit.sql");
        let text = "\\set id random(1, 1000000000)\ninsert into bench_row (id, note) values (:id, 'one row');\n";
        std::fs::write(&script, text)?;
        Ok(Self { program: program()?, script, url: cluster.url(database) })
    }

    /// Commits a second.
    fn commits(&self, clients: usize, time: Duration) -> Result<f64> {
        let mut run = Command::new(&self.program);
        run.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--file"]).arg(&self.script);
        run.args(["--client", &clients.to_string(), "--time", &time.as_secs().to_string(), &self.url]);
        let output = process::output(&mut run, &[0])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split(' ').next()).context("read what pgbench says")?;
        Ok(rate.parse()?)
    }
}

/// On the path, or where Debian keeps the server's programs.
fn program() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin/pgbench")).filter(|path| path.exists());
    let found =
        installed.max().or_else(|| Some(PathBuf::from("/usr/bin/pgbench")).filter(|p: &PathBuf| Path::new(p).exists()));
    found.context("pgbench is missing; install PostgreSQL's server package")
}
