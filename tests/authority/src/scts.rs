//! A certificate transparency log (RFC 6962): it signs that it saw a certificate before that was issued.

use crate::{Key, extension};
use der::Encode;
use x509_cert::TbsCertificate;

/// Puts into `tbs` that the log `by` saw it at `at` (seconds since 1970). `issuer` is the public key that will sign it.
#[must_use]
pub fn published(mut tbs: TbsCertificate, issuer: &Key, by: &Key, at: i64) -> TbsCertificate {
    let timestamp = signed(&tbs, issuer, by, at);
    tbs.extensions.get_or_insert_default().push(extension::scts(list(&[timestamp])));
    tbs
}

/// One signed certificate timestamp over `tbs`, which must have none yet.
pub fn signed(tbs: &TbsCertificate, issuer: &Key, by: &Key, at: i64) -> Vec<u8> {
    let milliseconds = u64::try_from(at).expect("after 1970") * 1000;
    let seen = tbs.to_der().expect("it can be encoded");
    let length = u32::try_from(seen.len()).expect("it is short").to_be_bytes();
    let mut message = vec![0, 0]; // Version 1, a certificate timestamp.
    message.extend(milliseconds.to_be_bytes());
    message.extend([0, 1]); // Over a certificate to be.
    message.extend(issuer.id());
    message.extend(&length[1..]);
    message.extend(seen);
    message.extend([0, 0]); // No extensions.
    let mut timestamp = vec![0];
    timestamp.extend(by.id());
    timestamp.extend(milliseconds.to_be_bytes());
    timestamp.extend([0, 0]);
    timestamp.extend([4, 3]); // SHA-256, ECDSA.
    timestamp.extend(counted(&by.sign(&message)));
    timestamp
}

/// The list that a certificate carries.
pub fn list(timestamps: &[Vec<u8>]) -> Vec<u8> {
    counted(&timestamps.iter().flat_map(|timestamp| counted(timestamp)).collect::<Vec<_>>())
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("it is short").to_be_bytes()[..], bytes].concat()
}
