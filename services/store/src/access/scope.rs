//! The second wall. The first is the permission that a route asks for; behind it, whoever asks over HTTP reads as
//! [`READER_ROLE`], to which PostgreSQL shows the rows of the named installations alone.

use crate::{READER_ROLE, Result, Store, Transaction, error::Doing};
use std::collections::BTreeSet;

/// Whose rows a transaction sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Rows without an installation too.
    EveryInstallation,
    /// Empty: nothing.
    Installations(BTreeSet<i64>),
}

impl Scope {
    pub fn nothing() -> Self {
        Self::Installations(BTreeSet::new())
    }

    /// What either of the two sees.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Installations(mut some), Self::Installations(more)) => {
                some.extend(more);
                Self::Installations(some)
            }
            _ => Self::EveryInstallation,
        }
    }

    pub fn covers(&self, installation: i64) -> bool {
        match self {
            Self::EveryInstallation => true,
            Self::Installations(ids) => ids.contains(&installation),
        }
    }

    /// The value of `lockgate.installations`: `all`, or a `bigint[]`.
    fn setting(&self) -> String {
        match self {
            Self::EveryInstallation => "all".to_owned(),
            Self::Installations(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("{{{}}}", ids.join(","))
            }
        }
    }
}

impl Store {
    /// A transaction that sees what `scope` covers, and can change nothing.
    ///
    /// # Errors
    /// When the database fails, or the login is not a member of [`READER_ROLE`].
    pub async fn reading(&self, scope: &Scope) -> Result<Transaction<'static>> {
        self.scoped("begin read only", scope).await
    }

    /// A transaction that sees what `scope` covers, and may change what the reader's role is granted: answers to
    /// requests for waivers. Commit it.
    ///
    /// # Errors
    /// As [`Store::reading`].
    pub async fn answering(&self, scope: &Scope) -> Result<Transaction<'static>> {
        self.scoped("begin", scope).await
    }

    async fn scoped(&self, begin: &'static str, scope: &Scope) -> Result<Transaction<'static>> {
        let doing = || "begin a transaction for a reader".to_owned();
        let mut transaction = self.pool().begin_with(begin).await.doing(doing)?;
        // Both settings end with the transaction: the connection goes back to the pool as it came.
        sqlx::query!(
            r#"select set_config('lockgate.installations', $2, true) as "installations",
                      set_config('role', $1, true) as "role""#,
            READER_ROLE,
            scope.setting()
        )
        .fetch_one(&mut *transaction)
        .await
        .doing(doing)?;
        Ok(transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_add_up() {
        let some = |ids: &[i64]| Scope::Installations(ids.iter().copied().collect());
        assert_eq!(some(&[1]).and(some(&[2, 1])), some(&[1, 2]));
        assert_eq!(some(&[1]).and(Scope::EveryInstallation), Scope::EveryInstallation);
        assert_eq!(some(&[2, 1]).setting(), "{1,2}");
        assert_eq!(Scope::nothing().setting(), "{}");
    }
}
