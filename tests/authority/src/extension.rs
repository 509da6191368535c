//! Certificate extensions: those of X.509, and those in which a certificate authority of Sigstore says what was built where.

use crate::{Key, Name, sha256};
use der::{
    Encode,
    asn1::{BitString, Ia5String, ObjectIdentifier, OctetString, Utf8StringRef},
    oid::{
        AssociatedOid,
        db::{rfc5280::ID_CE_BASIC_CONSTRAINTS, rfc6962::CT_PRECERT_SCTS},
    },
};
use x509_cert::ext::{
    Extension,
    pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, SubjectAltName, SubjectKeyIdentifier,
        name::GeneralName,
    },
};

pub use der::oid::db::rfc5280::{
    ID_CE_EXT_KEY_USAGE as EXTENDED_KEY_USAGE, ID_CE_KEY_USAGE as KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME as ALTERNATIVE_NAMES, ID_KP_CODE_SIGNING as CODE_SIGNING,
    ID_KP_TIME_STAMPING as TIME_STAMPING,
};

// What the certificate authority was told by who vouched for the identity. The texts of the first are bare, those of the
// others are UTF8String (`docs/oid-info.md` of Fulcio).
pub const ISSUER_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
pub const TRIGGER_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.2");
pub const SHA_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.3");
pub const WORKFLOW_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.4");
pub const REPOSITORY_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.5");
pub const REF_BARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.6");
pub const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
pub const BUILD_SIGNER_URI: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.9");
pub const BUILD_SIGNER_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.10");
pub const RUNNER_ENVIRONMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.11");
pub const SOURCE_REPOSITORY_URI: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.12");
pub const SOURCE_REPOSITORY_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.13");
pub const SOURCE_REPOSITORY_REF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.14");
pub const SOURCE_REPOSITORY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.15");
pub const SOURCE_OWNER_URI: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.16");
pub const SOURCE_OWNER_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.17");
pub const BUILD_CONFIG_URI: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.18");
pub const BUILD_CONFIG_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.19");
pub const BUILD_TRIGGER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.20");
pub const RUN_INVOCATION_URI: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.21");
pub const SOURCE_VISIBILITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.22");
pub const DEPLOYMENT_ENVIRONMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.23");

/// An extension with exactly these bytes in it.
pub fn raw(oid: ObjectIdentifier, critical: bool, bytes: Vec<u8>) -> Extension {
    Extension { extn_id: oid, critical, extn_value: OctetString::new(bytes).expect("it is short") }
}

/// One of Sigstore's: bare up to the seventh, UTF8String from the eighth on.
pub fn text(oid: ObjectIdentifier, text: &str) -> Extension {
    let bare = [ISSUER_BARE, TRIGGER_BARE, SHA_BARE, WORKFLOW_BARE, REPOSITORY_BARE, REF_BARE].contains(&oid);
    let der = || Utf8StringRef::new(text).and_then(|text| text.to_der()).expect("it is short");
    raw(oid, false, if bare { text.as_bytes().to_vec() } else { der() })
}

/// May it issue certificates, and with how many others between it and the last?
pub fn basic_constraints(ca: bool, path_len_constraint: Option<u8>) -> Extension {
    encoded(ID_CE_BASIC_CONSTRAINTS, true, &BasicConstraints { ca, path_len_constraint })
}

/// Bits of RFC 5280, the first at 0x80: digitalSignature 0x80, keyCertSign 0x04, cRLSign 0x02.
pub fn key_usage(bits: u8) -> Extension {
    let unused = bits.trailing_zeros().min(7);
    let bits = BitString::new(u8::try_from(unused).expect("at most 7"), [bits]).expect("one byte with its unused bits");
    encoded(KEY_USAGE, true, &bits)
}

pub fn extended_key_usage(purposes: &[ObjectIdentifier], critical: bool) -> Extension {
    encoded(EXTENDED_KEY_USAGE, critical, &ExtendedKeyUsage(purposes.to_vec()))
}

pub fn alternative_names(names: &[Name]) -> Extension {
    let general = |name: &Name| match name {
        Name::Uri(text) => GeneralName::UniformResourceIdentifier(Ia5String::new(text).expect("it is ASCII")),
        Name::Email(text) => GeneralName::Rfc822Name(Ia5String::new(text).expect("it is ASCII")),
    };
    encoded(ALTERNATIVE_NAMES, true, &SubjectAltName(names.iter().map(general).collect()))
}

/// What the key is called by others: the first 20 bytes of its digest (RFC 7093, section 2).
pub fn subject_key(key: &Key) -> Extension {
    encoded(SubjectKeyIdentifier::OID, false, &SubjectKeyIdentifier(key_identifier(key)))
}

/// Of the key that signs the certificate.
pub fn authority_key(key: &Key) -> Extension {
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(key)),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    };
    encoded(AuthorityKeyIdentifier::OID, false, &identifier)
}

fn key_identifier(key: &Key) -> OctetString {
    OctetString::new(&sha256(&key.raw())[..20]).expect("20 bytes")
}

/// Signed certificate timestamps: a list in the encoding of TLS, in an OCTET STRING of its own.
pub fn scts(list: Vec<u8>) -> Extension {
    encoded(CT_PRECERT_SCTS, false, &OctetString::new(list).expect("it is short"))
}

fn encoded(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Extension {
    raw(oid, critical, value.to_der().expect("it can be encoded"))
}
