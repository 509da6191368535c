//! Git, read-only: commits fetched by id, and what differs between two of them.
//!
//! The repositories belong to strangers. Nothing of theirs is executed and nothing is checked out: no hooks, no
//! filters, no attributes, no credential helpers, no configuration of the machine, no transport but http(s). Trees are
//! walked in bounds and only the blobs that the caller wants are read.
//!
//! Everything here blocks; an async caller uses a blocking thread.

mod address;
mod cache;
mod error;
mod fetch;
mod folder;
mod object;
mod repository;
mod server;
mod session;
mod tree;
mod watch;

pub use cache::{Cache, CacheKey, CacheRequest};
pub use error::SourceError;
pub use fetch::{FetchRequest, History};
pub use object::{MAX_OBJECT_BYTES, Object, ObjectKind};
pub use repository::Repository;
pub use tree::{ChangedFile, ChangedSubmodule, Changes, Files, MAX_BLOB_BYTES, Skipped, SkippedKind};

/// A text that no log line, error or `Debug` output shows.
pub use secrecy::SecretString as Secret;
