//! A timestamp authority (RFC 3161): it signs, as CMS (RFC 5652), that it saw a digest at a time.

use crate::{
    Key,
    certificate::{Held, Template, algorithm, parse},
    sha256,
};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use der::{
    Any, Encode, EncodeValue, Sequence, Tag, Tagged,
    asn1::{GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec},
    oid::db::{
        rfc5911::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNED_DATA},
        rfc5912::ID_SHA_256,
    },
};
use std::time::Duration;
use x509_cert::{attr::Attribute, spki::AlgorithmIdentifierOwned};

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// Any policy: nobody of whom we know reads it.
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

/// An authority: its root, and the certificate that signs.
#[derive(Debug, Clone)]
pub struct TimestampAuthority {
    pub root: Held,
    pub signer: Held,
}

#[derive(Sequence)]
struct Imprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

#[derive(Sequence)]
struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: Imprint,
    serial_number: u32,
    gen_time: GeneralizedTime,
}

#[derive(Sequence)]
struct Status {
    status: u8,
}

#[derive(Sequence)]
struct Response {
    status: Status,
    token: ContentInfo,
}

impl TimestampAuthority {
    /// With certificates for `from` to `to` (seconds since 1970).
    pub fn new(host: &str, from: i64, to: i64) -> Self {
        let root = Template::authority(&format!("CN={host} root,O={host}"), from, to, Some(0));
        let root = Held::root(&root, Key::new());
        let signer = root.below(&Template::timestamping(&format!("CN={host},O={host}"), from, to), Key::new());
        Self { root, signer }
    }

    /// A response: granted, for `message`, at `at` (seconds since 1970).
    pub fn stamp(&self, message: &[u8], at: i64) -> Vec<u8> {
        self.respond(&said(message, at))
    }

    /// A response with anything in the place of what is said.
    pub fn respond(&self, said: &[u8]) -> Vec<u8> {
        let content = Any::encode_from(&self.sign(said)).expect("it can be encoded");
        let token = ContentInfo { content_type: ID_SIGNED_DATA, content };
        Response { status: Status { status: 0 }, token }.to_der().expect("it can be encoded")
    }

    fn sign(&self, said: &[u8]) -> SignedData {
        let content = Any::new(Tag::OctetString, said).expect("it is short");
        let certificate = CertificateChoices::Certificate(parse(&self.signer.der));
        SignedData {
            version: CmsVersion::V3,
            digest_algorithms: set(sha256_algorithm()),
            encap_content_info: EncapsulatedContentInfo { econtent_type: TST_INFO, econtent: Some(content) },
            certificates: Some(CertificateSet(set(certificate))),
            crls: None,
            signer_infos: SignerInfos(set(self.signer_info(said))),
        }
    }

    /// The signature is over the attributes, which hold the digest of what is said (RFC 5652, section 5.4).
    fn signer_info(&self, said: &[u8]) -> SignerInfo {
        let certificate = parse(&self.signer.der).tbs_certificate;
        let digest = OctetString::new(sha256(said)).expect("32 bytes");
        let attributes =
            SetOfVec::try_from(vec![attribute(ID_CONTENT_TYPE, &TST_INFO), attribute(ID_MESSAGE_DIGEST, &digest)])
                .expect("two different attributes");
        let signature = self.signer.key.sign(&attributes.to_der().expect("it can be encoded"));
        SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: certificate.issuer,
                serial_number: certificate.serial_number,
            }),
            digest_alg: sha256_algorithm(),
            signed_attrs: Some(attributes),
            signature_algorithm: algorithm(&self.signer.key),
            signature: OctetString::new(signature).expect("it is short"),
            unsigned_attrs: None,
        }
    }
}

/// What an honest authority says: the digest of `message` was there at `at`.
pub fn said(message: &[u8], at: i64) -> Vec<u8> {
    let since = Duration::from_secs(u64::try_from(at).expect("after 1970"));
    let said = TstInfo {
        version: 1,
        policy: POLICY,
        message_imprint: Imprint {
            hash_algorithm: sha256_algorithm(),
            hashed_message: OctetString::new(sha256(message)).expect("32 bytes"),
        },
        serial_number: 1,
        gen_time: GeneralizedTime::from_unix_duration(since).expect("a time of this era"),
    };
    said.to_der().expect("it can be encoded")
}

fn sha256_algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: None }
}

fn attribute<T: Tagged + EncodeValue>(oid: ObjectIdentifier, value: &T) -> Attribute {
    Attribute { oid, values: set(Any::encode_from(value).expect("it is short")) }
}

fn set<T: der::DerOrd>(one: T) -> SetOfVec<T> {
    SetOfVec::try_from(vec![one]).expect("one is in order")
}
