//! Looks into archives on disk and prints what the diff check says of them, one JSON line each.
//!
//! `cargo run -p lockgate-evidence --example inspect -- NEW...` or `-- --old OLD NEW`; used to measure speed
//! and noise on real packages.

use bytes::Bytes;
use lockgate_archive::{Format, Limits, read};
use lockgate_evidence::{Collector, FetchedArtifact, Inputs, diff::Diff};
use lockgate_model::{
    Cause, CauseKind, ChangeKind, Claims, Digest, Ecosystem, LockedRelease, Observation, Origin, PublishedFile,
    PublishedFileKind, Release, ReleaseChange, Subject,
};
use std::{error::Error, io::Write, path::Path, sync::Arc, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, old, new] if flag == "--old" => inspect(Some(old), new),
        files => files.iter().try_for_each(|file| inspect(None, file)),
    }
}

fn inspect(old: Option<&str>, new: &str) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let artifact = open(new)?;
    let read_in = started.elapsed();
    let unpacked: u64 = artifact.contents.files.iter().map(|f| f.size).sum();
    let inputs = inputs(old.map(open).transpose()?, artifact);
    let started = Instant::now();
    let observation = Diff.collect(&inputs)?;
    let Observation::Observed { facts } = observation else { return Err("nothing was observed".into()) };
    let line = serde_json::json!({
        "archive": new, "unpacked": unpacked, "read_ms": read_in.as_millis(), "diff_ms": started.elapsed().as_millis(),
        "facts": facts
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn open(path: &str) -> Result<FetchedArtifact, Box<dyn Error>> {
    let bytes = Bytes::from(std::fs::read(path)?);
    let format = Format::sniff(&bytes).unwrap_or(Format::TarGz);
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let url = format!("https://registry.example.test/{name}").parse()?;
    let kind = if format == Format::Zip { PublishedFileKind::Wheel } else { PublishedFileKind::NpmTarball };
    Ok(FetchedArtifact {
        file: PublishedFile {
            file: name,
            kind,
            url,
            digests: Vec::new(),
            size: None,
            signatures: Vec::new(),
            attestations: None,
        },
        digest: Digest::sha256(&bytes),
        contents: Arc::new(read(&bytes, format, &Limits::default())),
        bytes,
    })
}

fn inputs(old: Option<FetchedArtifact>, new: FetchedArtifact) -> Inputs {
    let locked = |version: &str| LockedRelease {
        release: Release::new(Ecosystem::Npm, "example", version),
        origin: Origin::Registry { url: None },
        digests: Vec::new(),
        direct: None,
        dev: None,
        optional: false,
        alias: None,
        install_script: None,
        line: 1,
        depends_on: Vec::new(),
    };
    let missing = || Cause::new(CauseKind::NotConfigured, "not needed here");
    Inputs {
        subject: Subject { release: locked("1.1.0").release, previous: old.as_ref().map(|_| "1.0.0".to_owned()) },
        change: ReleaseChange {
            kind: if old.is_some() { ChangeKind::Moved } else { ChangeKind::Added },
            lockfile: "lockfile".to_owned(),
            old: old.as_ref().map(|_| locked("1.0.0")),
            new: Some(locked("1.1.0")),
        },
        published: Err(missing()),
        artifacts: Ok(vec![new]),
        previous: old.map(|o| Ok(vec![o])),
        manifest_claims: Claims::default(),
        first_seen: Vec::new(),
        advisories: Err(missing()),
        signed: Err(missing()),
    }
}
