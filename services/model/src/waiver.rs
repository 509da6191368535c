//! A waiver in force: an exception that a reviewer granted, as policy sees it.

use crate::Reason;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One release, one reason, until a time. There is no waiver of missing evidence, and none without an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    pub id: Uuid,
    /// Of the release, with its version.
    pub purl: String,
    /// [`Reason::code`].
    pub code: String,
    pub expires_at: DateTime<Utc>,
}

impl Waiver {
    /// Whether it covers `reason` at `now`.
    pub fn covers(&self, reason: &Reason, now: DateTime<Utc>) -> bool {
        !reason.purl.is_empty() && self.purl == reason.purl && self.code == reason.code && self.expires_at > now
    }
}
