//! A decision, told to each audience: check run, terminal, code scanning, auditors. Pure: no I/O, no clock, no
//! database.
//!
//! [`Report`] is the frozen output type; everything else here is made from it, except the audit export, which is
//! made from the records themselves so that their hashes can be computed again. Names, paths and messages quote
//! what strangers wrote: each audience's module makes them harmless in its own language.

mod annotations;
pub mod audit;
mod check_run;
mod markdown;
mod plain;
mod rules;
mod sarif;
mod text;
mod v1;
mod wording;

pub use annotations::{Annotation, Level};
pub use check_run::{CheckRunText, check_run, plain_name, provisional, strictest_of, waived};
pub use sarif::sarif;
pub use text::{Color, text};
pub use v1::{
    EvidenceReport, LockfileReport, Meta, ObligationReport, ReasonReport, ReleaseReport, Report, Summary, schema,
};
pub use wording::headline;
