//! The server's binaries: who provides them, asked in the order of what they cost.

mod apt;
mod installed;
mod npm;

use crate::{
    account::Account,
    error::{ClusterError, Result},
};
use std::path::PathBuf;

/// Names the providers that may be used, comma separated, out of `url`, `installed`, `apt` and `npm`. Unset: all.
pub const PROVIDERS_VARIABLE: &str = "LOCKGATE_POSTGRES_PROVIDERS";

/// The oldest major version that the SQL is written for.
const OLDEST: u32 = 14;

/// Binaries of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Holds `initdb`, `pg_ctl` and `postgres`.
    pub(crate) bin: PathBuf,
    pub(crate) major: u32,
}

/// What a provider has to offer.
enum Offer {
    /// Newest first.
    Servers(Vec<Server>),
    /// Why there is nothing.
    Nothing(String),
}

type Provider = fn(&Account, &mut dyn FnMut(&str)) -> Offer;

/// The explicit list, in order.
const PROVIDERS: [(&str, Provider); 3] = [("installed", installed::find), ("apt", apt::install), ("npm", npm::fetch)];

pub(crate) fn allowed(provider: &str) -> bool {
    match std::env::var(PROVIDERS_VARIABLE) {
        Ok(list) if !list.trim().is_empty() => list.split(',').any(|name| name.trim() == provider),
        _ => true,
    }
}

/// The first server that fits. `existing`: the major version of the data, which another cannot read.
pub(crate) fn provide(existing: Option<u32>, account: &Account, log: &mut dyn FnMut(&str)) -> Result<Server> {
    let mut tried = Vec::new();
    for (name, provider) in PROVIDERS {
        if !allowed(name) {
            tried.push(format!("{name}: left out by {PROVIDERS_VARIABLE}"));
            continue;
        }
        match provider(account, log) {
            Offer::Nothing(why) => tried.push(format!("{name}: {why}")),
            Offer::Servers(servers) => {
                let majors: Vec<String> = servers.iter().map(|s| s.major.to_string()).collect();
                if let Some(server) = servers.into_iter().find(|s| fits(s.major, existing)) {
                    return Ok(server);
                }
                let wanted = existing.map_or_else(|| format!("{OLDEST} or newer"), |major| major.to_string());
                tried.push(format!("{name}: has version {}, {wanted} is needed", majors.join(", ")));
            }
        }
    }
    Err(ClusterError::NoServer { tried, command: "apt-get install postgresql" })
}

fn fits(major: u32, existing: Option<u32>) -> bool {
    existing.map_or(major >= OLDEST, |existing| major == existing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_only_opened_by_the_version_that_wrote_it() {
        assert!(fits(17, None) && !fits(13, None));
        assert!(fits(15, Some(15)) && !fits(17, Some(15)));
    }
}
