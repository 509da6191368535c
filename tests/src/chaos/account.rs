//! The account of a run, as it is printed.

use super::{
    ledger::{Book, Head, Wound},
    plan::Kill,
    verdict::Offence,
};
use crate::fake_github::CheckRun;
use std::{
    collections::BTreeMap,
    fmt::{self, Display, Write},
    time::Duration,
};

/// What happened, and whether the promise was kept.
#[derive(Debug, Default)]
pub struct Account {
    lines: Vec<(String, String)>,
    kills: usize,
    pub offences: Vec<Offence>,
}

impl Account {
    pub fn line(&mut self, name: &str, value: impl Display) {
        self.lines.push((name.to_owned(), value.to_string()));
    }

    /// The value of a line.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What was delivered and answered.
    pub fn deliveries(&mut self, book: &Book) {
        let count = |wanted: fn(&&super::ledger::Delivery) -> bool| book.deliveries.iter().filter(wanted).count();
        let attempts: usize = book.deliveries.iter().map(|d| d.attempts.len()).sum();
        let lost = book.deliveries.iter().filter(|d| d.lost && !d.accepted);
        let recovered = lost.filter(|d| book.heads[d.head].completed_at.is_some()).count();
        self.line(
            "deliveries",
            format!(
                "{} sent in {attempts} attempts, {} answered 202 ({} of them as known), {} never taken, {} lost by GitHub ({recovered} found by reconciliation)",
                count(|d| !d.lost),
                count(|d| d.accepted),
                count(|d| d.duplicate),
                count(|d| !d.lost && !d.accepted),
                count(|d| d.lost),
            ),
        );
        let statuses = book.deliveries.iter().flat_map(|d| &d.attempts);
        self.line("answers", histogram(statuses.map(|s| if *s == 0 { "none".to_owned() } else { s.to_string() })));
    }

    /// What stands on GitHub.
    pub fn checks(&mut self, book: &Book, runs: &[CheckRun]) {
        let superseded = book.heads.iter().filter(|h| h.superseded).count();
        self.line("head shas", format!("{}, {superseded} of them superseded", book.heads.len()));
        let writes: u32 = runs.iter().map(|run| run.writes).sum();
        let completions: u32 = runs.iter().map(|run| run.completions).sum();
        self.line(
            "check runs",
            format!("{} created, written {writes} times, completed {completions} times", runs.len()),
        );
        self.line(
            "conclusions",
            histogram(runs.iter().map(|r| r.conclusion.clone().unwrap_or_else(|| r.status.clone()))),
        );
        let waits = book.heads.iter().filter_map(wait);
        self.line("202 to final check", spread(waits.collect()));
    }

    /// Who was killed and what broke.
    pub fn wounds(&mut self, book: &Book, ended_alone: usize) {
        self.kills = book.kills.len();
        let met: usize = book.kills.iter().map(|(_, met)| met).sum();
        let kinds = histogram(book.kills.iter().map(|(kill, _)| match kill {
            Kill::Everything => "everything at once",
            Kill::Process(_) => "one process",
            Kill::AfterAccept => "after a 202",
            Kill::AfterGithub => "between GitHub's write and its answer",
        }));
        self.line("kill -9", format!("{} times, {met} processes met ({kinds})", book.kills.len()));
        self.line("processes that ended by themselves", ended_alone);
        let troubles = book.wounds.iter().filter(|w| !w.what.starts_with("kill"));
        self.line("troubles", histogram(troubles.map(|w| w.what.split([' ', '{', '(']).next().unwrap_or_default())));
        for left_out in &book.left_out {
            self.line("left out", left_out);
        }
        let recovered: Vec<&Wound> = book.wounds.iter().filter(|w| w.outstanding > 0 && w.recovery.is_some()).collect();
        self.line("recovery", spread(recovered.iter().filter_map(|w| w.recovery).collect()));
        if let Some(worst) = recovered.iter().max_by_key(|w| w.recovery) {
            self.line(
                "longest recovery",
                format!("{}, after {}", seconds(worst.recovery.unwrap_or_default()), worst.what),
            );
        }
    }

    /// How often something was killed.
    pub fn kills(&self) -> usize {
        self.kills
    }

    pub fn is_kept(&self) -> bool {
        self.offences.is_empty()
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in &self.lines {
            writeln!(f, "  {name:<width$}  {value}")?;
        }
        if self.is_kept() {
            return write!(
                f,
                "VERDICT: kept. Every delivery answered 202 ended in exactly one final check run a head."
            );
        }
        writeln!(f, "VERDICT: broken for {}", self.offences.len())?;
        for offence in &self.offences {
            write!(f, "  {offence}")?;
        }
        Ok(())
    }
}

fn wait(head: &Head) -> Option<Duration> {
    Some(head.completed_at?.saturating_duration_since(head.accepted_at?))
}

/// `3 success, 1 failure`.
pub fn histogram<T: ToString>(values: impl Iterator<Item = T>) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for value in values {
        *counts.entry(value.to_string()).or_default() += 1;
    }
    let mut text = String::new();
    for (value, count) in counts {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{count} {value}");
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Median, 95th percentile and longest.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank in a short list"
        )]
        let rank = ((times.len() as f64 - 1.0) * part).round() as usize;
        times.get(rank).copied().unwrap_or_default()
    };
    if times.is_empty() {
        return "none measured".to_owned();
    }
    format!(
        "median {}, p95 {}, longest {} ({} measured)",
        seconds(at(0.5)),
        seconds(at(0.95)),
        seconds(at(1.0)),
        times.len()
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
