//! Attestations verified, and the builds that they tell of.

use super::{Build, EarlierRelease, FileAttestation};
use crate::{Attested, Earlier};
use lockgate_model::{Digest, DigestAlgorithm, Ecosystem, PublishedFile, PublishedRelease, Release};
use lockgate_signature::{
    Attestation, Signer,
    bundle::Verifier,
    npm::{self, Keys},
    pypi,
};

/// With what they are verified.
pub(super) struct Asked<'a> {
    pub(super) verifier: &'a Verifier,
    pub(super) keys: Option<&'a Keys>,
    pub(super) release: &'a Release,
}

/// The digest of a file, of the algorithm that its ecosystem's attestations name.
enum Subject {
    Sha256([u8; 32]),
    Sha512([u8; 64]),
}

impl Asked<'_> {
    /// The attestations in `document` about the file with these bytes.
    pub(super) fn of_bytes(&self, file: &str, bytes: &[u8], document: &[u8]) -> Vec<FileAttestation> {
        let digest = Digest::of(algorithm(self.release.ecosystem), bytes);
        let found = subject(&digest).map(|subject| self.ask(self.release, file, &subject, document));
        let about = |attestation| FileAttestation { file: file.to_owned(), attestation };
        found.unwrap_or_default().into_iter().map(about).collect()
    }

    /// What is known of an earlier release. What does not hold of it tells nothing, and was judged when it came in.
    pub(super) fn earlier(&self, earlier: &Earlier) -> EarlierRelease {
        let PublishedRelease { release, files, .. } = &earlier.published;
        let attested = earlier.attested.as_deref().unwrap_or_default();
        let found = attested.iter().flat_map(|one| self.of_stated(release, one));
        let mut builds: Vec<Build> = found.filter_map(|attestation| build(&attestation)).collect();
        builds.sort();
        builds.dedup();
        EarlierRelease {
            version: release.version.clone(),
            attested: files.iter().any(|file| file.attestations.is_some()),
            signed: files.iter().any(|file| !file.signatures.is_empty()),
            builds,
        }
    }

    fn of_stated(&self, release: &Release, one: &Attested) -> Vec<Attestation> {
        let Attested { file: PublishedFile { file, digests, .. }, document } = one;
        let wanted = algorithm(release.ecosystem);
        let stated = digests.iter().find(|digest| digest.algorithm() == wanted).and_then(subject);
        stated.map(|subject| self.ask(release, file, &subject, document)).unwrap_or_default()
    }

    fn ask(&self, release: &Release, file: &str, subject: &Subject, document: &[u8]) -> Vec<Attestation> {
        match subject {
            Subject::Sha512(sha512) => {
                let Release { name, version, .. } = release.clone();
                let release = npm::Release { name, version, sha512: *sha512 };
                let none = Keys::default();
                npm::attestations(self.verifier, self.keys.unwrap_or(&none), &release, document)
            }
            Subject::Sha256(sha256) => {
                let file = pypi::File { name: file.to_owned(), sha256: *sha256 };
                match pypi::provenance(self.verifier, &file, None, document) {
                    Ok(published) => published.into_iter().flat_map(|one| one.attestations).collect(),
                    Err(rejected) => vec![Attestation::Rejected { predicate_type: None, rejected }],
                }
            }
        }
    }
}

/// npm's attestations name SHA-512, PEP 740's SHA-256.
fn algorithm(ecosystem: Ecosystem) -> DigestAlgorithm {
    match ecosystem {
        Ecosystem::Npm => DigestAlgorithm::Sha512,
        Ecosystem::Pypi | Ecosystem::Cargo => DigestAlgorithm::Sha256,
    }
}

fn subject(digest: &Digest) -> Option<Subject> {
    match digest.algorithm() {
        DigestAlgorithm::Sha256 => digest.bytes().try_into().ok().map(Subject::Sha256),
        DigestAlgorithm::Sha512 => digest.bytes().try_into().ok().map(Subject::Sha512),
        _ => None,
    }
}

/// The build that a verified attestation tells of; `None` for what a registry's key signed, which builds nothing.
pub(super) fn build(attestation: &Attestation) -> Option<Build> {
    let Signer::Identity { identity, issuer, claims } = &attestation.attested()?.signer else { return None };
    let source = claims.source_repository.clone().unwrap_or_else(|| identity.clone());
    let workflow = claims.build_config.as_deref().or(claims.source_repository.is_some().then_some(identity.as_str()));
    let path = |address: &str| {
        let path = address.strip_prefix(&source)?.trim_start_matches('/');
        Some(path.split('@').next().unwrap_or_default().to_owned())
    };
    Some(Build {
        issuer: issuer.clone(),
        workflow: workflow.map(|address| path(address).unwrap_or_else(|| address.to_owned())),
        r#ref: claims.source_ref.clone(),
        runner: claims.runner.clone(),
        source,
    })
}
