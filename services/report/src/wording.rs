//! The words that check run, page and terminal share.

use crate::{
    ObligationReport, ReasonReport, ReleaseReport, Report,
    plain::{cut, plain},
};
use lockgate_model::{ChangeKind, Outcome};
use std::collections::BTreeMap;

/// Names listed for one kind of obligation; the page has all.
const NAMES: usize = 5;
/// Characters of such a name.
const NAME: usize = 40;

/// What happened, in one line: `1 of 12 releases denied`.
pub fn headline(report: &Report) -> String {
    let summary = report.summary;
    let releases = counted(summary.releases, "release", "releases");
    match report.outcome {
        Outcome::Allow if report.lockfiles.is_empty() => "No lockfile changes".to_owned(),
        Outcome::Allow if summary.releases == 0 => removed_alone(summary.removed),
        Outcome::Allow => format!("{releases} allowed"),
        Outcome::Deny if summary.denied == 0 => "The change is denied".to_owned(),
        Outcome::Deny if summary.incomplete > 0 => {
            format!("{} of {releases} denied, {} incomplete", summary.denied, summary.incomplete)
        }
        Outcome::Deny => format!("{} of {releases} denied", summary.denied),
        Outcome::Incomplete if summary.incomplete == 0 => "Incomplete: the change cannot be judged".to_owned(),
        Outcome::Incomplete => format!("Incomplete: {} of {releases} cannot be judged", summary.incomplete),
    }
}

fn removed_alone(removed: u32) -> String {
    match removed {
        0 => "No release changes".to_owned(),
        removed => format!("{} removed, nothing comes in", counted(removed, "release", "releases")),
    }
}

/// `1 release`, `2 releases`.
pub(crate) fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How a release moved, in brackets: `new`, `from 1.0.0`.
pub(crate) fn moved(release: &ReleaseReport) -> String {
    match (release.kind, &release.old_version) {
        (ChangeKind::Added, _) => "new".to_owned(),
        (ChangeKind::Removed, _) => "removed".to_owned(),
        (ChangeKind::Repinned, _) => "re-pinned".to_owned(),
        (ChangeKind::Moved, Some(old)) => format!("from {old}"),
        (ChangeKind::Moved, None) => "moved".to_owned(),
    }
}

/// As people write it: `npm left-pad 1.3.0`.
pub(crate) fn title(release: &ReleaseReport) -> String {
    format!("{} {} {}", release.ecosystem, release.name, release.version)
}

/// What stands in the way, worst first as the report has it.
pub(crate) fn blocked(report: &Report) -> impl Iterator<Item = &ReleaseReport> {
    report.releases.iter().filter(|release| release.outcome != Outcome::Allow)
}

/// What a reason without release is about.
pub(crate) fn place_of(reason: &ReasonReport) -> String {
    match (reason.lockfile.as_str(), reason.line) {
        ("", _) => "the whole change".to_owned(),
        (path, 0) => path.to_owned(),
        (path, line) => format!("{path}:{line}"),
    }
}

/// The message, with its places where it does not name the first one itself.
pub(crate) fn message(reason: &ReasonReport) -> String {
    let places: Vec<String> = reason.places.iter().map(|p| format!("{}:{}", p.path, p.line)).collect();
    match places.as_slice() {
        [first, ..] if !reason.message.contains(first.as_str()) => {
            let more = places.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{} ({}{more})", reason.message, places[..places.len().min(3)].join(", "))
        }
        _ => reason.message.clone(),
    }
}

/// The last line: what is fine, what is newly owed, where the evidence is. Plain; empty when there is nothing
/// to say.
pub(crate) fn closing(report: &Report) -> String {
    let mut parts = Vec::new();
    if report.outcome != Outcome::Allow && report.summary.allowed > 0 {
        parts.push(format!("{} allowed", counted(report.summary.allowed, "release", "releases")));
    }
    parts.extend(new_obligations(report));
    if let Some(page) = &report.page {
        parts.push(format!("evidence: {page}"));
    }
    parts.join(" · ")
}

/// `2 new obligations: ship the licence text of b, c`.
fn new_obligations(report: &Report) -> Option<String> {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for release in &report.releases {
        let is_new = |obligation: &&ObligationReport| obligation.new;
        for obligation in release.obligations.iter().filter(is_new) {
            let names = names.entry(obligation.kind.as_str()).or_default();
            let name = cut(&plain(&release.name), NAME);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let count = names.values().map(Vec::len).sum::<usize>();
    if count == 0 {
        return None;
    }
    let phrases: Vec<String> = names.iter().map(|(kind, names)| format!("{} {}", duty(kind), listed(names))).collect();
    let count = counted(u32::try_from(count).unwrap_or(u32::MAX), "new obligation", "new obligations");
    Some(format!("{count}: {}", phrases.join("; ")))
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What to do, to be followed by names. The kinds are those of the license check's facts.
fn duty(kind: &str) -> String {
    match kind {
        "attribution" => "name the authors of".to_owned(),
        "license_text" => "ship the licence text of".to_owned(),
        "source_disclosure" => "offer the source of".to_owned(),
        "same_license" => "keep under its licence what is built on".to_owned(),
        "network_use" => "offer network users the source of".to_owned(),
        "patent_retaliation" => "know the patent clause of".to_owned(),
        "field_of_use" => "know which uses are excluded by".to_owned(),
        "unknown" => "find out what is owed for".to_owned(),
        other => format!("{} for", plain(other).replace('_', " ")),
    }
}
