//! A cluster's life on this machine: initialised, started, found running, killed, stopped.
//!
//! As root the server drops to an unprivileged account, so the folder must be one that others can pass.

use lockgate_postgres::{Cluster, ClusterConfig, ClusterError, Durability};
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
