//! Why a policy could not be loaded or did not answer.

use std::time::Duration;

/// Every message names the file or rule and what to do. No variant is ever turned into an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("read policy {path}: {message}; check that the folder exists and that lockgate may read it")]
    Read { path: String, message: String },
    #[error("policy bundle exceeds {limit}; move what is not policy out of the folder")]
    TooLarge { limit: &'static str },
    #[error("policy bundle has no .rego file; point the configuration at a folder with a bundle")]
    Empty,
    /// `place`: `file:line:column`, as far as known.
    #[error("compile policy {place}: {message}; mend the file and run lockgate policy test")]
    Compile { place: String, message: String },
    /// `place`: `file:line`, as far as known.
    #[error("policy data {place}: {message}; mend the file and run lockgate policy test")]
    Data { place: String, message: String },
    #[error("policy has no rule {rule}; it must define {rule} as a set: `deny contains reason if {{ .. }}`")]
    MissingRule { rule: &'static str },
    /// A replay would answer differently.
    #[error("policy {place} calls {builtin}, whose answer changes from call to call; use input.asked_at for the time")]
    NotRepeatable { place: String, builtin: String },
    /// Known fault of the engine (0.14.1): once such a reference is evaluated, rules of the package's other files
    /// count as evaluated and stay undefined, so they no longer object.
    #[error(
        "policy {place} refers to the package {package} as a whole, whose rules are in several files; name the rule, e.g. data.{package}.deny, instead of importing or indexing the package"
    )]
    WholePackage { place: String, package: String },
    #[error("evaluate {rule}: {message}; mend the rule and run lockgate policy test")]
    Evaluate { rule: String, message: String },
    #[error(
        "evaluate {rule}: no answer within {limit:?}; look for a rule that compares every release with every other"
    )]
    TimedOut { rule: String, limit: Duration },
    #[error("evaluate {rule}: {why}; each reason is an object {{code, purl, lockfile, line, message, remedy, places}}")]
    WrongResult { rule: String, why: String },
    /// A fault of the caller: which of the two is true is unknown.
    #[error("{purl} has two findings of the collector {collector}; report this, it is a fault of lockgate")]
    TwoFindings { purl: String, collector: String },
}
