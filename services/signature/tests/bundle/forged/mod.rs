//! Forgeries, by the step of verification that must find each. Every one begins with its honest twin, which is accepted.

mod chain;
mod entry;
mod envelope;
mod form;
mod identity;
mod keyed;
mod proof;
mod scts;
mod timestamp;
mod window;

use crate::{ARTIFACT, Case, reason};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_authority::{Authority, Content, Recipe, Signer};
use lockgate_signature::bundle::Verification;
use serde_json::Value;

/// What is done to the honest twin, and the reason for which it is rejected then.
type Forgery = (&'static str, fn(&Authority, &mut Case), &'static str);

/// Tells of all that go wrong, not of the first alone.
fn rejected(twin: fn(&Authority) -> Case, forgeries: &[Forgery]) {
    let authority = Authority::new();
    let wrong: Vec<_> = forgeries.iter().filter_map(|forgery| outcome(&authority, twin, forgery).err()).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), forgeries.len(), wrong.join("\n"));
}

fn outcome(authority: &Authority, twin: fn(&Authority) -> Case, forgery: &Forgery) -> Result<(), String> {
    let (what, forge, expected) = forgery;
    let mut case = twin(authority);
    case.verified();
    forge(authority, &mut case);
    match case.answer() {
        Verification::Verified(verified) => Err(format!("{what}: ACCEPTED as {verified:?}")),
        Verification::Rejected(rejection) if reason(&rejection) == *expected => Ok(()),
        Verification::Rejected(rejection) => {
            Err(format!("{what}: {} and not {expected}: {rejection}", reason(&rejection)))
        }
    }
}

fn entry(case: &mut Case) -> &mut Value {
    &mut case.bundle["verificationMaterial"]["tlogEntries"][0]
}

fn proof(case: &mut Case) -> &mut Value {
    &mut entry(case)["inclusionProof"]
}

fn certificate(case: &mut Case) -> &mut Value {
    &mut case.bundle["verificationMaterial"]["certificate"]["rawBytes"]
}

fn remove(of: &mut Value, name: &str) -> Value {
    of.as_object_mut().unwrap().remove(name).unwrap()
}

fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().unwrap()).unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> Value {
    STANDARD.encode(bytes).into()
}

/// Flips a bit in the middle of what is there in base64.
fn flip(text: &mut Value) {
    let mut bytes = bytes(text);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *text = base64(bytes);
}

/// Puts `new` where `old` is in `bytes`, everywhere; both are as long.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let places: Vec<_> = (0..=bytes.len() - old.len()).filter(|&at| bytes[at..].starts_with(old)).collect();
    assert!(!places.is_empty(), "it is there");
    for at in places {
        bytes[at..at + old.len()].copy_from_slice(new);
    }
}

/// The artifact signed anew, by `signer`.
fn sign(authority: &Authority, case: &mut Case, signer: &Signer) {
    case.bundle = authority.bundle(signer, Content::Message(ARTIFACT), &Recipe::default());
}
