//! `lockgate verify-npm`, `verify-pypi` and `verify-bundle --github` as a script uses them: what they print, how they exit.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use lockgate_authority::{Authority, Content, Identity, Key, Recipe, Signer, Time, sha256};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::{
    fs,
    process::{Command, Output},
};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const REPOSITORY: &str = "https://github.com/owner/left-pad";
const PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
const KEYID: &str = "SHA256:registry";
const ROOT: [&str; 2] = ["--trusted-root", "root.json"];

/// A folder with what a command is shown.
struct Desk {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), authority: Authority::new() };
        desk.write("root.json", desk.authority.trusted_root().to_string());
        desk
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
        command.current_dir(self.folder.path()).args(arguments).output().unwrap()
    }

    fn releaser(&self) -> Signer {
        self.authority.signer(&Identity::workflow(REPOSITORY).issued_by(ISSUER))
    }

    fn bundle(&self, by: &Signer, statement: &Value, recipe: &Recipe) -> Value {
        self.authority.bundle(by, Content::Statement(&statement.to_string()), recipe)
    }
}

fn statement(subject: Value, predicate_type: &str, predicate: Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
}

fn built(subject: Value) -> Value {
    let predicate = json!({
        "buildDefinition": {
            "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {"ref": "refs/heads/main", "repository": REPOSITORY, "path": ".github/workflows/release.yml"},
            },
        },
        "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}},
    });
    statement(subject, "https://slsa.dev/provenance/v1", predicate)
}

#[track_caller]
fn assert_ends(output: &Output, code: i32, says: &[&str]) {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for words in says {
        assert!(said.contains(words), "{words} in: {said}");
    }
}

/// A package whose files are in these folders.
fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

const MANIFEST: &str = r#"{"name": "@scope/left-pad", "version": "1.3.0"}"#;

fn publish_and_provenance(desk: &Desk, key: &Key, tarball: &[u8]) -> [Value; 2] {
    let subject = json!({
        "name": "pkg:npm/%40scope/left-pad@1.3.0",
        "digest": {"sha512": hex::encode(Sha512::digest(tarball))},
    });
    let predicate = json!({"name": "@scope/left-pad", "version": "1.3.0", "registry": "https://registry.example.test"});
    let publish = statement(subject.clone(), PUBLISH, predicate);
    let registry = Signer::with_key(key.clone(), KEYID);
    let of = |by: &Signer, statement: &Value| json!({"predicateType": statement["predicateType"], "bundle": desk.bundle(by, statement, &Recipe::promised())});
    [of(&registry, &publish), of(&desk.releaser(), &built(subject))]
}

#[test]
fn npms_attestations_are_told_one_by_one() {
    let (desk, key) = (Desk::new(), Key::new());
    let package = tarball(&[("package/package.json", MANIFEST), ("package/index.js", "module.exports = 1;")]);
    let kind = "ecdsa-sha2-nistp256";
    let keys = json!({"keys": [{
        "keyid": KEYID, "expires": null, "keytype": kind, "scheme": kind, "key": STANDARD.encode(key.der()),
    }]});
    desk.write("keys.json", keys.to_string());
    desk.write("a.tgz", &package);
    let ask = |tarball: &str, items: &[Value]| {
        desk.write("attestations.json", json!({"attestations": items}).to_string());
        let files = ["verify-npm", "--attestations", "attestations.json", "--keys", "keys.json"];
        desk.ask(&[&files[..], &ROOT[..], &[tarball]].concat())
    };
    let both = publish_and_provenance(&desk, &key, &package);
    let told = [
        "a.tgz: publish: verified, signed by the registry's key SHA256:registry by 2024-01-01 00:01:00Z",
        "a.tgz: provenance: verified, signed by https://github.com/owner/left-pad/.github/workflows/release.yml",
        "(vouched for by https://token.actions.githubusercontent.com)",
        "built from https://github.com/owner/left-pad refs/heads/main 1111111111111111111111111111111111111111",
    ];
    assert_ends(&ask("a.tgz", &both), 0, &told);
    assert_ends(&ask("a.tgz", &both[..1]), 0, &["publish: verified", "a.tgz: provenance: missing"]);
    assert_ends(&ask("a.tgz", &[]), 1, &["a.tgz: publish: missing", "a.tgz: provenance: missing"]);

    desk.write("altered.tgz", tarball(&[("package/package.json", MANIFEST), ("package/index.js", "evil()")]));
    assert_ends(&ask("altered.tgz", &both), 1, &["provenance: rejected, the bundle was made for another artifact"]);
    let other = Key::new();
    let forged = publish_and_provenance(&desk, &other, &package);
    assert_ends(&ask("a.tgz", &forged), 1, &["publish: rejected, signed with another key", "provenance: verified"]);

    let renamed = tarball(&[("package/package.json", r#"{"name": "right-pad", "version": "1.3.0"}"#)]);
    desk.write("renamed.tgz", &renamed);
    let named = "rejected, it is about pkg:npm/%40scope/left-pad@1.3.0, and not about right-pad@1.3.0 alone";
    assert_ends(&ask("renamed.tgz", &publish_and_provenance(&desk, &key, &renamed)), 1, &[named]);

    // npm puts the top folders together, whatever they are called: which manifest it reads is a question of order.
    for (what, files) in [
        ("it has not exactly one package.json", vec![("package/package.json", MANIFEST), ("other/package.json", "{}")]),
        ("has a name twice", vec![("package/package.json", "{}"), ("package/package.json", MANIFEST)]),
        ("it has not exactly one package.json", vec![("package/index.js", "")]),
        ("its package.json names no release", vec![("package/package.json", "{}")]),
    ] {
        let odd = tarball(&files);
        desk.write("odd.tgz", &odd);
        let output = ask("odd.tgz", &publish_and_provenance(&desk, &key, &odd));
        assert_ends(&output, 1, &["odd.tgz: rejected", what]);
    }
    desk.write("odd.tgz", "no tarball");
    assert_ends(&ask("odd.tgz", &both), 1, &["odd.tgz: rejected, it is no tarball"]);
    assert_ends(&ask("absent.tgz", &both), 2, &["read absent.tgz"]);
    desk.write("keys.json", "{}");
    assert_ends(&ask("a.tgz", &both), 2, &["keys keys.json"]);
}

#[test]
fn pypis_attestations_are_told_one_by_one() {
    let desk = Desk::new();
    let (name, wheel) = ("left_pad-1.3.0-py3-none-any.whl", b"the wheel");
    desk.write(name, wheel);
    let subject = json!({"name": name, "digest": {"sha256": hex::encode(sha256(wheel))}});
    let published = statement(subject.clone(), lockgate_signature::pypi::PUBLISH, Value::Null);
    let attestation = |statement: &Value| {
        let bundle = desk.bundle(&desk.releaser(), statement, &Recipe::default());
        json!({
            "version": 1,
            "verification_material": {
                "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
                "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
            },
            "envelope": {
                "statement": bundle["dsseEnvelope"]["payload"],
                "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
            },
        })
    };
    let object = |workflow: &str| {
        let publisher = json!({"kind": "GitHub", "repository": "owner/left-pad", "workflow": workflow});
        let attestations = [attestation(&published), attestation(&built(subject.clone()))];
        json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": attestations}]})
    };
    let ask = |object: &Value, identity: &str, file: &str, more: &[&str]| {
        desk.write("object.json", object.to_string());
        let files = ["verify-pypi", "--attestation", "object.json", "--identity", identity];
        desk.ask(&[&files[..], &ROOT[..], more, &[file]].concat())
    };
    let workflow = format!("{REPOSITORY}/.github/workflows/release.yml");
    let whole = format!("{workflow}@refs/heads/main");
    for identity in [&workflow, &whole] {
        let told =
            format!("{name}: publish: verified, signed by {whole} (vouched for by {ISSUER}) by 2024-01-01 00:01:00Z");
        assert_ends(&ask(&attestation(&published), identity, name, &[]), 0, &[&told]);
        let told = format!("{name}: provenance: verified");
        assert_ends(&ask(&object("release.yml"), identity, name, &["--issuer", ISSUER]), 0, &[&told, "; built from"]);
    }
    assert_ends(
        &ask(&object("ci.yml"), &whole, name, &[]),
        1,
        &["rejected, built by another workflow: .github/workflows/ci.yml"],
    );
    let fork = "https://github.com/owner/fork/.github/workflows/release.yml";
    assert_ends(&ask(&object("release.yml"), fork, name, &[]), 1, &["rejected, built from another repository"]);
    assert_ends(
        &ask(&object("release.yml"), "dev@example.test", name, &[]),
        1,
        &["rejected, the identity was not vouched for"],
    );
    let none = json!({"version": 1, "attestation_bundles": []});
    assert_ends(&ask(&none, &whole, name, &[]), 1, &["attestations: missing"]);
    desk.write("left_pad-1.3.1-py3-none-any.whl", wheel);
    let renamed = ask(&attestation(&published), &whole, "left_pad-1.3.1-py3-none-any.whl", &[]);
    assert_ends(&renamed, 1, &["publish: rejected, it is about left_pad-1.3.0-py3-none-any.whl, and not about"]);
    desk.write(name, "altered");
    assert_ends(
        &ask(&attestation(&published), &whole, name, &[]),
        1,
        &["rejected, the bundle was made for another artifact"],
    );
    assert_ends(&ask(&attestation(&published), "left-pad", name, &[]), 2, &["identity left-pad", "--issuer"]);
    assert_ends(&ask(&attestation(&published), &whole, "absent.whl", &[]), 2, &["read absent.whl"]);
}

#[test]
fn githubs_own_instance_needs_no_log_and_no_other_does() {
    let desk = Desk::new();
    let artifact = b"left-pad 1.3.0";
    desk.write("a.tgz", artifact);
    let subject = json!({"name": "a.tgz", "digest": {"sha256": hex::encode(sha256(artifact))}});
    let recipe = Recipe { time: Time::Timestamp, ..Recipe::default() };
    let mut bundle = desk.bundle(&desk.releaser(), &built(subject), &recipe);
    bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    desk.write("bundle.json", bundle.to_string());
    let mut root = desk.authority.trusted_root();
    root.as_object_mut().unwrap().retain(|name, _| name != "tlogs" && name != "ctlogs");
    desk.write("github.json", root.to_string());
    let identity = format!("{REPOSITORY}/.github/workflows/release.yml@refs/heads/main");
    let ask = |more: &[&str]| {
        let named = ["--certificate-identity", &identity, "--certificate-oidc-issuer", ISSUER];
        desk.ask(&[&["verify-bundle", "--bundle", "bundle.json"][..], &named[..], more, &["a.tgz"][..]].concat())
    };
    assert_ends(&ask(&["--github", "--trusted-root", "github.json"]), 0, &["a.tgz: verified, signed by"]);
    assert_ends(&ask(&["--trusted-root", "github.json"]), 1, &["no proof that the signature is in the log"]);
    assert_ends(&ask(&["--trusted-root", "root.json"]), 1, &["no proof that the signature is in the log"]);
    assert_ends(&ask(&["--github", "--trusted-root", "root.json"]), 2, &["trusted root root.json: it names logs"]);
    assert_ends(&ask(&["--github"]), 1, &["a.tgz: rejected"]);
    assert_ends(&ask(&["--github", "--staging"]), 2, &["cannot be used with"]);
}
