//! From what stands to the texts of the check run.

use super::{
    CHECK_NAME, external_id,
    standing::{Says, Standing},
    state,
};
use crate::jobs::{
    Context,
    handle_delivery::{ASK_AGAIN, REQUEST_WAIVER},
};
use lockgate_github::{Action, Annotation, AnnotationLevel, CheckRunDraft};
use lockgate_model::Outcome;
use lockgate_report::{self as report, CheckRunText};
use lockgate_store::{check_runs::CheckRun, evaluations::Evaluation};

pub(super) fn of(context: &Context, run: &CheckRun, standing: &Standing) -> CheckRunDraft {
    let (text, page, actions) = match &standing.says {
        Says::Decided(decided, waivers) => {
            let mut text = report::check_run(decided);
            text.summary.push_str(&report::waived(waivers));
            if standing.questions > 1 {
                text.summary.push_str(&report::strictest_of(standing.questions));
            }
            (text, decided.page.clone(), buttons(decided.outcome))
        }
        Says::Working(evaluation, provisional) => {
            let text = match (&evaluation.change, provisional) {
                (Some(change), Some(early)) => report::provisional(change, &early.reasons, early.looked_at),
                (Some(change), None) => report::provisional(change, &[], 0),
                (None, _) => beginning(evaluation),
            };
            (text, Some(context.progress_page(evaluation.id)), Vec::new())
        }
        Says::Superseded => (superseded(), None, vec![ask_again()]),
    };
    CheckRunDraft {
        name: CHECK_NAME.to_owned(),
        head_sha: run.head_sha.to_string(),
        external_id: external_id(run),
        details_url: page.and_then(|page| page.parse().ok()),
        state: state(standing),
        title: text.title,
        summary: text.summary,
        text: Some(text.text).filter(|t| !t.is_empty()),
        annotations: text.annotations.into_iter().map(annotation).collect(),
        actions,
    }
}

fn beginning(evaluation: &Evaluation) -> CheckRunText {
    CheckRunText {
        title: "Reading the lockfiles".to_owned(),
        summary: format!(
            "Lockgate is finding out which releases this change moves (asked by {}).",
            report::plain_name(&evaluation.actor)
        ),
        text: String::new(),
        annotations: Vec::new(),
    }
}

fn superseded() -> CheckRunText {
    CheckRunText {
        title: "Superseded by a newer commit".to_owned(),
        summary: "Lockgate: not judged, because the pull request or merge group moved on\n  do: look at the check of \
                  its newest commit"
            .to_owned(),
        text: String::new(),
        annotations: Vec::new(),
    }
}

fn buttons(outcome: Outcome) -> Vec<Action> {
    match outcome {
        Outcome::Allow => Vec::new(),
        Outcome::Incomplete => vec![ask_again()],
        Outcome::Deny => vec![
            ask_again(),
            Action {
                identifier: REQUEST_WAIVER.to_owned(),
                label: "Request a waiver".to_owned(),
                description: "A reviewer decides; it ends by itself".to_owned(),
            },
        ],
    }
}

fn ask_again() -> Action {
    Action {
        identifier: ASK_AGAIN.to_owned(),
        label: "Ask again".to_owned(),
        description: "Judge this commit once more".to_owned(),
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
