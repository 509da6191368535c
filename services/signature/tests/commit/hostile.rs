//! Mutated objects: none that differs in what was signed is accepted, and nothing panics.

use crate::tools::{GnuPg, Object, Repo, nobody, now, ssh_keygen};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_signature::commit::{
    Kind, Trust, Verification,
    gpg::Keyring,
    ssh::{AllowedSigners, Revoked},
};
use std::{cell::Cell, collections::BTreeSet, env, fs, slice};

/// So many mutations of each kind, unless `LOCKGATE_MUTATIONS` says how many.
pub(crate) fn cases() -> u32 {
    env::var("LOCKGATE_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

/// Signed commits and tags, and who is trusted.
fn samples() -> (Repo, Trust, Vec<Object>) {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let mut objects = Vec::new();
    for algorithm in ["ed25519", "rsa2048", "nistp256"] {
        let key = gnupg.key(&format!("{algorithm} <mona@example.test>"), algorithm, "sign", "0", &[]);
        gnupg.signs(&repo, &key, &[]);
        objects.push(repo.object(&repo.commit(now().timestamp(), &[])));
        objects.push(repo.object(&repo.tag(algorithm, &["-s"])));
    }
    let keyring = gnupg.keyring();
    repo.set("gpg.format", "ssh");
    let mut allowed = String::new();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        ssh_keygen(&repo, &["-t", kind, "-N", "", "-f", kind]);
        allowed +=
            &format!("mona@example.test {}", fs::read_to_string(repo.path().join(format!("{kind}.pub"))).unwrap());
        repo.set("user.signingkey", repo.path().join(kind).to_str().unwrap());
        objects.push(repo.object(&repo.commit(now().timestamp(), &[])));
        objects.push(repo.object(&repo.tag(&format!("ssh-{kind}"), &["-s"])));
    }
    let signers = AllowedSigners::read("allowed", allowed.as_bytes()).unwrap();
    let trust = Trust { keyring: Some(keyring), signers: Some(signers), ..nobody() };
    (repo, trust, objects)
}

/// The object under the id that it has once it is changed: as one who hands out a repository would do it.
pub(crate) fn changed(bytes: &[u8]) -> Object {
    let kind = if bytes.starts_with(b"object ") { Kind::Tag } else { Kind::Commit };
    let name = if kind == Kind::Tag { "tag" } else { "commit" };
    let id = sha1dc::digest(&[format!("{name} {}\0", bytes.len()).as_bytes(), bytes].concat()).unwrap();
    Object { id: hex::encode(id), kind, bytes: bytes.to_vec(), name: None }
}

/// What is signed of an object: all but the signature, told apart here in another way than the verifier does it.
fn signed(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut kept = Vec::new();
    let mut left_out = false;
    for line in head.split('\n') {
        left_out = line.starts_with("gpgsig") || (left_out && line.starts_with(' '));
        if !left_out {
            kept.push(line);
        }
    }
    let body = body.split("-----BEGIN ").next().unwrap_or_default();
    format!("{}\n\n{body}", kept.join("\n")).into_bytes()
}

#[test]
fn no_mutation_of_a_signed_object_is_accepted() {
    let (_repo, trust, objects) = samples();
    let seeds: Vec<Vec<u8>> = objects.iter().map(|object| object.bytes.clone()).collect();
    let honest: BTreeSet<Vec<u8>> = seeds.iter().map(|bytes| signed(bytes)).collect();
    for object in &objects {
        assert_eq!(object.answer(&trust), "verified");
    }
    let (refused, same) = (Cell::new(0), Cell::new(0));
    lockgate_hostile::mutate(cases(), &seeds, |bytes| match changed(bytes).verify(&trust) {
        Verification::Verified(verified) => {
            assert!(honest.contains(&signed(bytes)), "{verified:?}: {}", String::from_utf8_lossy(bytes));
            same.set(same.get() + 1);
        }
        Verification::Unsigned | Verification::Rejected(_) => refused.set(refused.get() + 1),
    });
    // What is not covered (a line's end in the armor, a hint who signed) may change.
    assert!(refused.get() > cases() / 2, "{} of {} refused, {} the same", refused.get(), cases(), same.get());
}

#[test]
fn no_mutation_of_a_keyring_or_list_panics_or_admits_a_stranger() {
    let (repo, trust, objects) = samples();
    let stranger = GnuPg::new();
    let key = stranger.key("Lisa <lisa@example.test>", "ed25519", "sign", "0", &[]);
    stranger.signs(&repo, &key, &[]);
    let foreign = repo.object(&repo.commit(now().timestamp(), &[]));
    let gnupg = GnuPg::new();
    gnupg.key("Mona <mona@example.test>", "rsa2048", "default", "0", &[]);
    let keyrings = [gnupg.export(&[]), gnupg.gpg(&["--export"], b"")];
    lockgate_hostile::mutate(cases(), &keyrings, |bytes| {
        let Ok(keyring) = Keyring::read("keyring", bytes) else { return };
        let trust = Trust { keyring: Some(keyring), ..nobody() };
        assert_eq!(foreign.answer(&trust), "unknown-key");
    });
    let line = fs::read_to_string(repo.path().join("ed25519.pub")).unwrap();
    let lines = [format!("\"mona@example.test\" namespaces=\"git\",valid-after=\"20200101Z\" {line}").into_bytes()];
    let ecdsa = objects.iter().rfind(|object| object.kind == Kind::Commit).unwrap();
    lockgate_hostile::mutate(cases(), &lines, |bytes| {
        let Ok(signers) = AllowedSigners::read("allowed", bytes) else { return };
        assert_eq!(ecdsa.answer(&Trust { signers: Some(signers), ..nobody() }), "unknown-key");
    });
    repo.file("list", format!("key: {line}sha256: {line}").as_bytes());
    ssh_keygen(&repo, &["-k", "-f", "krl", "list"]);
    let krl = [fs::read(repo.path().join("krl")).unwrap()];
    lockgate_hostile::mutate(cases(), &krl, |bytes| {
        if let Ok(revoked) = Revoked::read("revoked", bytes) {
            let trust = Trust { revoked, ..nobody() };
            assert_eq!(ecdsa.answer(&trust), "nobody-trusted");
        }
    });
    assert_eq!(ecdsa.answer(&trust), "verified");
}

/// A signed commit taken apart: what stands before the signature, what kind it is, its bytes, and the message.
struct Parts {
    head: String,
    kind: &'static str,
    signature: Vec<u8>,
    message: String,
}

impl Parts {
    fn of(object: &Object) -> Self {
        let text = String::from_utf8(object.bytes.clone()).unwrap();
        let (head, rest) = text.split_once("gpgsig ").unwrap();
        let (armor, message) = rest.split_once("\n\n").unwrap();
        let kind = if armor.contains("SSH") { "SSH SIGNATURE" } else { "PGP SIGNATURE" };
        let lines = armor.lines().map(str::trim).filter(|line| !line.starts_with('-') && !line.starts_with('='));
        let signature = STANDARD.decode(lines.collect::<String>()).unwrap();
        Self { head: head.to_owned(), kind, signature, message: message.to_owned() }
    }

    /// Without a checksum, which would keep every change from being looked at.
    fn with(&self, signature: &[u8], message: &str) -> Object {
        let (head, kind, base64) = (&self.head, self.kind, STANDARD.encode(signature));
        let blank = if kind.starts_with("PGP") { " \n" } else { "" };
        let armor = format!("-----BEGIN {kind}-----\n{blank} {base64}\n -----END {kind}-----");
        changed(format!("{head}gpgsig {armor}\n\n{message}").as_bytes())
    }
}

#[test]
fn no_mutation_within_the_armor_is_accepted_for_another_commit() {
    let (_repo, trust, objects) = samples();
    let commits = objects.iter().filter(|object| object.kind == Kind::Commit).map(Parts::of);
    let refused = Cell::new(0);
    let mut each = 0;
    for parts in commits {
        each += 1;
        assert_eq!(parts.with(&parts.signature, &parts.message).answer(&trust), "verified");
        lockgate_hostile::mutate(cases(), slice::from_ref(&parts.signature), |signature| {
            assert_ne!(parts.with(signature, "another\n").answer(&trust), "verified");
            // Accepted is what changed nothing that is covered: a hint who signed, the length of a length.
            if parts.with(signature, &parts.message).answer(&trust) != "verified" {
                refused.set(refused.get() + 1);
            }
        });
    }
    assert!(each == 6 && refused.get() > each * cases() / 2, "{} refused", refused.get());
}
