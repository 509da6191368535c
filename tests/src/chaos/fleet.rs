//! The server's processes: the real binary, killed with `kill -9` and started again as an orchestrator would.

use super::{
    database::Database,
    settings::{Settings, Version},
};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use url::Url;

/// How long a process that ended by itself stays down.
const BACKOFF: Duration = Duration::from_millis(300);
/// Longest time until a first start has migrated and answers.
const READY: Duration = Duration::from_secs(90);
/// Time that a process is given to end in peace.
const PEACE: Duration = Duration::from_secs(45);

/// The library of Debian's package libfaketime that fakes the clock of a program with threads.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// The server's binary, and which configuration it reads.
#[derive(Debug, Clone)]
pub struct Program {
    pub path: PathBuf,
    pub version: Version,
}

impl Program {
    pub fn present(path: &Path) -> Self {
        Self { path: path.to_owned(), version: Version::Present }
    }

    pub fn previous(path: &Path) -> Self {
        Self { path: path.to_owned(), version: Version::Previous }
    }
}

/// What every process is started with.
#[derive(Debug)]
struct Setup {
    program: Mutex<Program>,
    settings: Arc<Settings>,
    address: Url,
    folder: PathBuf,
    database: Database,
    clock: Option<PathBuf>,
    ended_alone: AtomicUsize,
}

/// The processes of one server.
#[derive(Debug)]
pub struct Fleet {
    setup: Arc<Setup>,
    members: Vec<Member>,
    address: Url,
}

#[derive(Debug)]
struct Member {
    orders: mpsc::UnboundedSender<Order>,
    /// 0 while it is down.
    pid: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Order {
    /// `kill -9`, and down for so long. Answers whether a process was met.
    Kill(Duration, oneshot::Sender<bool>),
    Stop,
}

impl Fleet {
    /// Starts the intake and `workers` workers, or one process that is both where `workers` is 0, and waits until the
    /// intake is ready. Logs and configurations lie in `folder`.
    ///
    /// # Errors
    /// When the program cannot be started or does not become ready.
    pub async fn start(
        program: Program,
        folder: &Path,
        database: &Database,
        settings: &Arc<Settings>,
        workers: usize,
        fake_clock: bool,
    ) -> Result<Self> {
        let clock = fake_clock.then(|| folder.join("clock"));
        if let Some(clock) = &clock {
            std::fs::write(clock, "+0\n")?;
        }
        let port = free_port()?;
        let address: Url = format!("http://127.0.0.1:{port}/").parse()?;
        let setup = Arc::new(Setup {
            program: Mutex::new(program),
            settings: Arc::clone(settings),
            address: address.clone(),
            folder: folder.to_owned(),
            database: database.clone(),
            clock,
            ended_alone: AtomicUsize::new(0),
        });
        let mut fleet = Self { setup, members: Vec::new(), address };
        fleet.add(if workers == 0 { "all" } else { "intake" }, port);
        fleet.ready().await?;
        for _ in 0..workers {
            fleet.add("worker", free_port()?);
        }
        Ok(fleet)
    }

    fn add(&mut self, role: &'static str, port: u16) {
        let name = format!("{role}-{}", self.members.len());
        let (orders, receive) = mpsc::unbounded_channel();
        let pid = Arc::new(AtomicU32::new(0));
        let process = Process { setup: Arc::clone(&self.setup), name, role, port };
        let task = tokio::spawn(keep(process, receive, Arc::clone(&pid)));
        self.members.push(Member { orders, pid, task });
    }

    /// Waits until the intake answers that it can work.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn ready(&self) -> Result<()> {
        let until = Instant::now() + READY;
        let probe = self.address.join("readyz")?;
        while !reqwest::get(probe.clone()).await.is_ok_and(|answer| answer.status().is_success()) {
            if Instant::now() > until {
                bail!("the server is not ready after {READY:?}; see the logs in {}", self.setup.folder.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Where deliveries go.
    ///
    /// # Errors
    /// Never in practice: a constant path joins.
    pub fn webhook(&self) -> Result<Url> {
        Ok(self.address.join("webhooks/github")?)
    }

    pub fn address(&self) -> &Url {
        &self.address
    }

    /// How many processes there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// `kill -9` of one process. Answers whether it ran.
    pub async fn kill(&self, number: usize, down: Duration) -> bool {
        let Some(member) = self.members.get(number % self.members.len().max(1)) else { return false };
        let (answer, met) = oneshot::channel();
        member.orders.send(Order::Kill(down, answer)).is_ok() && met.await.unwrap_or(false)
    }

    /// `kill -9` of every process at once. Answers how many ran.
    pub async fn kill_all(&self, down: Duration) -> usize {
        let kills = (0..self.members.len()).map(|number| self.kill(number, down));
        futures::future::join_all(kills).await.into_iter().filter(|met| *met).count()
    }

    /// The program that the next starts run.
    pub fn replace_program(&self, program: Program) {
        *self.setup.program.lock().unwrap_or_else(PoisonError::into_inner) = program;
    }

    /// Sets the clock of all processes off by so many seconds.
    ///
    /// # Errors
    /// When the fleet was started without a fake clock.
    pub fn set_clock(&self, offset: i64) -> Result<()> {
        let clock = self.setup.clock.as_ref().context("set the clock: the fleet runs without libfaketime")?;
        // Replaced whole: a process that reads half a line would see another time.
        let aside = clock.with_extension("new");
        std::fs::write(&aside, format!("{offset:+}\n"))?;
        Ok(std::fs::rename(aside, clock)?)
    }

    /// How often a process ended though nobody had killed it, as one does that finds no database at its start.
    pub fn ended_alone(&self) -> usize {
        self.setup.ended_alone.load(Ordering::Relaxed)
    }

    /// Reads the resident memory of the intake in KiB (proc(5), `VmRSS`), while it runs.
    pub fn memory_reader(&self) -> impl Fn() -> Option<u64> + Send + 'static {
        let pid = self.members.first().map(|member| Arc::clone(&member.pid));
        move || {
            let pid = pid.as_ref()?.load(Ordering::Relaxed);
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().trim_end_matches("kB").trim().parse().ok()
        }
    }

    /// Asks every process to end and waits for it.
    pub async fn stop(self) {
        for member in &self.members {
            let _ = member.orders.send(Order::Stop);
        }
        for member in self.members {
            let _ = member.task.await;
        }
    }
}

/// Whether the server's clock can be faked here.
pub fn clock_can_be_faked() -> bool {
    Path::new(FAKETIME).exists()
}

/// Runs `lockgate` with `arguments` on this database, and answers its output.
///
/// # Errors
/// When it cannot be started or fails.
pub async fn command(program: &Path, config: &Path, database: &Database, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LOCKGATE_CONFIG", config)
        .env("LOCKGATE_DATABASE_URL", database.runtime_url())
        .env("LOCKGATE_DATABASE_OWNER_URL", database.owner_url())
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("start {}", program.display()))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("lockgate {}: {} {}", arguments.join(" "), stdout.trim(), stderr.trim());
    }
    Ok(stdout.into_owned())
}

/// Keeps one process running until it is told to stop.
async fn keep(process: Process, mut orders: mpsc::UnboundedReceiver<Order>, pid: Arc<AtomicU32>) {
    loop {
        let down = match process.spawn() {
            Ok(mut child) => {
                pid.store(child.id().unwrap_or_default(), Ordering::Relaxed);
                let down = attend(&process.setup, &mut child, &mut orders).await;
                pid.store(0, Ordering::Relaxed);
                down
            }
            Err(error) => {
                tracing::error!(process.name, error = format!("{error:#}"), "start the server");
                Some(BACKOFF)
            }
        };
        let Some(down) = down else { return };
        let up = tokio::time::sleep(down);
        tokio::pin!(up);
        loop {
            tokio::select! {
                () = &mut up => break,
                order = orders.recv() => match order {
                    Some(Order::Kill(_, met)) => drop(met.send(false)),
                    Some(Order::Stop) | None => return,
                }
            }
        }
    }
}

/// Waits for the end of a process; how long it is to stay down, `None` for good.
async fn attend(setup: &Setup, child: &mut Child, orders: &mut mpsc::UnboundedReceiver<Order>) -> Option<Duration> {
    tokio::select! {
        _ = child.wait() => {
            setup.ended_alone.fetch_add(1, Ordering::Relaxed);
            Some(BACKOFF)
        }
        order = orders.recv() => match order {
            Some(Order::Kill(down, met)) => {
                // SIGKILL.
                let hit = child.start_kill().is_ok();
                let _ = child.wait().await;
                let _ = met.send(hit);
                Some(down)
            }
            Some(Order::Stop) | None => {
                if let Some(id) = child.id() {
                    let _ = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
                }
                if tokio::time::timeout(PEACE, child.wait()).await.is_err() {
                    let _ = child.kill().await;
                }
                None
            }
        }
    }
}

/// One process, whichever program it runs by now.
#[derive(Debug)]
struct Process {
    setup: Arc<Setup>,
    name: String,
    role: &'static str,
    port: u16,
}

impl Process {
    fn spawn(&self) -> Result<Child> {
        let setup = &self.setup;
        let program = setup.program.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let config = setup.folder.join(format!("{}.toml", self.name));
        std::fs::write(&config, setup.settings.text(&self.name, self.port, &setup.address, program.version))?;
        let log = setup.folder.join(format!("{}.log", self.name));
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(&program.path);
        command
            .args(["serve", "--role", self.role])
            .env("LOCKGATE_CONFIG", &config)
            .env("LOCKGATE_DATABASE_URL", setup.database.runtime_url())
            .env("LOCKGATE_DATABASE_OWNER_URL", setup.database.owner_url())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(clock) = &setup.clock {
            command
                .env("LD_PRELOAD", FAKETIME)
                .env("FAKETIME_TIMESTAMP_FILE", clock)
                .env("FAKETIME_CACHE_DURATION", "1")
                // Time that passed is measured rightly; only the time of day is wrong, as on a machine without NTP.
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("DONT_FAKE_MONOTONIC", "1");
        }
        command.spawn().with_context(|| format!("start {}", program.path.display()))
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
