//! What an expression asks of whoever uses the release.
//!
//! Where the expression gives a choice, the choice that owes the fewest kinds of things is reckoned: that is the
//! one a recipient takes. A choice with an unknown licence comes after every choice without one.

use super::{
    algebra::Way,
    data::{LicenseData, ObligationKind, Trigger},
    expression::Expression,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One kind of thing owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Obligation {
    pub kind: ObligationKind,
    /// The licences that ask for it.
    pub licenses: Vec<String>,
    /// Not owed already for the version before.
    pub new: bool,
    pub triggers: BTreeSet<Trigger>,
    /// What to do, one sentence each.
    pub says: BTreeSet<String>,
}

/// What one expression owes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Owed {
    /// The licences chosen at the ORs.
    pub(super) choice: Vec<String>,
    pub(super) obligations: Vec<Obligation>,
}

/// Reckons the cheapest choice of `expression`. `before` are the kinds owed for the version before.
pub(super) fn owed(expression: &Expression, data: &LicenseData, before: &BTreeSet<ObligationKind>) -> Owed {
    // Too many ways to list: all licences together owe at least what any choice owes.
    let all = || vec![expression.terms().into_iter().cloned().collect()];
    let ways: Vec<Way> = expression.ways().unwrap_or_else(all);
    let priced = ways.into_iter().map(|way| (of(&way, data, before), way));
    let cheapest = priced.min_by_key(|(obligations, way)| {
        let unknown = obligations.iter().any(|o| o.kind == ObligationKind::Unknown);
        (unknown, obligations.len(), way.len())
    });
    let (obligations, way) = cheapest.expect("an expression has a way");
    Owed { choice: way.iter().map(ToString::to_string).collect(), obligations }
}

/// The licences of `expression` that the data file does not know.
pub(super) fn unknown(expression: &Expression, data: &LicenseData) -> Vec<String> {
    expression.terms().into_iter().filter(|t| data.duties(t).is_none()).map(ToString::to_string).collect()
}

impl Owed {
    pub(super) fn kinds(&self) -> BTreeSet<ObligationKind> {
        self.obligations.iter().map(|o| o.kind).collect()
    }
}

fn of(way: &Way, data: &LicenseData, before: &BTreeSet<ObligationKind>) -> Vec<Obligation> {
    let mut by_kind: BTreeMap<ObligationKind, Obligation> = BTreeMap::new();
    for term in way {
        let license = term.to_string();
        let duties = data.duties(term);
        let known = duties.iter().flatten().map(|d| (d.kind, d.trigger, d.says.clone()));
        let unknown = duties.is_none().then(|| {
            (
                ObligationKind::Unknown,
                Trigger::Use,
                format!("Read the licence {license}: what it asks for is not known."),
            )
        });
        for (kind, trigger, says) in known.chain(unknown) {
            let new = !before.contains(&kind);
            let empty =
                || Obligation { kind, licenses: Vec::new(), new, triggers: BTreeSet::new(), says: BTreeSet::new() };
            let obligation = by_kind.entry(kind).or_insert_with(empty);
            if !obligation.licenses.contains(&license) {
                obligation.licenses.push(license.clone());
            }
            obligation.triggers.insert(trigger);
            obligation.says.insert(says);
        }
    }
    by_kind.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ObligationKind::*;

    fn owed_by(text: &str, before: &[ObligationKind]) -> Owed {
        owed(&text.parse().unwrap(), &LicenseData::embedded(), &before.iter().copied().collect())
    }

    #[test]
    fn the_choice_that_owes_least_is_taken() {
        assert_eq!(owed_by("GPL-3.0-only OR MIT OR Apache-2.0", &[]).choice, ["MIT"]);
        assert_eq!(owed_by("LicenseRef-x OR AGPL-3.0-only", &[]).choice, ["AGPL-3.0-only"]);
        assert_eq!(owed_by("0BSD OR MIT", &[]).obligations, []);
    }

    #[test]
    fn kinds_are_merged_over_licences() {
        let owed = owed_by("MIT AND Apache-2.0", &[Attribution]);
        let attribution = &owed.obligations[0];
        assert_eq!((attribution.kind, attribution.new), (Attribution, false));
        assert_eq!(attribution.licenses, ["Apache-2.0", "MIT"]);
        assert!(owed.obligations.iter().any(|o| o.kind == PatentRetaliation && o.new));
    }

    #[test]
    fn an_unknown_licence_owes_the_unknown() {
        let owed = owed_by("LicenseRef-x AND MIT", &[]);
        assert_eq!(owed.kinds(), BTreeSet::from([Attribution, LicenseText, Unknown]));
        let data = LicenseData::embedded();
        assert_eq!(unknown(&"MIT OR LicenseRef-x".parse().unwrap(), &data), ["LicenseRef-x"]);
    }
}
