//! Both writers over one made-up project with three lockfiles.

use super::*;
use chrono::TimeZone;
use lockgate_model::{
    Digest, DigestAlgorithm, Ecosystem, LockedDigest, LockedRelease, LockfileFormat, Origin, Release,
};
use serde_json::Value;
use std::collections::BTreeSet;

fn entry(ecosystem: Ecosystem, name: &str, version: &str, line: u32) -> LockedRelease {
    LockedRelease {
        release: Release::new(ecosystem, name, version),
        origin: Origin::Registry { url: None },
        digests: vec![pin(name, DigestAlgorithm::Sha512, None)],
        direct: Some(false),
        dev: None,
        optional: false,
        alias: None,
        install_script: None,
        line,
        depends_on: vec![],
    }
}

fn pin(seed: &str, algorithm: DigestAlgorithm, file: Option<&str>) -> LockedDigest {
    LockedDigest { digest: Digest::of(algorithm, seed.as_bytes()), file: file.map(str::to_owned) }
}

fn npm() -> Lockfile {
    let mut app = entry(Ecosystem::Npm, "app", "2.0.0", 3);
    app.origin = Origin::Path { path: String::new() };
    app.digests.clear();
    app.depends_on = vec![1, 2];
    let mut scoped = entry(Ecosystem::Npm, "@scope/tool", "1.0.0", 10);
    scoped.dev = Some(true);
    scoped.direct = Some(true);
    scoped.origin =
        Origin::Registry { url: Some("https://u:s3cret@npm.example.test/tool/-/tool-1.0.0.tgz?k=s3cret".into()) };
    scoped.depends_on = vec![2];
    let mut shared = entry(Ecosystem::Npm, "shared", "1.0.0", 20);
    shared.direct = Some(true);
    shared.install_script = Some(true);
    let mut nested = entry(Ecosystem::Npm, "shared", "1.0.0", 30);
    nested.dev = Some(true);
    let mut forked = entry(Ecosystem::Npm, "forked", "0.1.0", 40);
    forked.origin =
        Origin::Git { url: "git+ssh://git@git.example.test/a/forked.git".into(), commit: Some("c".repeat(40)) };
    forked.digests.clear();
    forked.alias = Some("fork".into());
    forked.depends_on = vec![4, 2, 999];
    let mut tampered = entry(Ecosystem::Npm, "shared", "1.0.0", 50);
    tampered.digests = vec![pin("other bytes", DigestAlgorithm::Sha512, None)];
    let releases = vec![app, scoped, shared, nested, forked, tampered];
    Lockfile {
        path: "package-lock.json".into(),
        format: LockfileFormat::NpmPackageLock,
        root: Some(("app".into(), None)),
        releases,
    }
}

fn pypi() -> Lockfile {
    let mut wheels = entry(Ecosystem::Pypi, "Zope.Interface", "5.0", 4);
    wheels.direct = None;
    let files = ["zope.interface-5.0.tar.gz", "zope interface-5.0-py3.whl"];
    wheels.digests = files.map(|f| pin(f, DigestAlgorithm::Sha256, Some(f))).to_vec();
    wheels.depends_on = vec![1];
    let mut hashed = entry(Ecosystem::Pypi, "hashed", "1", 9);
    hashed.direct = None;
    hashed.optional = true;
    hashed.digests = ["a", "b"].map(|s| pin(s, DigestAlgorithm::Sha256, None)).to_vec();
    Lockfile {
        path: "api/requirements.txt".into(),
        format: LockfileFormat::Requirements,
        root: None,
        releases: vec![wheels, hashed],
    }
}

fn facts() -> BTreeMap<String, ComponentFacts> {
    let facts = |declared: &str, effective: Option<&str>| ComponentFacts {
        declared_license: Some(declared.into()),
        effective_license: effective.map(str::to_owned),
        supplier: Some("Ann <ann@mail.example.test>".into()),
        repository: Some("git+https://git.example.test/shared.git".into()),
        homepage: Some("https://shared.example.test/".into()),
    };
    BTreeMap::from([
        ("pkg:npm/shared@1.0.0".into(), facts("MIT OR Apache-2.0", Some("MIT OR LicenseRef-own"))),
        ("pkg:pypi/hashed@1".into(), facts("see the file", None)),
        ("pkg:npm/forked@0.1.0".into(), facts("ISC", None)),
    ])
}

fn write(writer: fn(&SbomInput<'_>) -> Result<String, SbomError>, lockfiles: &[Lockfile]) -> String {
    writer(&SbomInput {
        name: "octo-org/app",
        version: "2.0.0",
        lockfiles,
        facts: &facts(),
        created: Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap() + chrono::Duration::nanoseconds(678),
        tool_version: "0.1.0",
        serial: Uuid::from_u128(7),
    })
    .unwrap()
}

fn cyclonedx() -> Value {
    serde_json::from_str(&write(cyclonedx_json, &[npm(), pypi()])).unwrap()
}

fn component<'a>(document: &'a Value, reference: &str) -> &'a Value {
    let components = document["components"].as_array().unwrap();
    components.iter().find(|c| c["bom-ref"] == reference).unwrap_or_else(|| panic!("no {reference}"))
}

fn depends_on(document: &Value, reference: &str) -> Vec<String> {
    let all = document["dependencies"].as_array().unwrap();
    let entry = all.iter().find(|d| d["ref"] == reference).unwrap();
    serde_json::from_value(entry["dependsOn"].clone()).unwrap()
}

const FORKED: &str = "pkg:npm/forked@0.1.0?vcs_url=git%2Bssh:%2F%2Fgit%40git.example.test%2Fa%2Fforked.git%40cccccccccccccccccccccccccccccccccccccccc";

#[test]
fn cyclonedx_snapshot() {
    insta::assert_snapshot!(write(cyclonedx_json, &[npm(), pypi()]));
}

#[test]
fn spdx_snapshot() {
    insta::assert_snapshot!(write(spdx_json, &[npm(), pypi()]));
}

#[test]
fn the_same_lockfiles_give_the_same_bytes_in_any_order() {
    for writer in [cyclonedx_json, spdx_json] {
        assert_eq!(write(writer, &[npm(), pypi()]), write(writer, &[pypi(), npm()]));
    }
}

#[test]
fn references_are_unique_and_every_edge_ends_at_a_component() {
    let document = cyclonedx();
    let references: Vec<_> =
        document["components"].as_array().unwrap().iter().map(|c| c["bom-ref"].to_string()).collect();
    let known: BTreeSet<_> = references.iter().cloned().chain(["\"lockgate:project\"".to_owned()]).collect();
    assert_eq!(known.len(), references.len() + 1);
    let edges = document["dependencies"].as_array().unwrap();
    assert_eq!(edges.len(), references.len() + 1);
    for edge in edges {
        assert!(known.contains(&edge["ref"].to_string()));
        assert!(edge["dependsOn"].as_array().unwrap().iter().all(|to| known.contains(&to.to_string())));
    }
}

#[test]
fn a_repeated_release_is_one_component_unless_it_is_pinned_to_other_bytes() {
    let document = cyclonedx();
    let hashes = |reference| component(&document, reference)["hashes"][0]["content"].as_str().unwrap().to_owned();
    assert_ne!(hashes("pkg:npm/shared@1.0.0"), hashes("pkg:npm/shared@1.0.0~2"));
    let both = ["pkg:npm/shared@1.0.0", "pkg:npm/shared@1.0.0~2"].map(|r| component(&document, r));
    let lines: usize = both.iter().map(|c| c["evidence"]["occurrences"].as_array().unwrap().len()).sum();
    assert_eq!(lines, 3);
    let sound = both.iter().find(|c| c["evidence"]["occurrences"].as_array().unwrap().len() == 2).unwrap();
    assert_eq!(sound["scope"], "required", "the strongest need counts");
}

#[test]
fn the_graph_starts_at_the_project() {
    let document = cyclonedx();
    let direct = depends_on(&document, "lockgate:project");
    assert!(direct.contains(&"pkg:npm/%40scope/tool@1.0.0".to_owned()), "{direct:?}");
    assert!(direct.contains(&"pkg:pypi/zope-interface@5.0".to_owned()), "nothing asks for it: {direct:?}");
    assert!(!direct.contains(&"pkg:pypi/hashed@1".to_owned()), "{direct:?}");
    assert_eq!(depends_on(&document, "pkg:pypi/zope-interface@5.0"), ["pkg:pypi/hashed@1"]);
    assert_eq!(depends_on(&document, FORKED).len(), 1, "neither itself nor an index out of range");
}

#[test]
fn a_circle_is_reached_by_its_first_member_and_a_deep_chain_in_bounded_stack() {
    let count = 20_000;
    let mut chain = pypi();
    chain.releases = (0..count).map(|i| entry(Ecosystem::Pypi, &format!("p{i:05}"), "1", i)).collect();
    for (index, release) in (0..count).zip(&mut chain.releases) {
        release.direct = None;
        release.depends_on = vec![(index + 1) % count];
    }
    let document: Value = serde_json::from_str(&write(cyclonedx_json, &[chain])).unwrap();
    assert_eq!(depends_on(&document, "lockgate:project"), ["pkg:pypi/p00000@1"]);
}

#[test]
fn several_files_are_distributions_and_no_hashes_of_the_component() {
    let document = cyclonedx();
    let wheels = component(&document, "pkg:pypi/zope-interface@5.0");
    assert_eq!(wheels["hashes"], Value::Null);
    let urls: BTreeSet<_> =
        wheels["externalReferences"].as_array().unwrap().iter().map(|r| r["url"].as_str().unwrap()).collect();
    assert_eq!(urls, BTreeSet::from(["zope%20interface-5.0-py3.whl", "zope.interface-5.0.tar.gz"]));
    let hashed = component(&document, "pkg:pypi/hashed@1");
    let url = hashed["externalReferences"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("pkg:pypi/hashed@1?checksum=sha256:"), "{url}");
}

#[test]
fn no_secret_and_no_electronic_address_is_exported() {
    for writer in [cyclonedx_json, spdx_json] {
        let text = write(writer, &[npm(), pypi()]);
        assert!(!text.contains("s3cret") && !text.contains("mail.example.test"), "{text}");
    }
}

#[test]
fn spdx_says_2_3_in_whole_seconds_and_names_every_own_licence() {
    let document: Value = serde_json::from_str(&write(spdx_json, &[npm(), pypi()])).unwrap();
    assert_eq!(document["spdxVersion"], "SPDX-2.3");
    assert_eq!(document["creationInfo"]["created"], "2026-01-02T03:04:05Z");
    assert_eq!(document["hasExtractedLicensingInfos"][0]["licenseId"], "LicenseRef-own");
    let ids: BTreeSet<_> =
        document["packages"].as_array().unwrap().iter().map(|p| p["SPDXID"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), document["packages"].as_array().unwrap().len());
    for relationship in document["relationships"].as_array().unwrap().iter().skip(1) {
        assert!(ids.contains(relationship["spdxElementId"].as_str().unwrap()), "{relationship}");
        assert!(ids.contains(relationship["relatedSpdxElement"].as_str().unwrap()), "{relationship}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    for writer in [cyclonedx_json, spdx_json] {
        let contents = read_sbom(write(writer, &[npm(), pypi()]).as_bytes()).unwrap();
        let names: Vec<_> = contents.releases.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["@scope/tool", "forked", "shared", "hashed", "zope-interface"]);
        assert!(contents.skipped.is_empty(), "{:?}", contents.skipped);
    }
}

#[test]
fn a_project_without_lockfiles_has_a_document_too() {
    for writer in [cyclonedx_json, spdx_json] {
        assert!(read_sbom(write(writer, &[]).as_bytes()).unwrap().releases.is_empty());
    }
}
