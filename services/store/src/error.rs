//! What can go wrong with the database, said with its subject and its remedy.

use std::fmt;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A failure of the store. No variant holds an address, which may carry a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{doing}: {source}{}", Remedy(source))]
    Database { doing: String, source: sqlx::Error },
    #[error("migrate the database: {0}; if the database is newer than this program, install the newer program")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this program never writes.
    #[error("read {subject}: {why}; the row was changed by hand or by a newer program")]
    Unreadable { subject: String, why: String },
    /// Two writers met; nothing was written.
    #[error("{doing}: {why}; try again")]
    Conflict { doing: String, why: String },
    #[error("{doing}: {why}")]
    Refused { doing: String, why: String },
}

impl StoreError {
    pub(crate) fn unreadable(subject: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Unreadable { subject: subject.into(), why: why.to_string() }
    }

    /// The five-character SQLSTATE, where the server answered with one (PostgreSQL manual, appendix A).
    pub fn sql_state(&self) -> Option<String> {
        match self {
            Self::Database { source, .. } => source.as_database_error()?.code().map(Into::into),
            _ => None,
        }
    }
}

/// Names what was being done, with its subject, when a statement fails.
pub(crate) trait Doing<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, sqlx::Error> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| StoreError::Database { doing: doing(), source })
    }
}

impl From<sqlx::Error> for StoreError {
    /// For `transaction.commit()`, which callers do themselves.
    fn from(source: sqlx::Error) -> Self {
        Self::Database { doing: "use the database".to_owned(), source }
    }
}

/// What the reader can do about a database error.
struct Remedy<'a>(&'a sqlx::Error);

impl fmt::Display for Remedy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.as_database_error().and_then(|e| e.code());
        let remedy = match (state.as_deref(), self.0) {
            (Some("42501"), _) => {
                "the login lacks the privilege: give the owner's address where a command changes the schema"
            }
            (Some("42P01" | "42703"), _) => {
                "the schema is older than this program: start it once with the owner's address"
            }
            (Some("28P01" | "28000" | "3D000"), _) => {
                "correct the login or the database name in the configured address"
            }
            (
                _,
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Configuration(_),
            ) => "check the database's address and that the server runs with `lockgate doctor`",
            _ => return Ok(()),
        };
        write!(f, "; {remedy}")
    }
}
