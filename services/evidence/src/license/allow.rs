//! An allow list, and what it says of an expression.
//!
//! An expression passes when one way of choosing at its ORs uses only allowed licences. What allows a licence
//! is written out in [`Permission`]; nothing else does.

use super::{
    expression::{Expression, ExpressionError, Term},
    identifiers,
    reading::{self, Declared, Standing},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Licences that the operator accepts, one [`Term`] each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Term>);

/// Why a licence is allowed, or that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Listed as it stands, exception included.
    Listed,
    /// Listed without the exception, and the exception is on SPDX's list and only adds permission.
    ListedWithoutException,
    /// The licence may be taken in a later version, and that version is listed.
    LaterVersionListed,
    NotListed,
}

impl AllowList {
    /// # Errors
    /// When an item is no licence or is an expression of several.
    pub fn parse<S: AsRef<str>>(items: &[S]) -> Result<Self, ExpressionError> {
        items.iter().map(|item| one_term(item.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    pub fn permission(&self, term: &Term) -> Permission {
        let bare = Term { exception: None, ..term.clone() };
        let widened = term.exception.as_deref().is_some_and(identifiers::only_adds_permission);
        if self.0.contains(term) {
            Permission::Listed
        } else if self.has_version_for(term) {
            Permission::LaterVersionListed
        } else if widened && (self.0.contains(&bare) || self.has_version_for(&bare)) {
            Permission::ListedWithoutException
        } else {
            Permission::NotListed
        }
    }

    /// Whether a listed licence is one under which `term`, given "or later", may be taken.
    fn has_version_for(&self, term: &Term) -> bool {
        let Some(lowest) = lowest_version(term) else { return false };
        self.0.iter().any(|listed| {
            let version = listed.license.trim_end_matches("-only").trim_end_matches("-or-later");
            listed.exception == term.exception && identifiers::is_version_at_least(version, lowest)
        })
    }

    fn accepts(&self, term: &Term) -> bool {
        self.permission(term) != Permission::NotListed
    }

    /// The licences that stand in the way: the cheapest set to accept in addition. Empty when the expression passes.
    pub fn missing(&self, expression: &Expression) -> super::algebra::Way {
        expression.missing(&|term| self.accepts(term))
    }
}

fn one_term(item: &str) -> Result<Term, ExpressionError> {
    let Declared::Expression(expression) = reading::read(item)?.declared else {
        return Err(ExpressionError::UnknownLicense(item.to_owned()));
    };
    let mut terms = expression.terms().into_iter();
    match (terms.next(), terms.next()) {
        (Some(term), None) => Ok(term.clone()),
        _ => Err(ExpressionError::NotOneLicense(item.to_owned())),
    }
}

/// The id without its "or later", for licences that say it.
fn lowest_version(term: &Term) -> Option<&str> {
    term.license.strip_suffix("-or-later").or_else(|| term.or_later.then_some(term.license.as_str()))
}

/// What an allow list says of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllowOutcome {
    Satisfied,
    NotSatisfied,
    /// The expression or an item of the allow list cannot be read; it does not pass.
    Unreadable,
}

/// One way of choosing at the ORs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// All of these together.
    pub licenses: Vec<String>,
    /// Those of them that the allow list lacks.
    pub missing: Vec<String>,
}

/// The answer of `lockgate license --expression E --allow A,B`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpressionReport {
    pub expression: String,
    pub outcome: AllowOutcome,
    /// The SPDX form; `None` when the text names no licence.
    pub normalized: Option<String>,
    pub standing: Option<Standing>,
    /// What was read as what.
    pub corrections: Vec<String>,
    /// The fewest licences to allow in addition; empty exactly when satisfied or unreadable.
    pub missing: Vec<String>,
    /// Every way, fewest missing licences first; empty when there are more than `MAX_WAYS`.
    pub choices: Vec<Choice>,
    pub error: Option<String>,
}

/// Judges `expression`, read leniently, by the licences in `allow`.
pub fn judge_expression<S: AsRef<str>>(expression: &str, allow: &[S]) -> ExpressionReport {
    let unreadable = |error: String| ExpressionReport {
        expression: expression.to_owned(),
        outcome: AllowOutcome::Unreadable,
        normalized: None,
        standing: None,
        corrections: Vec::new(),
        missing: Vec::new(),
        choices: Vec::new(),
        error: Some(error),
    };
    let allow = match AllowList::parse(allow) {
        Ok(allow) => allow,
        Err(error) => return unreadable(format!("allow list: {error}")),
    };
    match reading::read(expression) {
        Err(error) => unreadable(error.to_string()),
        Ok(reading) => match &reading.declared {
            Declared::Expression(read) => report(expression, &reading, read, &allow),
            Declared::File(file) => {
                unreadable(format!("the licence is in the file {file}; run `lockgate license` on it"))
            }
            Declared::Nothing => unreadable(ExpressionError::Empty.to_string()),
        },
    }
}

fn report(text: &str, reading: &reading::Reading, read: &Expression, allow: &AllowList) -> ExpressionReport {
    let missing = names(&allow.missing(read));
    let mut choices: Vec<Choice> = read.ways().unwrap_or_default().iter().map(|way| choice(way, allow)).collect();
    choices.sort_by_key(|c| c.missing.len());
    ExpressionReport {
        expression: text.to_owned(),
        outcome: if missing.is_empty() { AllowOutcome::Satisfied } else { AllowOutcome::NotSatisfied },
        normalized: Some(read.to_string()),
        standing: Some(reading.standing),
        corrections: reading.corrections.clone(),
        missing,
        choices,
        error: None,
    }
}

fn choice(way: &super::algebra::Way, allow: &AllowList) -> Choice {
    let missing = way.iter().filter(|t| !allow.accepts(t)).map(ToString::to_string).collect();
    Choice { licenses: names(way), missing }
}

fn names(way: &super::algebra::Way) -> Vec<String> {
    way.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use AllowOutcome::*;

    #[test]
    fn an_expression_passes_iff_one_choice_is_allowed_whole() {
        for (expression, allow, outcome, missing) in [
            ("MIT", &["MIT"][..], Satisfied, &[][..]),
            ("MIT", &["ISC"], NotSatisfied, &["MIT"]),
            ("MIT", &[], NotSatisfied, &["MIT"]),
            ("MIT OR GPL-3.0-only", &["MIT"], Satisfied, &[]),
            ("MIT AND GPL-3.0-only", &["MIT"], NotSatisfied, &["GPL-3.0-only"]),
            ("(MIT AND GPL-3.0-only) OR (ISC AND MIT)", &["MIT", "ISC"], Satisfied, &[]),
            ("MIT AND (GPL-3.0-only OR AGPL-3.0-only AND ISC)", &["MIT"], NotSatisfied, &["GPL-3.0-only"]),
            ("MIT/Apache-2.0", &["apache-2.0"], Satisfied, &[]),
            // Exceptions: a licence accepts its permissions, an exception accepts not its licence.
            ("GPL-2.0-only WITH Classpath-exception-2.0", &["GPL-2.0-only"], Satisfied, &[]),
            ("GPL-2.0-only", &["GPL-2.0-only WITH Classpath-exception-2.0"], NotSatisfied, &["GPL-2.0-only"]),
            (
                "GPL-2.0-only WITH freertos-exception-2.0",
                &["GPL-2.0-only"],
                NotSatisfied,
                &["GPL-2.0-only WITH freertos-exception-2.0"],
            ),
            ("MIT WITH AdditionRef-x", &["MIT"], NotSatisfied, &["MIT WITH AdditionRef-x"]),
            ("MIT WITH AdditionRef-x", &["MIT WITH AdditionRef-x"], Satisfied, &[]),
            // Versions: "or later" is a choice of the recipient, "only" is none.
            ("GPL-2.0-or-later", &["GPL-3.0-only"], Satisfied, &[]),
            ("GPL-2.0-or-later", &["GPL-2.0-only"], Satisfied, &[]),
            ("GPL-2.0-only", &["GPL-2.0-or-later"], NotSatisfied, &["GPL-2.0-only"]),
            ("GPL-3.0-or-later", &["GPL-2.0-only"], NotSatisfied, &["GPL-3.0-or-later"]),
            ("Apache-1.1+", &["Apache-2.0"], Satisfied, &[]),
            ("BSD-2-Clause+", &["BSD-3-Clause"], NotSatisfied, &["BSD-2-Clause+"]),
            ("GPL-2.0-or-later WITH Classpath-exception-2.0", &["GPL-3.0-only"], Satisfied, &[]),
            // A guess never passes.
            ("BSD", &["BSD-3-Clause"], NotSatisfied, &["LicenseRef-BSD"]),
            ("BSD", &["LicenseRef-BSD"], Satisfied, &[]),
            ("UNLICENSED", &["Unlicense", "MIT"], NotSatisfied, &["LicenseRef-UNLICENSED"]),
        ] {
            let report = judge_expression(expression, allow);
            assert_eq!(
                (report.outcome, report.missing),
                (outcome, missing.iter().map(ToString::to_string).collect()),
                "{expression} by {allow:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_does_not_pass() {
        for (expression, allow) in
            [("MIT-ish", "MIT"), ("", "MIT"), ("SEE LICENSE IN x", "MIT"), ("MIT", "MIT OR ISC"), ("MIT", "nonsense")]
        {
            let report = judge_expression(expression, &[allow]);
            assert_eq!(report.outcome, Unreadable, "{expression} by {allow}");
            assert!(report.error.is_some());
        }
    }

    #[test]
    fn choices_name_what_each_way_lacks() {
        let report = judge_expression("MIT AND (ISC OR Zlib) OR 0BSD AND AGPL-3.0-only", &["MIT", "Zlib"]);
        let lacks: Vec<_> = report.choices.iter().map(|c| (c.licenses.join("+"), c.missing.join("+"))).collect();
        assert_eq!(lacks[0], ("MIT+Zlib".into(), String::new()));
        assert_eq!(lacks.len(), 3);
    }
}
