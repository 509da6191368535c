//! Copies of a running cluster: a whole one byte by byte, or one database as a dump.
//!
//! Both see one instant of the database and disturb nobody who works on it. See `deploy/BACKUP.md`.

use crate::{
    account::Account,
    cluster::{Cluster, ClusterConfig, OWNER},
    error::{Doing, Result},
    home::Home,
    process,
};
use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
};

const REMEDY: &str = "see what the program said; its version must be the server's";

impl Cluster {
    /// Copies the whole cluster with `pg_basebackup` into the folder of `config`, and starts the copy. It has the
    /// passwords of this one and goes its own way.
    ///
    /// # Errors
    /// When the folder cannot be used, the copy fails, or the copy does not start.
    pub fn copy(&self, config: &mut ClusterConfig<'_>) -> Result<Self> {
        self.base_backup(config, &[])
    }

    /// `extra`: further arguments of `pg_basebackup`.
    pub(crate) fn base_backup(&self, config: &mut ClusterConfig<'_>, extra: &[&str]) -> Result<Self> {
        let account = Account::choose()?;
        let home = Home::open(&config.data_dir, &account, config.log)?;
        let _lock = home.lock()?;
        home.write_secret("password", &self.password)?;
        home.write_secret("runtime-password", &self.runtime_password)?;
        let mut copy = Self { home, account, port: 0, ..self.clone() };
        let mut command = self.connecting("pg_basebackup", &copy);
        command.arg("-D").arg(copy.home.data()).args(["-X", "stream", "-c", "fast"]).args(extra);
        process::run(&mut command, "copy the cluster", REMEDY)?;
        copy.port = copy.start(config.durability)?;
        Ok(copy)
    }

    /// Writes one database to `into` with `pg_dump`, in its custom format.
    ///
    /// # Errors
    /// When the file cannot be written or the dump fails.
    pub fn dump(&self, database: &str, into: &Path) -> Result<()> {
        let file = File::create(into).doing(|| format!("create {}", into.display()))?;
        let mut command = self.connecting("pg_dump", self);
        command.args(["-Fc", "-d", database]).stdout(file);
        process::run(&mut command, &format!("dump the database {database}"), REMEDY).map(drop)
    }

    /// Fills the empty `database` from a dump with `pg_restore`. The roles that the dump grants to must exist.
    ///
    /// # Errors
    /// When the file cannot be read or a statement of it fails; nothing of it stays then.
    pub fn restore(&self, database: &str, from: &Path) -> Result<()> {
        let file = File::open(from).doing(|| format!("open {}", from.display()))?;
        let mut command = self.connecting("pg_restore", self);
        command.args(["-d", database, "--single-transaction", "--exit-on-error"]).stdin(Stdio::from(file));
        process::run(&mut command, &format!("restore the database {database}"), REMEDY).map(drop)
    }

    /// A client program of this cluster as its owner, run in the folder of `place`.
    fn connecting(&self, name: &str, place: &Self) -> Command {
        let mut command = place.program(name);
        let port = self.port.to_string();
        command.env("PGPASSWORD", &self.password).args(["-h", "127.0.0.1", "-p", &port, "-U", OWNER, "-w"]);
        command
    }
}
