//! Known-good entries are silent; each attack on a lockfile is told by its name.

use super::*;
use crate::fixtures::{fetched, inputs, tarball};
use lockgate_model::{DigestAlgorithm, LockedDigest, PublishedFileKind, Release};
use std::collections::BTreeMap;

const SHA512: DigestAlgorithm = DigestAlgorithm::Sha512;

fn pin(algorithm: DigestAlgorithm, bytes: &str) -> Vec<LockedDigest> {
    vec![LockedDigest { digest: Digest::of(algorithm, bytes.as_bytes()), file: None }]
}

fn from(url: &str) -> Origin {
    Origin::Registry { url: Some(url.to_owned()) }
}

/// `name` of npm at `version`, as an honest lockfile pins it.
fn honest(name: &str, version: &str) -> LockedRelease {
    let bare = name.rsplit('/').next().unwrap();
    let release = Release::new(Ecosystem::Npm, name, version);
    let mut entry = crate::fixtures::locked(&release, &[]);
    entry.digests = pin(SHA512, &format!("{name} {version}"));
    entry.origin = from(&format!("https://registry.example.test/{name}/-/{bare}-{version}.tgz"));
    entry.install_script = Some(false);
    entry
}

fn change(old: Option<LockedRelease>, new: LockedRelease) -> ReleaseChange {
    let kind = match &old {
        None => ChangeKind::Added,
        Some(old) if old.release == new.release => ChangeKind::Repinned,
        Some(_) => ChangeKind::Moved,
    };
    ReleaseChange { kind, lockfile: "package-lock.json".into(), old, new: Some(new) }
}

fn found(old: Option<LockedRelease>, new: LockedRelease) -> Vec<Finding> {
    PinCheck::new(PinSettings::default()).findings(&change(old, new))
}

fn at(entry: LockedRelease, url: &str) -> LockedRelease {
    LockedRelease { origin: from(url), ..entry }
}

#[test]
fn honest_entries_are_silent() {
    assert_eq!(found(None, honest("left-pad", "1.3.0")), []);
    assert_eq!(found(Some(honest("@scope/ui", "1.0.0")), honest("@scope/ui", "1.1.0")), []);
    let newly_strong = LockedRelease { digests: pin(DigestAlgorithm::Sha1, "x"), ..honest("a", "1.0.0") };
    assert_eq!(found(Some(newly_strong), honest("a", "1.0.0")), []);
}

#[test]
fn addresses_of_real_registries_are_the_packages_own() {
    for (name, version, url) in [
        ("@scope/ui", "1.0.0", "https://registry.example.test/@scope%2fui/-/ui-1.0.0.tgz"),
        ("@scope/ui", "1.0.0", "https://art.example.test/api/npm/remote/@scope/ui/-/@scope/ui-1.0.0.tgz"),
        (
            "@scope/ui",
            "1.0.0",
            "https://git.example.test/api/v4/projects/1/packages/npm/@scope/ui/-/@scope/ui-1.0.0.tgz",
        ),
        ("@scope/ui", "1.0.0", "https://pkg.example.test/download/@scope/ui/1.0.0/0123456789abcdef"),
        ("@jsr/std__x", "1.0.0", "https://jsr.example.test/~/11/@jsr/std__x/1.0.0.tgz"),
        ("a", "1.0.0+build.1", "https://registry.example.test/a/-/a-1.0.0.tgz"),
        ("a", "1.0.0-rc.1", "http://127.0.0.1:4873/a/-/a-1.0.0-rc.1.tgz"),
        ("a", "1.0.0", "https://files.example.test/a-1.0.0.tgz"),
    ] {
        assert_eq!(found(None, at(honest(name, version), url)), [], "{url}");
    }
}

#[test]
fn the_address_of_another_package_is_told() {
    for (url, expected) in [
        ("https://registry.example.test/evil/-/evil-1.3.0.tgz", "evil"),
        ("https://registry.example.test/@evil/left-pad/-/left-pad-1.3.0.tgz", "@evil/left-pad"),
        ("https://registry.example.test/left-pad/-/evil-1.3.0.tgz", "evil-1.3.0"),
        ("https://files.example.test/evil-1.3.0.tgz", "evil"),
        ("https://registry.example.test/left%2dpad2/-/left-pad-1.3.0.tgz", "left-pad2"),
    ] {
        let findings = found(None, at(honest("left-pad", "1.3.0"), url));
        let address_name = expected.to_owned();
        assert_eq!(findings, [Finding::NameDiffersFromAddress { address: url.into(), address_name }], "{url}");
    }
}

#[test]
fn the_address_of_another_version_is_told() {
    let url = "https://registry.example.test/left-pad/-/left-pad-1.0.0.tgz";
    let findings = found(None, at(honest("left-pad", "1.3.0"), url));
    let address_version = "1.0.0".to_owned();
    assert_eq!(findings, [Finding::VersionDiffersFromAddress { address: url.into(), address_version }]);
}

#[test]
fn a_file_of_another_project_is_told() {
    let release = Release::new(Ecosystem::Pypi, "requests", "2.0.0");
    let digest = Digest::sha256(b"x");
    let entry = |file: &str| crate::fixtures::locked(&release, &[(Some(file), digest.clone())]);
    for file in ["requests-2.0.0-py3-none-any.whl", "requests-2.0.0.tar.gz", "Requests-v2.0.0.zip"] {
        assert_eq!(found(None, entry(file)), [], "{file}");
    }
    for file in ["requests_toolbelt-2.0.0-py3-none-any.whl", "request-2.0.0.tar.gz", "requests2-2.0.0.zip", "requests"]
    {
        assert_eq!(found(None, entry(file)), [Finding::NameDiffersFromFile { file: file.into() }], "{file}");
    }
}

#[test]
fn digests_that_go_weaken_or_change_are_told() {
    let old = honest("a", "1.0.0");
    let with = |digests| LockedRelease { digests, ..honest("a", "1.0.0") };
    let before = old.digests[0].digest.clone();
    assert_eq!(found(Some(old.clone()), with(vec![])), [Finding::DigestRemoved { before: before.clone() }]);
    for weak in [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
        let after = Digest::of(weak, b"a 1.0.0");
        let expected = Finding::DigestWeakened { before: before.clone(), after };
        assert_eq!(found(Some(old.clone()), with(pin(weak, "a 1.0.0"))), [expected]);
    }
    let after = Digest::of(SHA512, b"evil");
    let expected = Finding::DigestChanged { file: None, before: before.clone(), after };
    assert_eq!(found(Some(old.clone()), with(pin(SHA512, "evil"))), [expected]);
    let both = [pin(SHA512, "evil"), old.digests.clone()].concat();
    assert_eq!(found(Some(old.clone()), with(both)), [], "one more digest takes none back");
    let moved = LockedRelease { digests: vec![], ..honest("a", "1.1.0") };
    assert_eq!(found(Some(old), moved), [Finding::DigestRemoved { before }]);
}

#[test]
fn a_release_that_leaves_its_registry_is_told() {
    let url = "https://files.example.test/a.tgz".to_owned();
    let archive = LockedRelease { origin: Origin::Url { url: url.clone() }, ..honest("a", "1.1.0") };
    assert_eq!(found(Some(honest("a", "1.0.0")), archive.clone()), [Finding::LeftRegistry { address: url.clone() }]);
    let bare = LockedRelease { digests: vec![], ..archive.clone() };
    assert_eq!(found(None, bare), [Finding::AddressWithoutDigest { address: url.clone() }]);
    let weak = LockedRelease { digests: pin(DigestAlgorithm::Sha1, "a"), ..archive };
    let locked = Digest::of(DigestAlgorithm::Sha1, b"a");
    assert_eq!(found(None, weak), [Finding::AddressWithWeakDigest { address: url, locked }]);
    let git = Origin::Git { url: "git+ssh://git.example.test/a.git".into(), commit: Some("0".repeat(40)) };
    let git = LockedRelease { origin: git, digests: vec![], ..honest("a", "1.1.0") };
    assert!(matches!(found(Some(honest("a", "1.0.0")), git)[..], [Finding::LeftRegistry { .. }]));
}

#[test]
fn a_script_is_news_once() {
    let with = |version| LockedRelease { install_script: Some(true), ..honest("a", version) };
    assert_eq!(found(Some(honest("a", "1.0.0")), with("1.1.0")), [Finding::InstallScriptNew {}]);
    assert_eq!(found(None, with("1.0.0")), [Finding::InstallScriptNew {}]);
    assert_eq!(found(Some(with("1.0.0")), with("1.1.0")), []);
}

#[test]
fn a_script_that_the_lockfile_denies_is_told() {
    let artifact = fetched("a.tgz", PublishedFileKind::NpmTarball, tarball(&[("package/package.json", "{}")]));
    let mut given = inputs(Ecosystem::Npm, vec![artifact], &[]);
    given.change = change(None, honest("example", "1.1.0"));
    let check = PinCheck::new(PinSettings::default());
    let facts = |given: &Inputs| match check.collect(given).unwrap() {
        Observation::Observed { facts } => serde_json::from_value::<PinFacts>(facts).unwrap().findings,
        other => panic!("{other:?}"),
    };
    assert_eq!(facts(&given), []);
    given.manifest_claims.install_scripts = vec!["install: node evil.js".into()];
    assert_eq!(facts(&given), [Finding::InstallScriptUnmarked { scripts: vec!["install: node evil.js".into()] }]);
    given.change.new.as_mut().unwrap().install_script = None;
    assert_eq!(facts(&given), [], "a format that never says it does not deny it");
    given.change.new.as_mut().unwrap().install_script = Some(true);
    assert_eq!(facts(&given), [Finding::InstallScriptNew {}]);
}

#[test]
fn an_internal_name_from_outside_is_told() {
    let registry = url::Url::parse("https://npm.example.test/acme/").unwrap();
    let names = vec!["@acme/*".to_owned(), "acme-*".to_owned()];
    let internal = vec![InternalNames { ecosystem: Ecosystem::Npm, names, registry: registry.clone() }];
    let look = |configured: BTreeMap<_, _>, entry| {
        PinCheck::new(PinSettings::new(internal.clone(), configured).unwrap()).findings(&change(None, entry))
    };
    let nothing = BTreeMap::new;
    let own = at(honest("@acme/ui", "1.0.0"), "https://npm.example.test/acme/@acme/ui/-/ui-1.0.0.tgz");
    assert_eq!(look(nothing(), own), []);
    assert_eq!(look(nothing(), honest("left-pad", "1.0.0")), []);
    for name in ["@acme/ui", "acme-ui", "@Acme/ui"] {
        let findings = look(nothing(), honest(name, "1.0.0"));
        assert!(matches!(findings[..], [Finding::InternalFromOutside { .. }]), "{name} {findings:?}");
    }
    let unstated = || LockedRelease { origin: Origin::Registry { url: None }, ..honest("acme-ui", "1.0.0") };
    assert!(matches!(look(nothing(), unstated())[..], [Finding::InternalFromUnstated { .. }]));
    assert_eq!(look(BTreeMap::from([(Ecosystem::Npm, registry)]), unstated()), []);
}

#[test]
fn another_entry_before_is_another_question() {
    let check = PinCheck::new(PinSettings::default());
    let mut given = inputs(Ecosystem::Npm, vec![], &[]);
    given.change = change(Some(honest("a", "1.0.0")), honest("a", "1.1.0"));
    let key = |given: &Inputs| check.inputs(&given.digests());
    let honest_key = key(&given);
    given.change.old.as_mut().unwrap().digests.clear();
    assert_ne!(key(&given), honest_key);
    let other = PinSettings::new(
        Vec::new(),
        BTreeMap::from([(Ecosystem::Npm, url::Url::parse("https://a.example.test").unwrap())]),
    )
    .unwrap();
    assert_ne!(PinCheck::new(other).inputs(&given.digests()), key(&given));
}

proptest::proptest! {
    #[test]
    fn arbitrary_addresses_never_panic(url in ".{0,60}", path in "[-@/%a-z0-9.]{0,60}", file in ".{0,30}") {
        found(None, at(honest("@scope/left-pad", "1.3.0"), &url));
        found(None, at(honest("left-pad", "1.3.0"), &format!("https://registry.example.test/{path}")));
        let release = Release::new(Ecosystem::Pypi, "a", "1");
        found(None, crate::fixtures::locked(&release, &[(Some(&file), Digest::sha256(b"x"))]));
    }
}
