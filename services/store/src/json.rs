//! JSON to and from `json` columns.

use crate::{Result, StoreError};
use serde::{Serialize, de::DeserializeOwned};

/// The text that is bound to `$n::text::json`.
pub(crate) fn to_text(subject: impl FnOnce() -> String, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| StoreError::unreadable(subject(), e))
}

pub(crate) fn from_text<T: DeserializeOwned>(subject: impl FnOnce() -> String, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| StoreError::unreadable(subject(), e))
}
