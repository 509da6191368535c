//! Prints a made-up bill of materials with over 600 components, for the external validators:
//!
//! ```text
//! cargo run -p lockgate-evidence --example sbom_sample -- cyclonedx-json > sample.cdx.json
//! python3 tests/validate/validate_sbom.py sample.cdx.json
//! ```

use chrono::DateTime;
use lockgate_evidence::sbom::{ComponentFacts, SbomInput, cyclonedx_json, spdx_json};
use lockgate_model::{
    Digest, DigestAlgorithm, Ecosystem, LockedDigest, LockedRelease, Lockfile, LockfileFormat, Origin, Release,
};
use std::{collections::BTreeMap, process::ExitCode};
use uuid::Uuid;

/// Every licence form that a publisher may state, valid and not.
const LICENCES: [&str; 8] = [
    "MIT",
    "MIT OR Apache-2.0",
    "(MIT OR CC0-1.0) AND GPL-2.0-only WITH Classpath-exception-2.0",
    "LicenseRef-company-internal",
    "GPL-2.0",
    "SEE LICENSE IN LICENSE.md",
    "Apache 2",
    "LGPL-2.1-or-later",
];

fn main() -> ExitCode {
    let format = std::env::args().nth(1).unwrap_or_default();
    let write = match format.as_str() {
        "cyclonedx-json" => cyclonedx_json,
        "spdx-json" => spdx_json,
        _ => {
            eprintln!("sbom_sample: format {format:?} is not known; give cyclonedx-json or spdx-json");
            return ExitCode::from(2);
        }
    };
    let lockfiles = [
        lockfile("web/package-lock.json", LockfileFormat::NpmPackageLock, 350),
        lockfile("api/uv.lock", LockfileFormat::UvLock, 180),
        lockfile("Cargo.lock", LockfileFormat::CargoLock, 120),
    ];
    let input = SbomInput {
        name: "octo-org/sample",
        version: "0123456789abcdef0123456789abcdef01234567",
        lockfiles: &lockfiles,
        facts: &facts(&lockfiles),
        created: DateTime::UNIX_EPOCH,
        tool_version: env!("CARGO_PKG_VERSION"),
        serial: Uuid::from_u128(0x6f3a_9c1e_4b2d_4f7a_8e5c_1d2b_3a49_5867),
    };
    match write(&input) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sbom_sample: {error}");
            ExitCode::from(2)
        }
    }
}

fn lockfile(path: &str, format: LockfileFormat, count: u32) -> Lockfile {
    let releases = (0..count).map(|index| entry(format.ecosystem(), index, count)).collect();
    Lockfile { path: path.into(), format, root: Some(("sample".into(), Some("1.0.0".into()))), releases }
}

fn entry(ecosystem: Ecosystem, index: u32, count: u32) -> LockedRelease {
    let name = match (ecosystem, index % 7) {
        (Ecosystem::Npm, 0) => format!("@scope-{}/package-{index}", index % 3),
        (Ecosystem::Pypi, 0) => format!("Zope.Package_{index}"),
        _ => format!("package-{index}"),
    };
    // Every fiftieth entry repeats the one before it: nested npm entries do.
    let name = if index % 50 == 49 { format!("package-{}", index - 1) } else { name };
    LockedRelease {
        release: Release::new(ecosystem, &name, &format!("1.{}.0-rc.1+build", index % 5)),
        origin: origin(index),
        digests: digests(ecosystem, index),
        direct: if ecosystem == Ecosystem::Pypi { None } else { Some(index < 20) },
        dev: index.is_multiple_of(3).then_some(index.is_multiple_of(2)),
        optional: index.is_multiple_of(11),
        alias: index.is_multiple_of(40).then(|| format!("alias-{index}")),
        install_script: index.is_multiple_of(13).then_some(true),
        line: index * 10 + 1,
        depends_on: (1..4).map(|step| (index * step + step) % count).collect(),
    }
}

fn origin(index: u32) -> Origin {
    match index % 25 {
        0 => Origin::Git {
            url: "git+https://user:secret@git.example.test/o/n.git?token=secret".into(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        },
        1 => Origin::Git { url: "git@git.example.test:o/n.git".into(), commit: None },
        2 => Origin::Url { url: format!("http://127.0.0.1:4873/files/package-{index}.tgz") },
        3 => Origin::Path { path: format!("packages/package {index}") },
        4 => Origin::Bundled { by: Some("package-5".into()) },
        5 => Origin::Registry { url: Some("sparse+https://crates.example.test/index/".into()) },
        _ => Origin::Registry { url: Some(format!("https://registry.example.test/p/-/p-{index}.tgz#frag")) },
    }
}

fn digests(ecosystem: Ecosystem, index: u32) -> Vec<LockedDigest> {
    let pin = |algorithm, seed: String, file| LockedDigest { digest: Digest::of(algorithm, seed.as_bytes()), file };
    match (ecosystem, index % 4) {
        (_, 3) => vec![],
        (Ecosystem::Pypi, 2) => (0..5).map(|n| pin(DigestAlgorithm::Sha256, format!("{index} {n}"), None)).collect(),
        (Ecosystem::Pypi, _) => (0..6)
            .map(|n| pin(DigestAlgorithm::Sha256, format!("{index} {n}"), Some(format!("package {index}-{n}+é.whl"))))
            .collect(),
        (Ecosystem::Cargo, _) => vec![pin(DigestAlgorithm::Sha256, index.to_string(), None)],
        (Ecosystem::Npm, 0) => vec![pin(DigestAlgorithm::Sha1, index.to_string(), None)],
        (Ecosystem::Npm, _) => [DigestAlgorithm::Sha512, DigestAlgorithm::Sha384, DigestAlgorithm::Sha1]
            .map(|algorithm| pin(algorithm, index.to_string(), None))
            .to_vec(),
    }
}

fn facts(lockfiles: &[Lockfile]) -> BTreeMap<String, ComponentFacts> {
    let releases = lockfiles.iter().flat_map(|l| &l.releases).enumerate().filter(|(index, _)| index % 9 != 0);
    let fact = |(index, entry): (usize, &LockedRelease)| {
        let declared = LICENCES[index % LICENCES.len()];
        let facts = ComponentFacts {
            declared_license: Some(declared.into()),
            effective_license: index.is_multiple_of(2).then(|| LICENCES[(index / 2) % LICENCES.len()].into()),
            supplier: index.is_multiple_of(5).then(|| "Example Ltd. (sales) <sales@mail.example.test>".into()),
            repository: Some("git+https://git.example.test/o/n.git".into()),
            homepage: Some("https://example.test/package".into()),
        };
        (entry.release.purl(), facts)
    };
    releases.map(fact).collect()
}
