//! Certificates (RFC 5280): authorities that stand by themselves, those below them, and the ones of who signs.

use crate::{Identity, Key, extension, key::pem};
use der::{
    Decode, Encode,
    asn1::{BitString, ObjectIdentifier, UtcTime},
};
use std::{str::FromStr, time::Duration};
use x509_cert::{
    Certificate, TbsCertificate, Version,
    ext::Extension,
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::{Time, Validity},
};

/// What a certificate is to say. Whoever signs it adds its own name and algorithm.
#[derive(Debug, Clone)]
pub struct Template {
    /// As in RFC 4514: `CN=name,O=organization`; empty in a leaf.
    pub subject: String,
    /// Seconds since 1970; both ends are within.
    pub from: i64,
    pub to: i64,
    pub extensions: Vec<Extension>,
}

impl Template {
    /// For an authority that may issue leaves, and other authorities as far as `path_length` says.
    pub fn authority(subject: &str, from: i64, to: i64, path_length: Option<u8>) -> Self {
        let extensions = vec![extension::key_usage(0x06), extension::basic_constraints(true, path_length)];
        Self { subject: subject.to_owned(), from, to, extensions }
    }

    /// For an authority that may issue certificates for signing code alone.
    pub fn intermediate(subject: &str, from: i64, to: i64, path_length: Option<u8>) -> Self {
        Self::authority(subject, from, to, path_length)
            .with(extension::extended_key_usage(&[extension::CODE_SIGNING], false))
    }

    /// For who signs: ten minutes from `at` on.
    pub fn leaf(identity: &Identity, at: i64) -> Self {
        let mut extensions = vec![
            extension::key_usage(0x80),
            extension::extended_key_usage(&[extension::CODE_SIGNING], false),
            extension::alternative_names(std::slice::from_ref(&identity.name)),
            extension::text(extension::ISSUER_BARE, &identity.issuer),
            extension::text(extension::ISSUER, &identity.issuer),
        ];
        extensions.extend(identity.extensions.iter().map(|(oid, text)| extension::text(*oid, text)));
        Self { subject: String::new(), from: at, to: at + 600, extensions }
    }

    /// For a timestamp authority's signatures.
    pub fn timestamping(subject: &str, from: i64, to: i64) -> Self {
        let extensions =
            vec![extension::key_usage(0x80), extension::extended_key_usage(&[extension::TIME_STAMPING], true)];
        Self { subject: subject.to_owned(), from, to, extensions }
    }

    /// The same without an extension.
    #[must_use]
    pub fn without(mut self, oid: ObjectIdentifier) -> Self {
        self.extensions.retain(|extension| extension.extn_id != oid);
        self
    }

    /// The same with this extension, in place of any of the same kind.
    #[must_use]
    pub fn with(self, extension: Extension) -> Self {
        let mut template = self.without(extension.extn_id);
        template.extensions.push(extension);
        template
    }
}

/// A certificate and its key: something that can issue.
#[derive(Debug, Clone)]
pub struct Held {
    pub key: Key,
    pub der: Vec<u8>,
}

impl Held {
    /// Signed by itself.
    pub fn root(template: &Template, key: Key) -> Self {
        let template = template.clone().with(extension::subject_key(&key));
        let tbs = to_be_signed(&template, &name(&template.subject), &key, &key);
        Self { der: signed(tbs, &key), key }
    }

    /// Signed by `self`.
    #[must_use]
    pub fn below(&self, template: &Template, key: Key) -> Self {
        Self { der: signed(self.prepare(template, &key), &self.key), key }
    }

    /// What `self` would sign, for who wants to change it first; then [`Self::sign`].
    pub fn prepare(&self, template: &Template, key: &Key) -> TbsCertificate {
        let template = template.clone().with(extension::subject_key(key)).with(extension::authority_key(&self.key));
        to_be_signed(&template, &self.name(), &self.key, key)
    }

    /// The certificate's DER.
    pub fn sign(&self, tbs: TbsCertificate) -> Vec<u8> {
        signed(tbs, &self.key)
    }

    pub fn name(&self) -> Name {
        parse(&self.der).tbs_certificate.subject
    }
}

/// What is in a certificate.
///
/// # Panics
/// When it is none.
pub fn parse(der: &[u8]) -> Certificate {
    Certificate::from_der(der).expect("it was made here")
}

/// The text form of a certificate.
pub fn to_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

fn to_be_signed(template: &Template, issuer: &Name, by: &Key, key: &Key) -> TbsCertificate {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).expect("there is randomness");
    serial[0] = serial[0] & 0x3f | 0x40;
    TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial).expect("positive, of 16 bytes"),
        signature: algorithm(by),
        issuer: issuer.clone(),
        validity: Validity { not_before: time(template.from), not_after: time(template.to) },
        subject: name(&template.subject),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&key.der()).expect("a public key"),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(template.extensions.clone()),
    }
}

fn signed(tbs: TbsCertificate, by: &Key) -> Vec<u8> {
    let signature = by.sign(&tbs.to_der().expect("it can be encoded"));
    let certificate = Certificate {
        signature_algorithm: algorithm(by),
        signature: BitString::from_bytes(&signature).expect("it is short"),
        tbs_certificate: tbs,
    };
    certificate.to_der().expect("it can be encoded")
}

pub(crate) fn algorithm(key: &Key) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: key.signature_algorithm(), parameters: None }
}

fn name(text: &str) -> Name {
    if text.is_empty() {
        return Name::default();
    }
    Name::from_str(text).expect("a name as in RFC 4514")
}

fn time(seconds: i64) -> Time {
    let since = Duration::from_secs(u64::try_from(seconds).expect("after 1970"));
    UtcTime::from_unix_duration(since).expect("before 2050").into()
}
