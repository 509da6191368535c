//! The account that runs the server: PostgreSQL refuses to run as root, because a hole in it would then be
//! a hole in the whole machine.

use crate::error::{Doing, Result};
use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

/// Accounts that are dropped to, the better one first.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Whose rights the server gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// This process is not root; the server runs as it does.
    Own { uid: u32 },
    /// This process is root; the server runs as this account.
    Dropped { name: String, uid: u32, gid: u32 },
}

impl Account {
    pub(crate) fn choose() -> Result<Self> {
        let uid = fs::metadata("/proc/self").doing(|| "find out who runs this program".to_owned())?.uid();
        if uid != 0 {
            return Ok(Self::Own { uid });
        }
        let passwd = fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd".to_owned())?;
        let named = ACCOUNTS.iter().find_map(|name| find(&passwd, name));
        // The kernel's overflow id, which is nobody's on every Linux.
        Ok(named.unwrap_or(Self::Dropped { name: "nobody".to_owned(), uid: 65534, gid: 65534 }))
    }

    /// Of this process, which owns the cluster's folder.
    pub(crate) fn own_uid(&self) -> u32 {
        match self {
            Self::Own { uid } => *uid,
            Self::Dropped { .. } => 0,
        }
    }

    pub(crate) fn is_dropped(&self) -> bool {
        matches!(self, Self::Dropped { .. })
    }

    /// Lets `command` run under the account. The standard library also drops the supplementary groups.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Self::Dropped { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
    }

    /// Gives a file or folder to the account.
    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        if let Self::Dropped { uid, gid, name } = self {
            std::os::unix::fs::lchown(path, Some(*uid), Some(*gid))
                .doing(|| format!("give {} to {name}", path.display()))?;
        }
        Ok(())
    }
}

/// One line of `/etc/passwd`: `name:x:uid:gid:...` (passwd(5)).
fn find(passwd: &str, wanted: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| *name == wanted)?;
        let (_, uid, gid) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (uid != 0).then(|| Account::Dropped { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_with_roots_number_is_not_unprivileged() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(find(passwd, "postgres"), None);
        assert_eq!(find(passwd, "nobody"), Some(Account::Dropped { name: "nobody".into(), uid: 65534, gid: 65533 }));
        assert_eq!(find("nobody:x", "nobody"), None);
    }
}
