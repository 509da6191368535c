//! Remarks on the lines of lockfiles. Plain text: GitHub shows them as it gets them.

use crate::{
    ReasonReport, ReleaseReport, Report,
    plain::{cut, plain},
    wording::{blocked, message, title},
};
use lockgate_model::{ChangeKind, Outcome};

/// GitHub takes 50 in one request; more than this many in all help no reader.
const MOST: usize = 250;
/// GitHub's bound is 255.
const TITLE: usize = 200;
/// GitHub's bound is 64 KB.
const MESSAGE: usize = 8000;

/// How loudly an annotation speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Failure,
    Warning,
    Notice,
}

impl Level {
    /// As the API of check runs writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// A remark on a line of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub path: String,
    /// 1-based.
    pub start_line: u32,
    pub end_line: u32,
    pub level: Level,
    /// At most 255 characters.
    pub title: String,
    /// At most 64 KB.
    pub message: String,
}

/// Denied first. A removed release has no line in the head and gets none.
pub(crate) fn annotations(report: &Report) -> Vec<Annotation> {
    let lockfiles = report.reasons.iter().filter(|r| !r.lockfile.is_empty()).map(|r| annotation(r, r.line, None));
    let releases = blocked(report).filter(|release| release.kind != ChangeKind::Removed);
    let releases = releases.flat_map(|r| r.reasons.iter().map(move |reason| annotation(reason, r.line, Some(r))));
    let obligations = report.releases.iter().filter_map(obligation);
    lockfiles.chain(releases).chain(obligations).take(MOST).collect()
}

fn annotation(reason: &ReasonReport, line: u32, release: Option<&ReleaseReport>) -> Annotation {
    let name = release.map(|release| format!("{}: ", title(release))).unwrap_or_default();
    let level = if reason.outcome == Outcome::Deny { Level::Failure } else { Level::Warning };
    let text = format!("{}\nDo: {}", plain(&message(reason)), plain(&reason.remedy));
    build(&reason.lockfile, line, level, &format!("{name}{}", reason.code), &text)
}

fn obligation(release: &ReleaseReport) -> Option<Annotation> {
    let new: Vec<String> = release
        .obligations
        .iter()
        .filter(|obligation| obligation.new)
        .map(|o| format!("{} ({})", plain(&o.kind).replace('_', " "), plain(&o.licenses.join(", "))))
        .collect();
    let title = format!("{}: new obligations", title(release));
    (!new.is_empty()).then(|| build(&release.lockfile, release.line, Level::Notice, &title, &new.join("\n")))
}

fn build(path: &str, line: u32, level: Level, title: &str, message: &str) -> Annotation {
    Annotation {
        path: path.to_owned(),
        start_line: line.max(1),
        end_line: line.max(1),
        level,
        title: cut(&plain(title), TITLE),
        message: cut(message, MESSAGE),
    }
}
