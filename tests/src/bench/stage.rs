//! Pull requests that bump many packages, and the time from the webhook to the completed check.

use super::{
    Options,
    registry::Registry,
    server::{Database, Server, Settings, cluster},
};
use crate::{
    fake_github::FakeGitHub,
    registry::{Package, lockfile},
};
use anyhow::{Result, ensure};
use lockgate_model::Ecosystem;
use lockgate_store::{Store, advisories};
use std::time::{Duration, Instant};

pub(super) const REPO: &str = "octo/shop";
const LOCK: &str = "package-lock.json";
const PATIENCE: Duration = Duration::from_secs(180);

/// A server with its world, about one size of bump.
pub(super) struct Stage {
    pub(super) github: FakeGitHub,
    pub(super) server: Server,
    registry: Registry,
    database: Database,
    releases: usize,
    branches: usize,
}

/// When a check was asked for, shown, and done.
pub(super) struct Judged {
    pub(super) total: Duration,
    /// What the stand-in for GitHub spent on its own part, overlaps counted once.
    pub(super) github: Duration,
}

impl Stage {
    /// A repository that pins `releases` packages at 1.0.0, all of which have a 1.1.0.
    pub(super) async fn set(options: &Options, releases: usize, workers: usize) -> Result<Self> {
        let packages: Vec<Package> =
            (0..releases).flat_map(|n| ["1.0.0", "1.1.0"].map(|version| package(n, version))).collect();
        let (github, registry) = (FakeGitHub::start().await?, Registry::start(&packages).await?);
        let cluster = cluster(options).await?;
        let database = Database::create(&cluster).await?;
        import_feed(&database).await?;
        let settings = Settings { role: "all", workers, github: &github, registry: &registry.base };
        let server = Server::start(options, &database, settings).await?;
        github.create_repository(REPO, true)?;
        let stage = Self { github, server, registry, database, releases, branches: 0 };
        stage.github.commit_files(REPO, "main", &[(LOCK, &stage.lock("1.0.0")), ("README.md", "# Shop\n")])?;
        Ok(stage)
    }

    fn lock(&self, version: &str) -> String {
        let packages: Vec<Package> = (0..self.releases).map(|n| package(n, version)).collect();
        lockfile(Ecosystem::Npm, &self.registry.base, &packages.iter().collect::<Vec<_>>())
    }

    /// Opens a pull request that bumps every package, and waits for its check.
    pub(super) async fn judge(&mut self) -> Result<Judged> {
        let lock = self.lock("1.1.0");
        Ok(self.judge_many(&lock, 1).await?.remove(0))
    }

    /// Opens `count` such pull requests at once; the time until each is done.
    pub(super) async fn judge_at_once(&mut self, count: usize) -> Result<Vec<Judged>> {
        let lock = self.lock("1.1.0");
        self.judge_many(&lock, count).await
    }

    async fn judge_many(&mut self, lock: &str, count: usize) -> Result<Vec<Judged>> {
        let mut events = Vec::new();
        for _ in 0..count {
            self.branches += 1;
            let branch = format!("bump-{}", self.branches);
            // Another text each time, so that each head is another commit with the same lockfile.
            self.github.commit_files(REPO, &branch, &[(LOCK, lock), ("README.md", &format!("# {branch}\n"))])?;
            let pull = self.github.open_pull_request(REPO, REPO, &branch, "main")?;
            events.push((pull.head_sha.clone(), self.github.pull_request_event(REPO, pull.number, "opened")?));
        }
        let target = self.server.webhook();
        let started = Instant::now();
        let deliveries = events.iter().map(|(_, event)| self.github.deliver(&target, "pull_request", event));
        for delivered in futures::future::try_join_all(deliveries).await? {
            ensure!(delivered.status == 202, "the webhook was answered {}: {}", delivered.status, delivered.body);
        }
        let mut judged = Vec::new();
        for (head, _) in &events {
            let done = self.completed(head, started).await?;
            judged.push(Judged { total: done - started, github: self.github.busy_between(started, done) });
        }
        Ok(judged)
    }

    async fn completed(&self, head: &str, started: Instant) -> Result<Instant> {
        loop {
            let runs = self.github.check_runs(REPO, head);
            if let Some(run) = runs.iter().find(|run| run.status == "completed") {
                let now = Instant::now();
                let conclusion = run.conclusion.as_deref().unwrap_or_default();
                ensure!(
                    conclusion == "success",
                    "{head} ended as {conclusion}: {:?}\n{}",
                    run.summary,
                    self.server.log()
                );
                return Ok(now);
            }
            ensure!(started.elapsed() < PATIENCE, "{head} has no final check run: {runs:?}\n{}", self.server.log());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) async fn end(self) -> Result<()> {
        self.server.stop().await?;
        self.database.remove().await
    }
}

/// A package of a usual size: some 60 kB of source in a dozen files, which differ a little between versions.
fn package(number: usize, version: &str) -> Package {
    let mit = include_str!("mit.txt");
    let source = |file: usize| {
        let line = |n: usize| format!("exports.f{file}_{n} = function (a, b) {{ return a + b + {n}; }};\n");
        (0..80).map(line).chain([format!("exports.version = '{version}';\n")]).collect::<String>()
    };
    (0..12).fold(Package::npm(&format!("package-{number}"), version).file("LICENSE", mit), |package, file| {
        package.file(&format!("lib/{file}.js"), &source(file))
    })
}

/// A feed that concerns nobody here: without one, every check would be incomplete.
async fn import_feed(database: &Database) -> Result<()> {
    lockgate_store::migrate(&database.urls.owner).await?;
    let store = Store::connect(&database.urls.runtime, 2).await?;
    let record = advisories::Record {
        id: "T-0".to_owned(),
        modified: chrono::Utc::now(),
        packages: vec![(Ecosystem::Npm, "nobody-uses-this".to_owned())],
        body: serde_json::json!({ "id": "T-0", "affected": [] }),
    };
    let mut transaction = store.begin().await?;
    advisories::import(&mut transaction, "bench", &lockgate_model::Digest::sha256(b"bench"), [record]).await?;
    transaction.commit().await?;
    store.close().await;
    Ok(())
}
