//! Fourth job: policy judges, the decision is appended to the chain.

use super::{
    Context, Task,
    ended::{Ended, Holding},
    opening,
};
use anyhow::{Context as _, Result};
use chrono::Utc;
use lockgate_model::{
    AssessedRelease, Assessment, Change, Decision, DecisionRecord, Evidence, Outcome, Reason, ReleaseKey, Waiver,
};
use lockgate_policy::{Context as PolicyContext, Policy};
use lockgate_store::{decisions, evaluations, evidence, jobs, policies, waivers};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) async fn run(
    context: &Arc<Context>,
    evaluation: evaluations::Evaluation,
    holding: &Holding,
) -> Result<Ended> {
    let assessment = assessment(context, &evaluation).await?;
    let policy = context.policy.current();
    let facts = facts(context, &evaluation).await?;
    let decided = {
        let (policy, assessment, facts) = (Arc::clone(&policy), assessment.clone(), facts.clone());
        tokio::task::spawn_blocking(move || policy.decide(&assessment, &facts)).await?
    };
    // The same question fails in the same way again: better an incomplete check now than in half an hour.
    let decision = decided.unwrap_or_else(|error| {
        tracing::error!(repository = %evaluation.repository, %error, "the policy could not decide");
        Decision::Incomplete { reasons: vec![failure("decide", &error.to_string())] }
    });
    let mut transaction = context.store.begin().await?;
    // Locked, so that it is either superseded before it is decided, or decided before it is superseded.
    let current = evaluations::lock(&mut *transaction, evaluation.id).await?;
    if current.is_none_or(|e| e.is_superseded() || e.is_decided()) {
        return holding.commit(transaction).await;
    }
    policies::remember(&mut *transaction, policy.digest(), policy.files()).await?;
    let outcome = decision.outcome();
    let record = append(&mut transaction, &evaluation, assessment, decision, Judge { policy: &policy, facts }).await?;
    if outcome == Outcome::Allow && context.mirror.is_some() {
        jobs::enqueue(&mut *transaction, &Task::KeepArtifacts { decision: record.id }.job()).await?;
    }
    opening::show_evaluation(&mut transaction, &evaluation).await?;
    let ended = holding.commit(transaction).await?;
    metrics::counter!("lockgate_decisions_total", "outcome" => outcome.name()).increment(1);
    Ok(ended)
}

/// What the operator's side adds to the question: configured registries, and the waivers that hold now.
async fn facts(context: &Context, evaluation: &evaluations::Evaluation) -> Result<PolicyContext> {
    let granted = match evaluation.repository_id {
        Some(id) => waivers::granted_for(context.store.pool(), id, Utc::now()).await?,
        None => Vec::new(),
    };
    let waivers =
        granted.into_iter().map(|w| Waiver { id: w.id, purl: w.purl, code: w.code, expires_at: w.expires_at });
    Ok(PolicyContext { registry_hosts: context.config.registry_hosts(), waivers: waivers.collect() })
}

/// Puts the question together again from what the earlier jobs committed.
async fn assessment(context: &Context, evaluation: &evaluations::Evaluation) -> Result<Assessment> {
    let change = evaluation.change.clone().context("decide: the change was not recorded")?;
    let mut by_release: BTreeMap<ReleaseKey, Vec<Evidence>> = BTreeMap::new();
    for (key, item) in evidence::of_evaluation(context.store.pool(), evaluation.id).await? {
        by_release.entry(key).or_default().push(item);
    }
    let releases = change
        .releases()
        .filter(|r| r.comes_in())
        .map(|r| AssessedRelease { key: r.key(), evidence: by_release.remove(&r.key()).unwrap_or_default() })
        .collect();
    let asked_at = evaluation.asked_at.context("decide: the time of the question was not recorded")?;
    Ok(Assessment { change, releases, asked_at })
}

/// By what a decision was made.
struct Judge<'a> {
    policy: &'a Policy,
    facts: PolicyContext,
}

async fn append(
    transaction: &mut lockgate_store::Transaction<'_>,
    evaluation: &evaluations::Evaluation,
    assessment: Assessment,
    decision: Decision,
    judge: Judge<'_>,
) -> Result<DecisionRecord> {
    let new = decisions::NewDecision {
        evaluation_id: evaluation.id,
        repository: evaluation.repository.clone(),
        base: assessment.change.base.clone(),
        head: evaluation.head_sha.clone(),
        pull_request: evaluation.pull_request,
        decision,
        policy_digest: judge.policy.digest().clone(),
        evidence: assessment.evidence_ids(),
        actor: evaluation.actor.clone(),
        decided_at: Utc::now(),
        change: assessment.change,
        asked_at: assessment.asked_at,
        registry_hosts: judge.facts.registry_hosts,
        waivers: judge.facts.waivers,
    };
    let record = decisions::append(transaction, &new).await?;
    evaluations::set_state(&mut **transaction, evaluation.id, evaluations::State::Publishing).await?;
    Ok(record)
}

/// Ends an evaluation whose job was given up: incomplete, with the reason, in the same chain as every other decision.
pub(crate) async fn append_failure(
    context: &Context,
    transaction: &mut lockgate_store::Transaction<'_>,
    evaluation: &evaluations::Evaluation,
    job: &str,
    why: &str,
) -> Result<()> {
    let change = evaluation.change.clone().unwrap_or_else(|| Change {
        repository: evaluation.repository.clone(),
        base: evaluation.base_sha.clone(),
        head: evaluation.head_sha.clone(),
        lockfiles: Vec::new(),
        pins: Vec::new(),
        unread: Vec::new(),
    });
    let policy = context.policy.current();
    policies::remember(&mut **transaction, policy.digest(), policy.files()).await?;
    let assessment = Assessment { change, releases: Vec::new(), asked_at: Utc::now() };
    let decision = Decision::Incomplete { reasons: vec![failure(job, why)] };
    let facts = PolicyContext { registry_hosts: context.config.registry_hosts(), waivers: Vec::new() };
    append(transaction, evaluation, assessment, decision, Judge { policy: &policy, facts }).await?;
    Ok(())
}

/// A job that failed, as a reason that the check run can show.
fn failure(job: &str, why: &str) -> Reason {
    Reason {
        code: format!("{}-failed", job.replace('_', "-")),
        purl: String::new(),
        lockfile: String::new(),
        line: 0,
        message: format!("{}: {why}", job.replace('_', " ")),
        remedy: "ask for a re-run; if it repeats, an operator finds the cause with `lockgate doctor`".to_owned(),
        places: Vec::new(),
    }
    .redacted()
}
