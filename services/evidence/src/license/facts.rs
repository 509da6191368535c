//! What the licence check says to policy. Field names are a contract: the policies read them.

use super::{
    conclusion::Agreement,
    data::ObligationKind,
    expression::Expression,
    files::{Detected, FileRef},
    obligations::Obligation,
    reading::Standing,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts of the licence check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseFacts {
    /// The publisher's licence field, cut to 400 characters.
    pub declared: Option<String>,
    /// The field is an SPDX expression; withdrawn ids are valid.
    pub declared_valid: bool,
    /// `null` when nothing is declared or the field cannot be read.
    pub standing: Option<Standing>,
    /// What was read as what.
    pub corrections: Vec<String>,
    /// Own files first; at most 200.
    pub detected: Vec<Detected>,
    /// What holds: the declaration, with every licence of the release's own files that it lacks.
    pub expression: Expression,
    pub agreement: Agreement,
    /// Licences of contained works and single sources that the expression lacks.
    pub bundled_licenses: Vec<String>,
    /// The licences chosen where the expression gives a choice: those that owe the fewest kinds of things.
    pub choice: Vec<String>,
    /// What the choice owes.
    pub obligations: Vec<Obligation>,
    /// Kinds not owed already for the version before.
    pub new_obligations: Vec<ObligationKind>,
    /// Licences of the expression whose obligations are not known.
    pub unknown_licenses: Vec<String>,
    /// Own licence files in which no licence's text is recognised; they may still name one.
    pub unrecognized: Vec<FileRef>,
    /// Own licence files that say more than the licences recognised in them; a reader should look.
    pub unexplained: Vec<FileRef>,
    /// Licence files that were read in part or not at all.
    pub unread: Vec<FileRef>,
    /// NOTICE files, whose content goes along with every copy.
    pub notice_files: Vec<FileRef>,
    pub previous: Previous,
}

/// The version before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Previous {
    /// The package was not there: everything it owes is new.
    None,
    /// It could not be read, so everything counts as new.
    Unavailable,
    /// It had no licence.
    Unlicensed,
    Licensed {
        expression: Expression,
    },
}
