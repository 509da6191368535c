//! What the publisher declares and what the files say, brought together.
//!
//! The effective expression never drops anything: where a licence file holds a licence that the declaration
//! lacks, both bind; where the declaration cannot be read, it stays in the expression under a `LicenseRef-` that
//! no allow list holds by accident.

use super::{
    catalogue::Catalogue,
    detection::{Means, detect},
    expression::{Expression, Term},
    files::{Detected, Scope, Survey},
    identifiers, names,
    reading::{self, Declared, Standing},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether the release's own licence files bear out what it declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Every licence found in its licence files is part of the declaration.
    Agree,
    /// A licence file holds a licence that the declaration lacks, or the declaration cannot be read.
    Disagree,
    /// No licence file holds a recognised licence.
    DeclaredOnly,
    /// Nothing is declared.
    DetectedOnly,
}

/// What holds for a release.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conclusion {
    pub(super) expression: Expression,
    pub(super) agreement: Agreement,
    /// `None` where nothing is declared, or what is declared cannot be read.
    pub(super) standing: Option<Standing>,
    pub(super) corrections: Vec<String>,
    /// Licences of contained works and single sources that the expression lacks.
    pub(super) bundled: Vec<String>,
}

/// What a licence field comes to.
enum Claim {
    Nothing,
    Expression(Expression, Standing, Vec<String>),
    /// It points to a file, which is then among the release's own.
    File(String),
    Unreadable(String),
}

/// The file that a licence field points to.
pub(super) fn file_named_by(declared: Option<&str>) -> Option<String> {
    match reading::read(declared?).ok()?.declared {
        Declared::File(file) => Some(file),
        _ => None,
    }
}

/// `None` when nothing is declared and nothing found: the release has no licence.
pub(super) fn conclude(declared: Option<&str>, survey: &Survey) -> Option<Conclusion> {
    let own = terms(survey, &|d| d.scope == Scope::Own && !is_name(d));
    let own_all = Expression::all_of(own.iter().cloned());
    let (expression, agreement, standing, corrections) = match claim(declared) {
        Claim::Expression(claimed, standing, corrections) => {
            let claimed = resolve(&claimed, &own);
            let strays = strays(&own, &claimed);
            let (own, strays) = if own.is_empty() { by_name(survey, &claimed) } else { (own, strays) };
            let agreement = match (own.is_empty(), strays.is_empty()) {
                (true, _) => Agreement::DeclaredOnly,
                (false, true) => Agreement::Agree,
                (false, false) => Agreement::Disagree,
            };
            (with(claimed, Expression::all_of(strays)), agreement, Some(standing), corrections)
        }
        Claim::File(file) => {
            let expression = own_all.unwrap_or_else(|| reference("file", &file));
            let agreement = if own.is_empty() { Agreement::DeclaredOnly } else { Agreement::Agree };
            (expression, agreement, Some(Standing::Corrected), vec![format!("the licence is in {file}")])
        }
        Claim::Unreadable(why) => {
            let agreement = if own.is_empty() { Agreement::DeclaredOnly } else { Agreement::Disagree };
            (with(reference("declared", declared.unwrap_or_default()), own_all), agreement, None, vec![why])
        }
        Claim::Nothing => (own_all.or_else(|| second_best(survey))?, Agreement::DetectedOnly, None, Vec::new()),
    };
    let others = terms(survey, &|d| d.scope != Scope::Own);
    let bundled = strays(&others, &expression).iter().map(ToString::to_string).collect();
    Some(Conclusion { expression, agreement, standing, corrections, bundled })
}

/// What holds by the declaration alone, before any file is read. `None` where only files can tell: nothing is
/// named, a file is pointed to, the field cannot be read, or a name fits several licences.
pub(super) fn conclude_claim(declared: &str) -> Option<Conclusion> {
    match claim(Some(declared)) {
        Claim::Expression(expression, standing, corrections)
            if !expression.terms().iter().any(|term| names::family(&term.license).is_some()) =>
        {
            let agreement = Agreement::DeclaredOnly;
            Some(Conclusion { expression, agreement, standing: Some(standing), corrections, bundled: Vec::new() })
        }
        Claim::Expression(..) | Claim::Nothing | Claim::File(_) | Claim::Unreadable(_) => None,
    }
}

fn claim(declared: Option<&str>) -> Claim {
    let Some(text) = declared else { return Claim::Nothing };
    match reading::read(text) {
        Ok(reading) => match reading.declared {
            Declared::Expression(expression) => Claim::Expression(expression, reading.standing, reading.corrections),
            Declared::File(file) => Claim::File(file),
            Declared::Nothing => Claim::Nothing,
        },
        // Old Python metadata has the whole licence text in the field.
        Err(error) => match Expression::all_of(detect(text).matches.into_iter().flat_map(|m| ids(&m.id))) {
            Some(expression) => {
                let correction = format!("the field holds a licence text, recognised as {expression}");
                Claim::Expression(expression, Standing::Corrected, vec![correction])
            }
            None => Claim::Unreadable(error.to_string().chars().take(400).collect()),
        },
    }
}

/// Nothing is declared and no own text is recognised: what the own files name, else a text that none knows, else
/// whatever is there.
fn second_best(survey: &Survey) -> Option<Expression> {
    let unknown = || survey.unrecognized.first().map(|file| reference("text", &file.file));
    let named = Expression::all_of(terms(survey, &|d| d.scope == Scope::Own));
    named.or_else(unknown).or_else(|| Expression::all_of(terms(survey, &|_| true)))
}

/// Own files that name licences without their texts contradict a declaration only when nothing they name is
/// part of it; they never confirm it.
fn by_name(survey: &Survey, claimed: &Expression) -> (BTreeSet<Term>, Vec<Term>) {
    let named = terms(survey, &|d| d.scope == Scope::Own);
    let strays = strays(&named, claimed);
    if strays.len() == named.len() { (named, strays) } else { (BTreeSet::new(), Vec::new()) }
}

fn is_name(detected: &Detected) -> bool {
    matches!(detected.found.means, Means::Mention | Means::Readme)
}

fn with(expression: Expression, more: Option<Expression>) -> Expression {
    match more {
        Some(more) => expression.and(more),
        None => expression,
    }
}

fn terms(survey: &Survey, wanted: &dyn Fn(&Detected) -> bool) -> BTreeSet<Term> {
    survey.detected.iter().filter(|d| wanted(d)).flat_map(|d| ids(&d.found.id)).collect()
}

/// The licences in a detected id, which is an expression where an identifier line holds one.
fn ids(id: &str) -> Vec<Term> {
    id.parse::<Expression>().map(|e| e.terms().into_iter().cloned().collect()).unwrap_or_default()
}

/// Replaces a name that fits several licences by those of them whose text is there.
fn resolve(claimed: &Expression, own: &BTreeSet<Term>) -> Expression {
    claimed.map(&|term| {
        let family = names::family(&term.license).unwrap_or_default();
        let meant = own.iter().filter(|found| family.iter().any(|prefix| found.license.starts_with(prefix)));
        Expression::all_of(meant.cloned())
            .unwrap_or_else(|| Expression::all_of([term.clone()]).expect("one term is an expression"))
    })
}

fn strays(found: &BTreeSet<Term>, expression: &Expression) -> Vec<Term> {
    let claimed = expression.terms();
    found.iter().filter(|term| !claimed.iter().any(|c| covers(c, term))).cloned().collect()
}

/// Whether a text of `found` is to be expected where `claimed` is declared. GNU texts do not tell `-only` from
/// `-or-later`, LGPL-3.0 is written as an addition to GPL-3.0 and comes with its text.
fn covers(claimed: &Term, found: &Term) -> bool {
    let base = |term: &Term| term.license.trim_end_matches("-only").trim_end_matches("-or-later").to_owned();
    let (claimed_base, found_base) = (base(claimed), base(found));
    let may_be_later = claimed.or_later || claimed.license.ends_with("-or-later");
    claimed_base == found_base
        || claimed_base == "LGPL-3.0" && found_base == "GPL-3.0"
        || may_be_later && identifiers::is_version_at_least(&found_base, &claimed_base)
        || Catalogue::shared().share_a_text(&claimed.license, &found.license)
}

/// A reference of our own that says where an unknown licence was met.
fn reference(place: &str, text: &str) -> Expression {
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let slug: String = text.chars().take(64).map(word).collect();
    let slug: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let name = if slug.is_empty() { "unnamed".into() } else { slug.join("-") };
    Expression::all_of([Term::plain(format!("LicenseRef-{place}-{name}"))]).expect("one term is an expression")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::license::{detection::Match, files::FileRef};

    fn survey(own: &[&str], bundled: &[&str]) -> Survey {
        let detected = |id: &&str, scope| Detected {
            artifact: "a.tgz".into(),
            file: format!("package/LICENSE-{id}"),
            scope,
            found: Match { id: (*id).to_owned(), confidence: 1.0, lines: (1, 20), means: Means::Text },
            files: 1,
        };
        let own = own.iter().map(|id| detected(id, Scope::Own));
        let detected = own.chain(bundled.iter().map(|id| detected(id, Scope::Bundled))).collect();
        Survey { detected, ..Survey::default() }
    }

    #[test]
    fn declaration_and_texts_are_weighed() {
        use Agreement::*;
        for (declared, own, agreement, expression) in [
            (Some("MIT"), &["MIT"][..], Agree, "MIT"),
            (Some("MIT"), &[], DeclaredOnly, "MIT"),
            (Some("MIT OR Apache-2.0"), &["Apache-2.0", "MIT"], Agree, "MIT OR Apache-2.0"),
            (Some("MIT OR Apache-2.0"), &["MIT"], Agree, "MIT OR Apache-2.0"),
            (Some("MIT"), &["GPL-3.0-only"], Disagree, "MIT AND GPL-3.0-only"),
            (Some("MIT OR ISC"), &["GPL-3.0-only"], Disagree, "(MIT OR ISC) AND GPL-3.0-only"),
            (Some("MIT"), &["MIT", "LicenseRef-Commons-Clause"], Disagree, "MIT AND LicenseRef-Commons-Clause"),
            (Some("GPL-2.0-or-later"), &["GPL-2.0-only"], Agree, "GPL-2.0-or-later"),
            (Some("GPL-2.0-or-later"), &["GPL-3.0-only"], Agree, "GPL-2.0-or-later"),
            (Some("GPL-2.0-only"), &["GPL-3.0-only"], Disagree, "GPL-2.0-only AND GPL-3.0-only"),
            (Some("LGPL-3.0-or-later"), &["GPL-3.0-only", "LGPL-3.0-only"], Agree, "LGPL-3.0-or-later"),
            (Some("BSD"), &["BSD-3-Clause"], Agree, "BSD-3-Clause"),
            (Some("BSD"), &["MIT"], Disagree, "LicenseRef-BSD AND MIT"),
            (Some("BSD"), &[], DeclaredOnly, "LicenseRef-BSD"),
            (Some("Foo terms, v2"), &["MIT"], Disagree, "LicenseRef-declared-Foo-terms-v2 AND MIT"),
            (Some("SEE LICENSE IN x"), &["MIT"], Agree, "MIT"),
            (Some("SEE LICENSE IN x"), &[], DeclaredOnly, "LicenseRef-file-x"),
            (None, &["MIT", "ISC"], DetectedOnly, "ISC AND MIT"),
        ] {
            let conclusion = conclude(declared, &survey(own, &[])).unwrap();
            assert_eq!(
                (conclusion.agreement, conclusion.expression.to_string()),
                (agreement, expression.into()),
                "{declared:?} {own:?}"
            );
        }
    }

    #[test]
    fn nothing_at_all_is_no_licence() {
        assert_eq!(conclude(None, &Survey::default()), None);
        assert_eq!(conclude(Some("NONE"), &Survey::default()), None);
    }

    #[test]
    fn an_unrecognised_text_binds_under_a_name_of_its_own() {
        let file = FileRef { artifact: "a.tgz".into(), file: "package/LICENSE".into() };
        let unknown = Survey { unrecognized: vec![file], ..Survey::default() };
        assert_eq!(conclude(None, &unknown).unwrap().expression.to_string(), "LicenseRef-text-package-LICENSE");
    }

    #[test]
    fn names_contradict_but_never_confirm() {
        let mut named = survey(&["GPL-3.0-only"], &[]);
        named.detected[0].found.means = Means::Mention;
        let conclusion = conclude(Some("MIT"), &named).unwrap();
        assert_eq!(
            (conclusion.agreement, conclusion.expression.to_string().as_str()),
            (Agreement::Disagree, "MIT AND GPL-3.0-only")
        );
        assert_eq!(conclude(Some("GPL-3.0-or-later"), &named).unwrap().agreement, Agreement::DeclaredOnly);
        assert_eq!(conclude(None, &named).unwrap().expression.to_string(), "GPL-3.0-only");
    }

    #[test]
    fn contained_works_are_named_beside_the_expression() {
        let conclusion = conclude(Some("MIT"), &survey(&["MIT"], &["GPL-3.0-only", "MIT"])).unwrap();
        assert_eq!(
            (conclusion.expression.to_string().as_str(), conclusion.bundled),
            ("MIT", vec!["GPL-3.0-only".to_owned()])
        );
    }

    #[test]
    fn a_text_in_the_field_is_recognised() {
        let text = spdx::license_id("ISC").unwrap().text();
        assert_eq!(conclude(Some(text), &Survey::default()).unwrap().expression.to_string(), "ISC");
    }
}
