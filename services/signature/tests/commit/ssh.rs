//! By SSH keys.

use crate::tools::{Object, Repo, nobody, ssh_keygen};
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_signature::commit::{
    Committer, Kind, Signer, Trust, Verification,
    ssh::{AllowedSigners, Revoked},
};
use std::fs;

/// 2024-01-01 00:00:00Z
const AT: i64 = 1_704_067_200;

fn repo() -> Repo {
    let repo = Repo::new();
    repo.set("gpg.format", "ssh");
    repo
}

/// A new key of `kind`; its public half as a line.
fn key(repo: &Repo, name: &str, options: &[&str]) -> String {
    ssh_keygen(repo, &[options, &["-N", "", "-C", name, "-f", name]].concat());
    public(repo, name)
}

fn public(repo: &Repo, name: &str) -> String {
    fs::read_to_string(repo.path().join(format!("{name}.pub"))).unwrap().trim().to_owned()
}

/// A commit that the key in the file `name` signed.
fn signed(repo: &Repo, name: &str) -> Object {
    repo.set("user.signingkey", repo.path().join(name).to_str().unwrap());
    repo.object(&repo.commit(AT, &[]))
}

/// Has git and us read the same files.
fn trust(repo: &Repo, allowed: &str, revoked: &[u8]) -> Trust {
    let path = repo.file("allowed", allowed.as_bytes());
    repo.set("gpg.ssh.allowedSignersFile", path.to_str().unwrap());
    let path = repo.file("revoked", revoked);
    repo.set("gpg.ssh.revocationFile", path.to_str().unwrap());
    Trust {
        signers: Some(AllowedSigners::read("allowed", allowed.as_bytes()).unwrap()),
        revoked: Revoked::read("revoked", revoked).unwrap(),
        ..nobody()
    }
}

fn assert_says(repo: &Repo, trust: &Trust, name: &str, object: &Object, git: bool, ours: &str) {
    assert_eq!(object.answer(trust), ours, "{name}");
    assert_eq!(repo.git_accepts(object), git, "git: {name}");
}

#[test]
fn every_kind_of_key_that_git_signs_with() {
    let repo = repo();
    for (name, options) in [
        ("ed25519", &["-t", "ed25519"][..]),
        ("p256", &["-t", "ecdsa", "-b", "256"]),
        ("p384", &["-t", "ecdsa", "-b", "384"]),
        ("p521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa2048", &["-t", "rsa", "-b", "2048"]),
        ("rsa4096", &["-t", "rsa", "-b", "4096"]),
    ] {
        let line = key(&repo, name, options);
        let object = signed(&repo, name);
        let trust = trust(&repo, &format!("mona@example.test {line}\n"), b"");
        let Verification::Verified(verified) = object.verify(&trust) else {
            panic!("{name}: {}", object.answer(&trust))
        };
        assert_eq!(verified.committer(), Committer::IsSigner);
        let Signer::Ssh { principals, key, authority, .. } = verified.signer() else {
            panic!("{:?}", verified.signer())
        };
        assert_eq!((principals.as_str(), authority), ("mona@example.test", &None));
        let listed = String::from_utf8(ssh_keygen(&repo, &["-l", "-f", name])).unwrap();
        assert!(listed.contains(key), "{listed} {key}");
        assert!(repo.git_accepts(&object), "{name}");
        let tag = repo.object(&repo.tag(name, &["-s"]));
        assert_says(&repo, &trust, name, &repo.put(Kind::Tag, tag.bytes.clone()), true, "verified");
    }
}

#[test]
fn lines_of_allowed_signers_are_read_as_ssh_keygen_reads_them() {
    let repo = repo();
    let (mona, other) = (key(&repo, "mona", &["-t", "ed25519"]), key(&repo, "other", &["-t", "ed25519"]));
    let weak = key(&repo, "weak", &["-t", "rsa", "-b", "1024"]);
    let object = signed(&repo, "mona");
    for (line, git, ours) in [
        (format!("mona@example.test {mona}"), true, "verified"),
        (format!("# a comment\n\n  mona@example.test\t{mona}"), true, "verified"),
        (format!("\"mona@example.test,lisa@example.test\" {mona}"), true, "verified"),
        (format!("*@example.test {mona}"), true, "verified"),
        (format!("mona@example.test {other}\nmona@example.test {mona}"), true, "verified"),
        (format!("mona@example.test {other}"), false, "unknown-key"),
        (format!("mona@example.test {weak}"), false, "unknown-key"),
        (String::new(), false, "unknown-key"),
        (format!("mona@example.test namespaces=\"git\" {mona}"), true, "verified"),
        (format!("mona@example.test namespaces=\"file,g*\" {mona}"), true, "verified"),
        (format!("mona@example.test namespaces=\"file\" {mona}"), false, "not-for-signing"),
        (format!("mona@example.test namespaces=\"*,!git\" {mona}"), false, "not-for-signing"),
        (format!("mona@example.test cert-authority {mona}"), false, "unknown-key"),
        (format!("mona@example.test valid-after=\"20230101Z\" {mona}"), true, "verified"),
        (format!("mona@example.test valid-after=\"20240102Z\" {mona}"), false, "key-not-yet-valid"),
        (format!("mona@example.test valid-before=\"20240102Z\" {mona}"), true, "verified"),
        (format!("mona@example.test valid-before=\"20231231Z\" {mona}"), false, "key-expired"),
        (format!("mona@example.test valid-before=\"202312312359Z\" {mona}"), false, "key-expired"),
        (
            format!("mona@example.test valid-after=\"20231231235959Z\",valid-before=\"20240101000001Z\" {mona}"),
            true,
            "verified",
        ),
        (format!("mona@example.test valid-before=\"20231230\" {mona}"), false, "key-expired"),
        (format!("mona@example.test valid-after=\"20240103\" {mona}"), false, "key-not-yet-valid"),
        (format!("mona@example.test Namespaces=\"git\",valid-after=\"20230101Z\" {mona}"), true, "verified"),
    ] {
        let trust = trust(&repo, &line, b"");
        assert_says(&repo, &trust, &line, &object, git, ours);
    }
    let trust = trust(&repo, &format!("mona@example.test {weak}"), b"");
    assert_eq!(signed(&repo, "weak").answer(&trust), "weak-key", "git of this version signs with it");
}

#[test]
fn lines_that_cannot_be_read_are_said() {
    let repo = repo();
    let mona = key(&repo, "mona", &["-t", "ed25519"]);
    let (kind, base64) = mona.split_once(' ').unwrap();
    for (line, says) in [
        ("mona@example.test".to_owned(), "it holds principals alone"),
        (format!("mona@example.test {kind}"), "it has no key"),
        (format!("\"mona {mona}"), "its principals' quote does not end"),
        (format!("mona wide-open {mona}"), "an option of it is not known"),
        (format!("mona namespaces=git {mona}"), "stands in no quotes"),
        (format!("mona namespaces=\"git\",namespaces=\"file\" {mona}"), "occurs twice"),
        (format!("mona valid-before=\"tomorrow\" {mona}"), "a time of it is not"),
        (format!("mona valid-before=\"20241301\" {mona}"), "a time of it is not"),
        (format!("mona ssh-rsa {base64}"), "its key is of another kind than it says"),
        (format!("mona {kind} AAAA"), "its key cannot be read"),
        (format!("mona {kind} ?"), "its key is not base64"),
    ] {
        let error = AllowedSigners::read("allowed", format!("#\n{line}\n").as_bytes()).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("line 2"), "{line}: {error}");
    }
    for (bytes, says) in [(&b"ssh-ed25519 AAAA"[..], "no public key"), (b"\xff", "neither"), (b"SSHKRL\n\0\0", "end")] {
        let error = Revoked::read("revoked", bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_is_altered_is_refused() {
    let repo = repo();
    let mona = key(&repo, "mona", &["-t", "ed25519"]);
    let good = signed(&repo, "mona");
    let tag = repo.object(&repo.tag("v1.0", &["-s"]));
    let trust = trust(&repo, &format!("mona@example.test {mona}"), b"");
    for (name, object, git, ours) in [
        ("message", repo.put(Kind::Commit, good.with("\n\nm\n", "\n\nn\n")), false, "bad-signature"),
        ("committer", repo.put(Kind::Commit, good.with("committer Mona", "committer Lisa")), false, "bad-signature"),
        ("time", repo.put(Kind::Commit, good.with("> 1704067200", "> 1704067201")), false, "bad-signature"),
        ("tag", repo.put(Kind::Tag, tag.with("tag v1.0", "tag v2.0")), false, "bad-signature"),
        ("a tag's end", repo.put(Kind::Tag, [&tag.bytes[..], b"more\n"].concat()), true, "malformed"),
    ] {
        assert_says(&repo, &trust, name, &object, git, ours);
    }
}

#[test]
fn a_signature_for_another_purpose_is_none_of_a_commit() {
    let repo = repo();
    let mona = key(&repo, "mona", &["-t", "ed25519"]);
    let good = signed(&repo, "mona");
    let trust = trust(&repo, &format!("mona@example.test {mona}"), b"");
    let text = String::from_utf8(good.bytes.clone()).unwrap();
    let (head, rest) = text.split_once("gpgsig ").unwrap();
    let (_, message) = rest.split_once("\n\n").unwrap();
    repo.file("payload", format!("{head}\n{message}").as_bytes());
    for (purpose, git, ours) in [("git", true, "verified"), ("file", false, "other-purpose")] {
        ssh_keygen(&repo, &["-Y", "sign", "-n", purpose, "-f", "mona", "payload"]);
        let signature = fs::read_to_string(repo.path().join("payload.sig")).unwrap();
        fs::remove_file(repo.path().join("payload.sig")).unwrap();
        let signature = signature.trim_end().replace('\n', "\n ");
        let object = repo.put(Kind::Commit, format!("{head}gpgsig {signature}\n\n{message}").into_bytes());
        assert_says(&repo, &trust, purpose, &object, git, ours);
    }
}

#[test]
fn certificates_are_taken_of_listed_authorities() {
    let repo = repo();
    let authority = key(&repo, "authority", &["-t", "ed25519"]);
    let other = key(&repo, "other", &["-t", "ecdsa"]);
    key(&repo, "mona", &["-t", "ed25519"]);
    let certified = |name: &str, options: &[&str]| {
        for end in ["", ".pub"] {
            fs::copy(repo.path().join(format!("mona{end}")), repo.path().join(format!("{name}{end}"))).unwrap();
        }
        ssh_keygen(&repo, &[options, &["-I", name, &format!("{name}.pub")]].concat());
        signed(&repo, &format!("{name}-cert.pub"))
    };
    let mona = &["-s", "authority", "-n", "mona@example.test"][..];
    let of = |options: &[&'static str]| [mona, options].concat();
    let lines = format!("*@example.test cert-authority {authority}\n");
    for (name, options, git, ours) in [
        ("good", of(&["-z", "7"]), true, "verified"),
        ("several", of(&["-n", "lisa@elsewhere.test,mona@example.test"]), true, "verified"),
        ("other-name", of(&["-n", "mona@elsewhere.test"]), false, "unknown-key"),
        ("nobody", vec!["-s", "authority"], false, "certificate"),
        ("machine", of(&["-h"]), false, "certificate"),
        ("expired", of(&["-V", "20200101:20210101"]), false, "certificate"),
        ("not-yet", of(&["-V", "20250101:20260101"]), false, "certificate"),
        ("critical", of(&["-O", "critical:x@example.test=1"]), true, "certificate"),
        ("forced", of(&["-O", "force-command=true"]), true, "certificate"),
        ("other-authority", vec!["-s", "other", "-n", "mona@example.test"], false, "unknown-key"),
    ] {
        let object = certified(name, &options);
        assert_says(&repo, &trust(&repo, &lines, b""), name, &object, git, ours);
    }
    let good = certified("again", &of(&["-z", "8"]));
    let Verification::Verified(verified) = good.verify(&trust(&repo, &lines, b"")) else { panic!("rejected") };
    let Signer::Ssh { principals, authority: by, .. } = verified.signer() else { panic!("{:?}", verified.signer()) };
    assert_eq!(principals, "mona@example.test");
    assert!(by.is_some());
    let plain = format!("mona@example.test {}\n", public(&repo, "mona"));
    assert_says(&repo, &trust(&repo, &plain, b""), "the key itself is listed", &good, false, "unknown-key");
    let both = format!("mona@example.test {other}\n*@example.test cert-authority {other}\n{lines}");
    assert_says(&repo, &trust(&repo, &both, b""), "among others", &good, true, "verified");

    for (name, content, git, ours) in [
        ("by serial", "serial: 8\n", false, "key-revoked"),
        ("by a range", "serial: 5-9\n", false, "key-revoked"),
        ("by id", "id: again\n", false, "key-revoked"),
        (
            "by serials that lie close",
            "serial: 2\nserial: 5\nserial: 8\nserial: 11\nserial: 14\n",
            false,
            "key-revoked",
        ),
        ("others that lie close", "serial: 1\nserial: 4\nserial: 7\nserial: 10\nserial: 13\n", true, "verified"),
        ("others", "serial: 7\nserial: 9\nserial: 1100\nid: good\n", true, "verified"),
    ] {
        repo.file("list", content.as_bytes());
        ssh_keygen(&repo, &["-k", "-f", "krl", "-s", "authority.pub", "list"]);
        let krl = fs::read(repo.path().join("krl")).unwrap();
        assert_says(&repo, &trust(&repo, &lines, &krl), name, &good, git, ours);
    }
    assert_says(&repo, &trust(&repo, &lines, authority.as_bytes()), "the authority", &good, false, "key-revoked");
    let certificate = public(&repo, "again-cert");
    assert_says(&repo, &trust(&repo, &lines, certificate.as_bytes()), "the certificate", &good, false, "key-revoked");
}

#[test]
fn revoked_keys_do_not_count() {
    let repo = repo();
    let (mona, other) = (key(&repo, "mona", &["-t", "ed25519"]), key(&repo, "other", &["-t", "ed25519"]));
    let object = signed(&repo, "mona");
    let lines = format!("mona@example.test {mona}");
    let says = |name: &str, revoked: &[u8], git: bool, ours: &str| {
        assert_says(&repo, &trust(&repo, &lines, revoked), name, &object, git, ours);
    };
    says("a list", format!("# old\n{other}\n{mona}\n").as_bytes(), false, "key-revoked");
    says("a list of others", format!("{other}\n").as_bytes(), true, "verified");
    for (name, content, git, ours) in [
        ("key", format!("key: {mona}\n"), false, "key-revoked"),
        ("sha1", format!("sha1: {mona}\n"), false, "key-revoked"),
        ("sha256", format!("sha256: {mona}\n"), false, "key-revoked"),
        ("others", format!("key: {other}\nsha1: {other}\nsha256: {other}\n"), true, "verified"),
    ] {
        repo.file("list", content.as_bytes());
        ssh_keygen(&repo, &["-k", "-f", "krl", "list"]);
        says(name, &fs::read(repo.path().join("krl")).unwrap(), git, ours);
    }
}

#[test]
fn whose_address_it_is() {
    let repo = repo();
    let mona = key(&repo, "mona", &["-t", "ed25519"]);
    let object = signed(&repo, "mona");
    for (principals, expected) in [
        ("mona@example.test", Committer::IsSigner),
        ("*@example.test", Committer::IsSigner),
        ("*@example.test,!mona@example.test", Committer::IsAnother),
        ("lisa@example.test", Committer::IsAnother),
    ] {
        let trust = trust(&repo, &format!("{principals} {mona}"), b"");
        let Verification::Verified(verified) = object.verify(&trust) else { panic!("{principals}") };
        assert_eq!(verified.committer(), expected, "{principals}");
    }
    let both = trust(&repo, &format!("lisa@example.test {mona}\nmona@example.test {mona}"), b"");
    let Verification::Verified(verified) = object.verify(&both) else { panic!("both") };
    assert_eq!(verified.committer(), Committer::IsSigner, "a key that two share");
    assert!(matches!(verified.signer(), Signer::Ssh { principals, .. } if principals == "mona@example.test"));
}

/// A security key in software: what the hardware signs, made here.
struct SecurityKey {
    kind: &'static [u8],
    /// The fields of the key between its kind and its application.
    public: Vec<u8>,
    sign: Sign,
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

impl SecurityKey {
    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public = string(pair.public_key().as_ref());
        let sign = move |message: &[u8]| pair.sign(message).as_ref().to_vec();
        Self { kind: b"sk-ssh-ed25519@openssh.com", public, sign: Box::new(sign) }
    }

    fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = [b"nistp256", pair.public_key().as_ref()].map(string).concat();
        let sign = move |message: &[u8]| {
            let made = pair.sign(&SystemRandom::new(), message).unwrap();
            let (r, s) = made.as_ref().split_at(32);
            // A number whose first bit is set would be negative.
            [r, s].map(|number| string(&[&[0][..usize::from(number[0] >> 7)], number].concat())).concat()
        };
        Self { kind: b"sk-ecdsa-sha2-nistp256@openssh.com", public, sign: Box::new(sign) }
    }

    fn blob(&self) -> Vec<u8> {
        [string(self.kind), self.public.clone(), string(b"ssh:")].concat()
    }

    /// The signature of `asked` for an application, once somebody touched it, as the seventh.
    fn answer(&self, application: &[u8], asked: &[u8]) -> Vec<u8> {
        let state = [1, 0, 0, 0, 7];
        let (application, asked) = (digest(&SHA256, application), digest(&SHA256, asked));
        let made = (self.sign)(&[application.as_ref(), &state, asked.as_ref()].concat());
        [string(self.kind), string(&made), state.to_vec()].concat()
    }
}

#[test]
fn a_security_key_signs_for_its_application() {
    let repo = repo();
    key(&repo, "any", &["-t", "ed25519"]);
    let text = String::from_utf8(signed(&repo, "any").bytes).unwrap();
    let (head, rest) = text.split_once("gpgsig ").unwrap();
    let (_, message) = rest.split_once("\n\n").unwrap();
    let hash = digest(&SHA256, format!("{head}\n{message}").as_bytes());
    let fields = [b"git", &b""[..], b"sha256"].map(string).concat();
    let asked = [b"SSHSIG", &fields[..], &string(hash.as_ref())].concat();
    for security in [SecurityKey::ed25519(), SecurityKey::p256()] {
        let kind = String::from_utf8_lossy(security.kind);
        let line = format!("mona@example.test {kind} {}", STANDARD.encode(security.blob()));
        let trust = trust(&repo, &line, b"");
        for (application, git, ours) in [(&b"ssh:"[..], true, "verified"), (b"web:", false, "bad-signature")] {
            let answer = string(&security.answer(application, &asked));
            let whole = [b"SSHSIG\0\0\0\x01", &string(&security.blob())[..], &fields, &answer].concat();
            let base64 = STANDARD.encode(whole);
            let lines: Vec<_> = base64.as_bytes().chunks(70).map(|line| String::from_utf8_lossy(line)).collect();
            let lines = lines.join("\n ");
            let armor = format!("-----BEGIN SSH SIGNATURE-----\n {lines}\n -----END SSH SIGNATURE-----");
            let object = repo.put(Kind::Commit, format!("{head}gpgsig {armor}\n\n{message}").into_bytes());
            assert_says(&repo, &trust, &format!("{kind} {ours}"), &object, git, ours);
        }
    }
}
