//! The log's entry as gitsign stores it: Sigstore's `TransparencyLogEntry` in protobuf, without the body.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Most hashes on the way to a log's root.
const MOST_HASHES: usize = 64;

/// The entry as a bundle has it in JSON, with `body`. `None` when it cannot be read.
pub(super) fn as_json(protobuf: &[u8], body: &str) -> Option<Value> {
    let entry = Message::read(protobuf)?;
    let log = Message::read(entry.bytes(2))?;
    let kind = Message::read(entry.bytes(3))?;
    let mut found = json!({
        "logIndex": entry.number(1).to_string(),
        "logId": { "keyId": STANDARD.encode(log.bytes(1)) },
        "kindVersion": { "kind": kind.text(1)?, "version": kind.text(2)? },
        "integratedTime": entry.number(4).to_string(),
        "canonicalizedBody": STANDARD.encode(body),
    });
    if entry.has(5) {
        let promise = Message::read(entry.bytes(5))?;
        found["inclusionPromise"] = json!({ "signedEntryTimestamp": STANDARD.encode(promise.bytes(1)) });
    }
    if entry.has(6) {
        found["inclusionProof"] = proof(&Message::read(entry.bytes(6))?)?;
    }
    Some(found)
}

fn proof(proof: &Message<'_>) -> Option<Value> {
    let checkpoint = Message::read(proof.bytes(5))?;
    let hashes: Vec<_> = proof.all(4).map(|hash| STANDARD.encode(hash)).collect();
    (hashes.len() <= MOST_HASHES).then_some(())?;
    Some(json!({
        "logIndex": proof.number(1).to_string(),
        "rootHash": STANDARD.encode(proof.bytes(2)),
        "treeSize": proof.number(3).to_string(),
        "hashes": hashes,
        "checkpoint": { "envelope": checkpoint.text(1)? },
    }))
}

/// A message's fields, in their order. Of one that occurs several times the last one counts.
struct Message<'a>(Vec<(u64, Field<'a>)>);

#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = number(&mut bytes)?;
            let field = match key & 7 {
                0 => Field::Number(number(&mut bytes)?),
                2 => {
                    let length = usize::try_from(number(&mut bytes)?).ok()?;
                    let (value, rest) = bytes.split_at_checked(length)?;
                    bytes = rest;
                    Field::Bytes(value)
                }
                _ => return None,
            };
            fields.push((key >> 3, field));
        }
        Some(Self(fields))
    }

    fn find(&self, of: u64) -> Option<Field<'a>> {
        self.0.iter().rev().find(|(number, _)| *number == of).map(|(_, field)| *field)
    }

    fn has(&self, of: u64) -> bool {
        self.find(of).is_some()
    }

    fn number(&self, of: u64) -> u64 {
        match self.find(of) {
            Some(Field::Number(number)) => number,
            _ => 0,
        }
    }

    fn bytes(&self, of: u64) -> &'a [u8] {
        match self.find(of) {
            Some(Field::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    fn text(&self, of: u64) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(of)).ok()
    }

    fn all(&self, of: u64) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter_map(move |(number, field)| match field {
            Field::Bytes(bytes) if *number == of => Some(*bytes),
            _ => None,
        })
    }
}

/// Seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
