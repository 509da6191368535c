//! Report -> the text of a check run. Its first lines say what happened, where, and what to do.

use crate::{
    Annotation, EvidenceReport, ReasonReport, ReleaseReport, Report,
    annotations::annotations,
    markdown::{cell, name, sentence},
    plain::cut,
    wording::{blocked, closing, counted, headline, message, moved, place_of, title},
};
use lockgate_model::{Change, ChangeKind, LockfileStatus, Observation, Reason, Waiver};
use std::fmt::Write as _;

/// GitHub's bound for summary and for text is 65,535 characters; counted in bytes, to be safe.
const OUTPUT: usize = 65_535;
/// Kept free of the explanations for what must not be cut off: the count of those left out, and the last line.
const RESERVE: usize = 12_000;
/// GitHub's bound for the title is 255.
const TITLE: usize = 255;

/// What a check run shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRunText {
    /// Plain, at most 255 characters.
    pub title: String,
    /// Markdown, at most 65,535 bytes.
    pub summary: String,
    /// Markdown, at most 65,535 bytes; may be empty.
    pub text: String,
    pub annotations: Vec<Annotation>,
}

/// The final text.
pub fn check_run(report: &Report) -> CheckRunText {
    CheckRunText {
        title: cut(&headline(report), TITLE),
        summary: summary(report),
        text: details(report),
        annotations: annotations(report),
    }
}

/// What is known before the decision: which releases move, and what will be denied whatever else is found.
/// `looked_at`: releases about which something is known already.
pub fn provisional(change: &Change, early: &[Reason], looked_at: usize) -> CheckRunText {
    let count = |kind: ChangeKind| change.releases().filter(|r| r.kind == kind).count();
    let malformed = change.lockfiles.iter().filter(|l| matches!(l.status, LockfileStatus::Malformed { .. })).count();
    let malformed_word = if malformed == 1 { "lockfile unreadable" } else { "lockfiles unreadable" };
    let parts = [
        (count(ChangeKind::Added), "added"),
        (count(ChangeKind::Moved), "moved"),
        (count(ChangeKind::Repinned), "re-pinned"),
        (count(ChangeKind::Removed), "removed"),
        (malformed, malformed_word),
    ];
    let known: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let known = if known.is_empty() { "no release moves".to_owned() } else { known.join(", ") };
    let coming = change.releases().filter(|r| r.comes_in()).count();
    let mut denied: Vec<&str> = early.iter().map(|r| r.purl.as_str()).filter(|purl| !purl.is_empty()).collect();
    denied.sort_unstable();
    denied.dedup();
    let title = match denied.len() {
        0 => format!("Gathering evidence: {known}"),
        n => format!("So far {n} of {coming} releases denied; gathering evidence: {known}"),
    };
    let mut summary = format!("{known}. Evidence about each release that comes in is being gathered.");
    if looked_at > 0 {
        let _ = write!(summary, "\nPins, licences and advisories of {looked_at} of {coming} are known already.");
    }
    for reason in early {
        let block = early_reason(reason);
        if summary.len() + block.len() > OUTPUT - RESERVE {
            summary.push_str("\n… and more on the page");
            break;
        }
        summary.push('\n');
        summary.push_str(&block);
    }
    CheckRunText { title: cut(&title, TITLE), summary, text: String::new(), annotations: Vec::new() }
}

fn early_reason(reason: &Reason) -> String {
    let place =
        if reason.lockfile.is_empty() { String::new() } else { format!(" ({}:{})", reason.lockfile, reason.line) };
    format!(
        "{}{}\n  {}\n  do: {}",
        name(&reason.purl),
        name(&place),
        sentence(&reason.message),
        sentence(&reason.remedy)
    )
}

/// Appended to the summary of a decision that rests on waivers: each with its end.
pub fn waived(waivers: &[Waiver]) -> String {
    let line =
        |w: &Waiver| format!("Waived until {}: {} ({})\n", w.expires_at.format("%Y-%m-%d"), name(&w.purl), w.code);
    waivers.iter().take(20).map(line).collect()
}

/// Appended to the summary of a head that several questions were asked about.
pub fn strictest_of(questions: usize) -> String {
    format!("This commit was judged for {questions} pull requests or bases; this is the strictest answer.\n")
}

/// Who asked, safe to print.
pub fn plain_name(actor: &str) -> String {
    name(actor)
}

fn summary(report: &Report) -> String {
    let mut text = format!("Lockgate: {}\n", headline(report));
    let lockfiles = report.reasons.iter().map(about_place);
    let releases = blocked(report).map(about_release);
    let mut left = 0_u32;
    for block in lockfiles.chain(releases) {
        if left == 0 && text.len() + block.len() <= OUTPUT - RESERVE {
            text.push_str(&block);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        let _ = writeln!(text, "{} explained on the page alone", counted(left, "more is", "more are"));
    }
    let closing = closing(report);
    if !closing.is_empty() {
        let _ = writeln!(text, "{}", name(&closing));
    }
    text
}

fn about_place(reason: &ReasonReport) -> String {
    format!("{}\n{}", name(&place_of(reason)), lines(reason))
}

fn about_release(release: &ReleaseReport) -> String {
    let place = format!("{}:{}", release.lockfile, release.line);
    let mut text = format!("{} ({}, {})\n", name(&title(release)), name(&moved(release)), name(&place));
    for reason in &release.reasons {
        text.push_str(&lines(reason));
    }
    text
}

fn lines(reason: &ReasonReport) -> String {
    format!("  {}\n  do: {}\n", sentence(&message(reason)), sentence(&reason.remedy))
}

/// Every release with the state of its evidence, behind a fold.
fn details(report: &Report) -> String {
    const END: &str = "\n</details>\n";
    if report.releases.is_empty() {
        return String::new();
    }
    let mut text = "<details><summary>Every release of this change</summary>\n\n".to_owned();
    text.push_str("| outcome | release | change | where | evidence |\n| --- | --- | --- | --- | --- |\n");
    for (index, release) in report.releases.iter().enumerate() {
        let row = row(release);
        if text.len() + row.len() > OUTPUT - END.len() - 200 {
            let _ = writeln!(text, "\n{} more are on the page", report.releases.len() - index);
            break;
        }
        text.push_str(&row);
    }
    text.push_str(END);
    text
}

fn row(release: &ReleaseReport) -> String {
    let evidence: Vec<String> = release.evidence.iter().map(state).collect();
    format!(
        "| {} | {} | {} | {} | {} |\n",
        release.outcome,
        cell(&title(release)),
        cell(&moved(release)),
        cell(&format!("{}:{}", release.lockfile, release.line)),
        cell(&evidence.join(", "))
    )
}

fn state(evidence: &EvidenceReport) -> String {
    let state = match evidence.observation {
        Observation::Observed { .. } => "observed",
        Observation::Absent => "absent",
        Observation::Unavailable { .. } => "unavailable",
    };
    format!("{} {state}", evidence.collector)
}
