//! What the firewall answered about files of releases. Append-only; the newest row of a file counts.

use crate::{Result, StoreError, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::{Decision, Digest, EvidenceId};
use sqlx::PgExecutor;
use uuid::Uuid;

/// An answer, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub id: Uuid,
    pub purl: String,
    pub file: String,
    /// Of the bytes; `None` where none could be read.
    pub sha256: Option<Digest>,
    pub decision: Decision,
    pub policy_digest: Digest,
    /// Digest of the advisories about the package; `None` when no feed was imported.
    pub advisories: Option<Digest>,
    pub evidence: Vec<EvidenceId>,
    /// As people read it.
    pub report: String,
    pub judged_at: DateTime<Utc>,
}

/// Keeps an answer. Its policy must be remembered.
///
/// # Errors
/// When the database fails.
pub async fn insert(executor: impl PgExecutor<'_>, judgement: &Judgement) -> Result<()> {
    let doing = || format!("keep what was answered about {} {}", judgement.purl, judgement.file);
    sqlx::query!(
        "insert into firewall_judgements (id, purl, file, sha256, outcome, policy_digest, advisories, evidence, decision,
                                          report, judged_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::json, $10, $11)",
        judgement.id,
        judgement.purl,
        judgement.file,
        judgement.sha256.as_ref().map(ToString::to_string),
        judgement.decision.outcome().name(),
        judgement.policy_digest.to_string(),
        judgement.advisories.as_ref().map(ToString::to_string).unwrap_or_default(),
        &judgement.evidence.iter().map(ToString::to_string).collect::<Vec<_>>(),
        json::to_text(doing, &judgement.decision)?,
        judgement.report,
        judgement.judged_at,
    )
    .execute(executor)
    .await
    .doing(doing)?;
    Ok(())
}

/// The newest answer about a file of a package, whatever its release: so that it is found while nobody can be asked which
/// release has this file. `package`: a package URL up to the `@` before the version.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn latest(executor: impl PgExecutor<'_>, package: &str, file: &str) -> Result<Option<Judgement>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, purl, file, sha256, policy_digest, advisories, evidence, decision::text as "decision!", report,
                  judged_at
           from firewall_judgements where file = $2 and starts_with(purl, $1) order by judged_at desc, id desc limit 1"#,
        package,
        file
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("find what was answered about {package} {file}"))?;
    row.map(Row::read).transpose()
}

/// The answer of this id.
///
/// # Errors
/// When the database fails or the row cannot be read.
pub async fn get(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Judgement>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, purl, file, sha256, policy_digest, advisories, evidence, decision::text as "decision!", report,
                  judged_at
           from firewall_judgements where id = $1"#,
        id
    )
    .fetch_optional(executor)
    .await
    .doing(|| format!("load the firewall's answer {id}"))?;
    row.map(Row::read).transpose()
}

/// The answers about bytes of these digests, newest first.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn about(executor: impl PgExecutor<'_>, sha256: &[String]) -> Result<Vec<Judgement>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, purl, file, sha256, policy_digest, advisories, evidence, decision::text as "decision!", report,
                  judged_at
           from firewall_judgements where sha256 = any($1) order by judged_at desc, id desc"#,
        sha256
    )
    .fetch_all(executor)
    .await
    .doing(|| "find the firewall's answers about an artifact".to_owned())?;
    rows.into_iter().map(Row::read).collect()
}

struct Row {
    id: Uuid,
    purl: String,
    file: String,
    sha256: Option<String>,
    policy_digest: String,
    advisories: String,
    evidence: Vec<String>,
    decision: String,
    report: String,
    judged_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<Judgement> {
        let subject = || format!("the firewall's answer {}", self.id);
        let digest = |text: &str| text.parse::<Digest>().map_err(|e| StoreError::unreadable(subject(), e));
        let evidence = self.evidence.iter().map(|id| digest(id).map(EvidenceId)).collect::<Result<_>>()?;
        Ok(Judgement {
            sha256: self.sha256.as_deref().map(digest).transpose()?,
            policy_digest: digest(&self.policy_digest)?,
            advisories: Some(self.advisories.as_str()).filter(|text| !text.is_empty()).map(digest).transpose()?,
            decision: json::from_text(subject, &self.decision)?,
            evidence,
            id: self.id,
            purl: self.purl,
            file: self.file,
            report: self.report,
            judged_at: self.judged_at,
        })
    }
}
