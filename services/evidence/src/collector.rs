//! What a check is, and the explicit list of all checks.

use crate::{
    InputDigests, Inputs,
    advisory::Advisory,
    age::Age,
    checksum::Checksum,
    classifier::Classifier,
    diff::Diff,
    license,
    pickle::Pickle,
    pin::{PinCheck, PinSettings},
    signature::Signature,
    typosquat::{Popular, Typosquat},
};
use lockgate_model::{Cause, Digest, Ecosystem, Observation, VersionOrder};
use std::sync::Arc;

/// One check. Pure: everything it may look at is in [`Inputs`].
pub trait Collector: Send + Sync {
    /// Stable, snake_case; part of the evidence key and of policy's vocabulary.
    fn id(&self) -> &'static str;

    /// Raised with every change that may alter an answer: evidence of another version is collected again.
    fn version(&self) -> u32;

    /// One sentence.
    fn description(&self) -> &'static str;

    /// Where the check is explained: a path in the repository, with an anchor.
    fn documentation(&self) -> &'static str;

    /// Digests of everything the answer depends on, the collector's own data files included. Computed without
    /// the bytes, so that known evidence is found before anything is fetched.
    fn inputs(&self, known: &InputDigests) -> Vec<Digest>;

    /// Looks, on one thread, without I/O.
    ///
    /// # Errors
    /// When the attempt failed: a needed input is missing or makes no sense. [`crate::run`] turns it into
    /// `Unavailable`. A property that does not hold is never an error.
    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause>;

    /// What is certain before the artifacts are there, from the registry's answer and what is remembered; `None`
    /// where the check needs the bytes. A person reads it at once, so it holds only what the whole look will not
    /// take back; see [`crate::preview`].
    fn preview(&self, _inputs: &Inputs) -> Option<Observation> {
        None
    }

    /// JSON Schema of the facts in `Observed`.
    fn facts_schema(&self) -> schemars::Schema;
}

/// What the collectors need beyond the inputs.
#[derive(Debug)]
pub struct CollectorData {
    /// The licence catalogue's settings.
    pub license: license::LicenseData,
    /// Version order, which belongs to the ecosystems.
    pub versions: fn(Ecosystem) -> &'static dyn VersionOrder,
    /// Whom it trusts.
    pub signature: Signature,
    /// What the operator says of internal names.
    pub pins: PinSettings,
    /// Names that others imitate.
    pub popular: Arc<Popular>,
    /// Where there is a model.
    pub classifier: Option<Classifier>,
}

/// The explicit registry list: a new check is one folder and one line here.
pub fn collectors(data: CollectorData) -> Vec<Arc<dyn Collector>> {
    let mut all: Vec<Arc<dyn Collector>> = vec![
        Arc::new(Checksum),
        Arc::new(license::License::new(data.license)),
        Arc::new(Advisory::new(data.versions)),
        Arc::new(Diff),
        Arc::new(Age),
        Arc::new(data.signature),
        Arc::new(Pickle),
        Arc::new(PinCheck::new(data.pins)),
        Arc::new(Typosquat::new(data.popular)),
    ];
    all.extend(data.classifier.map(|check| Arc::new(check) as Arc<dyn Collector>));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::{VersionError, VersionKey, VersionKeyWriter};
    use lockgate_signature::bundle::{Instance, Verifier};
    use std::collections::BTreeSet;

    struct AsText;

    impl VersionOrder for AsText {
        fn key(&self, version: &str) -> Result<VersionKey, VersionError> {
            Ok(VersionKeyWriter::default().text(version).finish())
        }
        fn in_range(&self, range: &str, version: &str) -> Result<bool, VersionError> {
            Ok(range == version)
        }
        fn is_prerelease(&self, _: &str) -> Result<bool, VersionError> {
            Ok(false)
        }
    }

    #[test]
    fn every_collector_introduces_itself() {
        let verifier = Verifier::embedded(Instance::Production).unwrap();
        let signature = Signature::new(verifier, None, Digest::sha256(b"embedded"));
        let license = license::LicenseData::embedded();
        let (pins, popular) = (PinSettings::default(), Arc::new(Popular::embedded()));
        let data = CollectorData { license, versions: |_| &AsText, signature, pins, popular, classifier: None };
        let collectors = collectors(data);
        let ids: BTreeSet<_> = collectors.iter().map(|c| c.id()).collect();
        let expected = ["advisory", "age", "checksum", "diff", "license", "pickle", "pin", "signature", "typosquat"];
        assert_eq!(ids, BTreeSet::from(expected));
        assert_eq!(ids.len(), collectors.len());
        for collector in collectors {
            assert!(collector.version() > 0 && !collector.description().is_empty());
            assert!(collector.documentation().ends_with(&format!("#{}", collector.id())));
            assert!(collector.facts_schema().get("properties").is_some(), "{}", collector.id());
        }
    }
}
