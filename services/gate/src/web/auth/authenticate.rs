//! The authenticator: the only place that makes a [`Principal`].

use super::{Grant, MachineToken, Permission, Role, cookies::Cookie, secret::Opaque};
use crate::config::{AuthConfig, ServerConfig};
use anyhow::{Context as _, Result};
use http::{HeaderMap, header};
use lockgate_store::{
    PgPool,
    access::{
        Scope,
        sessions::{self, Holder},
        tokens,
    },
};
use std::fmt;

/// Somebody who has proved who they are. Made in this module alone.
#[derive(Debug, Clone)]
pub struct Principal {
    name: String,
    /// The provider's lasting id of a person. Names change, and a provider may let people choose them.
    subject: Option<String>,
    kind: Kind,
    grants: Vec<Grant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    Token,
}

impl Principal {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In which installations the permission is held; `None`: in none.
    pub fn scope(&self, permission: Permission) -> Option<Scope> {
        let holding = self.grants.iter().filter(|grant| grant.role.permissions().contains(&permission));
        holding.map(|grant| grant.scope.clone()).reduce(Scope::and)
    }

    /// The names of the roles, as the pages show them.
    pub(in crate::web) fn roles(&self) -> String {
        let mut names: Vec<&str> = self.grants.iter().map(|grant| grant.role.name()).collect();
        names.dedup();
        names.join(", ")
    }
}

/// As kept beside what they did: `token:<name>`, or `person:<name>` with the subject where that is another.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Person => "person",
            Kind::Token => "token",
        };
        write!(f, "{kind}:{}", self.name)?;
        match &self.subject {
            Some(subject) if *subject != self.name => write!(f, " ({subject})"),
            _ => Ok(()),
        }
    }
}

/// How a request was found to come from its principal.
#[derive(Debug)]
pub(super) enum Proof {
    /// A header that no browser sends by itself.
    Bearer,
    /// A cookie, which browsers send with whatever another site makes them send.
    Cookie(Opaque),
}

/// What a request's credentials came to.
#[derive(Debug)]
pub(super) enum Answer {
    Known(Principal, Proof),
    /// There are none, or a session has ended.
    Nobody,
    /// A bearer token that is not, or is no longer, one of ours.
    Refused,
}

/// Reads a request's credentials. A bearer token that is refused is not made up for by a cookie.
///
/// # Errors
/// When the database fails.
pub(super) async fn authenticate(
    pool: &PgPool,
    auth: &AuthConfig,
    server: &ServerConfig,
    headers: &HeaderMap,
) -> Result<Answer> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let Some(token) = value.to_str().ok().and_then(bearer) else { return Ok(Answer::Refused) };
        let Some(found) = tokens::find(pool, &token.hash()).await? else { return Ok(Answer::Refused) };
        let principal = of_token(found.name, &found.role, found.scope)?;
        return Ok(Answer::Known(principal, Proof::Bearer));
    }
    let Some(session) = Cookie::Session.read(server, headers).and_then(Opaque::parse) else {
        return Ok(Answer::Nobody);
    };
    let principal = match sessions::find(pool, &session.hash(), auth.session_idle()).await? {
        None => return Ok(Answer::Nobody),
        Some(Holder::Token { name, role, scope }) => of_token(name, &role, scope)?,
        Some(Holder::Person { subject, name, groups }) => {
            Principal { name, subject: Some(subject), kind: Kind::Person, grants: auth.grants_of(&groups) }
        }
    };
    Ok(Answer::Known(principal, Proof::Cookie(session)))
}

/// RFC 6750, section 2.1.
fn bearer(value: &str) -> Option<MachineToken> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| MachineToken::parse(token)).flatten()
}

fn of_token(name: String, role: &str, scope: Scope) -> Result<Principal> {
    let role = Role::from_name(role)
        .with_context(|| format!("use the token {name:?}: its role {role:?} is unknown to this version"))?;
    Ok(Principal { name, subject: None, kind: Kind::Token, grants: vec![Grant { role, scope }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(grants: &[(Role, &[i64])]) -> Principal {
        let grants = grants
            .iter()
            .map(|(role, ids)| Grant { role: *role, scope: Scope::Installations(ids.iter().copied().collect()) });
        let subject = Some("248289761001".to_owned());
        Principal { name: "somebody".to_owned(), subject, kind: Kind::Person, grants: grants.collect() }
    }

    #[test]
    fn a_permission_reaches_as_far_as_the_grants_that_hold_it() {
        let both = holding(&[(Role::Viewer, &[1, 2]), (Role::Reviewer, &[3])]);
        let some = |ids: &[i64]| Some(Scope::Installations(ids.iter().copied().collect()));
        assert_eq!(both.scope(Permission::ReadDecisions), some(&[1, 2, 3]));
        assert_eq!(both.scope(Permission::AnswerWaivers), some(&[3]));
        assert_eq!(both.scope(Permission::ReadMetrics), None);
        assert_eq!(holding(&[]).scope(Permission::ReadDecisions), None);
        assert_eq!(both.to_string(), "person:somebody (248289761001)");
    }

    #[test]
    fn only_a_bearer_token_of_our_shape_is_looked_up() {
        let text = MachineToken::random().unwrap().expose();
        assert!(bearer(&format!("Bearer {text}")).is_some() && bearer(&format!("bearer {text}")).is_some());
        for wrong in [text.clone(), format!("Basic {text}"), "Bearer".to_owned(), "Bearer x".to_owned()] {
            assert!(bearer(&wrong).is_none(), "{wrong}");
        }
    }
}
