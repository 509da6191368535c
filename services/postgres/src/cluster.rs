//! The cluster: initialised once, started when it does not run, found again when it does.

use crate::{
    account::Account,
    client::{Client, Row},
    error::{ClusterError, Doing, Result},
    home::{self, Home},
    process, running,
    server::{self, Server},
    settings::{self, Durability, Shutdown},
};
use std::{
    fmt, fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The cluster's superuser and the owner of its databases.
pub(crate) const OWNER: &str = "lockgate";
/// Starts that are tried before giving up: another program may take the port in between.
const STARTS: u32 = 4;
/// Longest time to wait for a server that another process is starting.
const READY: Duration = Duration::from_secs(60);

/// Where the cluster is to be, and who is told of progress.
pub struct ClusterConfig<'a> {
    pub(crate) data_dir: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) log: &'a mut dyn FnMut(&str),
}

impl<'a> ClusterConfig<'a> {
    /// `data_dir`: the cluster's own folder; created when missing. `log` is given one line a slow step.
    pub fn new(data_dir: impl Into<PathBuf>, log: &'a mut dyn FnMut(&str)) -> Self {
        Self { data_dir: data_dir.into(), durability: Durability::Durable, log }
    }

    /// Takes effect when the cluster is started, not while it runs.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

impl fmt::Debug for ClusterConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterConfig").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// A running cluster. Dropping it leaves the server running: other processes may use it, and the next start
/// costs nothing.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) home: Home,
    pub(crate) server: Server,
    pub(crate) account: Account,
    pub(crate) port: u16,
    pub(crate) password: String,
    pub(crate) runtime_password: String,
}

impl fmt::Debug for Cluster {
    /// Without the passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Cluster");
        shown.field("folder", &self.home.folder).field("server", &self.server).field("port", &self.port);
        shown.finish_non_exhaustive()
    }
}

impl Cluster {
    /// Provides server binaries, initialises the cluster at the first call, and starts it if it does not run.
    /// Takes about 2 s at first, 0.3 s to start, some milliseconds when it runs. Processes may call it at once.
    ///
    /// # Errors
    /// When no server is at hand, the folder cannot be used, or the server does not start.
    pub fn ensure(config: &mut ClusterConfig<'_>) -> Result<Self> {
        let account = Account::choose()?;
        let home = Home::open(&config.data_dir, &account, config.log)?;
        let _lock = home.lock()?;
        let server = server::provide(running::major(&home.data()), &account, config.log)?;
        let mut cluster = Self {
            password: home.password("password")?,
            runtime_password: home.password("runtime-password")?,
            port: 0,
            home,
            server,
            account,
        };
        if running::major(&cluster.home.data()).is_none() {
            (config.log)(&format!("initialising a PostgreSQL {} cluster", cluster.server.major));
            cluster.initialise(config.durability)?;
        }
        cluster.port = match cluster.running()? {
            Some(port) => port,
            None => cluster.start(config.durability)?,
        };
        Ok(cluster)
    }

    /// The cluster that all test processes of this user share: fast, and left running.
    ///
    /// # Errors
    /// See [`Self::ensure`].
    pub fn shared_for_tests() -> Result<Self> {
        let folder = home::cache(&Account::choose()?).join("test-postgres");
        let mut log = |line: &str| eprintln!("{line}");
        Self::ensure(&mut ClusterConfig::new(folder, &mut log).durability(Durability::Fast))
    }

    /// The owner's address of a database, password included.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{OWNER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Where databases and roles are created.
    pub fn admin_url(&self) -> String {
        self.url("postgres")
    }

    /// For the role that is not the owner; kept with the cluster, so that it survives a restart.
    pub fn runtime_password(&self) -> String {
        self.runtime_password.clone()
    }

    /// The folder that is really used; see [`ClusterConfig::new`].
    pub fn folder(&self) -> &Path {
        &self.home.folder
    }

    /// Runs SQL statements as the owner, results dropped: for set-up by programs without a database client.
    ///
    /// # Errors
    /// When the server refuses a statement; those before it in `sql` are then undone too.
    pub fn execute(&self, database: &str, sql: &str) -> Result<()> {
        Client::connect(self.port, OWNER, &self.password, database)?.execute(sql)
    }

    /// Runs one SQL statement as the owner and answers its rows: for programs without a database client.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn query(&self, database: &str, sql: &str) -> Result<Vec<Row>> {
        Client::connect(self.port, OWNER, &self.password, database)?.query(sql)
    }

    /// Where the server listens on loopback; another one after each start.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server, ending its connections. What was committed stays.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub fn stop(self) -> Result<()> {
        self.shut_down(Shutdown::Fast)
    }

    /// Stops the server in the way given.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub fn shut_down(&self, how: Shutdown) -> Result<()> {
        let _lock = self.home.lock()?;
        let mut command = self.control("stop");
        command.args(["-m", how.mode(), "-w"]);
        process::run(&mut command, "stop PostgreSQL", "end its process").map(drop)
    }

    /// Starts the server again after it was shut down or died; one that runs is left alone.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self, durability: Durability) -> Result<()> {
        let _lock = self.home.lock()?;
        self.port = match self.running()? {
            Some(port) => port,
            None => self.start(durability)?,
        };
        Ok(())
    }

    fn initialise(&self, durability: Durability) -> Result<()> {
        let aside = self.home.server().join("data.new");
        let _ = fs::remove_dir_all(&aside);
        let secret = self.home.write_secret("initial-password", &self.password)?;
        self.account.own(&secret)?;
        let mut command = self.program("initdb");
        command.arg("-D").arg(&aside).args(["-U", OWNER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]);
        command.arg("--pwfile").arg(&secret);
        command.arg(if durability == Durability::Durable { "--data-checksums" } else { "--no-sync" });
        let doing = format!("initialise a PostgreSQL cluster in {}", self.home.folder.display());
        let done = process::run(&mut command, &doing, "choose another data folder, or install another PostgreSQL");
        let _ = fs::remove_file(&secret);
        done?;
        // Only a whole cluster gets the name by which the next start finds it.
        fs::rename(&aside, self.home.data()).doing(|| doing.clone())
    }

    /// The port of the running server, once it answers.
    fn running(&self) -> Result<Option<u16>> {
        let deadline = Instant::now() + READY;
        loop {
            if running::is_zombie(&self.home.data()) {
                // Where nobody reaps (a container without init) a killed server stays listed, and no other starts.
                let _ = fs::remove_file(self.home.data().join("postmaster.pid"));
            }
            if !process::output(&mut self.control("status"))?.status.success() {
                return Ok(None);
            }
            let port = running::ready_port(&self.home.data());
            if port.is_some_and(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()) {
                return Ok(port);
            }
            if Instant::now() > deadline {
                return Err(ClusterError::Server(format!("it is not ready after {} s", READY.as_secs())));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn start(&self, durability: Durability) -> Result<u16> {
        let mut left = STARTS;
        loop {
            left -= 1;
            let port = free_port()?;
            let mut command = self.control("start");
            command.args(["-w", "-t", "60", "-s", "-l"]).arg(self.home.start_log());
            command.arg("-o").arg(settings::options(port, durability));
            let doing = format!("start PostgreSQL in {}", self.home.folder.display());
            let remedy = format!("see {}", self.home.start_log().display());
            match process::run(&mut command, &doing, &remedy) {
                Ok(_) => return Ok(port),
                // The port was taken meanwhile, or the last children of a killed server still hold its memory.
                Err(_) if left > 0 => thread::sleep(Duration::from_millis(300)),
                Err(error) => return Err(self.with_log(error)),
            }
        }
    }

    /// Adds what the server itself wrote: `pg_ctl` only says that it did not start.
    fn with_log(&self, error: ClusterError) -> ClusterError {
        let log = fs::read_to_string(self.home.start_log()).unwrap_or_default();
        match error {
            ClusterError::Program { doing, program, output, remedy } => {
                ClusterError::Program { doing, program, output: process::tail(&format!("{output} {log}")), remedy }
            }
            other => other,
        }
    }

    pub(crate) fn control(&self, what: &str) -> std::process::Command {
        let mut command = self.program("pg_ctl");
        command.arg(what).arg("-D").arg(self.home.data());
        command
    }

    pub(crate) fn program(&self, name: &str) -> std::process::Command {
        process::server_program(&self.server.bin.join(name), &self.account, &self.home.server())
    }
}

fn free_port() -> Result<u16> {
    let doing = || "find a free port on loopback".to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing(doing)?;
    Ok(listener.local_addr().doing(doing)?.port())
}
