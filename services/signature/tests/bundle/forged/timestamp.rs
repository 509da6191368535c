//! When it was signed, by a timestamp authority (RFC 3161).

use super::{Forgery, base64, bytes, rejected, remove, replace};
use crate::{ARTIFACT, Case, workflow};
use lockgate_authority::{
    Authority, CLOSED, Content, Key, NEW_YEAR, OPENED, Recipe, Time,
    certificate::{Held, Template, parse},
    timestamp::{TimestampAuthority, said},
    window,
};
use serde_json::{Value, json};

const LOGGED: i64 = NEW_YEAR + 60;

const FORGERIES: [Forgery; 18] = [
    ("none", |_, case| drop(remove(material(case), "timestampVerificationData")), "NoTime"),
    ("an empty list", |_, case| stamps(case).clear(), "NoTime"),
    ("of another signature", |a, case| put(case, a.timestamps.stamp(b"another", LOGGED)), "Timestamp"),
    ("by another authority", |_, case| by(case, &TimestampAuthority::new(HOST, OPENED, CLOSED)), "Timestamp"),
    ("by another authority with the certificate's number", |a, case| by(case, &alike(a)), "Timestamp"),
    ("by the authority's other certificate", |a, case| by(case, &beside(a)), "Timestamp"),
    ("another signature under it", |_, case| last_bit(case), "Timestamp"),
    ("another time in it", |_, case| within(case, b"20240101000100Z", b"20240101000200Z"), "Timestamp"),
    ("refused", |_, case| within(case, &[0x30, 3, 2, 1, 0], &[0x30, 3, 2, 1, 2]), "Timestamp"),
    ("something else that was signed", |_, case| within(case, &TST_INFO, &OTHER_INFO), "Timestamp"),
    ("no timestamp", |_, case| put(case, b"none".to_vec()), "Timestamp"),
    ("nothing that is said", |a, case| put(case, a.timestamps.respond(b"")), "Timestamp"),
    ("more after it", |_, case| more(case), "Timestamp"),
    ("after the certificate's end", |a, case| at(a, case, NEW_YEAR + 601), "NotValidAtSigning"),
    ("before the certificate's beginning", |a, case| at(a, case, NEW_YEAR - 1), "NotValidAtSigning"),
    ("another one beside it", |a, case| beside_it(case, a.timestamps.stamp(b"another", LOGGED)), "Timestamp"),
    ("a later one beside it", later_beside_it, "NotValidAtSigning"),
    ("as base64 that is none", |_, case| stamps(case)[0]["signedTimestamp"] = "?".into(), "Malformed"),
];

const HOST: &str = "timestamp.example.test";
/// The object identifier of what a timestamp says, and one that differs in its last part.
const TST_INFO: [u8; 13] = [6, 11, 42, 134, 72, 134, 247, 13, 1, 9, 16, 1, 4];
const OTHER_INFO: [u8; 13] = [6, 11, 42, 134, 72, 134, 247, 13, 1, 9, 16, 1, 5];

#[test]
fn forged_timestamps_are_rejected() {
    rejected(Case::second, &FORGERIES);
}

/// What the log vouches for does not make up for a timestamp that does not hold, nor for one of another time.
#[test]
fn a_promise_does_not_make_up_for_a_timestamp() {
    let twin = |authority: &Authority| {
        let recipe = Recipe { time: Time::Both, ..Recipe::default() };
        Case::new(authority, Content::Message(ARTIFACT), &recipe)
    };
    rejected(twin, &FORGERIES[2..]);
}

/// Of authorities that the operator trusts, but not for this.
#[test]
fn authorities_have_a_time_and_a_purpose() {
    const DAY: i64 = 86_400;
    let forgeries: [Forgery; 5] = [
        ("its time was over", |_, case| of(case, OPENED, Some(NEW_YEAR - DAY)), "StaleRoot"),
        ("its time was to come", |_, case| of(case, NEW_YEAR + DAY, None), "Timestamp"),
        ("its certificate's time was over", |a, case| for_purpose(a, case, OPENED, NEW_YEAR - DAY, true), "Timestamp"),
        (
            "its certificate's time was to come",
            |a, case| for_purpose(a, case, NEW_YEAR + DAY, CLOSED, true),
            "Timestamp",
        ),
        ("its certificate is for signing code", |a, case| for_purpose(a, case, OPENED, CLOSED, false), "Timestamp"),
    ];
    rejected(Case::second, &forgeries);
}

fn material(case: &mut Case) -> &mut Value {
    &mut case.bundle["verificationMaterial"]
}

fn stamps(case: &mut Case) -> &mut Vec<Value> {
    material(case)["timestampVerificationData"]["rfc3161Timestamps"].as_array_mut().unwrap()
}

fn put(case: &mut Case, stamp: Vec<u8>) {
    stamps(case)[0]["signedTimestamp"] = base64(stamp);
}

fn beside_it(case: &mut Case, stamp: Vec<u8>) {
    stamps(case).push(json!({"signedTimestamp": base64(stamp)}));
}

fn signature(case: &Case) -> Vec<u8> {
    bytes(&case.bundle["messageSignature"]["signature"])
}

fn by(case: &mut Case, authority: &TimestampAuthority) {
    let stamp = authority.stamp(&signature(case), LOGGED);
    put(case, stamp);
}

/// Names and number are those of the real certificate; the key is the attacker's.
fn alike(authority: &Authority) -> TimestampAuthority {
    let real = parse(&authority.timestamps.signer.der).tbs_certificate;
    let mut other = TimestampAuthority::new(HOST, OPENED, CLOSED);
    let template = Template::timestamping(&format!("CN={HOST},O={HOST}"), OPENED, CLOSED);
    let mut tbs = other.root.prepare(&template, &other.signer.key);
    tbs.serial_number = real.serial_number;
    tbs.issuer = real.issuer;
    other.signer.der = other.root.sign(tbs);
    other
}

/// Issued by the trusted root, but another than the one that the operator names.
fn beside(authority: &Authority) -> TimestampAuthority {
    let template = Template::timestamping("CN=beside", OPENED, CLOSED);
    let signer = authority.timestamps.root.below(&template, Key::new());
    TimestampAuthority { signer, ..authority.timestamps.clone() }
}

fn within(case: &mut Case, old: &[u8], new: &[u8]) {
    let mut stamp = bytes(&stamps(case)[0]["signedTimestamp"]);
    replace(&mut stamp, old, new);
    put(case, stamp);
}

fn last_bit(case: &mut Case) {
    let mut stamp = bytes(&stamps(case)[0]["signedTimestamp"]);
    *stamp.last_mut().unwrap() ^= 1;
    put(case, stamp);
}

fn more(case: &mut Case) {
    let mut stamp = bytes(&stamps(case)[0]["signedTimestamp"]);
    stamp.push(0);
    put(case, stamp);
}

fn at(authority: &Authority, case: &mut Case, time: i64) {
    let stamp = authority.timestamps.respond(&said(&signature(case), time));
    put(case, stamp);
}

fn later_beside_it(authority: &Authority, case: &mut Case) {
    let stamp = authority.timestamps.stamp(&signature(case), NEW_YEAR + 3600);
    beside_it(case, stamp);
}

fn of(case: &mut Case, from: i64, to: Option<i64>) {
    case.root["timestampAuthorities"][0]["validFor"] = window(from, to);
}

/// The trusted authority's certificate has this time, and is for timestamps or for code.
fn for_purpose(authority: &Authority, case: &mut Case, from: i64, to: i64, timestamps: bool) {
    let template = if timestamps {
        Template::timestamping("CN=signer", from, to)
    } else {
        Template { subject: "CN=signer".into(), from, to, ..Template::leaf(&workflow(), from) }
    };
    let signer: Held = authority.timestamps.root.below(&template, Key::new());
    let own = TimestampAuthority { signer, ..authority.timestamps.clone() };
    by(case, &own);
    case.root["timestampAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = base64(&own.signer.der);
}
