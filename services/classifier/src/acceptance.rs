//! What a model must do before it may judge: figures that its card states, and differences that it is shown.
//!
//! The file is the operator's. Its malicious differences are written by hand and inert: hosts that cannot exist, addresses of
//! documentation, nothing that could be run to harm.

use crate::{Ecosystem, Error, Mode, Model, Subject, chunks};
use lockgate_archive::{Contents, File};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// Files by their path below the package's top folder.
type Files = BTreeMap<String, String>;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The least that the card's metrics must be, by ecosystem and name.
    metrics: BTreeMap<String, BTreeMap<String, f64>>,
    /// Shown to the model.
    pub differences: Vec<Difference>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    pub name: String,
    pub ecosystem: Ecosystem,
    pub expect: Expect,
    /// `None` for a new package.
    #[serde(default)]
    old: Option<Files>,
    new: Files,
}

/// What a model must say of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Its threshold is not reached.
    Quiet,
    /// Its threshold is reached.
    Flagged,
    /// Above everything that is to be quiet.
    Above,
}

/// A bar, and whether it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was asked.
    pub what: String,
    pub passed: bool,
    /// What the model did, and what it should have done.
    pub seen: String,
}

impl Acceptance {
    /// Reads the file at `path`: JSON.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bad = |cause: String| Error::BadAcceptance { path: path.to_owned(), cause };
        let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let acceptance: Self = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        match acceptance.differences.iter().any(|d| d.expect == Expect::Quiet) {
            true => Ok(acceptance),
            false => Err(bad(
                "no difference in it is expected to be quiet, so a model that flags everything would pass".into(),
            )),
        }
    }

    /// A verdict for each figure, then one for each difference.
    pub fn judge(&self, model: &mut Model) -> Result<Vec<Verdict>, Error> {
        let mut verdicts = self.figures(model);
        let subjects: Vec<Subject> = self.differences.iter().map(Difference::subject).collect();
        let answers = model.score(&subjects)?;
        let scored: Vec<_> = self.differences.iter().zip(answers).collect();
        let quiet = scored.iter().filter(|(difference, _)| difference.expect == Expect::Quiet);
        let loudest = quiet.filter_map(|(_, answer)| answer.score).fold(f64::NEG_INFINITY, f64::max);
        verdicts.extend(scored.iter().map(|(difference, answer)| {
            let (passes, bar): (fn(f64, f64) -> bool, f64) = match difference.expect {
                Expect::Quiet => (|score, bar| score < bar, answer.threshold),
                Expect::Flagged => (|score, bar| score >= bar, answer.threshold),
                Expect::Above => (|score, bar| score > bar, loudest),
            };
            Verdict {
                what: difference.name.clone(),
                passed: answer.score.is_some_and(|score| passes(score, bar)),
                seen: match answer.score {
                    Some(score) => format!("score {score}, {} {bar}", difference.expect.wanted()),
                    None => "no score: it adds no text".to_owned(),
                },
            }
        }));
        Ok(verdicts)
    }

    fn figures(&self, model: &Model) -> Vec<Verdict> {
        let metrics = &model.card().metrics;
        let bars = self.metrics.iter().flat_map(|(of, bars)| bars.iter().map(move |(name, bar)| (of, name, *bar)));
        let verdict = |(of, name, bar): (&String, &String, f64)| {
            let stated = metrics.get(of).and_then(|metrics| metrics.get(name)?.as_f64());
            Verdict {
                what: format!("{of}: {name}"),
                passed: stated.is_some_and(|stated| stated >= bar),
                seen: match stated {
                    Some(stated) => format!("{stated}, at least {bar}"),
                    None => format!("its card does not state it; at least {bar}"),
                },
            }
        };
        bars.map(verdict).collect()
    }
}

impl Expect {
    fn wanted(self) -> &'static str {
        match self {
            Self::Quiet => "below",
            Self::Flagged => "at least",
            Self::Above => "above",
        }
    }
}

impl Difference {
    pub fn subject(&self) -> Subject {
        let old = self.old.as_ref().map(contents);
        let mode = if old.is_some() { Mode::Update } else { Mode::New };
        Subject { ecosystem: self.ecosystem, mode, extract: chunks(old.as_ref(), &contents(&self.new)) }
    }
}

/// As of an archive.
fn contents(files: &Files) -> Contents {
    // The map is in the order of the paths, as contents are.
    let files = files.iter().map(|(path, text)| File {
        path: format!("package/{path}"),
        size: text.len() as u64,
        content: text.clone().into_bytes().into(),
        executable: false,
    });
    Contents { files: files.collect(), irregularities: vec![] }
}
