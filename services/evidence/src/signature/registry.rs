//! What the registry's own key signed.

use super::FileSignature;
use crate::FetchedArtifact;
use lockgate_model::{Digest, DigestAlgorithm, PublishedRelease};
use lockgate_signature::npm::{self, DistSignature, Keys};

/// Of each file that was delivered. The digest is that of the bytes: whatever the registry states, it signed for these or not.
/// Without keys nothing is told.
pub(super) fn signatures(
    published: &PublishedRelease,
    artifacts: &[FetchedArtifact],
    keys: Option<&Keys>,
) -> Vec<FileSignature> {
    let Some(keys) = keys else { return Vec::new() };
    let release = &published.release;
    let of = |artifact: &FetchedArtifact| {
        let signatures = artifact.file.signatures.iter();
        let signatures: Vec<_> =
            signatures.map(|s| DistSignature { keyid: s.keyid.clone(), sig: s.sig.clone() }).collect();
        let integrity = Digest::of(DigestAlgorithm::Sha512, &artifact.bytes).sri();
        let found = npm::signatures(
            keys,
            &release.name,
            &release.version,
            Some(&integrity),
            published.published_at,
            &signatures,
        );
        let file = artifact.file.file.clone();
        found.into_iter().map(move |signature| FileSignature { file: file.clone(), signature })
    };
    artifacts.iter().filter(|artifact| !artifact.file.signatures.is_empty()).flat_map(of).collect()
}
