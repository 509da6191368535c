//! From what is stored to the report that every audience reads: check run, page, API, audit export.

use crate::jobs::Context;
use anyhow::{Context as _, Result};
use lockgate_model::{AssessedRelease, Assessment, DecisionRecord, Evidence, Waiver};
use lockgate_policy::Context as PolicyContext;
use lockgate_report::{Meta, Report};
use lockgate_store::{PgConnection, decisions, evidence};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A decision with the question it answered.
#[derive(Debug, Clone)]
pub struct Decided {
    pub record: DecisionRecord,
    pub assessment: Assessment,
    /// What the configuration of its day added to the question.
    pub facts: PolicyContext,
}

impl Decided {
    /// The waivers in force that concern a release of the change.
    pub fn waivers(&self) -> Vec<Waiver> {
        let moved: HashSet<String> = self.assessment.change.releases().map(|r| r.release().purl()).collect();
        let concerned = |waiver: &&Waiver| waiver.expires_at > self.assessment.asked_at && moved.contains(&waiver.purl);
        self.facts.waivers.iter().filter(concerned).cloned().collect()
    }
}

/// # Errors
/// When the database cannot be read.
pub async fn decided(context: &Context, decision: Uuid) -> Result<Option<Decided>> {
    let mut connection = context.store.pool().acquire().await?;
    decided_in(&mut connection, decision).await
}

/// As [`decided`], seen with the eyes of `connection`: a reader's transaction shows its own installations' decisions.
///
/// # Errors
/// When the database cannot be read.
pub async fn decided_in(connection: &mut PgConnection, decision: Uuid) -> Result<Option<Decided>> {
    let Some(record) = decisions::get(&mut *connection, decision).await? else { return Ok(None) };
    let asked = decisions::assessment(&mut *connection, decision)
        .await?
        .with_context(|| format!("load decision {decision}: its question is missing"))?;
    let bodies: HashMap<_, Evidence> =
        evidence::by_ids(&mut *connection, &record.evidence).await?.into_iter().map(|e| (e.id(), e)).collect();
    let releases = asked
        .links
        .into_iter()
        .map(|(key, ids)| AssessedRelease {
            key,
            evidence: ids.iter().filter_map(|id| bodies.get(id).cloned()).collect(),
        })
        .collect();
    let assessment = Assessment { change: asked.change, releases, asked_at: asked.asked_at };
    let facts = PolicyContext { registry_hosts: asked.registry_hosts, waivers: asked.waivers };
    Ok(Some(Decided { record, assessment, facts }))
}

/// # Errors
/// When the evaluation has no decision yet, or it cannot be loaded.
pub async fn of_evaluation(context: &Context, evaluation: Uuid) -> Result<Decided> {
    let record = decisions::of_evaluation(context.store.pool(), evaluation)
        .await?
        .with_context(|| format!("load the decision of evaluation {evaluation}: there is none yet"))?;
    decided(context, record.id).await?.with_context(|| format!("load decision {}", record.id))
}

/// The report of a loaded decision.
pub fn report(context: &Context, decided: &Decided) -> Report {
    let record = &decided.record;
    let meta = Meta {
        id: Some(record.id),
        policy_digest: record.policy_digest.clone(),
        decided_at: record.decided_at,
        page_url: Some(context.page(record.id)),
    };
    Report::new(&decided.assessment, &record.decision, &meta)
}
