//! Last job: the check run on the head commit. Also its beginning, posted by the first job.

use super::{Context, worker::Ended};
use anyhow::{Context as _, Result};
use lockgate_github::{Annotation, AnnotationLevel, CheckRunDraft, CheckRunState, Conclusion};
use lockgate_model::{Change, Outcome};
use lockgate_report::{self as report, CheckRunText};
use lockgate_store::evaluations::{self, CheckRun};
use std::sync::Arc;

/// The name under which the check can be required.
pub const CHECK_NAME: &str = "Lockgate";

pub(crate) async fn run(context: &Arc<Context>, mut evaluation: evaluations::Evaluation) -> Result<Ended> {
    start(context, &mut evaluation).await?;
    let report = crate::reports::of_evaluation(context, evaluation.id).await?;
    if let (Some(github), Some(check_run)) = (context.github_for(&evaluation), evaluation.check_run_id) {
        let draft = CheckRunDraft {
            state: CheckRunState::Completed(conclusion(report.outcome)),
            ..draft(&evaluation, report::check_run(&report), report.page.clone())
        };
        github
            .update_check_run(evaluation.repository.as_str(), u64::try_from(check_run)?, &draft)
            .await
            .with_context(|| format!("complete the check run of {}", evaluation.repository))?;
    }
    evaluations::set_state(context.store.pool(), evaluation.id, evaluations::State::Done).await?;
    tracing::info!(repository = %evaluation.repository, head = evaluation.head_sha.short(), outcome = %report.outcome, "published");
    Ok(Ended::Done)
}

/// GitHub counts `neutral` and `skipped` as passed, so an incomplete decision is neither.
fn conclusion(outcome: Outcome) -> Conclusion {
    match outcome {
        Outcome::Allow => Conclusion::Success,
        Outcome::Deny => Conclusion::Failure,
        Outcome::Incomplete => Conclusion::ActionRequired,
    }
}

/// Makes sure that exactly one check run stands for the evaluation, and remembers its id.
///
/// A crash between GitHub's answer and our commit leaves a run that we do not know of; its `external_id`
/// finds it again, so that none is posted twice.
pub(crate) async fn start(context: &Context, evaluation: &mut evaluations::Evaluation) -> Result<()> {
    let Some(github) = context.github_for(evaluation) else { return Ok(()) };
    if evaluation.check_run_id.is_some() {
        return Ok(());
    }
    let (repository, head) = (evaluation.repository.as_str(), evaluation.head_sha.as_str());
    let external = external_id(evaluation);
    let beginning = draft(evaluation, beginning(), Some(context.progress_page(evaluation.id)));
    let posted = match (
        earlier_run(context, evaluation).await?,
        github.find_check_run(repository, head, CHECK_NAME, &external).await?,
    ) {
        (_, Some(found)) => found.id,
        (Some(earlier), None) => {
            github.update_check_run(repository, earlier, &beginning).await?;
            earlier
        }
        (None, None) => github.create_check_run(repository, &beginning).await?,
    };
    let id = i64::try_from(posted)?;
    // Two workers that met here posted one each: the first one's stands, and both go on with it.
    evaluation.check_run_id = match evaluations::set_check_run(context.store.pool(), evaluation.id, id).await? {
        CheckRun::Set => Some(id),
        CheckRun::Stands(other) => Some(other),
    };
    Ok(())
}

fn beginning() -> CheckRunText {
    CheckRunText {
        title: "Reading the lockfiles".to_owned(),
        summary: "Lockgate is finding out which releases this change moves.".to_owned(),
        text: String::new(),
        annotations: Vec::new(),
    }
}

/// The run of an earlier evaluation of the same head: a head has one run, however often it is judged.
async fn earlier_run(context: &Context, evaluation: &evaluations::Evaluation) -> Result<Option<u64>> {
    let all = evaluations::by_head(context.store.pool(), &evaluation.repository, &evaluation.head_sha).await?;
    let run = all.iter().filter(|e| e.id != evaluation.id).find_map(|e| e.check_run_id);
    Ok(run.and_then(|id| u64::try_from(id).ok()))
}

/// Shows what is known before evidence is in. A failure here is logged only: the final text follows anyway.
pub(crate) async fn provisional(context: &Context, evaluation: &evaluations::Evaluation, change: &Change) {
    let (Some(github), Some(check_run)) = (context.github_for(evaluation), evaluation.check_run_id) else { return };
    let page = context.progress_page(evaluation.id);
    let draft = draft(evaluation, report::provisional(change), Some(page));
    let posted = github.update_check_run(evaluation.repository.as_str(), check_run.unsigned_abs(), &draft).await;
    if let Err(error) = posted {
        tracing::warn!(repository = %evaluation.repository, %error, "show the provisional check run");
    }
}

/// Names the evaluation on GitHub's side; a re-run of the same head keeps its check run.
fn external_id(evaluation: &evaluations::Evaluation) -> String {
    evaluation.id.to_string()
}

fn draft(evaluation: &evaluations::Evaluation, text: CheckRunText, page: Option<String>) -> CheckRunDraft {
    CheckRunDraft {
        name: CHECK_NAME.to_owned(),
        head_sha: evaluation.head_sha.to_string(),
        external_id: external_id(evaluation),
        details_url: page.and_then(|page| page.parse().ok()),
        state: CheckRunState::InProgress,
        title: text.title,
        summary: text.summary,
        text: Some(text.text).filter(|t| !t.is_empty()),
        annotations: text.annotations.into_iter().map(annotation).collect(),
        actions: Vec::new(),
    }
}

fn annotation(from: report::Annotation) -> Annotation {
    Annotation {
        path: from.path,
        start_line: from.start_line,
        end_line: from.end_line,
        level: match from.level {
            report::Level::Failure => AnnotationLevel::Failure,
            report::Level::Warning => AnnotationLevel::Warning,
            report::Level::Notice => AnnotationLevel::Notice,
        },
        title: from.title,
        message: from.message,
    }
}
