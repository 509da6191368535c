//! Report -> the terminal. The same first lines as the check run, plain.

use crate::{
    ReasonReport, ReleaseReport, Report,
    plain::plain,
    wording::{blocked, closing, headline, message, moved, place_of, title},
};
use lockgate_model::Outcome;
use std::fmt::Write as _;

/// Whether the terminal shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Always,
    Never,
}

/// Ends with a line break.
pub fn text(report: &Report, color: Color) -> String {
    let mut text = format!("{} {}\n", paint(report.outcome, "Lockgate:", color), headline(report));
    for reason in &report.reasons {
        let _ = writeln!(text, "{}", paint(reason.outcome, &plain(&place_of(reason)), color));
        push_reason(&mut text, reason);
    }
    for release in blocked(report) {
        push_release(&mut text, release, color);
    }
    let closing = closing(report);
    if !closing.is_empty() {
        let _ = writeln!(text, "{}", plain(&closing));
    }
    text
}

fn push_release(text: &mut String, release: &ReleaseReport, color: Color) {
    let place = format!("{}:{}", release.lockfile, release.line);
    let name = paint(release.outcome, &plain(&title(release)), color);
    let _ = writeln!(text, "{name} ({}, {})", plain(&moved(release)), plain(&place));
    for reason in &release.reasons {
        push_reason(text, reason);
    }
}

fn push_reason(text: &mut String, reason: &ReasonReport) {
    let _ = writeln!(text, "  {} [{}]", plain(&message(reason)), plain(&reason.code));
    let _ = writeln!(text, "  do: {}", plain(&reason.remedy));
}

fn paint(outcome: Outcome, text: &str, color: Color) -> String {
    let code = match (color, outcome) {
        (Color::Never, _) => return text.to_owned(),
        (_, Outcome::Allow) => 32,
        (_, Outcome::Deny) => 31,
        (_, Outcome::Incomplete) => 33,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
