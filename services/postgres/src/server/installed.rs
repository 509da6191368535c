//! An installed server. Debian keeps its binaries below the version's folder, off the path.

use super::{Offer, Server};
use crate::account::Account;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders whose subfolders hold one version each: Debian's, and that of PostgreSQL's own RPMs.
const BY_VERSION: [&str; 2] = ["/usr/lib/postgresql", "/usr"];

pub(super) fn find(_: &Account, _: &mut dyn FnMut(&str)) -> Offer {
    let mut servers: Vec<Server> = candidates().iter().filter_map(|bin| server(bin)).collect();
    servers.sort_by(|a, b| b.major.cmp(&a.major).then_with(|| a.bin.cmp(&b.bin)));
    servers.dedup();
    if servers.is_empty() {
        return Offer::Nothing("no initdb, pg_ctl and postgres on the path or below /usr/lib/postgresql".to_owned());
    }
    Offer::Servers(servers)
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(real);
    let by_version = BY_VERSION.iter().flat_map(|folder| {
        let versions = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let ours = versions.filter(|path| folder.ends_with("postgresql") || is_rpm(path));
        ours.map(|path| path.join("bin"))
    });
    on_path.chain(by_version).collect()
}

/// Links on the path lead to the folder that holds the whole server, its libraries beside it.
fn real(folder: PathBuf) -> PathBuf {
    let program = fs::canonicalize(folder.join("initdb")).ok();
    program.and_then(|p| p.parent().map(Path::to_owned)).unwrap_or(folder)
}

fn is_rpm(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgsql-"))
}

/// The server in a folder, if it is whole.
pub(super) fn server(bin: &Path) -> Option<Server> {
    let whole = ["initdb", "pg_ctl", "postgres"].iter().all(|program| bin.join(program).is_file());
    if !whole {
        return None;
    }
    let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let major = major(&String::from_utf8_lossy(&output.stdout))?;
    Some(Server { bin: bin.to_owned(), major })
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`, `postgres (PostgreSQL) 18beta1`.
fn major(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_write_them() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres"), None);
    }
}
