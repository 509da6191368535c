//! OpenPGP keys that claim what is not theirs, and signatures that say too much.

use crate::{
    hostile::changed,
    openpgp::{Key, SHA1, STRONG, Says, armor, flags, made, packet, seconds},
    tools::nobody,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_signature::commit::{Committer, Signer, Trust, Verification, gpg::Keyring};

/// 2024-01-01 00:00:00Z
const AT: i64 = 1_704_067_200;
const DAY: i64 = 86_400;
const MONA: &str = "Mona <mona@example.test>";

const HEAD: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Mona <mona@example.test> 1704067200 +0000\n\
    committer Mona <mona@example.test> 1704067200 +0000\n";
const MESSAGE: &str = "\nm\n";

/// What we say of a commit with this signature (packets).
fn answer(signature: &[u8], keyring: &[u8]) -> String {
    match verify(signature, keyring) {
        Verification::Verified(_) => "verified".to_owned(),
        Verification::Unsigned => "unsigned".to_owned(),
        Verification::Rejected(rejection) => rejection.reason().to_owned(),
    }
}

fn verify(signature: &[u8], keyring: &[u8]) -> Verification {
    let keyring = Keyring::read("keyring", keyring).unwrap();
    let now = DateTime::<Utc>::from_timestamp(AT, 0).unwrap() + TimeDelta::days(10);
    let trust = Trust { keyring: Some(keyring), now, ..nobody() };
    let armor = armor(signature).trim_end().replace('\n', "\n ");
    changed(format!("{HEAD}gpgsig {armor}\n{MESSAGE}").as_bytes()).verify(&trust)
}

fn payload() -> Vec<u8> {
    format!("{HEAD}{MESSAGE}").into_bytes()
}

/// By `key`, a day after it was made.
fn signature(key: &Key) -> Vec<u8> {
    packet(2, &key.sign(0, STRONG, &[made(AT + DAY)], &[&payload()]))
}

#[test]
fn a_key_says_itself_what_it_may() {
    let key = Key::new(4, AT);
    let hour = || (9, seconds(3_600).to_vec());
    for (name, hash, says, expected) in [
        ("signs", STRONG, vec![made(AT), flags(3)], "verified"),
        ("says nothing", STRONG, vec![made(AT)], "verified"),
        ("certifies", STRONG, vec![made(AT), flags(1)], "not-for-signing"),
        ("by SHA-1", SHA1, vec![made(AT), flags(3)], "key-not-bound"),
        ("for an hour", STRONG, vec![made(AT), flags(3), hour()], "key-expired"),
        ("for no time that is said", STRONG, vec![made(AT), flags(3), (9, vec![0; 4])], "verified"),
        ("said for an hour", STRONG, vec![made(AT), flags(3), (3, seconds(3_600).to_vec())], "key-not-bound"),
        ("in the future", STRONG, vec![made(AT + 20 * DAY), flags(3)], "key-not-bound"),
        ("at no time", STRONG, vec![flags(3)], "key-not-bound"),
        ("and something critical", STRONG, vec![made(AT), flags(3), (0x80 | 101, vec![1])], "key-not-bound"),
        ("and something", STRONG, vec![made(AT), flags(3), (101, vec![1])], "verified"),
    ] {
        assert_eq!(answer(&signature(&key), &key.with_user(MONA, hash, &says)), expected, "{name}");
    }
    let other = Key::new(4, AT);
    let not_own =
        [key.packet(6), other.with_user(MONA, STRONG, &[made(AT), flags(3)])[other.packet(6).len()..].to_vec()];
    assert_eq!(answer(&signature(&key), &not_own.concat()), "key-not-bound", "another's user id");
    assert_eq!(answer(&signature(&key), &key.packet(6)), "key-not-bound", "nothing at all");
}

#[test]
fn what_is_said_last_does_not_undo_another_matter() {
    let key = Key::new(4, AT);
    let hour = (9, seconds(3_600).to_vec());
    let user = key.with_user(MONA, STRONG, &[made(AT), flags(3), hour]);
    let direct = packet(2, &key.sign(0x1f, STRONG, &[made(AT + DAY)], &[&key.hashed()]));
    let start = key.packet(6).len();
    let keyring = [&user[..start], &direct, &user[start..]].concat();
    assert_eq!(answer(&signature(&key), &keyring), "key-expired", "a later signature speaks of something else");
}

#[test]
fn keys_of_version_6() {
    let key = Key::new(6, AT);
    let direct = packet(2, &key.sign(0x1f, STRONG, &[made(AT), flags(3)], &[&key.hashed()]));
    let keyring = [key.packet(6), direct].concat();
    assert_eq!(answer(&signature(&key), &keyring), "verified");
    let says = [made(AT + DAY), key.issuer()];
    let raw = |version: u8, salt: &[u8]| packet(2, &key.sign_raw(version, 0, STRONG, salt, &says, &[], &[&payload()]));
    assert_eq!(answer(&raw(6, &[1; 16]), &keyring), "verified");
    assert_eq!(answer(&raw(6, &[1; 15]), &keyring), "bad-signature", "a salt of another length");
    assert_eq!(answer(&raw(6, &[]), &keyring), "bad-signature", "no salt");
    assert_eq!(answer(&raw(4, &[]), &keyring), "bad-signature", "a signature of version 4");
    assert_eq!(answer(&raw(5, &[]), &keyring), "unsupported");
}

#[test]
fn a_user_id_rewrites_no_terminal() {
    let key = Key::new(4, AT);
    let keyring = key.with_user("Mo\x1b[2Jna\n <mona@example.test>", STRONG, &[made(AT), flags(3)]);
    let Verification::Verified(verified) = verify(&signature(&key), &keyring) else { panic!("rejected") };
    let Signer::Gpg { users, .. } = verified.signer() else { panic!("{:?}", verified.signer()) };
    assert!(users[0].contains("[2Jna") && !users[0].contains(char::is_control), "{users:?}");
    assert_eq!(verified.committer(), Committer::IsSigner);
}

/// A primary key with a subkey that `binding` and, within it, `back` bind.
fn bound(primary: &Key, subkey: &Key, hash: u8, says: Says, back: Option<Vec<u8>>) -> Vec<u8> {
    let data: &[&[u8]] = &[&primary.hashed(), &subkey.hashed()];
    let back = back.map(|back| (32, back));
    let says: Vec<_> = [made(AT), says].into_iter().chain(back).collect();
    let binding = primary.sign(0x18, hash, &says, data);
    let user = primary.with_user("Hubot <hubot@example.test>", STRONG, &[made(AT), flags(1)]);
    [user, subkey.packet(14), packet(2, &binding)].concat()
}

#[test]
fn a_subkey_must_want_its_primary_key() {
    let (primary, subkey, mona) = (Key::new(4, AT), Key::new(4, AT), Key::new(4, AT));
    let back = |of: &Key, by: &Key, hash: u8| by.sign(0x19, hash, &[made(AT)], &[&of.hashed(), &subkey.hashed()]);
    let wanted = || Some(back(&primary, &subkey, STRONG));
    for (name, keyring, expected) in [
        ("both want", bound(&primary, &subkey, STRONG, flags(2), wanted()), "verified"),
        ("the primary key alone", bound(&primary, &subkey, STRONG, flags(2), None), "key-not-bound"),
        (
            "it wants another",
            bound(&primary, &subkey, STRONG, flags(2), Some(back(&mona, &subkey, STRONG))),
            "key-not-bound",
        ),
        (
            "the primary key for it",
            bound(&primary, &subkey, STRONG, flags(2), Some(back(&primary, &primary, STRONG))),
            "key-not-bound",
        ),
        ("by SHA-1", bound(&primary, &subkey, STRONG, flags(2), Some(back(&primary, &subkey, SHA1))), "key-not-bound"),
        ("bound by SHA-1", bound(&primary, &subkey, SHA1, flags(2), wanted()), "key-not-bound"),
        ("to encrypt", bound(&primary, &subkey, STRONG, flags(12), wanted()), "not-for-signing"),
        ("nothing said", bound(&primary, &subkey, STRONG, (101, vec![]), wanted()), "not-for-signing"),
    ] {
        assert_eq!(answer(&signature(&subkey), &keyring), expected, "{name}");
    }
    // Who binds a colleague's subkey does not become the author of what it signed.
    let own = |primary: &Key| bound(primary, &subkey, STRONG, flags(2), Some(back(&mona, &subkey, STRONG)));
    assert_eq!(answer(&signature(&subkey), &own(&primary)), "key-not-bound");
    for keyring in [[own(&primary), own(&mona)], [own(&mona), own(&primary)]] {
        let Verification::Verified(verified) = verify(&signature(&subkey), &keyring.concat()) else {
            panic!("rejected")
        };
        let Signer::Gpg { primary, .. } = verified.signer() else { panic!("{:?}", verified.signer()) };
        assert_eq!(*primary, hex::encode_upper(mona.fingerprint()));
    }
}

#[test]
fn who_may_revoke() {
    let (key, revoker, stranger) = (Key::new(4, AT), Key::new(4, AT), Key::new(4, AT));
    let user = key.with_user(MONA, STRONG, &[made(AT), flags(3)]);
    let start = key.packet(6).len();
    let with = |signatures: &[Vec<u8>], others: &[u8]| {
        let signatures: Vec<u8> = signatures.iter().flat_map(|body| packet(2, body)).collect();
        [&user[..start], &signatures, &user[start..], others].concat()
    };
    let revoked = |by: &Key, hash: u8| by.sign(0x20, hash, &[made(AT + DAY)], &[&key.hashed()]);
    let named =
        key.sign(0x1f, STRONG, &[made(AT), (12, [&[0x80, 22][..], &revoker.fingerprint()].concat())], &[&key.hashed()]);
    let revoker_key = revoker.with_user("Revoker", STRONG, &[made(AT), flags(3)]);
    let forged = stranger.sign(0x20, STRONG, &[made(AT + DAY), revoker.issuer()], &[&key.hashed()]);
    for (name, keyring, expected) in [
        ("nobody", with(&[], &[]), "verified"),
        ("the owner", with(&[revoked(&key, STRONG)], &[]), "key-revoked"),
        ("the owner by SHA-1", with(&[revoked(&key, SHA1)], &[]), "key-revoked"),
        ("the owner, in a way that is not known", with(&[revoked(&key, 11)], &[]), "key-revoked"),
        ("a stranger", with(&[revoked(&stranger, STRONG)], &[]), "verified"),
        ("who was named", with(&[named.clone(), revoked(&revoker, STRONG)], &revoker_key), "key-revoked"),
        ("who was named and is not here", with(&[named.clone(), revoked(&revoker, STRONG)], &[]), "key-revoked"),
        ("who was not named", with(&[revoked(&revoker, STRONG)], &revoker_key), "verified"),
        ("in another's name", with(&[named, forged], &revoker_key), "verified"),
    ] {
        assert_eq!(answer(&signature(&key), &keyring), expected, "{name}");
    }
}

#[test]
fn what_the_signature_says_of_itself() {
    let key = Key::new(4, AT);
    let keyring = key.with_user(MONA, STRONG, &[made(AT), flags(3)]);
    let says = |about: u8, hash: u8, says: &[Says], uncovered: &[Says]| {
        packet(2, &key.sign_raw(4, about, hash, &[], says, uncovered, &[&payload()]))
    };
    let at = || made(AT + DAY);
    let by = || key.issuer();
    for (name, packets, expected) in [
        ("as it should be", says(0, STRONG, &[at(), by()], &[]), "verified"),
        ("who made it is said aside", says(0, STRONG, &[at()], &[by()]), "verified"),
        ("who made it is not said", says(0, STRONG, &[at()], &[]), "unknown-key"),
        ("when is said aside", says(0, STRONG, &[by()], &[at()]), "malformed"),
        ("by SHA-1", says(0, SHA1, &[at(), by()], &[]), "weak-hash"),
        ("by MD5", says(0, 1, &[at(), by()], &[]), "weak-hash"),
        ("of a user id", says(0x13, STRONG, &[at(), by()], &[]), "other-purpose"),
        ("of a text", says(1, STRONG, &[at(), by()], &[]), "unsupported"),
        ("critical", says(0, STRONG, &[at(), by(), (0x80 | 101, vec![])], &[]), "unsupported"),
        ("critical, aside", says(0, STRONG, &[at(), by()], &[(0x80 | 101, vec![])]), "verified"),
        ("ended", says(0, STRONG, &[at(), by(), (3, seconds(60).to_vec())], &[]), "signature-expired"),
        ("ended, aside", says(0, STRONG, &[at(), by()], &[(3, seconds(60).to_vec())]), "verified"),
        ("before the key", says(0, STRONG, &[made(AT - 1), by()], &[]), "key-not-yet-valid"),
        ("to come", says(0, STRONG, &[made(AT + 11 * DAY), by()], &[]), "from-the-future"),
        ("twice", [signature(&key), signature(&key)].concat(), "signed-twice"),
        ("with another packet", [signature(&key), packet(13, b"x")].concat(), "malformed"),
        ("none", packet(13, b"x"), "malformed"),
        ("nothing", Vec::new(), "malformed"),
    ] {
        assert_eq!(answer(&packets, &keyring), expected, "{name}");
    }
}
