//! CMS signatures as gitsign writes them, and anything else that they can be made to hold.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use serde_json::Value;

pub(crate) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
pub(crate) const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];
const TIMESTAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
const LOG_ENTRY: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x03, 0x01];

#[derive(Clone)]
pub(crate) struct Cms {
    pub(crate) content_type: Vec<u8>,
    pub(crate) content: Option<Vec<u8>>,
    /// The signer's is the last.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// What of the signer's certificate the signature names: issuer and serial number.
    names: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    /// A SET, as it is signed.
    pub(crate) attributes: Vec<u8>,
    pub(crate) digest: [u8; 32],
    pub(crate) signature: Vec<u8>,
    pub(crate) entry: Option<Vec<u8>>,
    timestamp: Option<Vec<u8>>,
    pub(crate) signers: usize,
}

/// What is signed: type, time and digest of the content.
pub(crate) fn attributes(digest: &[u8; 32], at: i64) -> Vec<u8> {
    let time = DateTime::from_timestamp(at, 0).unwrap().format("%y%m%d%H%M%SZ").to_string();
    let one = |name: &[u8], value: Vec<u8>| tlv(0x30, &[tlv(0x06, &[name]), tlv(0x31, &[value])]);
    tlv(
        0x31,
        &[
            one(CONTENT_TYPE, tlv(0x06, &[DATA])),
            one(SIGNING_TIME, tlv(0x17, &[time.as_bytes()])),
            one(MESSAGE_DIGEST, tlv(0x04, &[digest])),
        ],
    )
}

impl Cms {
    /// Of a bundle of `attributes`.
    pub(crate) fn of(bundle: &Value, attributes: Vec<u8>) -> Self {
        let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let material = &bundle["verificationMaterial"];
        let certificate = bytes(&material["certificate"]["rawBytes"]);
        let stamp = &material["timestampVerificationData"]["rfc3161Timestamps"][0]["signedTimestamp"];
        Self {
            content_type: DATA.to_vec(),
            content: None,
            names: names(&certificate),
            certificates: vec![certificate],
            hash: SHA256.to_vec(),
            digest: attributes[attributes.len() - 32..].try_into().unwrap(),
            attributes,
            signature: bytes(&bundle["messageSignature"]["signature"]),
            entry: Some(entry(&material["tlogEntries"][0])),
            timestamp: stamp.as_str().map(|_| token(&bytes(stamp))),
            signers: 1,
        }
    }

    pub(crate) fn armor(&self) -> String {
        armor(&self.der())
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let algorithm = |oid: &[u8]| tlv(0x30, &[tlv(0x06, &[oid])]);
        let content = self.content.iter().map(|content| tlv(0xa0, &[tlv(0x04, &[content])]));
        let encapsulated = [vec![tlv(0x06, &[&self.content_type])], content.collect()].concat();
        let signers = vec![self.signer(); self.signers];
        let data = tlv(
            0x30,
            &[
                vec![0x02, 0x01, 0x01],
                tlv(0x31, &[algorithm(&self.hash)]),
                tlv(0x30, &encapsulated),
                tlv(0xa0, &self.certificates),
                tlv(0x31, &signers),
            ],
        );
        tlv(0x30, &[tlv(0x06, &[SIGNED_DATA]), tlv(0xa0, &[data])])
    }

    fn signer(&self) -> Vec<u8> {
        let algorithm = |oid: &[u8]| tlv(0x30, &[tlv(0x06, &[oid])]);
        let one = |name: &[u8], value: &[u8]| tlv(0x30, &[tlv(0x06, &[name]), tlv(0x31, &[value])]);
        let entry = self.entry.iter().map(|entry| one(LOG_ENTRY, &tlv(0x04, &[entry])));
        let unsigned: Vec<_> = entry.chain(self.timestamp.iter().map(|token| one(TIMESTAMP, token))).collect();
        let mut signed = self.attributes.clone();
        signed[0] = 0xa0;
        tlv(
            0x30,
            &[
                vec![0x02, 0x01, 0x01],
                self.names.clone(),
                algorithm(&self.hash),
                signed,
                algorithm(ECDSA_SHA256),
                tlv(0x04, &[&self.signature]),
                tlv(0xa1, &unsigned),
            ],
        )
    }
}

pub(crate) fn armor(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN SIGNED MESSAGE-----\n{}\n-----END SIGNED MESSAGE-----\n", lines.join("\n"))
}

fn tlv(tag: u8, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let body = parts.iter().flat_map(|part| part.as_ref()).copied().collect::<Vec<u8>>();
    let length = body.len().to_be_bytes();
    let length = match body.len() {
        0..0x80 => vec![length[7]],
        0x80..0x100 => vec![0x81, length[7]],
        _ => vec![0x82, length[6], length[7]],
    };
    [vec![tag], length, body].concat()
}

/// Where a value begins and ends within `der`, and where the next one does.
fn value(der: &[u8], at: usize) -> (usize, usize) {
    match der[at + 1] {
        0x81 => (at + 3, at + 3 + usize::from(der[at + 2])),
        0x82 => (at + 4, at + 4 + usize::from(der[at + 2]) * 256 + usize::from(der[at + 3])),
        short => (at + 2, at + 2 + usize::from(short)),
    }
}

/// `SEQUENCE { issuer, serialNumber }` of a certificate of version 3.
fn names(certificate: &[u8]) -> Vec<u8> {
    let signed = value(certificate, value(certificate, 0).0).0;
    let serial = value(certificate, signed).1;
    let algorithm = value(certificate, serial).1;
    let issuer = value(certificate, algorithm).1;
    tlv(0x30, &[&certificate[issuer..value(certificate, issuer).1], &certificate[serial..algorithm]])
}

/// The token of an authority's answer.
fn token(answer: &[u8]) -> Vec<u8> {
    let status = value(answer, 0).0;
    let token = value(answer, status).1;
    answer[token..value(answer, token).1].to_vec()
}

/// The log's entry in protobuf, without its body.
fn entry(entry: &Value) -> Vec<u8> {
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
    let number = |value: &Value| value.as_str().map_or(0, |text| text.parse::<u64>().unwrap());
    let mut found = [
        varint(1, number(&entry["logIndex"])),
        field(2, &field(1, &bytes(&entry["logId"]["keyId"]))),
        field(
            3,
            &[field(1, &text(&entry["kindVersion"]["kind"])), field(2, &text(&entry["kindVersion"]["version"]))]
                .concat(),
        ),
        varint(4, number(&entry["integratedTime"])),
    ]
    .concat();
    if let Some(promise) = entry.get("inclusionPromise") {
        found.extend(field(5, &field(1, &bytes(&promise["signedEntryTimestamp"]))));
    }
    if let Some(proof) = entry.get("inclusionProof") {
        let hashes = proof["hashes"].as_array().unwrap().iter().flat_map(|hash| field(4, &bytes(hash)));
        let parts = [
            varint(1, number(&proof["logIndex"])),
            field(2, &bytes(&proof["rootHash"])),
            varint(3, number(&proof["treeSize"])),
            hashes.collect(),
            field(5, &field(1, &text(&proof["checkpoint"]["envelope"]))),
        ];
        found.extend(field(6, &parts.concat()));
    }
    found
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![number << 3 | 2], seven(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint(number: u8, value: u64) -> Vec<u8> {
    [vec![number << 3], seven(value)].concat()
}

fn seven(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
