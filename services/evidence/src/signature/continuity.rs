//! Whether a release was signed and built as those before it in its line.

use super::{Build, EarlierRelease, FileAttestation, Finding, Value, builds::build};
use crate::FetchedArtifact;
use lockgate_model::{PublishedFileKind, PublishedRelease};
use lockgate_signature::Attestation;

/// Of a value, the nearest release that had another, where none of the earlier ones had this one.
fn changed(
    now: &[Build],
    earlier: &[EarlierRelease],
    value: fn(&Build) -> Option<String>,
) -> impl Iterator<Item = Value> {
    let mut before = Vec::new();
    for release in earlier {
        before.extend(release.builds.iter().filter_map(|b| Some((value(b)?, release.version.clone()))));
    }
    let mut now: Vec<String> = now.iter().filter_map(value).collect();
    now.sort();
    now.dedup();
    now.into_iter().filter_map(move |now| {
        let (was, version) = before.first()?.clone();
        before.iter().all(|(was, _)| *was != now).then_some(Value { now, was, version })
    })
}

pub(super) fn findings(
    published: &PublishedRelease,
    artifacts: &[FetchedArtifact],
    attestations: &[FileAttestation],
    earlier: &[EarlierRelease],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let signed = artifacts.iter().any(|artifact| !artifact.file.signatures.is_empty());
    if let Some(before) = earlier.iter().find(|release| release.signed).filter(|_| !signed) {
        findings.push(Finding::RegistrySignatureDisappeared { version: before.version.clone() });
    }
    findings.extend(attested(published, attestations, earlier));

    let now: Vec<Build> = attestations.iter().filter_map(|one| build(&one.attestation)).collect();
    let issuer = |build: &Build| Some(build.issuer.clone());
    findings.extend(changed(&now, earlier, issuer).map(Finding::OtherIssuer));
    let source = |build: &Build| Some(build.source.to_lowercase());
    let moved: Vec<Finding> = changed(&now, earlier, source).map(Finding::OtherSource).collect();
    // Another repository has other workflows: that is one piece of news.
    let same_place = moved.is_empty();
    findings.extend(moved);
    if same_place {
        findings.extend(changed(&now, earlier, |build| build.workflow.clone()).map(Finding::OtherWorkflow));
    }
    findings.extend(changed(&now, earlier, |build| kind_of_ref(build.r#ref.as_deref()?)).map(Finding::OtherKindOfRef));
    let runner = changed(&now, earlier, |build| build.runner.clone());
    findings.extend(runner.filter(|value| value.now == "self-hosted").map(Finding::OtherRunner));
    findings
}

/// A file that has none beside files that have, and a release that has none after releases that had.
fn attested(
    published: &PublishedRelease,
    attestations: &[FileAttestation],
    earlier: &[EarlierRelease],
) -> Vec<Finding> {
    let installed = |kind| !matches!(kind, PublishedFileKind::Other);
    let (with, without): (Vec<_>, Vec<_>) =
        published.files.iter().filter(|file| installed(file.kind)).partition(|file| file.attestations.is_some());
    // Where one does not hold, that is said of it, and it did not disappear.
    let rejected = attestations.iter().any(|one| matches!(one.attestation, Attestation::Rejected { .. }));
    let builds = attestations.iter().any(|one| build(&one.attestation).is_some());
    let before = match (with.is_empty(), builds || rejected) {
        (true, _) => earlier.iter().find(|release| release.attested),
        (false, false) => earlier.iter().find(|release| !release.builds.is_empty()),
        (false, true) => None,
    };
    let disappeared = before.map(|release| Finding::AttestationDisappeared { version: release.version.clone() });
    let partly = without.into_iter().filter(|_| !with.is_empty());
    let partly = partly.map(|file| Finding::FileNotAttested { file: file.file.clone() });
    disappeared.into_iter().chain(partly).collect()
}

/// `refs/tags`, `refs/heads`, `refs/pull`: who may write there differs.
fn kind_of_ref(name: &str) -> Option<String> {
    let mut parts = name.split('/');
    match (parts.next(), parts.next()) {
        (Some("refs"), Some(kind)) => Some(format!("refs/{kind}")),
        _ => None,
    }
}
