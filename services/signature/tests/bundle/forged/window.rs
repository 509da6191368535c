//! The trusted root's times: whom to trust, and for when.

use super::{Forgery, rejected};
use crate::Case;
use lockgate_authority::{Authority, NEW_YEAR, OPENED, window};
use serde_json::Value;

const DAY: i64 = 86_400;
const OVER: (i64, i64) = (OPENED, NEW_YEAR - DAY);
const TO_COME: (i64, i64) = (NEW_YEAR + DAY, NEW_YEAR + 2 * DAY);

const CERTIFICATES: [Forgery; 4] = [
    ("no authority", |_, case| case.root["certificateAuthorities"] = Value::Array(vec![]), "NotValidAtSigning"),
    ("an authority whose time was over", |_, case| authority(case, OVER), "StaleRoot"),
    ("an authority whose time was to come", |_, case| authority(case, TO_COME), "NotValidAtSigning"),
    ("no log of certificates", |_, case| case.root["ctlogs"] = Value::Array(vec![]), "CertificateNotLogged"),
];

const FIRST: [Forgery; 3] = [
    ("no log", |_, case| case.root["tlogs"] = Value::Array(vec![]), "UnknownLog"),
    ("a log whose time was over", |_, case| log(case, 0, OVER), "NotInLog"),
    ("a log whose time was to come", |_, case| log(case, 0, TO_COME), "NotInLog"),
];

const SECOND: [Forgery; 4] = [
    ("no log", |_, case| case.root["tlogs"] = Value::Array(vec![]), "UnknownLog"),
    ("a log whose time was over", |_, case| log(case, 1, OVER), "NotInLog"),
    ("a log whose time was to come", |_, case| log(case, 1, TO_COME), "NotInLog"),
    ("no timestamp authority", |_, case| case.root["timestampAuthorities"] = Value::Array(vec![]), "Timestamp"),
];

#[test]
fn nobody_is_trusted_for_another_time() {
    for twin in [Case::message, Case::statement, Case::second, Case::promised] {
        rejected(twin, &CERTIFICATES);
    }
    for twin in [Case::message, Case::statement, Case::promised] {
        rejected(twin, &FIRST);
    }
    rejected(Case::second, &SECOND);
}

/// All logs of the root are over: whoever asks must get a root that is of now.
#[test]
fn a_root_whose_logs_are_all_over_is_stale() {
    let stale: [Forgery; 1] = [("all logs were over", all_over, "StaleRoot")];
    for twin in [Case::message, Case::second, Case::promised] {
        rejected(twin, &stale);
    }
}

/// An authority's time does not make up for another's.
#[test]
fn a_time_is_of_one_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    for twin in [Case::message, Case::second] {
        let mut case = twin(&authority);
        self::authority(&mut case, OVER);
        let more = other.trusted_root()["certificateAuthorities"][0].clone();
        case.root["certificateAuthorities"].as_array_mut().unwrap().push(more);
        assert_eq!(crate::reason(&case.rejected()), "UntrustedCertificate");
    }
}

fn authority(case: &mut Case, (from, to): (i64, i64)) {
    case.root["certificateAuthorities"][0]["validFor"] = window(from, Some(to));
}

fn log(case: &mut Case, at: usize, (from, to): (i64, i64)) {
    case.root["tlogs"][at]["publicKey"]["validFor"] = window(from, Some(to));
}

fn all_over(_: &Authority, case: &mut Case) {
    log(case, 0, OVER);
    log(case, 1, OVER);
}
