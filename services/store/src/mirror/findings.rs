//! What was found to be wrong with the mirror, and what became of it. Append-only.

use crate::{Result, error::Doing};
use sqlx::PgExecutor;

/// What became of an object that was found damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Moved aside where there was anything to move, and put back from a good source.
    Restored,
    /// Moved aside: no source has its bytes, or none should.
    Quarantined,
    /// There was nothing to move, and no source has its bytes.
    Lost,
}

impl Became {
    pub fn name(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Quarantined => "quarantined",
            Self::Lost => "lost",
        }
    }
}

/// One object that was not as it should be.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    /// In which pass; `None` where it was met while serving.
    pub pass: Option<i64>,
    /// Where the object lay.
    pub path: &'a str,
    /// `altered`, `truncated`, `overlong`, `missing` or `extra`.
    pub damage: &'a str,
    pub became: Became,
    /// How it was restored, or why it was not.
    pub detail: &'a str,
}

/// # Errors
/// When the database fails.
pub async fn note_finding(executor: impl PgExecutor<'_>, finding: &Finding<'_>) -> Result<()> {
    sqlx::query!(
        "insert into mirror_findings (pass, path, damage, became, detail) values ($1, $2, $3, $4, $5)",
        finding.pass,
        finding.path,
        finding.damage,
        finding.became.name(),
        finding.detail,
    )
    .execute(executor)
    .await
    .doing(|| format!("note what was found at {}", finding.path))?;
    Ok(())
}
