//! Random mutations of honest bundles: none is accepted unless it means the same, and none panics.
//!
//! What counts in a bundle is what [`meaning`] takes out of it. All else is neutral, for one of these reasons:
//!
//! - it is not read: fields of unknown names, hints and key ids (the key is the operator's), the certificates above the
//!   signer's (they are found in the trusted root);
//! - it is computed: the message's digest;
//! - it is said elsewhere: the index, root and size in a proof of the second generation are those of entry and checkpoint;
//! - nobody vouches for it, and it is not used: time and index of an entry without a promise;
//! - it can be missing: a promise beside a proof, a timestamp beside a promise, as long as somebody says when;
//! - the bundle meets what another version asks for as well: the media type;
//! - it stands outside of what is signed: the signer's name and more lines below a checkpoint; in a timestamp, whatever is
//!   not what the authority said (its own certificate comes along, and is not believed).
//!
//! `LOCKGATE_MUTATIONS=10000 LOCKGATE_SEED=1` says how many, and which.

use crate::{ARTIFACT, Case, honest::recipes, statement};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_authority::{Authority, Content};
use lockgate_signature::bundle::{Artifact, Expected, Verification, Verified, Verifier};
use serde_json::{Map, Value, json};
use std::env;

/// Both ways of mutating together.
const USUAL: u64 = 2000;

/// One bundle and who is asked about it.
struct Asked {
    verifier: Verifier,
    expected: Expected,
    bundle: Value,
    verified: Verified,
}

impl Asked {
    fn new(case: Case) -> Self {
        Self { verifier: case.verifier(), verified: case.verified(), expected: case.expected, bundle: case.bundle }
    }

    fn ask(&self, bundle: &[u8], artifact: &[u8]) -> Option<Verified> {
        match self.verifier.verify(bundle, &Artifact::Bytes(artifact.to_vec()), &self.expected).unwrap() {
            Verification::Verified(verified) => Some(verified),
            Verification::Rejected(_) => None,
        }
    }

    /// Whether it was accepted.
    ///
    /// # Panics
    /// When it was, and should not have been.
    fn judge(&self, text: &[u8]) -> bool {
        let shown = String::from_utf8_lossy(&text[..text.len().min(20_000)]);
        assert!(self.ask(text, b"left-pad 1.3.1").is_none(), "accepted for another artifact: {shown}");
        let Some(verified) = self.ask(text, ARTIFACT) else { return false };
        let read: Value = serde_json::from_slice(text).unwrap();
        let same = meaning(&self.bundle);
        assert!(means(&meaning(&read), &same), "accepted, and does not mean the same: {shown}\nas {same}");
        assert_eq!((verified.identity(), verified.issuer()), (self.verified.identity(), self.verified.issuer()));
        let when = verified.signed_at();
        let untimed = when.is_none() && verified.identity().is_none();
        assert!(untimed || when == self.verified.signed_at(), "another time: {shown}");
        true
    }
}

#[test]
fn mutations_are_not_accepted() {
    let tries = |name, usual| env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (count, seed) = (tries("LOCKGATE_MUTATIONS", USUAL), tries("LOCKGATE_SEED", 20_240_101));
    let asked = asked();
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut same, mut unread) = (0, 0);
    for _ in 0..count {
        let one = &asked[random.usize(..asked.len())];
        let other = &asked[random.usize(..asked.len())].bundle;
        let text = match random.bool() {
            true => field_changed(one.bundle.clone(), other, &mut random).to_string().into_bytes(),
            false => bytes_changed(one.bundle.to_string().into_bytes(), &mut random),
        };
        same += u64::from(one.judge(&text));
        unread += u64::from(serde_json::from_slice::<Value>(&text).is_err());
    }
    println!("{count} mutations of {} bundles (seed {seed}): {same} mean the same, {unread} are no JSON", asked.len());
    assert!(same < count / 2 && unread < count / 2, "{same} mean the same, {unread} are no JSON");
}

/// Bundles of every kind, by certificates and by keys.
fn asked() -> Vec<Asked> {
    let authority = Authority::new();
    let statement = statement(ARTIFACT);
    let mut asked = vec![];
    for content in [Content::Message(ARTIFACT), Content::Statement(&statement)] {
        for recipe in recipes(content) {
            asked.push(Asked::new(Case::new(&authority, content, &recipe)));
            asked.push(Asked::new(Case::keyed(&authority, content, &recipe)));
        }
    }
    asked
}

/// Changes one value somewhere, or takes it from the same place of another honest bundle.
fn field_changed(mut bundle: Value, other: &Value, random: &mut fastrand::Rng) -> Value {
    // Not the whole: another honest bundle in its place is honest.
    let mut paths = paths(&bundle, String::new());
    paths.retain(|path| !path.is_empty());
    let path = &paths[random.usize(..paths.len())];
    let taken = other.pointer(path).cloned();
    let value = bundle.pointer_mut(path).unwrap();
    match (random.u8(..6), value) {
        (0, value) => *value = taken.unwrap_or(Value::Null),
        (1, value) => {
            *value = [json!(null), json!([]), json!({}), json!(""), json!("1"), json!(-1)][random.usize(..6)].clone()
        }
        (_, Value::String(text)) => *text = text_changed(text, random),
        (_, Value::Array(values)) => list_changed(values, random),
        (_, Value::Object(fields)) => fields_changed(fields, random),
        (_, value) => *value = json!(random.i64(..)),
    }
    bundle
}

/// Base64 is changed in a bit of what it stands for, numbers are counted on, other text is changed in a letter.
fn text_changed(text: &str, random: &mut fastrand::Rng) -> String {
    if let Ok(number) = text.parse::<i64>() {
        return number.wrapping_add(random.i64(-5..5)).to_string();
    }
    match STANDARD.decode(text) {
        Ok(mut bytes) if !bytes.is_empty() => {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
            STANDARD.encode(bytes)
        }
        _ => {
            let mut letters: Vec<char> = text.chars().collect();
            let at = random.usize(..=letters.len());
            letters.splice(at..(at + 1).min(letters.len()), [random.char('\n'..'z')]);
            letters.into_iter().collect()
        }
    }
}

fn list_changed(values: &mut Vec<Value>, random: &mut fastrand::Rng) {
    match (random.bool(), values.len()) {
        (_, 0) => values.push(json!("")),
        (true, length) => drop(values.remove(random.usize(..length))),
        (false, length) => values.push(values[random.usize(..length)].clone()),
    }
}

fn fields_changed(fields: &mut Map<String, Value>, random: &mut fastrand::Rng) {
    let names: Vec<_> = fields.keys().cloned().collect();
    let Some(name) = random.choice(names) else { return drop(fields.insert("more".into(), json!(1))) };
    match random.u8(..3) {
        0 => drop(fields.remove(&name)),
        1 => drop(fields.remove(&name).and_then(|value| fields.insert(name + "_", value))),
        _ => drop(fields.insert(name.to_uppercase(), json!({}))),
    }
}

/// Up to three changes: a byte becomes another, a few are left out, doubled or moved, the end is lost.
fn bytes_changed(mut text: Vec<u8>, random: &mut fastrand::Rng) -> Vec<u8> {
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..text.len());
        let to = (at + random.usize(..40)).min(text.len());
        match random.u8(..8) {
            0 => drop(text.drain(at..to)),
            1 => {
                let copy = text[at..to].to_vec();
                text.splice(at..at, copy);
            }
            2 if at > 0 => text.truncate(at),
            // Letters and digits, so that most of it remains JSON and base64.
            3..=6 => text[at] = random.alphanumeric() as u8,
            _ => text[at] = random.u8(..),
        }
        if text.is_empty() {
            return text;
        }
    }
    text
}

fn paths(value: &Value, at: String) -> Vec<String> {
    let mut paths = match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| self::paths(value, format!("{at}/{name}"))).collect()
        }
        Value::Array(values) => {
            values.iter().enumerate().flat_map(|(index, value)| self::paths(value, format!("{at}/{index}"))).collect()
        }
        _ => vec![],
    };
    paths.push(at);
    paths
}

/// What counts in a bundle.
fn meaning(bundle: &Value) -> Value {
    let material = &bundle["verificationMaterial"];
    let chain = &material["x509CertificateChain"]["certificates"][0];
    let certificate = if chain.is_null() { &material["certificate"] } else { chain };
    let content = match &bundle["dsseEnvelope"] {
        Value::Null => json!([bundle["messageSignature"]["signature"]]),
        envelope => json!([envelope["payloadType"], envelope["payload"], envelope["signatures"][0]["sig"]]),
    };
    let entries = material["tlogEntries"].as_array().map_or(&[][..], Vec::as_slice);
    json!({
        "certificate": certificate["rawBytes"],
        "content": content,
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Value) -> Value {
    let kind = &entry["kindVersion"];
    let second = kind["kind"] == "hashedrekord" && kind["version"] == "0.0.2";
    let promise = match &entry["inclusionPromise"] {
        Value::Null => Value::Null,
        promise => {
            json!([promise["signedEntryTimestamp"], number(&entry["integratedTime"]), number(&entry["logIndex"])])
        }
    };
    let proof = &entry["inclusionProof"];
    let place = match second {
        true => json!([number(&entry["logIndex"])]),
        false => json!([number(&proof["logIndex"]), proof["rootHash"], number(&proof["treeSize"])]),
    };
    let shown = match proof {
        Value::Null => Value::Null,
        _ => json!([place, proof["hashes"], head(&proof["checkpoint"]["envelope"])]),
    };
    json!({
        "log": entry["logId"]["keyId"],
        "kind": [kind["kind"], kind["version"]],
        "body": entry["canonicalizedBody"],
        "promise": promise,
        "proof": shown,
    })
}

/// The part of a checkpoint that is signed.
fn head(checkpoint: &Value) -> Option<&str> {
    checkpoint.as_str().and_then(|text| text.split("\n\n").next())
}

/// JSON of protocol buffers has long numbers as text or as numbers, and leaves out what is zero.
fn number(value: &Value) -> String {
    match value {
        Value::Null => "0".to_owned(),
        Value::String(text) => text.parse::<i64>().map_or_else(|_| text.clone(), |number| number.to_string()),
        other => other.to_string(),
    }
}

/// Whether all that counts is the same, but for a promise or a proof that is left out and an entry that is there twice.
fn means(read: &Value, honest: &Value) -> bool {
    let whole = |name: &str| read[name] == honest[name];
    let entry = &honest["entries"][0];
    let entries = read["entries"].as_array().unwrap();
    let part = |read: &Value, name: &str| read[name].is_null() || read[name] == entry[name];
    let same = |read: &Value| ["log", "kind", "body"].iter().all(|name| read[*name] == entry[*name]);
    whole("certificate")
        && whole("content")
        && entries.iter().all(|read| same(read) && part(read, "promise") && part(read, "proof"))
}
