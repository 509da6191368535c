//! Inputs for tests: releases whose archives are built in memory.

use crate::{FetchedArtifact, Inputs, Signed};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use lockgate_archive::{Format, Limits, read};
use lockgate_model::{
    Cause, CauseKind, ChangeKind, Claims, Digest, Ecosystem, LockedDigest, LockedRelease, Origin, PublishedFile,
    PublishedFileKind, PublishedRelease, Release, ReleaseChange, Subject,
};
use std::sync::Arc;

/// A gzipped tar of `files`.
pub(crate) fn tarball(files: &[(&str, &str)]) -> Bytes {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap().into()
}

pub(crate) fn published_file(file: &str, kind: PublishedFileKind, digests: Vec<Digest>) -> PublishedFile {
    let url = format!("https://registry.example.test/{file}").parse().unwrap();
    PublishedFile { file: file.to_owned(), kind, url, digests, size: None, signatures: Vec::new(), attestations: None }
}

/// A file of which the registry states the SHA-256 of `bytes`.
pub(crate) fn fetched(file: &str, kind: PublishedFileKind, bytes: Bytes) -> FetchedArtifact {
    let format = Format::sniff(&bytes).unwrap_or(Format::TarGz);
    let digest = Digest::sha256(&bytes);
    FetchedArtifact {
        file: published_file(file, kind, vec![digest.clone()]),
        contents: Arc::new(read(&bytes, format, &Limits::default())),
        digest,
        bytes,
    }
}

pub(crate) fn locked(release: &Release, digests: &[(Option<&str>, Digest)]) -> LockedRelease {
    LockedRelease {
        release: release.clone(),
        origin: Origin::Registry { url: None },
        digests: digests
            .iter()
            .map(|(file, digest)| LockedDigest { digest: digest.clone(), file: file.map(str::to_owned) })
            .collect(),
        direct: Some(true),
        dev: Some(false),
        optional: false,
        alias: None,
        install_script: None,
        line: 1,
        depends_on: Vec::new(),
    }
}

/// Version 1.1.0 of package `example`, with `artifacts`, published as they are, locked by `digests`.
pub(crate) fn inputs(
    ecosystem: Ecosystem,
    artifacts: Vec<FetchedArtifact>,
    digests: &[(Option<&str>, Digest)],
) -> Inputs {
    let release = Release::new(ecosystem, "example", "1.1.0");
    let published = PublishedRelease {
        release: release.clone(),
        files: artifacts.iter().map(|a| a.file.clone()).collect(),
        claims: Claims::default(),
        published_at: None,
        yanked: None,
    };
    Inputs {
        subject: Subject { release: release.clone(), previous: None },
        change: ReleaseChange {
            kind: ChangeKind::Added,
            lockfile: "lockfile".to_owned(),
            old: None,
            new: Some(locked(&release, digests)),
        },
        published: Ok(published),
        artifacts: Ok(artifacts),
        previous: None,
        manifest_claims: Claims::default(),
        first_seen: Vec::new(),
        advisories: Err(Cause::new(CauseKind::NotConfigured, "no advisory feed was imported")),
        signed: Ok(Signed::default()),
    }
}

pub(crate) fn upstream() -> Cause {
    Cause::new(CauseKind::Upstream, "fetch npm example 1.1.0: registry answered 503")
}
