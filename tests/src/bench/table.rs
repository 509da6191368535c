//! The table at the end of a run: one line a figure, then what each was measured against.

use super::measure::Sample;
use std::fmt;

/// What a figure is to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    /// Ours over the peer's, at least.
    AtLeast(f64),
    /// In the figure's unit, at most.
    AtMost(f64),
    /// Nothing is asked; the number is for the record.
    None,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub figure: String,
    pub unit: &'static str,
    pub ours: f64,
    /// Half of the distance between the quartiles, as a part of the median.
    pub noise: f64,
    /// Name and value of what it is compared with.
    pub peer: Option<(String, f64)>,
    /// How many times better ours is.
    pub ratio: Option<f64>,
    pub aim: Aim,
    /// What cannot be beaten, and how far ours is from it.
    pub limit: String,
}

impl Row {
    /// Rates: more is better.
    pub(super) fn rate(figure: &str, unit: &'static str, ours: &Sample, peer: (&str, &Sample), aim: Aim) -> Self {
        let (our, their) = (ours.median(), peer.1.median());
        let ratio = (their > 0.0).then(|| our / their);
        Self { ratio, peer: Some((peer.0.to_owned(), their)), ..Self::alone(figure, unit, ours, aim) }
    }

    /// Times: less is better.
    pub(super) fn time(figure: &str, unit: &'static str, ours: &Sample, peer: (&str, &Sample), aim: Aim) -> Self {
        let (our, their) = (ours.median(), peer.1.median());
        let ratio = (our > 0.0).then(|| their / our);
        Self { ratio, peer: Some((peer.0.to_owned(), their)), ..Self::alone(figure, unit, ours, aim) }
    }

    pub(super) fn alone(figure: &str, unit: &'static str, ours: &Sample, aim: Aim) -> Self {
        let figure = figure.to_owned();
        Self {
            figure,
            unit,
            ours: ours.median(),
            noise: ours.noise(),
            peer: None,
            ratio: None,
            aim,
            limit: String::new(),
        }
    }

    pub(super) fn against(mut self, limit: impl Into<String>) -> Self {
        self.limit = limit.into();
        self
    }

    fn met(&self) -> &'static str {
        let met = match (self.aim, self.ratio) {
            (Aim::None, _) => return "",
            (Aim::AtLeast(aim), Some(ratio)) => ratio >= aim,
            (Aim::AtLeast(_), None) => return "no peer",
            (Aim::AtMost(aim), _) => self.ours <= aim,
        };
        if met { "met" } else { "MISSED" }
    }
}

/// All lines of a run.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
    failures: Vec<String>,
}

impl Table {
    /// Keeps the line, and shows it at once: a run takes minutes.
    pub(super) fn push(&mut self, row: Row) {
        println!("    {row}");
        self.rows.push(row);
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        println!("    {text}");
        self.notes.push(text);
    }

    pub(super) fn failed(&mut self, figure: &str, error: &anyhow::Error) {
        eprintln!("    {figure}: {error:#}");
        self.failures.push(format!("{figure}: {error:#}"));
    }
}

/// Four figures, however large the number.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = format!("{} {}", number(self.ours), self.unit);
        let peer = self.peer.as_ref().map(|(name, value)| format!("{} {name}", number(*value))).unwrap_or_default();
        let ratio = self.ratio.map(|r| format!("{}x", number(r))).unwrap_or_default();
        let aim = match self.aim {
            Aim::AtLeast(aim) => format!(">= {}x", number(aim)),
            Aim::AtMost(aim) => format!("<= {}", number(aim)),
            Aim::None => String::new(),
        };
        let noise = format!("±{:.0}%", self.noise * 100.0);
        let met = self.met();
        write!(f, "{:<46} {ours:>16} {noise:>5}  {peer:<34} {ratio:>8} {aim:>9} {met:<7}", self.figure)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<46} {:>16} {:>5}  {:<34} {:>8} {:>9} met", "figure", "ours", "", "peer", "ratio", "aim")?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "\nlimits")?;
        for row in self.rows.iter().filter(|row| !row.limit.is_empty()) {
            writeln!(f, "  {}: {}", row.figure, row.limit)?;
        }
        if !self.notes.is_empty() {
            writeln!(f, "\nnotes")?;
        }
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        Ok(())
    }
}
