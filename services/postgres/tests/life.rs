//! A cluster's life on this machine: initialised, started, found running, killed, stopped.
//!
//! As root the server drops to an unprivileged account, so the folder must be one that others can pass.

use lockgate_postgres::{Cluster, ClusterConfig, ClusterError, Durability, Shutdown};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("lockgate-").tempdir_in("/var/tmp").expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("its own folder");
    folder
}

fn ensure(path: &Path) -> Result<Cluster, ClusterError> {
    let mut log = |line: &str| eprintln!("{line}");
    Cluster::ensure(&mut ClusterConfig::new(path, &mut log).durability(Durability::Fast))
}

fn postmaster(cluster: &Cluster) -> String {
    let text = fs::read_to_string(cluster.folder().join("server/data/postmaster.pid")).expect("a running server");
    text.lines().next().expect("a process id").to_owned()
}

#[test]
fn a_cluster_is_initialised_started_found_and_stopped() {
    let folder = folder();
    let path = folder.path().join("cluster");
    let first = ensure(&path).unwrap();
    first.execute("postgres", "create table kept (n int); insert into kept values (7)").unwrap();

    let running = postmaster(&first);
    let again = ensure(&path).unwrap();
    assert_eq!((again.admin_url(), postmaster(&again)), (first.admin_url(), running), "the same server is found");

    again.stop().unwrap();
    let restarted = ensure(&path).unwrap();
    restarted
        .execute("postgres", "do $$ begin if (select n from kept) <> 7 then raise 'lost'; end if; end $$")
        .unwrap();
    assert_eq!(restarted.runtime_password(), first.runtime_password());
    restarted.stop().unwrap();
}

#[test]
fn a_killed_server_is_started_again() {
    let folder = folder();
    let path = folder.path().join("cluster");
    let cluster = ensure(&path).unwrap();
    cluster.execute("postgres", "create table kept (n int)").unwrap();
    assert!(Command::new("kill").args(["-9", &postmaster(&cluster)]).status().unwrap().success());
    let again = ensure(&path).unwrap();
    again.execute("postgres", "insert into kept values (1)").unwrap();
    again.stop().unwrap();
}

#[test]
fn two_processes_start_one_server() {
    let folder = folder();
    let path = folder.path().join("cluster");
    let pids: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| postmaster(&ensure(&path).unwrap()))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    ensure(&path).unwrap().stop().unwrap();
}

#[test]
fn secrets_are_the_servers_alone_and_not_shown() {
    let folder = folder();
    let cluster = ensure(&folder.path().join("cluster")).unwrap();
    for name in ["password", "runtime-password"] {
        let found = fs::metadata(cluster.folder().join(name)).unwrap();
        assert_eq!(found.mode() & 0o777, 0o600, "{name}");
        assert!(!cluster.folder().join("initial-password").exists());
    }
    let own = fs::metadata("/proc/self").unwrap().uid();
    let server = fs::metadata(cluster.folder().join("server")).unwrap();
    assert_eq!(server.mode() & 0o777, 0o700);
    assert_eq!(server.uid() == own, own != 0, "root's server runs under another account");
    assert!(!format!("{cluster:?}").contains(&cluster.runtime_password()));
    assert!(!cluster.admin_url().contains(&cluster.runtime_password()));
    let error = cluster.execute("postgres", "selec 1").unwrap_err().to_string();
    assert!(error.contains("syntax error"), "{error}");
    cluster.stop().unwrap();
}

#[test]
fn a_folder_with_other_files_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("thesis.txt"), "x").unwrap();
    let error = ensure(folder.path()).unwrap_err().to_string();
    assert!(error.contains("holds other files") && error.contains("choose another"), "{error}");
}

fn ask(cluster: &Cluster, sql: &str) -> Vec<Vec<Option<String>>> {
    cluster.query("postgres", sql).expect("the cluster answers")
}

fn one(cluster: &Cluster, sql: &str) -> String {
    ask(cluster, sql)[0][0].clone().expect("a value")
}

#[test]
fn rows_are_answered_as_text() {
    let folder = folder();
    let cluster = ensure(&folder.path().join("cluster")).unwrap();
    let rows = ask(&cluster, "select 1, null, 'zwei', '' union all select 2, 'x', '', null order by 1");
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(rows, [[text("1"), None, text("zwei"), text("")], [text("2"), text("x"), text(""), None]]);
    cluster.stop().unwrap();
}

#[test]
fn an_immediate_stop_loses_nothing_that_was_committed() {
    let folder = folder();
    let mut cluster = ensure(&folder.path().join("cluster")).unwrap();
    cluster.execute("postgres", "create table kept (n int); insert into kept values (7)").unwrap();
    cluster.shut_down(Shutdown::Immediate).unwrap();
    assert!(cluster.query("postgres", "select 1").is_err());
    cluster.start_again(Durability::Fast).unwrap();
    assert_eq!(one(&cluster, "select n from kept"), "7");
    cluster.stop().unwrap();
}

#[test]
fn a_standby_takes_over_with_every_commit() {
    let folder = folder();
    let mut log = |line: &str| eprintln!("{line}");
    let primary = ensure(&folder.path().join("one")).unwrap();
    primary.execute("postgres", "create table kept (n int); insert into kept values (1)").unwrap();
    let mut config = ClusterConfig::new(folder.path().join("two"), &mut log).durability(Durability::Fast);
    let standby = primary.standby(&mut config).unwrap();
    assert!(standby.execute("postgres", "insert into kept values (0)").is_err(), "a standby takes no writes");
    primary.execute("postgres", "insert into kept values (2)").unwrap();
    primary.shut_down(Shutdown::Immediate).unwrap();
    standby.promote().unwrap();
    standby.execute("postgres", "insert into kept values (3)").unwrap();
    assert_eq!(one(&standby, "select count(*) from kept"), "3");
    standby.stop().unwrap();
}

#[test]
fn a_dump_fills_another_database() {
    let folder = folder();
    let cluster = ensure(&folder.path().join("cluster")).unwrap();
    cluster.execute("postgres", "create table kept (n int); insert into kept values (7)").unwrap();
    cluster.execute("postgres", "create database again").unwrap();
    let dump = folder.path().join("dump");
    cluster.dump("postgres", &dump).unwrap();
    cluster.restore("again", &dump).unwrap();
    assert_eq!(cluster.query("again", "select n from kept").unwrap()[0][0].as_deref(), Some("7"));
    assert!(cluster.restore("again", &dump).is_err(), "a database that is not empty is left as it is");
    cluster.stop().unwrap();
}
