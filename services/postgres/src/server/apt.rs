//! Debian's package, where apt-get is there and may be used without asking anybody.

use super::{Offer, installed};
use crate::{account::Account, process};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Debian's package would create and start a cluster of its own; this one time it must not.
const SCRIPT: &str = "set -e
folder=/etc/postgresql-common/createcluster.d
mkdir -p $folder
trap 'rm -f $folder/zz-lockgate.conf' EXIT
echo 'create_main_cluster = false' > $folder/zz-lockgate.conf
install() { apt-get -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends postgresql; }
install || { apt-get -o DPkg::Lock::Timeout=120 update && install; }";

pub(super) fn install(account: &Account, log: &mut dyn FnMut(&str)) -> Offer {
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Offer::Nothing("there is no apt-get".to_owned());
    }
    let mut command = match (account.is_dropped(), may_sudo()) {
        (true, _) => Command::new("sh"),
        (false, true) => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
        (false, false) => return Offer::Nothing("apt-get needs root, and sudo asks for a password".to_owned()),
    };
    log("installing Debian's package postgresql with apt-get; this takes about a minute");
    command.args(["-c", SCRIPT]).env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C").stdin(Stdio::null());
    match process::output(&mut command) {
        Err(error) => Offer::Nothing(error.to_string()),
        Ok(output) if !output.status.success() => Offer::Nothing(format!("apt-get failed: {}", process::said(&output))),
        Ok(_) => installed::find(account, log),
    }
}

fn may_sudo() -> bool {
    let asked = Command::new("sudo").args(["-n", "true"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
