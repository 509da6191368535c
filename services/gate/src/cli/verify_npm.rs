//! `lockgate verify-npm`: whether a tarball's attestations hold.

use super::{
    attested::{self, Trust},
    finding_code, print,
};
use anyhow::{Context, Result, ensure};
use lockgate_archive::{Format, Limits};
use lockgate_model::redact::redact;
use lockgate_signature::npm::{self, Keys, Kind, Release};
use serde::Deserialize;
use std::{fs, io::Read, path::PathBuf, process::ExitCode};

/// Largest tarball, in bytes.
const MOST_TARBALL: u64 = 512 << 20;
const MANIFEST: &str = "package.json";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The document that the registry serves as `/-/npm/v1/attestations/NAME@VERSION`.
    #[arg(long)]
    attestations: PathBuf,
    /// The registry's keys: the document that it serves as `/-/npm/v1/keys`.
    #[arg(long)]
    keys: PathBuf,
    #[command(flatten)]
    trust: Trust,
    /// The package, as it is published. Its own manifest says which release it is.
    tarball: PathBuf,
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
    version: String,
}

/// A line for each attestation, and for each that is missing. Exit 1 when one does not hold, or there is none; 2 when that
/// could not be asked.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let verifier = arguments.trust.verifier()?;
    let keys = Keys::from_file(&arguments.keys)?;
    let document = npm::read(&arguments.attestations)?;
    let tarball = read(arguments)?;
    let path = &arguments.tarball;
    let manifest = match manifest(&tarball) {
        Ok(manifest) => manifest,
        Err(reason) => {
            print(&redact(&format!("{}: rejected, {reason:#}\n", path.display())))?;
            return Ok(finding_code(false));
        }
    };
    let release = Release::of_tarball(&manifest.name, &manifest.version, &tarball);
    let attestations = npm::attestations(&verifier, &keys, &release, &document);
    attested::tell(path, &attestations, |predicate_type| Kind::of(predicate_type).map(word))?;
    let there = |kind| attestations.iter().any(|one| one.predicate_type().and_then(Kind::of) == Some(kind));
    let missing = [Kind::Publish, Kind::Provenance].into_iter().filter(|kind| !there(*kind));
    for kind in missing {
        print(&redact(&format!("{}: {}: missing\n", path.display(), word(kind))))?;
    }
    let holds = attestations.iter().all(|one| one.attested().is_some());
    Ok(finding_code(holds && (there(Kind::Publish) || there(Kind::Provenance))))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Publish => "publish",
        Kind::Provenance => "provenance",
    }
}

fn read(arguments: &Arguments) -> Result<Vec<u8>> {
    let named = || format!("read {}", arguments.tarball.display());
    let mut bytes = Vec::new();
    let file = fs::File::open(&arguments.tarball).with_context(named)?;
    file.take(MOST_TARBALL + 1).read_to_end(&mut bytes).with_context(named)?;
    ensure!(bytes.len() as u64 <= MOST_TARBALL, "{}: larger than {MOST_TARBALL} bytes", named());
    Ok(bytes)
}

/// The manifest that npm reads: `package.json` in the top folder, whatever that is called. Where two are there, npm and
/// others may read another one, and where the archive is damaged there may be two.
fn manifest(tarball: &[u8]) -> Result<Manifest> {
    let format = Format::sniff(tarball).filter(|format| *format != Format::Zip).context("it is no tarball")?;
    let contents = lockgate_archive::read(tarball, format, &Limits::default());
    ensure!(contents.is_complete(), "it cannot be read whole or has a name twice, so its manifest may be another one");
    let mut found = contents.files.iter().filter(|file| is_manifest(&file.path));
    let (Some(file), None) = (found.next(), found.next()) else {
        anyhow::bail!("it has not exactly one {MANIFEST} in its top folder");
    };
    let text = file.content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&file.content);
    serde_json::from_slice(text).with_context(|| format!("its {MANIFEST} names no release"))
}

fn is_manifest(path: &str) -> bool {
    path.split_once('/').is_some_and(|(_, inside)| inside.eq_ignore_ascii_case(MANIFEST))
}
