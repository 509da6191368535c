//! What a head's check run should say by now, from all questions about the head.
//!
//! A head can be asked about more than once: two pull requests, two bases, a merge group and a push. There is one check
//! run, so the strictest answer counts, and there is none before all are answered.

use super::super::{Context, collect_evidence::Provisional};
use crate::reports::Decided;
use anyhow::Result;
use lockgate_github::Conclusion;
use lockgate_model::{Outcome, Waiver};
use lockgate_report::Report;
use lockgate_store::{
    check_runs::CheckRun,
    evaluations::{self, Evaluation},
};
use uuid::Uuid;

/// The newest state of a head.
#[derive(Debug)]
pub(super) struct Standing {
    /// `None` while a question is open.
    pub conclusion: Option<Conclusion>,
    pub says: Says,
    /// How many questions were answered for the conclusion.
    pub questions: usize,
    /// Evaluations whose decision is shown with this.
    pub decided: Vec<Uuid>,
}

#[derive(Debug)]
pub(super) enum Says {
    /// The strictest decision, and the waivers that it rests on.
    Decided(Box<Report>, Vec<Waiver>),
    /// The question that is still open.
    Working(Box<Evaluation>, Option<Provisional>),
    Superseded,
}

impl Standing {
    pub(super) fn is_final(&self) -> bool {
        self.conclusion.is_some()
    }

    pub(super) fn conclusion_name(&self) -> Option<&'static str> {
        self.conclusion.map(Conclusion::as_str)
    }
}

pub(super) async fn of(context: &Context, run: &CheckRun) -> Result<Standing> {
    let all = evaluations::questions(context.store.pool(), run.repository_id, &run.head_sha).await?;
    let (superseded, current): (Vec<_>, Vec<_>) = all.into_iter().partition(Evaluation::is_superseded);
    if let Some(open) = current.iter().find(|e| !e.is_decided()) {
        let provisional = open.provisional.clone().and_then(|value| serde_json::from_value(value).ok());
        let says = Says::Working(Box::new(open.clone()), provisional);
        return Ok(Standing { conclusion: None, says, questions: current.len(), decided: Vec::new() });
    }
    // Of a head that is nobody's any more, the answer that was given stands.
    let answered: Vec<Evaluation> =
        if current.is_empty() { superseded.into_iter().filter(Evaluation::is_decided).collect() } else { current };
    let mut strictest: Option<Decided> = None;
    for evaluation in &answered {
        let decided = crate::reports::of_evaluation(context, evaluation.id).await?;
        let outcome = |d: &Decided| severity(d.record.decision.outcome());
        if strictest.as_ref().is_none_or(|s| outcome(&decided) > outcome(s)) {
            strictest = Some(decided);
        }
    }
    let decided: Vec<Uuid> = answered.iter().map(|e| e.id).collect();
    Ok(match strictest {
        Some(strictest) => Standing {
            conclusion: Some(conclusion(strictest.record.decision.outcome())),
            says: Says::Decided(Box::new(crate::reports::report(context, &strictest)), strictest.waivers()),
            questions: answered.len(),
            decided,
        },
        None => Standing { conclusion: Some(Conclusion::Cancelled), says: Says::Superseded, questions: 0, decided },
    })
}

fn severity(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Allow => 0,
        Outcome::Incomplete => 1,
        Outcome::Deny => 2,
    }
}

/// GitHub counts `neutral` and `skipped` as passed, so an incomplete decision is neither.
fn conclusion(outcome: Outcome) -> Conclusion {
    match outcome {
        Outcome::Allow => Conclusion::Success,
        Outcome::Deny => Conclusion::Failure,
        Outcome::Incomplete => Conclusion::ActionRequired,
    }
}
