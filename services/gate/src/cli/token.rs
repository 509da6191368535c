//! `lockgate token create`, `list` and `revoke`: who may ask the server without being a person.

use super::{finding_code, minute};
use crate::{
    config::Config,
    server,
    web::auth::{MachineToken, Role},
};
use anyhow::{Context, Result, bail};
use chrono::{TimeDelta, Utc};
use lockgate_store::access::{
    Scope,
    tokens::{self, NewToken, Revoked, Token},
};
use std::{path::Path, process::ExitCode, str::FromStr};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a token and print it: it is shown this once.
    Create {
        /// What uses it; unique among live tokens.
        #[arg(long)]
        name: String,
        #[arg(long, value_enum)]
        role: Role,
        /// GitHub's id of an installation that it may see; repeatable. Without: all of them.
        #[arg(long = "installation", value_name = "ID")]
        installations: Vec<i64>,
        /// When it ends: days or hours from now, such as 90d or 12h; at most 366d.
        #[arg(long)]
        expires: Lifetime,
    },
    /// Every token: state, name, role, installations, times. Never the secret.
    List,
    /// End a token at once, and the sessions that were opened with it. Exit: 1 when there is none of this name.
    Revoke { name: String },
}

/// `90d` or `12h`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime(TimeDelta);

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no lifetime; write days or hours such as 90d or 12h");
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let number: u16 = number.parse().map_err(|_| wrong())?;
        let span = match unit {
            "d" => TimeDelta::days(number.into()),
            "h" => TimeDelta::hours(number.into()),
            _ => return Err(wrong()),
        };
        if span <= TimeDelta::zero() || span > TimeDelta::days(366) {
            return Err(format!("{text:?} is out of bounds; a token lives for 1h to 366d"));
        }
        Ok(Self(span))
    }
}

pub(super) async fn run(config: &Path, command: Command) -> Result<ExitCode> {
    let config = Config::load(config)?;
    let database = server::database(&config).await?;
    let pool = database.store.pool();
    match command {
        Command::Create { name, role, installations, expires } => {
            if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
                bail!("name the token with 1 to 100 printable characters");
            }
            let scope = match installations.is_empty() {
                true => Scope::EveryInstallation,
                false => Scope::Installations(installations.into_iter().collect()),
            };
            let token = MachineToken::random()?;
            let expires_at = Utc::now() + expires.0;
            let new = NewToken { name: &name, role: role.name(), scope: &scope, hash: &token.hash(), expires_at };
            tokens::create(pool, &new).await?;
            // The secret alone on standard output, so that it can be sent into a file.
            eprintln!(
                "token {name:?}: {}, {}, until {}; shown this once",
                role.name(),
                words(&scope),
                minute(expires_at)
            );
            super::print(&format!("{}\n", token.expose()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::List => {
            let all = tokens::list(pool).await.context("list the tokens")?;
            super::print(&all.iter().map(line).collect::<String>())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Revoke { name } => {
            let revoked = tokens::revoke(pool, &name).await?;
            match revoked {
                Revoked::Now => eprintln!("token {name:?} is revoked"),
                Revoked::NotFound => eprintln!("no live token is called {name:?}; see `lockgate token list`"),
            }
            Ok(finding_code(revoked == Revoked::Now))
        }
    }
}

fn line(token: &Token) -> String {
    let state = match token.revoked_at {
        Some(_) => "revoked",
        None if token.expires_at <= Utc::now() => "expired",
        None => "live",
    };
    let used = token.last_used_at.map_or("never".to_owned(), minute);
    format!(
        "{state:<8} {}  {}, {}, made {}, until {}, last used {used}\n",
        token.name,
        token.role,
        words(&token.scope),
        minute(token.created_at),
        minute(token.expires_at),
    )
}

fn words(scope: &Scope) -> String {
    match scope {
        Scope::EveryInstallation => "every installation".to_owned(),
        Scope::Installations(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("installations {}", ids.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_an_end() {
        assert_eq!("90d".parse::<Lifetime>().unwrap().0, TimeDelta::days(90));
        assert_eq!("12h".parse::<Lifetime>().unwrap().0, TimeDelta::hours(12));
        for wrong in ["", "d", "90", "0d", "367d", "-1d", "1w", "9é", "99999d"] {
            assert!(wrong.parse::<Lifetime>().is_err(), "{wrong}");
        }
    }
}
