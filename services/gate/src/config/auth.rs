//! `[auth]`: how people sign in, and what their groups are worth.

use crate::web::auth::{Grant, Role};
use anyhow::{Context, Result, bail};
use lockgate_store::access::Scope;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};
use url::{Host, Url};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// A session that is not used for so long has ended.
    pub session_idle_minutes: u32,
    /// A session ends after so long, used or not.
    pub session_hours: u32,
    /// The OpenID provider where people sign in; absent: the sign-in page takes a machine token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcConfig>,
    /// What the provider's groups are worth here. Looked up at each request: a change holds after a restart, for open
    /// sessions too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantConfig>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { session_idle_minutes: 60, session_hours: 12, oidc: None, grants: Vec::new() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// As the provider writes it into its tokens, to the letter: compared as text (OpenID Connect Core, section 3.1.3.7).
    pub issuer: String,
    pub client_id: String,
    /// Read at each sign-in, so that it can be rotated.
    pub client_secret_file: PathBuf,
    /// The claim of the ID token that names a person's groups: a text or a list of texts.
    #[serde(default = "groups")]
    pub groups_claim: String,
    /// The claim that names the person on pages and beside answers; the subject where it is missing.
    #[serde(default = "preferred_username")]
    pub name_claim: String,
    /// Hosts beside the issuer's own on which the provider has its token endpoint and its keys: `host` or `host:port`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoint_hosts: Vec<String>,
    /// Asked for beside `openid`.
    #[serde(default = "profile")]
    pub scopes: Vec<String>,
}

fn groups() -> String {
    "groups".to_owned()
}

fn preferred_username() -> String {
    "preferred_username".to_owned()
}

fn profile() -> Vec<String> {
    vec!["profile".to_owned()]
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantConfig {
    /// As the groups claim names it.
    pub group: String,
    pub role: Role,
    /// GitHub's ids of installations; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installations: Option<Vec<i64>>,
}

impl AuthConfig {
    pub(crate) fn session_idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_idle_minutes) * 60)
    }

    pub(crate) fn session_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_hours) * 3600)
    }

    /// What these groups are worth together.
    pub(crate) fn grants_of(&self, groups: &[String]) -> Vec<Grant> {
        let of_group = self.grants.iter().filter(|grant| groups.contains(&grant.group));
        let scope = |ids: &Option<Vec<i64>>| match ids {
            None => Scope::EveryInstallation,
            Some(ids) => Scope::Installations(ids.iter().copied().collect()),
        };
        of_group.map(|grant| Grant { role: grant.role, scope: scope(&grant.installations) }).collect()
    }

    pub(super) fn validate(&self, public_url: &Url) -> Result<()> {
        if self.session_idle_minutes == 0 || self.session_hours == 0 {
            bail!("auth.session_idle_minutes and auth.session_hours must be at least 1");
        }
        if !is_private(public_url) {
            bail!(
                "server.public_url is plain http on a network: whoever listens could take over sessions; give the https \
                 address of the proxy in front"
            );
        }
        let Some(oidc) = &self.oidc else { return Ok(()) };
        let issuer: Url = oidc.issuer.parse().context("auth.oidc.issuer is not an address")?;
        if !is_private(&issuer) {
            bail!("auth.oidc.issuer is plain http on a network: whoever listens could sign in as anybody");
        }
        if self.grants.is_empty() {
            bail!("auth.oidc is there without [[auth.grants]]: whoever signs in would see nothing");
        }
        Ok(())
    }
}

/// https, or http that does not leave the machine.
pub(crate) fn is_private(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AuthConfig {
        toml::from_str(text).unwrap()
    }

    const OIDC: &str = "[oidc]\nissuer = 'https://id.example.test'\nclient_id = 'gate'\nclient_secret_file = 's'\n";

    #[test]
    fn groups_are_worth_what_the_grants_say() {
        let grants = "[[grants]]\ngroup = 'security'\nrole = 'reviewer'\ninstallations = [7]\n[[grants]]\ngroup = 'all'\nrole = 'viewer'\n";
        let auth = read(&format!("{OIDC}{grants}"));
        let of = |names: &[&str]| auth.grants_of(&names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["security"]), [Grant { role: Role::Reviewer, scope: Scope::Installations([7].into()) }]);
        assert_eq!(of(&["security", "all"]).len(), 2);
        assert!(of(&["Security", ""]).is_empty());
    }

    #[test]
    fn what_would_lay_sessions_open_is_refused() {
        let check = |text: &str, url: &str| read(text).validate(&url.parse().unwrap()).map_err(|e| e.to_string());
        assert_eq!(check("", "https://gate.example.test/"), Ok(()));
        assert_eq!(check("", "http://127.0.0.1:8080/"), Ok(()));
        assert!(check("", "http://gate.example.test/").unwrap_err().contains("server.public_url"));
        assert!(check(OIDC, "https://gate.example.test/").unwrap_err().contains("auth.grants"));
        let plain = OIDC.replace("https://id", "http://id");
        assert!(check(&plain, "https://gate.example.test/").unwrap_err().contains("auth.oidc.issuer"));
        assert!(check("session_hours = 0", "https://gate.example.test/").unwrap_err().contains("session_hours"));
    }
}
