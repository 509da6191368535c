//! That the signature is in the log: the promise, the Merkle proof, and the checkpoint that the log signed.

use super::{Forgery, base64, bytes, entry, flip, proof, rejected, remove};
use crate::{ARTIFACT, Case, workflow};
use lockgate_authority::{Authority, Content, NEW_YEAR, Recipe, Signer, log::Log};
use serde_json::{Value, json};

const LOGGED: i64 = NEW_YEAR + 60;

/// Of the promise, with which the log says when.
const PROMISES: [Forgery; 11] = [
    ("an earlier time", |_, case| at(case, LOGGED - 30), "NotInLog"),
    ("a later time", |_, case| at(case, LOGGED + 30), "NotInLog"),
    ("no time", |_, case| drop(remove(entry(case), "integratedTime")), "NoTime"),
    ("no index", |_, case| drop(remove(entry(case), "logIndex")), "NotInLog"),
    ("another index", |_, case| entry(case)["logIndex"] = "4163432".into(), "NotInLog"),
    ("another promise", |_, case| flip(&mut entry(case)["inclusionPromise"]["signedEntryTimestamp"]), "NotInLog"),
    ("the promise of another entry", other_promise, "NotInLog"),
    ("the promise of another log", |_, case| promise(case, &Log::first("log.example.test")), "NotInLog"),
    ("a log that is not known", |_, case| entry(case)["logId"]["keyId"] = base64([7; 32]), "UnknownLog"),
    ("a log's name of another length", |_, case| entry(case)["logId"]["keyId"] = base64([7; 31]), "Malformed"),
    ("a time to come", to_come, "NotValidAtSigning"),
];

/// Of the proof, in either generation.
const PROOFS: [Forgery; 12] = [
    ("no proof", |_, case| drop(remove(entry(case), "inclusionProof")), "NoInclusionProof"),
    ("no checkpoint", |_, case| drop(remove(proof(case), "checkpoint")), "NoInclusionProof"),
    ("a hash less", |_, case| drop(hashes(case).pop()), "NotInLog"),
    ("a hash more", |_, case| hashes(case).push(base64([0; 32])), "NotInLog"),
    ("no hashes", |_, case| hashes(case).clear(), "NotInLog"),
    ("hashes in another order", |_, case| hashes(case).reverse(), "NotInLog"),
    ("a checkpoint of another size", |_, case| note(case, |line| line[1] = "9".into()), "NotInLog"),
    ("a checkpoint of another origin", |_, case| note(case, |line| line[0] = "gol.example.test".into()), "NotInLog"),
    ("a checkpoint with another root", |_, case| note(case, |line| line[2] = "A".repeat(43) + "="), "NotInLog"),
    ("a checkpoint with more in it", |_, case| note(case, |line| line.insert(3, "more".into())), "NotInLog"),
    ("a checkpoint that nobody signed", |_, case| note(case, |line| line.truncate(4)), "Malformed"),
    ("a checkpoint that another signed", |_, case| other_signer(case), "NotInLog"),
];

/// Of the first generation, which says the head twice and has an index of its own in the tree.
const FIRST: [Forgery; 6] = [
    ("another root", |_, case| flip(&mut proof(case)["rootHash"]), "NotInLog"),
    ("another size", |_, case| proof(case)["treeSize"] = "9".into(), "NotInLog"),
    ("an index beyond the tree", |_, case| proof(case)["logIndex"] = "900".into(), "NotInLog"),
    ("a proof for another entry", other_proof, "NotInLog"),
    ("a proof of another log that is trusted", second_proof, "NotInLog"),
    ("an entry altered, with a proof that fits it", own_tree, "NotInLog"),
];

/// Of the second generation, which has the entry's index alone.
const SECOND: [Forgery; 4] = [
    ("an index beyond the tree", |_, case| entry(case)["logIndex"] = "900".into(), "NotInLog"),
    ("a log that is not known", |_, case| entry(case)["logId"]["keyId"] = base64([7; 32]), "UnknownLog"),
    ("another log that is known", first_log, "NotInLog"),
    ("a proof for another entry", other_proof, "NotInLog"),
];

#[test]
fn forged_promises_are_rejected() {
    rejected(Case::message, &PROMISES);
    rejected(Case::promised, &PROMISES);
}

#[test]
fn forged_proofs_are_rejected() {
    for twin in [Case::message, Case::statement, Case::second] {
        rejected(twin, &PROOFS);
    }
    rejected(proved, &FIRST);
    rejected(Case::second, &SECOND);
}

/// A proof and no promise: the time is the timestamp authority's.
fn proved(authority: &Authority) -> Case {
    let recipe = Recipe { time: lockgate_authority::Time::Timestamp, ..Recipe::default() };
    Case::new(authority, Content::Message(ARTIFACT), &recipe)
}

/// Every hash, and every other index and size by itself: the proof is for this entry at this place of this tree alone.
#[test]
fn a_proof_is_for_one_place_of_one_tree() {
    type Twin = fn(&Authority) -> Case;
    type Place = fn(&mut Case) -> &mut Value;
    let authority = Authority::new();
    for (twin, place) in [(proved as Twin, proof as Place), (Case::second, entry)] {
        let mut case = twin(&authority);
        case.verified();
        let honest = case.bundle.clone();
        for at in 0..hashes(&mut case).len() {
            flip(&mut hashes(&mut case)[at]);
            assert_eq!(crate::reason(&case.rejected()), "NotInLog", "hash {at}");
            case.bundle = honest.clone();
        }
        for name in ["logIndex", "treeSize"] {
            let said = place(&mut case)[name].as_str().map(|text| text.parse::<u64>().unwrap());
            for other in said.into_iter().flat_map(|said| (0..said + 40).filter(move |other| *other != said)) {
                place(&mut case)[name] = other.to_string().into();
                assert_eq!(crate::reason(&case.rejected()), "NotInLog", "{name} {other}");
                case.bundle = honest.clone();
            }
        }
    }
}

/// The attacker's log takes everything in, as the public one does; but nobody trusts it.
#[test]
fn a_log_that_is_not_in_the_trusted_root_vouches_for_nothing() {
    let authority = Authority::new();
    for twin in [Case::message, Case::statement, Case::second, Case::promised] {
        let mut other = Authority::new();
        other.root = authority.root.clone();
        other.intermediate = authority.intermediate.clone();
        other.certificate_log = authority.certificate_log.clone();
        other.timestamps = authority.timestamps.clone();
        let case = twin(&other);
        case.verified();
        let case = Case { root: authority.trusted_root(), ..case };
        assert_eq!(crate::reason(&case.rejected()), "UnknownLog");
    }
}

fn at(case: &mut Case, time: i64) {
    entry(case)["integratedTime"] = time.to_string().into();
}

fn hashes(case: &mut Case) -> &mut Vec<Value> {
    proof(case)["hashes"].as_array_mut().unwrap()
}

/// Changes the checkpoint's lines: origin, size, root, an empty one, then the signature's.
fn note(case: &mut Case, change: fn(&mut Vec<String>)) {
    let text = &mut proof(case)["checkpoint"]["envelope"];
    let mut lines: Vec<_> = text.as_str().unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    *text = (lines.join("\n") + "\n").into();
}

/// The same text, signed by a log of the same name.
fn other_signer(case: &mut Case) {
    let other = Log::first("log.example.test");
    let text = &mut proof(case)["checkpoint"]["envelope"];
    let head = text.as_str().unwrap().split_once("\n\n").unwrap().0.to_owned() + "\n";
    *text = other.note(&head).into();
}

fn promise(case: &mut Case, by: &Log) {
    let index = entry(case)["logIndex"].as_str().unwrap().parse().unwrap();
    let body = bytes(&entry(case)["canonicalizedBody"]);
    entry(case)["inclusionPromise"]["signedEntryTimestamp"] = base64(by.promise(&body, index, LOGGED));
}

fn other_promise(authority: &Authority, case: &mut Case) {
    let mut other = Case::message(authority);
    entry(case)["inclusionPromise"] = remove(entry(&mut other), "inclusionPromise");
}

/// The log errs, or lies: an hour from now, with a certificate that holds then.
fn to_come(authority: &Authority, case: &mut Case) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at = i64::try_from(now).unwrap() + 3600;
    let recipe = Recipe { at, ..Recipe::default() };
    let signer = authority.signer_at(&workflow(), at - 10);
    case.bundle = authority.bundle(&signer, Content::Message(ARTIFACT), &recipe);
}

fn other_proof(authority: &Authority, case: &mut Case) {
    let log = if case.bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["version"] == "0.0.2" {
        &authority.second
    } else {
        &authority.log
    };
    let other = log.append(b"another entry");
    entry(case)["inclusionProof"] = log.proof(&other);
}

/// The entry says that it is in one log, and shows that it is in the other.
fn second_proof(authority: &Authority, case: &mut Case) {
    let body = bytes(&entry(case)["canonicalizedBody"]);
    let shown = authority.second.append(&body);
    entry(case)["inclusionProof"] = authority.second.proof(&shown);
}

fn first_log(authority: &Authority, case: &mut Case) {
    entry(case)["logId"]["keyId"] = base64(authority.log.id);
}

/// A tree of the attacker's, with the real log's head beside it.
fn own_tree(_: &Authority, case: &mut Case) {
    let own = Log::first("log.example.test");
    let mut body: Value = serde_json::from_slice(&bytes(&entry(case)["canonicalizedBody"])).unwrap();
    body["spec"]["data"]["hash"]["value"] = "0".repeat(64).into();
    let shown = own.append(body.to_string().as_bytes());
    entry(case)["canonicalizedBody"] = base64(body.to_string());
    let checkpoint = remove(proof(case), "checkpoint");
    entry(case)["inclusionProof"] = own.proof(&shown);
    proof(case)["checkpoint"] = checkpoint;
}

/// Two entries, of which the second is about somebody else's signature: it may not ride along.
#[test]
fn each_entry_is_judged() {
    let authority = Authority::new();
    for twin in [Case::message, Case::statement, Case::second] {
        let mut case = twin(&authority);
        let other = twin(&authority).bundle["verificationMaterial"]["tlogEntries"][0].clone();
        case.bundle["verificationMaterial"]["tlogEntries"].as_array_mut().unwrap().push(other);
        assert_eq!(crate::reason(&case.rejected()), "OtherEntry");
    }
}

/// No entry at all is not the same as an entry that needs no proof.
#[test]
fn no_entry_is_no_proof() {
    let authority = Authority::new();
    let key = lockgate_authority::Key::new();
    let signer = Signer::with_key(key.clone(), "");
    let keyed = Case::signed_by(&authority, &signer, Content::Message(ARTIFACT), &Recipe::default());
    let keyed = Case { expected: crate::by_key(&key), ..keyed };
    for mut case in [Case::message(&authority), Case::second(&authority), keyed] {
        case.verified();
        case.bundle["verificationMaterial"]["tlogEntries"] = json!([]);
        assert_eq!(crate::reason(&case.rejected()), "NoInclusionProof");
    }
}
