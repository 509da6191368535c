//! `[classifier]`: which model, run by which library, and what it may do before it is taken back.

use crate::models::limits::Limits;
use anyhow::{Result, bail};
use lockgate_classifier::Library;
use serde::{Deserialize, Serialize};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The model beside the policies, as an installation and the image have it.
const INSTALLED: &str = "/usr/share/lockgate/models/classifier.onnx";
/// The model of the checkout from which this program was built.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../classifier/models/classifier.onnx");

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassifierConfig {
    /// The first model, an ONNX file: a server whose database has no active model takes it. Its digest stands beside it, in
    /// `NAME.sha256`. Absent: pull requests are not scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// ONNX Runtime's shared library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
    /// Within which 95 of 100 answers are there. A canary, or a young active model, that is slower is taken back; so is one
    /// that is beyond a limit below.
    pub latest_milliseconds: u64,
    /// Of all questions, those that may have no answer.
    pub failed_percent: f64,
    /// Of all updates, those that may be flagged.
    pub flagged_percent: f64,
    /// How far scores may lie from those of the card, as a population stability index.
    pub moved_psi: f64,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        let Limits { latest_milliseconds, failed_percent, flagged_percent, moved_psi } = Limits::default();
        Self { model: None, library: None, latest_milliseconds, failed_percent, flagged_percent, moved_psi }
    }
}

impl ClassifierConfig {
    /// From when on a model is taken back.
    pub fn limits(&self) -> Limits {
        Limits {
            latest_milliseconds: self.latest_milliseconds,
            failed_percent: self.failed_percent,
            flagged_percent: self.flagged_percent,
            moved_psi: self.moved_psi,
        }
    }

    pub(super) fn validate(&self) -> Result<()> {
        for (key, percent) in [("failed_percent", self.failed_percent), ("flagged_percent", self.flagged_percent)] {
            if !(0.0..=100.0).contains(&percent) {
                bail!("classifier.{key} is {percent}; give a percentage, 0 to 100");
            }
        }
        if self.moved_psi.is_nan() || self.moved_psi <= 0.0 {
            bail!("classifier.moved_psi is {}; give a number above 0, such as 0.5", self.moved_psi);
        }
        Ok(())
    }

    /// The configured model; else `models/classifier.onnx` beside the folder `policies`, or beside the program; else the
    /// installed one, or that of the checkout. Never from the working folder: a pull request may have filled it.
    pub fn model(&self, policies: Option<&Path>) -> PathBuf {
        if let Some(model) = &self.model {
            return model.clone();
        }
        let program = env::current_exe().ok();
        let beside = [policies, program.as_deref()].into_iter().flatten().filter_map(Path::parent);
        let beside = beside.map(|folder| folder.join("models/classifier.onnx"));
        let found = beside.chain([INSTALLED, BUILT_FROM].map(PathBuf::from)).find(|model| model.is_file());
        found.unwrap_or_else(|| INSTALLED.into())
    }

    /// The configured library, else the usual one.
    pub fn library(&self) -> PathBuf {
        self.library.clone().unwrap_or_else(Library::usual_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ClassifierConfig> {
        let config: ClassifierConfig = toml::from_str(text)?;
        config.validate()?;
        Ok(config)
    }

    #[test]
    fn limits_are_set_one_by_one() {
        let limits = read("latest_milliseconds = 300\nflagged_percent = 0.5").expect("good limits").limits();
        let expected = Limits { latest_milliseconds: 300, flagged_percent: 0.5, ..Limits::default() };
        assert_eq!(limits, expected);
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        for (wrong, named) in [
            ("failed_percent = 101.0", "classifier.failed_percent"),
            ("flagged_percent = -1.0", "classifier.flagged_percent"),
            ("flagged_percent = nan", "classifier.flagged_percent"),
            ("moved_psi = 0.0", "classifier.moved_psi"),
            ("slowest = 3", "slowest"),
        ] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
