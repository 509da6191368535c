//! A small disk that can be filled: a tmpfs of its own, which only root can mount.

use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Enough for a cluster, its standby and the git cache of a run.
const SIZE: &str = "size=1536m";

/// A folder that PostgreSQL's account can reach; on a disk of its own where that is possible. Unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
    mounted: bool,
}

impl Disk {
    /// # Errors
    /// When the folder cannot be made. A disk that cannot be mounted is no error: see [`Self::can_be_filled`].
    pub fn make(mount: bool) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("lockgate-chaos-").tempdir_in("/var/tmp").context("make a folder")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let disk = folder.path().join("disk");
        fs::create_dir(&disk)?;
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(&disk);
        let mounted = mount && command.output().is_ok_and(|output| output.status.success());
        fs::set_permissions(&disk, fs::Permissions::from_mode(0o755))?;
        Ok(Self { folder, mounted })
    }

    pub fn can_be_filled(&self) -> bool {
        self.mounted
    }

    /// On the disk.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Beside the disk: never full.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all space that is left. Blocks; answers how much that was, in bytes.
    ///
    /// # Errors
    /// When there is no disk of our own, or when it does not become full.
    pub fn fill(&self) -> Result<u64> {
        if !self.mounted {
            bail!("fill the disk: no tmpfs could be mounted, and the machine's own disk is not ours to fill");
        }
        let mut ballast = File::options().create(true).append(true).open(self.ballast())?;
        let block = vec![0_u8; 1 << 20];
        let mut size = block.len();
        let mut written = 0;
        while size > 0 {
            match ballast.write(&block[..size]) {
                Ok(count) if count > 0 => written += count as u64,
                // What no longer fits whole may fit in part.
                _ => size /= 2,
            }
        }
        Ok(written)
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn drain(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("remove what fills the disk")
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg("-l").arg(self.path()).status();
        }
    }
}
