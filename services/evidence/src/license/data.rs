//! What licences ask of whoever uses the software: `policies/data/obligations.json`, parsed and checked.
//!
//! The file is data, so that a lawyer can read and amend it without touching code. A licence that it does not
//! know owes [`ObligationKind::Unknown`]: silence must never read as "owes nothing".

use super::{
    expression::Term,
    identifiers::{self, Listed},
};
use lockgate_model::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What kind of thing a licence asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObligationKind {
    /// Name the authors or keep their notices.
    Attribution,
    /// Ship the licence's text.
    LicenseText,
    /// Offer the source, of the part or of the whole.
    SourceDisclosure,
    /// Put what is built on it under the same licence.
    SameLicense,
    /// Serving users over a network already counts.
    NetworkUse,
    /// Patent rights end for whoever sues.
    PatentRetaliation,
    /// Some uses or users are excluded.
    FieldOfUse,
    /// The data file does not know the licence.
    Unknown,
}

/// What makes a duty due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Copies leave the house.
    Distribution,
    /// Users reach it over a network.
    Network,
    /// Any use.
    Use,
}

/// One thing to do, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    pub kind: ObligationKind,
    pub trigger: Trigger,
    /// One sentence that tells the reader what to do.
    pub says: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataFile {
    /// For readers of the file.
    #[serde(rename = "about")]
    _about: String,
    duties: BTreeMap<String, Duty>,
    licenses: BTreeMap<String, Vec<String>>,
    exceptions: BTreeMap<String, Exception>,
}

/// What an exception takes off its licence.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    lifts: BTreeSet<ObligationKind>,
}

/// The duties of every known licence.
#[derive(Debug, Clone)]
pub struct LicenseData {
    digest: Digest,
    duties: BTreeMap<String, Duty>,
    licenses: BTreeMap<String, Vec<String>>,
    exceptions: BTreeMap<String, Exception>,
}

/// Why a data file is refused.
#[derive(Debug, thiserror::Error)]
pub enum LicenseDataError {
    #[error("obligations.json: {0}; compare it with the file that the release ships")]
    Json(#[from] serde_json::Error),
    #[error(
        "obligations.json: licence {license} names the duty {duty:?}, which `duties` lacks; add it or mend the name"
    )]
    UnknownDuty { license: String, duty: String },
    #[error("obligations.json: {0:?} is not spelled as on the SPDX list; mend the id")]
    UnknownId(String),
}

impl LicenseData {
    /// Reads the text of `obligations.json`.
    ///
    /// # Errors
    /// When it is no JSON of that form, or names ids or duties that do not exist.
    pub fn parse(text: &str) -> Result<Self, LicenseDataError> {
        let file: DataFile = serde_json::from_str(text)?;
        for (license, duties) in &file.licenses {
            check_license(license)?;
            if let Some(duty) = duties.iter().find(|duty| !file.duties.contains_key(*duty)) {
                return Err(LicenseDataError::UnknownDuty { license: license.clone(), duty: duty.clone() });
            }
        }
        if let Some(id) = file.exceptions.keys().find(|id| identifiers::exception(id) != Some(id.as_str())) {
            return Err(LicenseDataError::UnknownId(id.clone()));
        }
        let DataFile { duties, licenses, exceptions, .. } = file;
        Ok(Self { digest: Digest::sha256(text.as_bytes()), duties, licenses, exceptions })
    }

    /// The file that the release ships.
    pub fn embedded() -> Self {
        let text = include_str!("../../../../policies/data/obligations.json");
        Self::parse(text).expect("the shipped data file passes its test")
    }

    /// SHA-256 of the file's text: evidence depends on it.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What `term` asks for; `None` when the licence or its private exception is not known. A listed exception
    /// that the file leaves out changes nothing: such exceptions only add permission.
    pub fn duties(&self, term: &Term) -> Option<Vec<&Duty>> {
        let duties = self.licenses.get(&term.license)?;
        let lifted = match &term.exception {
            None => None,
            Some(id) => match self.exceptions.get(id) {
                Some(exception) => Some(&exception.lifts),
                None if identifiers::only_adds_permission(id) => None,
                None => return None,
            },
        };
        let is_owed = |duty: &&Duty| !lifted.is_some_and(|kinds| kinds.contains(&duty.kind));
        Some(duties.iter().filter_map(|name| self.duties.get(name)).filter(is_owed).collect())
    }
}

fn check_license(id: &str) -> Result<(), LicenseDataError> {
    let is_listed = matches!(identifiers::license(id), Some(Listed::Current(listed)) if listed == id);
    let is_reference = id.starts_with("LicenseRef-") && super::parse::parse(id).is_ok();
    if is_listed || is_reference {
        return Ok(());
    }
    Err(LicenseDataError::UnknownId(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Option<Vec<ObligationKind>> {
        let expression: super::super::Expression = text.parse().unwrap();
        let term = expression.terms().into_iter().next().unwrap().clone();
        let data = LicenseData::embedded();
        let kinds: Option<BTreeSet<_>> = data.duties(&term).map(|duties| duties.iter().map(|d| d.kind).collect());
        kinds.map(|k| k.into_iter().collect())
    }

    #[test]
    fn known_licences_owe_what_they_ask() {
        use ObligationKind::*;
        for (id, expected) in [
            ("MIT", &[Attribution, LicenseText][..]),
            ("0BSD", &[]),
            ("CC0-1.0", &[]),
            ("Apache-2.0", &[Attribution, LicenseText, PatentRetaliation]),
            ("GPL-2.0-only", &[Attribution, LicenseText, SourceDisclosure, SameLicense]),
            (
                "AGPL-3.0-or-later",
                &[Attribution, LicenseText, SourceDisclosure, SameLicense, NetworkUse, PatentRetaliation],
            ),
            ("GPL-2.0-only WITH Classpath-exception-2.0", &[Attribution, LicenseText, SourceDisclosure]),
            ("BUSL-1.1", &[Attribution, LicenseText, FieldOfUse]),
        ] {
            assert_eq!(kinds(id).as_deref(), Some(expected), "{id}");
        }
        assert!(kinds("SSPL-1.0").unwrap().contains(&NetworkUse));
        assert!(kinds("JSON").unwrap().contains(&FieldOfUse));
    }

    #[test]
    fn what_the_file_does_not_know_is_none_and_not_nothing() {
        assert_eq!(kinds("LicenseRef-Ours"), None);
        assert_eq!(kinds("MIT WITH AdditionRef-ours"), None);
        assert_eq!(kinds("GPL-2.0-only WITH freertos-exception-2.0"), None);
    }

    #[test]
    fn the_shipped_file_covers_the_common_licences() {
        let data = LicenseData::embedded();
        assert!(data.licenses.len() >= 120, "{}", data.licenses.len());
        for duty in data.duties.keys() {
            assert!(data.licenses.values().flatten().any(|d| d == duty), "{duty} is used by no licence");
        }
    }

    #[test]
    fn broken_files_are_refused_by_name() {
        let file = |licenses: &str| {
            format!(
                r#"{{"about":"","duties":{{"a":{{"kind":"attribution","trigger":"use","says":"x"}}}},"licenses":{licenses},"exceptions":{{}}}}"#
            )
        };
        assert!(LicenseData::parse(&file(r#"{"MIT":["a"]}"#)).is_ok());
        assert!(matches!(LicenseData::parse(&file(r#"{"MIT":["b"]}"#)), Err(LicenseDataError::UnknownDuty { .. })));
        assert!(matches!(LicenseData::parse(&file(r#"{"GPL-2.0":["a"]}"#)), Err(LicenseDataError::UnknownId(_))));
        assert!(matches!(LicenseData::parse(&file(r#"{"mit":["a"]}"#)), Err(LicenseDataError::UnknownId(_))));
        assert!(matches!(LicenseData::parse("{}"), Err(LicenseDataError::Json(_))));
    }
}
