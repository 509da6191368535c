//! The licence check: declared, detected, agreed, owed.

use super::{
    conclusion::{Conclusion, conclude, conclude_claim, file_named_by},
    data::{LicenseData, ObligationKind},
    facts::{LicenseFacts, Previous},
    files::{Survey, Surveyor},
    manifest,
    obligations::{owed, unknown},
    reading::Standing,
};
use crate::{Collector, InputDigests, Inputs};
use lockgate_model::{Cause, Digest, Observation, redact::redact};
use std::collections::BTreeSet;

/// Findings and references listed in the facts.
const MAX_LISTED: usize = 200;

/// Finds out under which licence a release stands and what that asks for.
#[derive(Debug)]
pub struct License {
    data: LicenseData,
}

impl License {
    pub fn new(data: LicenseData) -> Self {
        Self { data }
    }
}

impl Collector for License {
    fn id(&self) -> &'static str {
        "license"
    }

    fn version(&self) -> u32 {
        2
    }

    fn description(&self) -> &'static str {
        "Compares the declared licence with the licence texts in the artifact and tells what it obliges to."
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#license"
    }

    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        let files = known.artifacts.iter().chain(&known.previous).chain(&known.published);
        files.chain([self.data.digest()]).cloned().collect()
    }

    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        let artifacts = inputs.artifacts.as_deref().map_err(Clone::clone)?;
        let claims = &inputs.manifest_claims;
        // Before it becomes the name of a licence, in which an address would no longer look like one.
        let declared = claims.license.as_deref().map(redact);
        let declared = declared.as_deref().filter(|text| !text.trim().is_empty());
        let named = file_named_by(declared).or_else(|| claims.license_file.clone());
        let mut surveyor = Surveyor::default();
        let survey = surveyor.survey(artifacts, named.as_deref());
        let Some(conclusion) = conclude(declared, &survey) else { return Ok(Observation::Absent) };
        let previous = previous(inputs, &mut surveyor);
        let facts = self.facts(declared, survey, conclusion, previous);
        Ok(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
    }

    /// The registry's claim, where it names its licences. Texts can only add to it: what it denies stays denied.
    fn preview(&self, inputs: &Inputs) -> Option<Observation> {
        let declared = redact(inputs.published.as_ref().ok()?.claims.license.as_deref()?);
        let declared = declared.as_ref();
        let conclusion = conclude_claim(declared)?;
        let previous = inputs.previous.as_ref().map_or(Previous::None, |_| Previous::Unavailable);
        let facts = self.facts(Some(declared), Survey::default(), conclusion, previous);
        Some(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
    }

    fn facts_schema(&self) -> schemars::Schema {
        schemars::schema_for!(LicenseFacts)
    }
}

/// The licence of the version before, by its own manifest and files.
fn previous<'a>(inputs: &'a Inputs, surveyor: &mut Surveyor<'a>) -> Previous {
    let artifacts = match &inputs.previous {
        None => return Previous::None,
        Some(Err(_)) => return Previous::Unavailable,
        Some(Ok(artifacts)) => artifacts,
    };
    let declared = manifest::declared_license(artifacts);
    let named = file_named_by(declared.as_deref());
    let survey = surveyor.survey(artifacts, named.as_deref());
    match conclude(declared.as_deref(), &survey) {
        Some(conclusion) => Previous::Licensed { expression: conclusion.expression },
        None => Previous::Unlicensed,
    }
}

impl License {
    fn facts(
        &self,
        declared: Option<&str>,
        survey: Survey,
        conclusion: Conclusion,
        previous: Previous,
    ) -> LicenseFacts {
        let before: BTreeSet<ObligationKind> = match &previous {
            Previous::Licensed { expression } => owed(expression, &self.data, &BTreeSet::new()).kinds(),
            _ => BTreeSet::new(),
        };
        let owed = owed(&conclusion.expression, &self.data, &before);
        let mut detected = survey.detected;
        detected.sort_by_key(|d| d.scope);
        detected.truncate(MAX_LISTED);
        LicenseFacts {
            declared: declared.map(|text| text.chars().take(400).collect()),
            declared_valid: matches!(conclusion.standing, Some(Standing::Spdx | Standing::Deprecated)),
            standing: conclusion.standing,
            corrections: conclusion.corrections,
            detected,
            unknown_licenses: unknown(&conclusion.expression, &self.data),
            expression: conclusion.expression,
            agreement: conclusion.agreement,
            bundled_licenses: listed(conclusion.bundled),
            new_obligations: owed.obligations.iter().filter(|o| o.new).map(|o| o.kind).collect(),
            choice: owed.choice,
            obligations: owed.obligations,
            unrecognized: listed(survey.unrecognized),
            unexplained: listed(survey.unexplained),
            unread: listed(survey.unread),
            notice_files: listed(survey.notices),
            previous,
        }
    }
}

fn listed<T>(mut items: Vec<T>) -> Vec<T> {
    items.truncate(MAX_LISTED);
    items
}
