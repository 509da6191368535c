//! That the authority published the certificate (RFC 6962).

use super::{Forgery, rejected, sign};
use crate::{Case, workflow};
use lockgate_authority::{
    Authority, Identity, Key, NEW_YEAR, Signer, TbsCertificate,
    certificate::Template,
    extension,
    scts::{list, signed},
    window,
};

/// Makes the list of a certificate from what it will say, the authority and another log.
type Make = fn(&Authority, &TbsCertificate) -> Option<Vec<u8>>;

const FORGERIES: [Forgery; 14] = [
    ("none", |a, case| with(a, case, |_, _| None), "CertificateNotLogged"),
    ("an empty list", |a, case| with(a, case, |_, _| Some(list(&[]))), "CertificateNotLogged"),
    ("no list", |a, case| with(a, case, |_, _| Some(vec![0xff; 4])), "CertificateNotLogged"),
    ("an unknown log", |a, case| with(a, case, |a, tbs| one(a, tbs, &Key::new())), "CertificateNotLogged"),
    ("a log that calls itself by another's name", |a, case| with(a, case, named), "CertificateNotLogged"),
    ("over another certificate", |a, case| with(a, case, other_certificate), "CertificateNotLogged"),
    ("over another authority's certificate", |a, case| with(a, case, other_issuer), "CertificateNotLogged"),
    ("another time", |a, case| with(a, case, |a, tbs| changed(a, tbs, 40)), "CertificateNotLogged"),
    ("another version", |a, case| with(a, case, |a, tbs| changed(a, tbs, 0)), "CertificateNotLogged"),
    ("another algorithm", |a, case| with(a, case, |a, tbs| changed(a, tbs, 43)), "CertificateNotLogged"),
    ("another signature", |a, case| with(a, case, |a, tbs| changed(a, tbs, 70)), "CertificateNotLogged"),
    ("two", |a, case| with(a, case, two), "CertificateNotLogged"),
    ("by a log whose time was over", |_, case| log_of(case, NEW_YEAR - 100, Some(NEW_YEAR - 1)), "StaleRoot"),
    ("by a log whose time was to come", |_, case| log_of(case, NEW_YEAR + 1, None), "CertificateNotLogged"),
];

#[test]
fn unpublished_certificates_are_rejected() {
    rejected(Case::message, &FORGERIES);
}

fn with(authority: &Authority, case: &mut Case, make: Make) {
    let key = Key::new();
    let mut tbs = authority.intermediate.prepare(&Template::leaf(&workflow(), NEW_YEAR), &key);
    let list = make(authority, &tbs);
    tbs.extensions.as_mut().unwrap().extend(list.map(extension::scts));
    let certificate = authority.intermediate.sign(tbs);
    sign(authority, case, &Signer::with_certificates(key, vec![certificate]));
}

fn one(authority: &Authority, tbs: &TbsCertificate, by: &Key) -> Option<Vec<u8>> {
    Some(list(&[signed(tbs, &authority.intermediate.key, by, NEW_YEAR)]))
}

fn two(authority: &Authority, tbs: &TbsCertificate) -> Option<Vec<u8>> {
    let signed = || signed(tbs, &authority.intermediate.key, &authority.certificate_log, NEW_YEAR);
    Some(list(&[signed(), signed()]))
}

/// By an attacker's log, whose name is replaced by the trusted one's.
fn named(authority: &Authority, tbs: &TbsCertificate) -> Option<Vec<u8>> {
    let mut timestamp = signed(tbs, &authority.intermediate.key, &Key::new(), NEW_YEAR);
    timestamp[1..33].copy_from_slice(&authority.certificate_log.id());
    Some(list(&[timestamp]))
}

fn other_certificate(authority: &Authority, _: &TbsCertificate) -> Option<Vec<u8>> {
    let other = Template::leaf(&Identity::email("attacker@example.test"), NEW_YEAR);
    one(authority, &authority.intermediate.prepare(&other, &Key::new()), &authority.certificate_log)
}

fn other_issuer(authority: &Authority, tbs: &TbsCertificate) -> Option<Vec<u8>> {
    Some(list(&[signed(tbs, &authority.root.key, &authority.certificate_log, NEW_YEAR)]))
}

/// A bit at this place of the timestamp: version 0, log 1, time 33, extensions 41, algorithm 43, signature 47.
fn changed(authority: &Authority, tbs: &TbsCertificate, at: usize) -> Option<Vec<u8>> {
    let mut timestamp = signed(tbs, &authority.intermediate.key, &authority.certificate_log, NEW_YEAR);
    timestamp[at] ^= 1;
    Some(list(&[timestamp]))
}

fn log_of(case: &mut Case, from: i64, to: Option<i64>) {
    case.root["ctlogs"][0]["publicKey"]["validFor"] = window(from, to);
}
