//! Licence expressions, and suppliers' names, as the two formats may carry them.
//!
//! What a publisher wrote is text; only what the strict SPDX grammar accepts is passed on as an expression.

use super::ComponentFacts;
use spdx::{Expression, LicenseItem, ParseMode};

/// Longer expressions are not read: the writers' parsers recurse.
const MAX_CHARS: usize = 1_000;

/// A valid SPDX 2.3 expression and the `LicenseRef-` names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Licence {
    pub(super) expression: String,
    pub(super) references: Vec<String>,
}

/// What is known of a component's licence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Licensing {
    pub(super) concluded: Option<Licence>,
    pub(super) declared: Option<Licence>,
    /// The publisher's text where it is no expression, at most 300 characters.
    pub(super) declared_text: Option<String>,
}

impl Licensing {
    pub(super) fn of(facts: &ComponentFacts) -> Self {
        let declared = facts.declared_license.as_deref().and_then(parse);
        let text = facts.declared_license.as_deref().map(str::trim).filter(|t| !t.is_empty());
        Self {
            concluded: facts.effective_license.as_deref().and_then(parse),
            declared_text: text.filter(|_| declared.is_none()).map(|t| t.chars().take(300).collect()),
            declared,
        }
    }
}

/// `None` for what SPDX 2.3 does not accept, deprecated identifiers (`GPL-2.0`) being accepted.
fn parse(text: &str) -> Option<Licence> {
    let text = text.trim();
    if text.chars().count() > MAX_CHARS {
        return None;
    }
    let mode = ParseMode { allow_deprecated: true, ..ParseMode::STRICT };
    let parsed = Expression::parse_mode(text, mode).ok()?;
    let mut references = Vec::new();
    for requirement in parsed.requirements() {
        if let LicenseItem::Other(reference) = &requirement.req.license {
            // Points into another document, which there is none of.
            if reference.doc_ref.is_some() {
                return None;
            }
            references.push(format!("LicenseRef-{}", reference.lic_ref));
        }
        // An addition of one's own came with SPDX 3.
        if requirement.req.addition.as_ref().is_some_and(|a| a.id().is_none()) {
            return None;
        }
    }
    references.sort();
    references.dedup();
    Some(Licence { expression: text.to_owned(), references })
}

/// A supplier's name without electronic addresses and without the brackets that would pass for one (SPDX writes
/// `Organization: name (address)`); `None` where nothing is left.
pub(super) fn name_of(supplier: &str) -> Option<String> {
    let bracket = |c: char| matches!(c, '(' | ')' | '<' | '>' | '[' | ']');
    let words = supplier.split(|c: char| c.is_whitespace() || c.is_control() || bracket(c));
    let kept: Vec<_> = words.filter(|w| !w.is_empty() && !w.contains('@') && !w.contains("://")).collect();
    Some(kept.join(" ").chars().take(200).collect()).filter(|name: &String| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(declared: &str) -> Licensing {
        Licensing::of(&ComponentFacts { declared_license: Some(declared.into()), ..ComponentFacts::default() })
    }

    #[test]
    fn expressions_pass_and_texts_stay_texts() {
        for good in
            ["MIT", "(MIT OR Apache-2.0) AND BSD-3-Clause", "GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0"]
        {
            assert_eq!(of(good).declared.unwrap().expression, good);
        }
        for bad in ["SEE LICENSE IN x", "Apache 2", "MIT/Apache-2.0", "DocumentRef-x:LicenseRef-y", "MIT OR", "mit-ish"]
        {
            let licensing = of(bad);
            assert_eq!((licensing.declared, licensing.declared_text.as_deref()), (None, Some(bad)));
        }
        assert_eq!(of("  "), Licensing::default());
    }

    #[test]
    fn own_licences_are_named() {
        assert_eq!(
            of("LicenseRef-b OR LicenseRef-a AND LicenseRef-b").declared.unwrap().references,
            ["LicenseRef-a", "LicenseRef-b"]
        );
    }

    #[test]
    fn electronic_addresses_stay_here() {
        assert_eq!(
            name_of("Ann Example <ann@mail.example.test> (https://ann.example.test)").as_deref(),
            Some("Ann Example")
        );
        assert_eq!(name_of("ann@mail.example.test"), None);
    }

    #[test]
    fn a_bottomless_expression_is_not_read() {
        let deep = format!("{}MIT{}", "(".repeat(200_000), ")".repeat(200_000));
        assert_eq!(of(&deep).declared, None);
    }
}
