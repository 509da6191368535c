//! By OpenPGP keys.

use crate::tools::{GnuPg, Object, Repo, now};
use chrono::TimeDelta;
use lockgate_signature::commit::{Committer, Kind, Signer, Trust, Verification, gpg::Keyring};

const MONA: &str = "Mona <mona@example.test>";

/// Whether git accepts it, and what we say.
fn assert_cases(repo: &Repo, trust: &Trust, cases: &[(&str, Object, bool, &str)]) {
    let found: Vec<_> =
        cases.iter().map(|(name, object, ..)| (*name, repo.git_accepts(object), object.answer(trust))).collect();
    let expected: Vec<_> = cases.iter().map(|(name, _, git, ours)| (*name, *git, (*ours).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_kind_of_key_that_git_signs_with() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let all = &["SHA256", "SHA384", "SHA512"][..];
    for (algorithm, hashes) in [
        ("ed25519", all),
        ("rsa2048", all),
        ("rsa3072", all),
        ("nistp256", all),
        ("nistp384", &all[1..]),
        ("nistp521", &all[2..]),
    ] {
        let user = format!("{algorithm} <mona@example.test>");
        let key = gnupg.key(&user, algorithm, "sign", "0", &[]);
        for hash in hashes {
            gnupg.signs(&repo, &key, &["--digest-algo", hash]);
            let object = repo.object(&repo.commit(now().timestamp(), &[]));
            let Verification::Verified(verified) = object.verify(&gnupg.trust()) else {
                panic!("{algorithm} {hash}: {}", object.answer(&gnupg.trust()));
            };
            assert_eq!(verified.committer(), Committer::IsSigner);
            let Signer::Gpg { primary, users, .. } = verified.signer() else { panic!("{:?}", verified.signer()) };
            assert_eq!((primary, users), (&key, &vec![user.clone()]));
            assert!(repo.git_accepts(&object), "{algorithm} {hash}");
        }
    }
}

#[test]
fn what_is_altered_is_refused() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let key = gnupg.key(MONA, "ed25519", "sign", "0", &[]);
    gnupg.signs(&repo, &key, &[]);
    let parent = repo.commit(now().timestamp(), &[]);
    let good = repo.object(&repo.commit(now().timestamp(), &[]));
    let tag = repo.object(&repo.tag("v1.0", &["-s"]));
    let unsigned = repo.object(&repo.commit(now().timestamp(), &["--no-gpg-sign"]));
    let bare = repo.object(&repo.tag("v0.9", &["-a", "--no-sign"]));
    let put = |old: &str, new: &str| repo.put(Kind::Commit, good.with(old, new));
    let put_tag = |old: &str, new: &str| repo.put(Kind::Tag, tag.with(old, new));
    let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let other = "0000000000000000000000000000000000000001";
    let parents = format!("parent {parent}\n");
    let armor = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n ";
    let quote = "m\n-----BEGIN PGP SIGNATURE-----\n";
    let cases = [
        ("good", good.clone(), true, "verified"),
        ("unsigned", unsigned, false, "unsigned"),
        ("message", put("\n\nm\n", "\n\nn\n"), false, "bad-signature"),
        ("tree", put(tree, other), false, "bad-signature"),
        ("parent", put(&parent, other), false, "bad-signature"),
        ("no parent", put(&parents, ""), false, "bad-signature"),
        ("author", put("author Mona", "author Lisa"), false, "bad-signature"),
        ("committer", put("committer Mona", "committer Lisa"), false, "bad-signature"),
        ("another field", put("gpgsig", "encoding latin1\ngpgsig"), false, "bad-signature"),
        ("a field after", put("\n\nm\n", "\nencoding latin1\n\nm\n"), false, "bad-signature"),
        ("armor", put(armor, &format!("{armor}A")), false, "malformed"),
        ("tag", tag.clone(), true, "verified"),
        ("a tag without signature", bare, false, "unsigned"),
        ("a tag's name", put_tag("tag v1.0", "tag v2.0"), false, "bad-signature"),
        ("a tag's object", put_tag(&good.id, &parent), false, "bad-signature"),
        ("a tag's message", put_tag("\nm\n", "\nn\n"), false, "bad-signature"),
        ("a tag's end", repo.put(Kind::Tag, [&tag.bytes[..], b"more\n"].concat()), true, "malformed"),
        ("a tag that quotes", put_tag("m\n", quote), false, "signed-twice"),
    ];
    assert_cases(&repo, &gnupg.trust(), &cases);
}

#[test]
fn a_signature_is_of_what_git_reads() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let key = gnupg.key(MONA, "ed25519", "sign", "0", &[]);
    gnupg.signs(&repo, &key, &[]);
    let parent = repo.commit(now().timestamp(), &[]);
    let good = repo.object(&repo.commit(now().timestamp(), &[]));
    let text = String::from_utf8(good.bytes.clone()).unwrap();
    let (head, _) = text.split_once("gpgsig ").unwrap();
    let (_, signature) = text.split_once(head).unwrap();
    let (signature, message) = signature.split_once("\n\n").unwrap();
    let parents = format!("parent {parent}\n");
    // Git sees a commit without parents, and a signature that holds.
    let hidden =
        text.replacen(&format!("{signature}\n"), "", 1).replacen(&parents, &format!("{signature}\n{parents}"), 1);
    let hidden = repo.put(Kind::Commit, hidden.into_bytes());
    let seen = String::from_utf8(repo.git(&["rev-list", "--parents", "-1", &hidden.id], b"")).unwrap();
    assert!(!seen.contains(&parent), "git reads no parent: {seen}");
    let twice = repo.put(Kind::Commit, format!("{head}{signature}\n{signature}\n\n{message}").into_bytes());
    let other = signature.replacen("gpgsig ", "gpgsig-sha256 ", 1);
    let both = repo.put(Kind::Commit, format!("{head}{signature}\n{other}\n\n{message}").into_bytes());
    let other = repo.put(Kind::Commit, format!("{head}{other}\n\n{message}").into_bytes());
    let cases = [
        ("a signature that hides the parents", hidden, true, "malformed"),
        ("two signatures", twice, false, "signed-twice"),
        ("one of each form", both, true, "verified"),
        ("one of the other form", other, false, "other-form"),
    ];
    assert_cases(&repo, &gnupg.trust(), &cases);
}

#[test]
fn merges_of_signed_tags_are_signed_whole() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let key = gnupg.key(MONA, "ed25519", "sign", "0", &[]);
    gnupg.signs(&repo, &key, &[]);
    let base = repo.commit(now().timestamp(), &[]);
    for branch in ["a", "b"] {
        repo.git(&["checkout", "--quiet", "-b", branch, &base], b"");
        repo.commit(now().timestamp(), &["-m", branch]);
        repo.tag(&format!("tag-{branch}"), &["-s"]);
    }
    repo.git(&["checkout", "--quiet", "main"], b"");
    repo.commit(now().timestamp(), &[]);
    repo.git(&["merge", "--quiet", "--no-ff", "-S", "-m", "octopus", "tag-a", "tag-b"], b"");
    let head = String::from_utf8(repo.git(&["rev-parse", "HEAD"], b"")).unwrap();
    let merge = repo.object(head.trim());
    let text = String::from_utf8(merge.bytes.clone()).unwrap();
    assert_eq!(text.matches("\nmergetag object ").count(), 2, "{text}");
    let altered = repo.put(Kind::Commit, merge.with(" tag tag-a", " tag tag-c"));
    let stripped = text.replacen("\ngpgsig ", "\nx-gpgsig ", 1);
    let stripped = repo.put(Kind::Commit, stripped.into_bytes());
    let cases = [
        ("octopus", merge, true, "verified"),
        ("another tag in it", altered, false, "bad-signature"),
        ("signed tags in it alone", stripped, false, "unsigned"),
    ];
    assert_cases(&repo, &gnupg.trust(), &cases);
}

#[test]
fn keys_that_do_not_count() {
    let (repo, gnupg, stranger) = (Repo::new(), GnuPg::new(), GnuPg::new());
    let signed = |home: &GnuPg, key: &str, options: &[&str]| {
        home.signs(&repo, key, options);
        repo.object(&repo.commit(now().timestamp(), &[]))
    };
    let past = &["--faked-system-time", "20200101T000000"][..];

    let good = gnupg.key(MONA, "ed25519", "sign", "0", past);
    let unknown = signed(&stranger, &stranger.key(MONA, "ed25519", "sign", "0", &[]), &[]);
    let expired = gnupg.key("Expired <mona@example.test>", "ed25519", "sign", "1y", past);
    let expired = signed(&gnupg, &expired, past);
    let weak = gnupg.key("Weak <mona@example.test>", "rsa1024", "sign", "0", &[]);
    let weak = signed(&gnupg, &weak, &[]);
    let revoked_key = gnupg.key("Revoked <mona@example.test>", "ed25519", "sign", "0", &[]);
    let revoked = signed(&gnupg, &revoked_key, &[]);
    let before = gnupg.keyring();
    gnupg.revoke(&revoked_key);
    let dsa = gnupg.key("Dsa <mona@example.test>", "dsa2048", "sign", "0", &[]);
    let dsa = signed(&gnupg, &dsa, &[]);
    let sha1 = signed(&gnupg, &good, &["--digest-algo", "SHA1"]);
    let short = signed(&gnupg, &good, &["--faked-system-time", "20200102T000000", "--default-sig-expire", "1d"]);
    let text = signed(&gnupg, &good, &["--textmode"]);
    let early = signed(&gnupg, &good, &["--faked-system-time", "20190101T000000", "--ignore-time-conflict"]);
    let late = signed(&gnupg, &good, &["--faked-system-time", "20380101T000000"]);
    let notation = signed(&gnupg, &good, &["--sig-notation", "'!x@example.test=1'"]);
    let honest = signed(&gnupg, &good, &[]);

    assert_eq!(revoked.answer(&Trust { keyring: Some(before), ..gnupg.trust() }), "verified", "before it was revoked");
    let cases = [
        ("honest", honest, true, "verified"),
        ("unknown", unknown, false, "unknown-key"),
        ("expired", expired, false, "key-expired"),
        ("revoked", revoked, false, "key-revoked"),
        ("weak", weak, true, "weak-key"),
        ("DSA", dsa, true, "unsupported"),
        ("SHA-1", sha1, true, "weak-hash"),
        ("signature expired", short, false, "signature-expired"),
        ("text", text, true, "unsupported"),
        ("older than the key", early, false, "key-not-yet-valid"),
        ("from the future", late, true, "from-the-future"),
        ("a critical notation", notation, false, "unsupported"),
    ];
    gnupg.signs(&repo, &good, &[]);
    assert_cases(&repo, &gnupg.trust(), &cases);
}

#[test]
fn subkeys_sign_for_their_primary_key() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let primary = gnupg.key(MONA, "ed25519", "cert", "0", &[]);
    let sub = |usage: &str| {
        gnupg.gpg(&["--quick-add-key", &primary, "ed25519", usage, "0"], b"");
        gnupg.subkeys(&primary).pop().unwrap()
    };
    let (one, two) = (sub("sign"), sub("sign"));
    gnupg.signs(&repo, &one, &[]);
    let by_one = repo.object(&repo.commit(now().timestamp(), &[]));
    gnupg.signs(&repo, &two, &[]);
    let by_two = repo.object(&repo.commit(now().timestamp(), &[]));
    let Verification::Verified(verified) = by_one.verify(&gnupg.trust()) else { panic!("rejected") };
    let Signer::Gpg { primary: of, key, .. } = verified.signer() else { panic!("{:?}", verified.signer()) };
    assert_eq!((of, key), (&primary, &one));
    assert_eq!(by_two.answer(&gnupg.trust()), "verified");

    // Each signature of a subkey lies within the one that binds it; the others cover it in no way.
    let binary = gnupg.gpg(&["--export"], b"");
    let stripped = without_back_signatures(&binary);
    assert_ne!(stripped, binary);
    let trust = Trust { keyring: Some(Keyring::read("stripped", &stripped).unwrap()), ..gnupg.trust() };
    assert_eq!(by_one.answer(&trust), "key-not-bound");

    gnupg.edit(&primary, &["key 1", "revkey", "y", "0", "", "y", "save"]);
    let cases = [("revoked", by_one, false, "key-revoked"), ("not revoked", by_two, true, "verified")];
    assert_cases(&repo, &gnupg.trust(), &cases);
}

/// Renames the subpackets of kind 32 where they are not covered: GnuPG writes them there.
fn without_back_signatures(keyring: &[u8]) -> Vec<u8> {
    let mut bytes = keyring.to_vec();
    // A subpacket of 118 bytes: its kind, and a signature of version 4 about a primary key (0x19).
    let starts: Vec<_> = (1..bytes.len() - 3).filter(|at| bytes[*at..].starts_with(&[32, 4, 0x19])).collect();
    for at in starts {
        bytes[at] = 101;
    }
    bytes
}

#[test]
fn copies_of_a_key_are_one_key() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let key = gnupg.key(MONA, "ed25519", "sign", "0", &[]);
    gnupg.signs(&repo, &key, &[]);
    let object = repo.object(&repo.commit(now().timestamp(), &[]));
    let before = gnupg.export(&[]);
    gnupg.revoke(&key);
    let after = gnupg.export(&[]);
    for (name, keyring, answer) in [
        ("before", before.clone(), "verified"),
        ("after", after.clone(), "key-revoked"),
        ("both", [before.clone(), after.clone()].concat(), "key-revoked"),
        ("reversed", [after, before].concat(), "key-revoked"),
    ] {
        let trust = Trust { keyring: Some(Keyring::read(name, &keyring).unwrap()), ..gnupg.trust() };
        assert_eq!(object.answer(&trust), answer, "{name}");
    }
}

#[test]
fn validity_is_what_was_said_last() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let yesterday = (now() - TimeDelta::days(1)).format("%Y%m%dT%H%M%S").to_string();
    let key = gnupg.key(MONA, "ed25519", "sign", "1y", &["--faked-system-time", &yesterday]);
    gnupg.signs(&repo, &key, &[]);
    let object = repo.object(&repo.commit(now().timestamp(), &[]));
    let later = |keyring: Keyring| Trust { keyring: Some(keyring), now: now() + TimeDelta::days(400), ..gnupg.trust() };
    assert_eq!(object.answer(&gnupg.trust()), "verified");
    assert_eq!(object.answer(&later(gnupg.keyring())), "key-expired");
    gnupg.gpg(&["--quick-set-expire", &key, "2y"], b"");
    assert_eq!(object.answer(&later(gnupg.keyring())), "verified", "the owner extended it");
}

#[test]
fn whose_address_it_is() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let key = gnupg.key("Hubot <hubot@example.test>", "ed25519", "sign", "0", &[]);
    gnupg.signs(&repo, &key, &[]);
    let object = repo.object(&repo.commit(now().timestamp(), &[]));
    let committer = |trust: &Trust| match object.verify(trust) {
        Verification::Verified(verified) => verified.committer(),
        other => panic!("{other:?}"),
    };
    assert_eq!(committer(&gnupg.trust()), Committer::IsAnother);
    gnupg.gpg(&["--quick-add-uid", &key, MONA], b"");
    assert_eq!(committer(&gnupg.trust()), Committer::IsSigner);
    gnupg.gpg(&["--quick-revoke-uid", &key, MONA], b"");
    assert_eq!(committer(&gnupg.trust()), Committer::IsAnother, "the owner took the user id back");
}

#[test]
fn what_is_no_keyring_is_said() {
    let (repo, gnupg) = (Repo::new(), GnuPg::new());
    let key = gnupg.key(MONA, "ed25519", "sign", "0", &[]);
    gnupg.signs(&repo, &key, &[]);
    let commit = repo.object(&repo.commit(now().timestamp(), &[]));
    let secret = gnupg.gpg(&["--export-secret-keys"], b"");
    let armored = String::from_utf8(gnupg.export(&[])).unwrap();
    for (name, bytes, says) in [
        ("nothing", Vec::new(), "it holds no key that is known"),
        ("secret", secret, "it holds a secret key"),
        ("a commit", commit.bytes, "it does not hold OpenPGP packets"),
        ("half", armored.as_bytes()[..armored.len() / 2].to_vec(), "its armor does not end"),
        ("checksum", armored.replacen("\n=", "\n=A", 1).into_bytes(), "its armor's checksum"),
    ] {
        let error = Keyring::read(name, &bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{name}: {error}");
    }
}
