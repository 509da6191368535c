//! From an assessment to the question that rules are asked.

use crate::{
    PolicyError, choices,
    floor::REQUIRED,
    host::host,
    input::{
        EvidenceInput, LockfileInput, LockfileState, ObservationInput, OldPinInput, OriginInput, PinInput, PolicyInput,
        ReleaseInput, VERSION,
    },
};
use lockgate_model::{
    AssessedRelease, Assessment, Evidence, LockfileChange, LockfileStatus, Observation, Origin, PinChange, Release,
    ReleaseChange, ReleaseKey, Waiver,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What the operator's configuration adds to the question. A replay must be given the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Hosts of the configured registries and of their artifacts: `host` or `host:port`.
    pub registry_hosts: Vec<String>,
    /// Exceptions that reviewers granted in this repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

pub(crate) type EvidenceOf<'a> = HashMap<&'a ReleaseKey, Vec<&'a Evidence>>;

/// Evidence by release change; a key that stands twice is taken together.
pub(crate) fn evidence_of(assessment: &Assessment) -> EvidenceOf<'_> {
    let mut found = EvidenceOf::new();
    for AssessedRelease { key, evidence } in &assessment.releases {
        found.entry(key).or_default().extend(evidence);
    }
    found
}

/// # Errors
/// [`PolicyError::TwoFindings`] when one collector speaks twice, and differently, of one release.
pub(crate) fn question(assessment: &Assessment, context: &Context) -> Result<PolicyInput, PolicyError> {
    let evidence = evidence_of(assessment);
    let change = &assessment.change;
    let releases = change.releases().map(|moved| release(moved, &evidence)).collect::<Result<_, _>>()?;
    let mut registry_hosts: Vec<_> = context.registry_hosts.iter().map(|host| host.to_lowercase()).collect();
    registry_hosts.sort();
    registry_hosts.dedup();
    Ok(PolicyInput {
        version: VERSION,
        asked_at: assessment.asked_at,
        repository: change.repository.to_string(),
        base: change.base.to_string(),
        head: change.head.to_string(),
        registry_hosts,
        required: REQUIRED.map(str::to_owned).to_vec(),
        lockfiles: change.lockfiles.iter().map(lockfile).collect(),
        releases,
        pins: change.pins.iter().map(pin).collect(),
        unread: change.unread.clone(),
    })
}

fn pin(changed: &PinChange) -> PinInput {
    let new = changed.new.clone();
    PinInput {
        path: changed.path.clone(),
        line: new.line,
        kind: new.kind,
        name: new.name,
        reference: new.reference,
        label: new.label,
        address: new.address,
        old: changed.old.clone().map(|old| OldPinInput {
            reference: old.reference,
            label: old.label,
            address: old.address,
        }),
    }
}

fn lockfile(changed: &LockfileChange) -> LockfileInput {
    let (status, error) = match &changed.status {
        LockfileStatus::Appeared => (LockfileState::Appeared, None),
        LockfileStatus::Disappeared => (LockfileState::Disappeared, None),
        LockfileStatus::Changed => (LockfileState::Changed, None),
        LockfileStatus::Malformed { error } => (LockfileState::Malformed, Some(error.clone())),
    };
    LockfileInput {
        path: changed.path.clone(),
        format: changed.format,
        status,
        error,
        findings: changed.findings.clone(),
    }
}

fn release(moved: &ReleaseChange, evidence: &EvidenceOf) -> Result<ReleaseInput, PolicyError> {
    let entry = moved.entry();
    let release = &entry.release;
    let found = evidence.get(&moved.key()).map(Vec::as_slice).unwrap_or_default();
    Ok(ReleaseInput {
        purl: release.purl(),
        package: Release { version: String::new(), ..release.clone() }.purl(),
        ecosystem: release.ecosystem,
        name: release.name.clone(),
        version: release.version.clone(),
        kind: moved.kind,
        old_version: moved.old_version().map(str::to_owned),
        lockfile: moved.lockfile.clone(),
        line: moved.line(),
        direct: entry.direct,
        dev: entry.dev,
        optional: entry.optional,
        origin: origin(&entry.origin),
        license_choices: found.iter().find(|e| e.collector == "license").and_then(|e| choices::of_evidence(e)),
        evidence: by_collector(release, found)?,
    })
}

fn origin(origin: &Origin) -> OriginInput {
    match origin.clone() {
        Origin::Registry { url } => OriginInput::Registry { host: url.as_deref().and_then(host), url },
        Origin::Git { url, commit } => OriginInput::Git { host: host(&url), url, commit },
        Origin::Url { url } => OriginInput::Url { host: host(&url), url },
        Origin::Path { path } => OriginInput::Path { path },
        Origin::Bundled { by } => OriginInput::Bundled { by },
    }
}

/// Evidence about another release says nothing here and is left out, so that the floor misses it.
fn by_collector(release: &Release, found: &[&Evidence]) -> Result<BTreeMap<String, EvidenceInput>, PolicyError> {
    let mut by_collector: BTreeMap<String, EvidenceInput> = BTreeMap::new();
    for evidence in found.iter().filter(|evidence| evidence.subject.release == *release) {
        let input = evidence_input(evidence);
        let id = input.id.clone();
        let before = by_collector.insert(evidence.collector.clone(), input);
        if before.is_some_and(|before| before.id != id) {
            let collector = evidence.collector.clone();
            return Err(PolicyError::TwoFindings { purl: release.purl(), collector });
        }
    }
    Ok(by_collector)
}

fn evidence_input(evidence: &Evidence) -> EvidenceInput {
    let observation = match evidence.observation.clone() {
        Observation::Observed { facts } => ObservationInput::Observed { facts },
        Observation::Absent => ObservationInput::Absent,
        Observation::Unavailable { cause } => ObservationInput::Unavailable { cause },
    };
    EvidenceInput { id: evidence.id(), collector_version: evidence.collector_version, observation }
}
