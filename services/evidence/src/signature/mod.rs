//! Signature: who signed a release, where it was built, and whether that is as it was for the releases before.
//!
//! - What the registry's own key signed, over name, version and the digest of the bytes that were delivered.
//! - Attestations (npm's, PEP 740's), each verified: certificate, log, statement, subject. What does not hold says why.
//! - Continuity: the builds of the releases before, in the same release line, were verified as well; what is another now is
//!   a finding with its history. A new line may be built elsewhere.
//!
//! Who is stopped: a registry account that was taken over publishes, but not as the workflow that built the releases before,
//! and leaving provenance out is seen. A mirror or the network that hands out other bytes has no signature for them. A
//! lockfile in a pull request that pins other bytes is stopped by [`crate::checksum`]; here it finds nothing that is signed
//! for them. A package whose author is the attacker is not stopped, nor who takes over the workflow itself.

mod builds;
mod continuity;
mod facts;
mod registry;
mod repository;
#[cfg(test)]
mod tests;

pub use facts::{Build, EarlierRelease, FileAttestation, FileSignature, Finding, SignatureFacts, Value};

use crate::{Collector, InputDigests, Inputs};
use lockgate_model::{Cause, CauseKind, Digest, Observation, Origin};
use lockgate_signature::{bundle::Verifier, npm::Keys};
use schemars::schema_for;
use std::sync::Arc;

/// The signature check.
#[derive(Debug, Clone)]
pub struct Signature {
    verifier: Arc<Verifier>,
    /// Names the authorities and logs that are trusted.
    root: Digest,
    /// Keys of the npm registry that the operator named; else those that the registry states.
    keys: Option<Arc<Keys>>,
}

impl Signature {
    /// `root`: digest of what tells the authorities and logs of `verifier`, and of `keys`.
    pub fn new(verifier: Verifier, keys: Option<Keys>, root: Digest) -> Self {
        Self { verifier: Arc::new(verifier), root, keys: keys.map(Arc::new) }
    }
}

impl Collector for Signature {
    fn id(&self) -> &'static str {
        "signature"
    }

    fn version(&self) -> u32 {
        1
    }

    fn description(&self) -> &'static str {
        "Verifies signatures and attestations, and holds who built a release against who built those before"
    }

    fn documentation(&self) -> &'static str {
        "ARCHITECTURE.md#signature"
    }

    /// What an address of attestations leads to does not change; that there is one is part of the registry's answer.
    fn inputs(&self, known: &InputDigests) -> Vec<Digest> {
        let digests = [&known.artifacts, &known.earlier];
        digests.into_iter().flatten().chain(&known.published).chain([&self.root]).cloned().collect()
    }

    /// `Absent` where nothing is signed and nothing was: that is no word for the release.
    fn collect(&self, inputs: &Inputs) -> Result<Observation, Cause> {
        if !matches!(inputs.change.entry().origin, Origin::Registry { .. }) {
            return Ok(Observation::Absent);
        }
        let facts = self.observe(inputs)?;
        if facts == SignatureFacts::default() {
            return Ok(Observation::Absent);
        }
        Ok(Observation::Observed { facts: serde_json::to_value(facts).expect("facts have only string keys") })
    }

    fn facts_schema(&self) -> schemars::Schema {
        schema_for!(SignatureFacts)
    }
}

impl Signature {
    /// 1. What the registry signed.
    /// 2. The attestations of the files that were delivered.
    /// 3. Those of the releases before, by the digests that the registry states: their bytes are not at hand.
    /// 4. What is another than it was, and than the publisher claims.
    fn observe(&self, inputs: &Inputs) -> Result<SignatureFacts, Cause> {
        let published = inputs.published.as_ref().map_err(Clone::clone)?;
        let artifacts = inputs.artifacts.as_ref().map_err(Clone::clone)?;
        let signed = inputs.signed.as_ref().map_err(Clone::clone)?;
        let keys = self.keys(inputs, signed.keys.as_deref())?;

        // 1.
        let registry = registry::signatures(published, artifacts, keys.as_deref());
        // 2.
        let asked = builds::Asked { verifier: &self.verifier, keys: keys.as_deref(), release: &published.release };
        let attestations: Vec<FileAttestation> = signed
            .attested
            .iter()
            .filter_map(|one| Some((one, artifacts.iter().find(|a| a.file.file == one.file.file)?)))
            .flat_map(|(one, artifact)| asked.of_bytes(&one.file.file, &artifact.bytes, &one.document))
            .collect();
        // 3.
        let earlier: Vec<EarlierRelease> = signed.earlier.iter().map(|one| asked.earlier(one)).collect();
        // 4.
        let mut findings = continuity::findings(published, artifacts, &attestations, &earlier);
        let signs = artifacts.iter().any(|artifact| !artifact.file.signatures.is_empty());
        findings.extend((signs && keys.is_none()).then_some(Finding::NoKeys {}));
        findings.extend(repository::differs(inputs.manifest_claims.repository.as_deref(), &attestations));
        let told = attestations.is_empty() && findings.is_empty();
        let earlier = if told { Vec::new() } else { earlier };
        Ok(SignatureFacts { registry, attestations, earlier, findings })
    }

    fn keys(&self, inputs: &Inputs, stated: Option<&[u8]>) -> Result<Option<Arc<Keys>>, Cause> {
        let name = || format!("the keys of the {} registry", inputs.subject.release.ecosystem);
        match (&self.keys, stated) {
            (Some(keys), _) => Ok(Some(Arc::clone(keys))),
            (None, None) => Ok(None),
            (None, Some(json)) => Keys::from_json(&name(), json).map(|keys| Some(Arc::new(keys))).map_err(|error| {
                Cause::new(CauseKind::Malformed, format!("verify {}: {error}", inputs.subject.release))
                    .with_remedy("name the registry's keys in [signature] keys, or ask the registry's operator")
            }),
        }
    }
}
