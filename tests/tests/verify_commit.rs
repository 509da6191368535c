//! `lockgate verify-commit` as a script uses it: what it prints and how it exits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lockgate_tests::command::assert_ends;
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

fn tool(folder: &Path, name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(name);
    command.current_dir(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().unwrap_or_else(|error| panic!("{name}: {error}; install git and openssh-client"));
    assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository of three commits and two tags, signed by SSH but for the second commit; its folder holds `allowed` too.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| tool(folder.path(), "git", arguments);
    git(&["init", "--quiet", "--initial-branch=main"]);
    tool(folder.path(), "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
    let key = fs::read_to_string(folder.path().join("key.pub")).unwrap();
    fs::write(folder.path().join("allowed"), format!("mona@example.test {key}")).unwrap();
    for (name, value) in [("user.name", "Mona"), ("user.email", "mona@example.test"), ("gpg.format", "ssh")] {
        git(&["config", name, value]);
    }
    git(&["config", "user.signingkey", folder.path().join("key").to_str().unwrap()]);
    git(&["commit", "--quiet", "--allow-empty", "-S", "-m", "one"]);
    git(&["tag", "-s", "-m", "one", "v1"]);
    git(&["tag", "-f", "moved", "v1"]);
    git(&["commit", "--quiet", "--allow-empty", "--no-gpg-sign", "-m", "two"]);
    git(&["-c", "user.email=lisa@example.test", "commit", "--quiet", "--allow-empty", "-S", "-m", "three"]);
    folder
}

fn verify(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
    command.current_dir(folder).args(["verify-commit", "--repo", "."]).args(arguments).output().unwrap()
}

#[test]
fn a_commit_or_tag_is_verified_refused_or_cannot_be_asked_about() {
    let folder = repository();
    let verify = |rev: &str, more: &[&str]| verify(folder.path(), &[more, &[rev]].concat());
    let allowed = &["--allowed-signers", "allowed"];
    assert_ends(&verify("HEAD~2", allowed), 0, "; the committer's address is the signer's");
    assert_ends(&verify("HEAD~1", allowed), 1, ": unsigned, nobody vouches for it");
    assert_ends(&verify("HEAD", allowed), 0, "the committer's address is none of the signer's");
    assert_ends(&verify("HEAD", &["--allowed-signers", "allowed", "--by-committer"]), 1, ": rejected, signed by ");
    assert_ends(&verify("v1", allowed), 0, "tag v1 ");
    assert_ends(&verify("v1^{commit}", allowed), 0, "commit ");
    assert_ends(&verify("moved", allowed), 1, "the tag that this name leads to calls itself v1");
    assert_ends(&verify("HEAD~2", &[]), 1, "nobody is named who may sign so");
    fs::write(folder.path().join("none"), "# nobody\n").unwrap();
    assert_ends(&verify("HEAD~2", &["--allowed-signers", "none"]), 1, "not among the trusted ones: SHA256:");
    let revoked = &["--allowed-signers", "allowed", "--revoked-keys", "key.pub"];
    assert_ends(&verify("HEAD~2", revoked), 1, "is revoked");
    assert_ends(&verify("HEAD~2", &["--allowed-signers", "absent"]), 2, "read absent");
    assert_ends(&verify("HEAD~2", &["--allowed-signers", "key"]), 2, "allowed signers key, line 1");
    assert_ends(&verify("HEAD~2", &["--keyring", "allowed"]), 2, "keyring allowed");
    assert_ends(&verify("absent", allowed), 2, "names no commit");
    assert_ends(&verify("HEAD^{tree}", allowed), 2, "it is a tree");
}

#[test]
fn each_commit_of_a_range_has_its_answer() {
    let folder = repository();
    let verify = |arguments: &[&str]| verify(folder.path(), arguments);
    let output = verify(&["--allowed-signers", "allowed", "--format", "json", "v1..HEAD"]);
    assert_ends(&output, 1, "");
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers: Vec<_> = lines.iter().map(|line| (&line["answer"], &line["committer"])).collect();
    assert_eq!(answers, [(&"verified".into(), &"is-another".into()), (&"unsigned".into(), &Value::Null)]);
    assert_eq!(lines[0]["id"], tool(folder.path(), "git", &["rev-parse", "HEAD"]));
    assert_eq!(lines[0]["signer"]["kind"], "ssh");
    let key = lines[0]["signer"]["key"].as_str().unwrap();
    assert!(tool(folder.path(), "ssh-keygen", &["-l", "-f", "key.pub"]).contains(key), "{key}");
    assert!(!lines[0].to_string().contains("mona@"), "addresses leave through no way out: {}", lines[0]);
    assert_ends(&verify(&["--allowed-signers", "allowed", "HEAD~1..HEAD"]), 0, "verified");
    assert_ends(&verify(&["--allowed-signers", "allowed", "HEAD..v1"]), 2, "exchange them?");
    assert_ends(&verify(&["--allowed-signers", "allowed", "v1...HEAD"]), 2, "name BASE..HEAD");
}
