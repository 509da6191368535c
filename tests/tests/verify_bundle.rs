//! `lockgate verify-bundle` as a script uses it: what it prints and how it exits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lockgate_authority::{Authority, Content, Key, Recipe, Signer, window};
use lockgate_tests::command::assert_ends;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Verifies the bundle in `folder` for its artifact; `more` are further arguments.
fn verify(folder: &Path, key: &str, artifact: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
    command.current_dir(folder).args(["verify-bundle", "--bundle", "bundle.json", "--key", key]).args(more);
    command.arg(artifact).output().unwrap()
}

#[test]
fn a_bundle_is_verified_rejected_or_cannot_be_asked_about() {
    let (authority, key, other) = (Authority::new(), Key::new(), Key::new());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("artifact", "left-pad 1.3.0");
    write("altered", "left-pad 1.3.1");
    let signer = Signer::with_key(key.clone(), "the key");
    let bundle = authority.bundle(&signer, Content::Message(b"left-pad 1.3.0"), &Recipe::default());
    write("bundle.json", &bundle.to_string());
    let mut trusted = authority.trusted_root();
    write("root.json", &trusted.to_string());
    trusted["certificateAuthorities"][0]["validFor"] = window(lockgate_authority::OPENED, Some(1_717_200_000));
    write("old.json", &trusted.to_string());
    write("key.pub", &key.pem());
    write("other.pub", &other.pem());
    let root = &["--trusted-root", "root.json"];
    let verify = |key: &str, artifact: &str, more: &[&str]| verify(folder.path(), key, artifact, more);
    assert_ends(
        &verify("key.pub", "artifact", root),
        0,
        "artifact: verified, signed by the key by 2024-01-01 00:01:00Z",
    );
    assert_ends(&verify("key.pub", "altered", root), 1, "altered: rejected, the bundle was made for another artifact");
    assert_ends(&verify("other.pub", "artifact", root), 1, "rejected, signed with another key than the expected one");
    assert_ends(&verify("key.pub", "artifact", &[]), 1, "which is no log of the trusted root");
    assert_ends(&verify("absent.pub", "artifact", root), 2, "read absent.pub");
    assert_ends(&verify("key.pub", "absent", root), 2, "read absent");
    assert_ends(&verify("key.pub", "artifact", &["--trusted-root", "key.pub"]), 2, "trusted root key.pub");
    let old = verify("key.pub", "artifact", &["--trusted-root", "old.json"]);
    assert_ends(&old, 0, "old.json is out of date: all its certificate authorities ended by 2024-06-01 00:00:00Z");
    write("bundle.json", "{");
    assert_ends(&verify("key.pub", "artifact", root), 1, "rejected, the bundle cannot be read");
}
