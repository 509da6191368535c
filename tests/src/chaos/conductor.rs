//! Plays the plan: every act at its time, none waiting for another.

use super::{
    database::Database,
    fleet::Fleet,
    ledger::Ledger,
    plan::{Act, Content, Kill, Later, Plan, Pull, Trouble},
    sender::Sender,
    stage::{self, Stage},
    weather,
};
use crate::fake_github::{FaultTiming, PullRequest};
use anyhow::{Context, Result};
use lockgate_postgres::Shutdown;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::Instant,
};

/// How long a kill at a chosen point waits for that point before it falls anyway.
const CHOSEN: Duration = Duration::from_secs(4);

/// A pull request once it is open.
#[derive(Debug, Clone)]
struct Open {
    pull_request: PullRequest,
    head: usize,
    content: Content,
    pushes: usize,
    /// The first head, and the payload that announced it.
    first: (usize, Value),
}

/// Everything that acts reach. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Conductor {
    pub stage: Arc<Stage>,
    pub database: Database,
    pub fleet: Arc<Fleet>,
    pub ledger: Arc<Ledger>,
    pub sender: Arc<Sender>,
    plan: Arc<Plan>,
    open: Arc<Vec<Mutex<Option<Open>>>>,
    /// Faked clocks, and kills at GitHub's writes, one after another.
    clock: Arc<tokio::sync::Mutex<()>>,
}

impl Conductor {
    pub fn new(
        stage: Arc<Stage>,
        database: Database,
        fleet: Arc<Fleet>,
        ledger: Arc<Ledger>,
        sender: Arc<Sender>,
        plan: Plan,
    ) -> Self {
        let open = plan.pulls.iter().map(|_| Mutex::new(None)).collect();
        let (plan, open) = (Arc::new(plan), Arc::new(open));
        Self { stage, database, fleet, ledger, sender, plan, open, clock: Arc::default() }
    }

    /// Plays the whole plan; ends when the last act has.
    ///
    /// # Errors
    /// When an act fails for a reason of the stage's own, which makes the run worthless.
    pub async fn play(&self) -> Result<()> {
        let start = Instant::now();
        let mut playing = JoinSet::new();
        for (at, act) in &self.plan.acts {
            tokio::time::sleep_until(start + *at).await;
            let (conductor, act) = (self.clone(), *act);
            playing.spawn(async move { conductor.act(act).await.with_context(|| format!("{act:?}")) });
        }
        while let Some(played) = playing.join_next().await {
            played??;
        }
        Ok(())
    }

    async fn act(&self, act: Act) -> Result<()> {
        match act {
            Act::Open(number) => self.open(number).await,
            Act::Later(number, later) => self.later(number, later).await,
            Act::Kill { kill, down } => self.kill(kill, down).await,
            Act::Trouble(trouble) => self.trouble(trouble).await,
        }
    }

    async fn open(&self, number: usize) -> Result<()> {
        let pull = self.plan.pulls[number].clone();
        let opened = self.on_stage(move |stage| stage.open(number, &pull)).await?;
        let pull = &self.plan.pulls[number];
        let (pull_request, payload) = opened;
        let head = self.ledger.head(&stage::repository(pull.repository), &pull_request.head_sha, pull.content);
        *self.slot(number) =
            Some(Open { pull_request, head, content: pull.content, pushes: 0, first: (head, payload.clone()) });
        match pull.lost {
            true => self.sender.lose("pull_request", &payload, head).await,
            false => self.sender.send("pull_request", &payload, head).await,
        }
    }

    async fn later(&self, number: usize, later: Later) -> Result<()> {
        // On a busy machine the opening may still be under way.
        let open = loop {
            let found = self.slot(number).clone();
            if let Some(open) = found {
                break open;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let pull = self.plan.pulls[number].clone();
        match later {
            Later::Push(content) => self.push(number, pull, open, content, false).await,
            Later::ForcePush(content) => self.push(number, pull, open, content, true).await,
            Later::Rerun => self.rerun(&pull, &open).await,
            Later::Enqueue => {
                let request = open.pull_request.clone();
                let for_stage = pull.clone();
                let (sha, payload) = self.on_stage(move |stage| stage.enqueue(&for_stage, &request)).await?;
                let head = self.ledger.head(&stage::repository(pull.repository), &sha, open.content);
                self.sender.send("merge_group", &payload, head).await
            }
            Later::Redeliver => {
                let (head, payload) = &open.first;
                match self.ledger.first_id(*head) {
                    Some(id) => self.sender.send_again(&id, "pull_request", payload, *head).await,
                    None => Ok(()),
                }
            }
        }
    }

    async fn push(&self, number: usize, pull: Pull, open: Open, content: Content, force: bool) -> Result<()> {
        let (request, for_stage) = (open.pull_request.clone(), pull.clone());
        let moved =
            self.on_stage(move |stage| stage.push(number, &for_stage, &request, content, force, open.pushes + 1));
        let (pull_request, payload) = moved.await?;
        let head = self.ledger.head(&stage::repository(pull.repository), &pull_request.head_sha, content);
        self.ledger.supersede(open.head);
        let next = Open { pull_request, head, content, pushes: open.pushes + 1, first: open.first };
        *self.slot(number) = Some(next);
        self.sender.send("pull_request", &payload, head).await
    }

    async fn rerun(&self, pull: &Pull, open: &Open) -> Result<()> {
        let repository = stage::repository(pull.repository);
        let runs = self.stage.github.check_runs(&repository, &open.pull_request.head_sha);
        let Some(run) = runs.first() else { return Ok(()) };
        let payload = self.stage.github.check_run_event(&repository, run.id, "rerequested", None)?;
        self.sender.send("check_run", &payload, open.head).await
    }

    async fn kill(&self, kill: Kill, down: Duration) -> Result<()> {
        let met = match kill {
            Kill::Everything => self.fleet.kill_all(down).await,
            Kill::Process(number) => usize::from(self.fleet.kill(number, down).await),
            Kill::AfterAccept => {
                self.sender.arm();
                tokio::time::sleep(CHOSEN).await;
                // A delivery met it, and noted it.
                if !self.sender.disarm() {
                    return Ok(());
                }
                self.fleet.kill_all(down).await
            }
            Kill::AfterGithub => {
                let _turn = self.clock.lock().await;
                let before = self.writes();
                let hang = weather::silence(2);
                self.stage.github.fail_next(1, "/check-runs", FaultTiming::After, hang);
                let until = Instant::now() + CHOSEN;
                while self.writes() == before && Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                self.fleet.kill_all(down).await
            }
        };
        self.ledger.killed(kill, met);
        Ok(())
    }

    /// How often a check run was created or changed.
    fn writes(&self) -> u32 {
        let runs = (0..super::plan::REPOSITORIES).flat_map(|n| self.stage.github.all_check_runs(&stage::repository(n)));
        runs.map(|run| run.writes).sum()
    }

    async fn trouble(&self, trouble: Trouble) -> Result<()> {
        let database = self.database.clone();
        let done = match trouble {
            Trouble::RestartFast => spawn_blocking(move || database.restart(Shutdown::Fast)).await?,
            Trouble::RestartImmediate => spawn_blocking(move || database.restart(Shutdown::Immediate)).await?,
            Trouble::FailOver => spawn_blocking(move || database.fail_over(Duration::from_secs(1))).await?,
            Trouble::DiskFull { seconds } => {
                spawn_blocking(move || database.fill_disk(Duration::from_secs(seconds))).await?
            }
            Trouble::Github(trouble) => {
                weather::trouble_github(&self.stage.github, trouble);
                Ok(())
            }
            Trouble::Registry { trouble, requests } => {
                weather::trouble_registries(&self.stage.registries, trouble, requests);
                Ok(())
            }
            Trouble::Clock { offset, seconds } => {
                let _turn = self.clock.lock().await;
                self.fleet.set_clock(offset)?;
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                self.fleet.set_clock(0)
            }
        };
        done?;
        self.ledger.wound(format!("{trouble:?}"));
        Ok(())
    }

    async fn on_stage<T: Send + 'static>(&self, work: impl FnOnce(&Stage) -> Result<T> + Send + 'static) -> Result<T> {
        let stage = Arc::clone(&self.stage);
        spawn_blocking(move || work(&stage)).await?
    }

    fn slot(&self, number: usize) -> std::sync::MutexGuard<'_, Option<Open>> {
        self.open[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
