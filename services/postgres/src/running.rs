//! What a data folder says of its server.

use std::{fs, path::Path};

/// The major version that initialised a data folder; `None` when there is none yet.
pub(crate) fn major(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// `postmaster.pid`: the process is line 1, the port line 4, the state line 8 (PostgreSQL's `pidfile.h`).
fn pid_file(data: &Path) -> Vec<String> {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

pub(crate) fn ready_port(data: &Path) -> Option<u16> {
    let lines = pid_file(data);
    lines.get(7).filter(|state| *state == "ready")?;
    lines.get(3)?.parse().ok()
}

/// Whether the server's process has ended and only waits to be reaped (proc(5): the state follows the last `)`).
pub(crate) fn is_zombie(data: &Path) -> bool {
    let pid = pid_file(data).first().and_then(|line| line.parse::<u32>().ok());
    let stat = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stat.and_then(|stat| stat.rsplit_once(')').map(|(_, state)| state.trim_start().starts_with('Z'))).unwrap_or(false)
}
