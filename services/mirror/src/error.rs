//! Attempts that failed. That an object is damaged is none: it is [`crate::Damage`].

use std::error::Error;

/// Why the object store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("open the mirror: {0}")]
    Unusable(String),
    #[error("{doing}: {}; see whether the mirror's store answers with `lockgate doctor`", innermost(source))]
    Store { doing: String, source: object_store::Error },
    #[error("{doing}: it is {size} bytes, and the limit is {limit}")]
    TooLarge { doing: String, size: u64, limit: u64 },
    /// What was written was read back, and is something else.
    #[error("{doing}: what was read back is not what was written; look at the store's disk and its log")]
    NotKept { doing: String },
}

impl MirrorError {
    pub(crate) fn store(doing: impl Into<String>) -> impl FnOnce(object_store::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Store { doing, source }
    }
}

/// The outer ones repeat addresses and the numbers of attempts.
fn innermost(error: &object_store::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
