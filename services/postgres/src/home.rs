//! The folder of a cluster: where it can be, and what is in it.
//!
//! `lock`, `password` and `runtime-password` (mode 0600) are ours; `server/` is PostgreSQL's: `data/`, `log/`
//! and `start.log`. When root dropped to another account, root writes nothing below `server/`: an account
//! that was taken over could place links there that lead root astray.

use crate::{
    account::Account,
    error::{ClusterError, Doing, Result},
};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, Permissions},
    io::{Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Where root's clusters are when the wanted folder is closed to the account that runs the server.
const ROOTS_CLUSTERS: &str = "/var/lib/lockgate";

/// A cluster's folder.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
}

impl Home {
    /// The wanted folder, or, where root's account cannot get at it (below `/root`), one named after it.
    pub(crate) fn open(wanted: &Path, account: &Account, log: &mut dyn FnMut(&str)) -> Result<Self> {
        let wanted = std::path::absolute(wanted).doing(|| format!("find the folder {}", wanted.display()))?;
        let folder = match account.is_dropped() && !is_reachable(&wanted) {
            true => {
                let named = &hex::encode(Sha256::digest(wanted.as_os_str().as_encoded_bytes()))[..16];
                let folder = Path::new(ROOTS_CLUSTERS).join(named);
                log(&format!("PostgreSQL's account cannot reach {}; using {}", wanted.display(), folder.display()));
                folder
            }
            false => wanted,
        };
        let home = Self { folder };
        home.prepare(account)?;
        Ok(home)
    }

    fn prepare(&self, account: &Account) -> Result<()> {
        let refuse = |why: &str| {
            let why = why.to_owned();
            Err(ClusterError::Folder { folder: self.folder.clone(), why, remedy: "choose another data folder" })
        };
        // pg_ctl hands paths to a shell within double quotes.
        if self.folder.to_str().is_none_or(|path| path.contains(['"', '$', '`', '\\', '\n'])) {
            return refuse("its path holds a character that a shell would read");
        }
        match fs::symlink_metadata(&self.folder) {
            // Somebody else's folder could hold links that point anywhere, and root would follow them.
            Ok(found) if !found.is_dir() => return refuse("it is not a folder"),
            Ok(found) if found.uid() != account.own_uid() => return refuse("it belongs to another account"),
            // In this order: another process that begins here makes the lock before anything else.
            Ok(_) if !is_empty(&self.folder)? && !self.lock_path().exists() => return refuse("it holds other files"),
            Ok(_) => {}
            Err(_) => fs::create_dir_all(&self.folder).doing(|| format!("create {}", self.folder.display()))?,
        }
        // The server's account passes through, and sees nothing.
        let mode = if account.is_dropped() { 0o711 } else { 0o700 };
        fs::set_permissions(&self.folder, Permissions::from_mode(mode))
            .doing(|| format!("close {} to others", self.folder.display()))?;
        let _held = self.lock()?;
        let server = self.server();
        if !server.exists() {
            fs::create_dir(&server).doing(|| format!("create {}", server.display()))?;
            fs::set_permissions(&server, Permissions::from_mode(0o700))
                .doing(|| format!("close {} to others", server.display()))?;
            account.own(&server)?;
        }
        Ok(())
    }

    /// Waits until no other process starts or stops this cluster. Released when the file is dropped.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.lock_path();
        let doing = || format!("lock {}", path.display());
        let file = File::options().create(true).truncate(false).write(true).open(&path).doing(doing)?;
        file.lock().doing(doing)?;
        Ok(file)
    }

    fn lock_path(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The account's own folder.
    pub(crate) fn server(&self) -> PathBuf {
        self.folder.join("server")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.server().join("data")
    }

    pub(crate) fn start_log(&self) -> PathBuf {
        self.server().join("start.log")
    }

    /// The password in the file `name`, drawn at first use: 256 bits, hexadecimal.
    pub(crate) fn password(&self, name: &str) -> Result<String> {
        let path = self.folder.join(name);
        if let Ok(password) = fs::read_to_string(&path) {
            return Ok(password.trim().to_owned());
        }
        let password = random_hex()?;
        // Written aside first: a crash must not leave half a password.
        let aside = self.write_secret(&format!("{name}.new"), &password)?;
        fs::rename(&aside, &path).doing(|| format!("keep a password in {}", path.display()))?;
        Ok(password)
    }

    /// A new file that only its owner can read.
    pub(crate) fn write_secret(&self, name: &str, secret: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        let doing = || format!("keep a password in {}", path.display());
        let _ = fs::remove_file(&path);
        let mut file = File::options().create_new(true).write(true).mode(0o600).open(&path).doing(doing)?;
        file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).doing(doing)?;
        Ok(path)
    }
}

/// 32 bytes of the kernel's generator.
pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 32];
    let mut generator = File::open("/dev/urandom").doing(|| "draw random bytes".to_owned())?;
    generator.read_exact(&mut bytes).doing(|| "draw random bytes".to_owned())?;
    Ok(hex::encode(bytes))
}

/// Whether every existing folder on the way lets others pass.
fn is_reachable(path: &Path) -> bool {
    let above = path.ancestors().skip(1).filter_map(|folder| fs::metadata(folder).ok());
    above.into_iter().all(|found| found.mode() & 0o001 != 0)
}

fn is_empty(folder: &Path) -> Result<bool> {
    Ok(fs::read_dir(folder).doing(|| format!("read {}", folder.display()))?.next().is_none())
}

/// The user's cache folder for Lockgate; root's is where the server's account can reach it.
pub(crate) fn cache(account: &Account) -> PathBuf {
    if account.is_dropped() {
        return PathBuf::from("/var/cache/lockgate");
    }
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    given.or_else(home).unwrap_or_else(std::env::temp_dir).join("lockgate")
}
