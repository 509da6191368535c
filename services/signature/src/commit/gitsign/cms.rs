//! A CMS signature (RFC 5652, 5) over content that is elsewhere, by one signer.

use super::der::{INTEGER, OCTETS, OID, SEQUENCE, SET, Values, context};

/// As far as it is asked for; nothing of it is checked yet.
#[derive(Debug)]
pub(super) struct Cms<'a> {
    /// The signer's certificate, in DER.
    pub(super) certificate: &'a [u8],
    /// What was signed: the attributes, as they are signed.
    pub(super) attributes: Vec<u8>,
    /// Among them, the SHA-256 digest of the content.
    pub(super) digest: &'a [u8],
    pub(super) signature: &'a [u8],
    /// Not signed: the log's entry, as protobuf.
    pub(super) entry: Option<&'a [u8]>,
    /// Not signed: a timestamp token (RFC 3161), in DER.
    pub(super) timestamp: Option<&'a [u8]>,
}

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const TIMESTAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 1.3.6.1.4.1.57264.3.1, gitsign's.
const LOG_ENTRY: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x03, 0x01];

/// The fields of a signer.
struct Signer<'a> {
    issuer: &'a [u8],
    serial: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
    unsigned: &'a [u8],
}

impl<'a> Cms<'a> {
    /// # Errors
    /// What is not as it should be.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, &'static str> {
        let (certificates, signers) = outer(der).ok_or("it is no CMS signature of content that is elsewhere")?;
        let mut signers = Values::new(signers);
        let signer = Signer::read(&mut signers).ok_or("its signer cannot be read, or does not use SHA-256")?;
        if !signers.is_empty() {
            return Err("it has several signers");
        }
        let certificate = signer.certificate(certificates).ok_or("the signer's certificate is not in it")?;
        if attribute(signer.signed, CONTENT_TYPE)?.and_then(|value| inner(value, OID)) != Some(DATA) {
            return Err("it is about another type of content");
        }
        let digest = attribute(signer.signed, MESSAGE_DIGEST)?.and_then(|value| inner(value, OCTETS));
        let entry = attribute(signer.unsigned, LOG_ENTRY)?;
        Ok(Self {
            certificate,
            attributes: as_signed(signer.signed),
            digest: digest.ok_or("it does not say of what it is")?,
            signature: signer.signature,
            entry: entry.map(|value| inner(value, OCTETS).ok_or("its log entry cannot be read")).transpose()?,
            timestamp: attribute(signer.unsigned, TIMESTAMP)?,
        })
    }
}

/// The certificates and the signers.
fn outer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut whole = Values::new(der);
    let mut content = Values::new(whole.value(SEQUENCE)?);
    (content.value(OID)? == SIGNED_DATA).then_some(())?;
    let mut explicit = Values::new(content.value(context(0))?);
    let mut data = Values::new(explicit.value(SEQUENCE)?);
    let (_version, _digests) = (data.value(INTEGER)?, data.value(SET)?);
    let mut encapsulated = Values::new(data.value(SEQUENCE)?);
    (encapsulated.value(OID)? == DATA).then_some(())?;
    let certificates = data.value(context(0))?;
    let _revocations = data.value(context(1));
    let signers = data.value(SET)?;
    let ends = [whole, content, explicit, data, encapsulated].iter().all(Values::is_empty);
    ends.then_some((certificates, signers))
}

impl<'a> Signer<'a> {
    fn read(signers: &mut Values<'a>) -> Option<Self> {
        let mut signer = Values::new(signers.value(SEQUENCE)?);
        let _version = signer.value(INTEGER)?;
        let mut id = Values::new(signer.value(SEQUENCE)?);
        let (issuer, serial) = (id.value(SEQUENCE)?, id.value(INTEGER)?);
        let mut digest = Values::new(signer.value(SEQUENCE)?);
        (digest.value(OID)? == SHA256).then_some(())?;
        let signed = signer.value(context(0))?;
        let _algorithm = signer.value(SEQUENCE)?;
        let signature = signer.value(OCTETS)?;
        let unsigned = signer.value(context(1)).unwrap_or_default();
        signer.is_empty().then_some(Self { issuer, serial, signed, signature, unsigned })
    }

    /// The certificate that has this issuer and serial number.
    fn certificate(&self, certificates: &'a [u8]) -> Option<&'a [u8]> {
        let mut certificates = Values::new(certificates);
        while let Some(whole) = certificates.any() {
            if names(whole) == Some((self.issuer, self.serial)) {
                return Some(whole);
            }
        }
        None
    }
}

/// Issuer and serial number of a certificate (RFC 5280, 4.1).
fn names(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut content = Values::new(Values::new(certificate).value(SEQUENCE)?);
    let mut signed = Values::new(content.value(SEQUENCE)?);
    let _version = signed.value(context(0));
    let serial = signed.value(INTEGER)?;
    let _algorithm = signed.value(SEQUENCE)?;
    Some((signed.value(SEQUENCE)?, serial))
}

/// The value of an attribute, whole; `None` when it is not there.
fn attribute<'a>(attributes: &'a [u8], named: &[u8]) -> Result<Option<&'a [u8]>, &'static str> {
    let mut attributes = Values::new(attributes);
    let mut found = None;
    while !attributes.is_empty() {
        let (name, value) = one(&mut attributes).ok_or("its attributes cannot be read")?;
        if name == named && found.replace(value?).is_some() {
            return Err("an attribute occurs twice");
        }
    }
    Ok(found)
}

type Named<'a> = (&'a [u8], Result<&'a [u8], &'static str>);

fn one<'a>(attributes: &mut Values<'a>) -> Option<Named<'a>> {
    let mut attribute = Values::new(attributes.value(SEQUENCE)?);
    let name = attribute.value(OID)?;
    let mut values = Values::new(attribute.value(SET)?);
    let value = values.any()?;
    let only = if values.is_empty() { Ok(value) } else { Err("an attribute has several values") };
    attribute.is_empty().then_some((name, only))
}

fn inner(whole: &[u8], tag: u8) -> Option<&[u8]> {
    let mut values = Values::new(whole);
    let value = values.value(tag)?;
    values.is_empty().then_some(value)
}

/// RFC 5652, 5.4: in the signature the attributes are `[0]`, signed is a SET.
fn as_signed(attributes: &[u8]) -> Vec<u8> {
    let bytes = attributes.len().to_be_bytes();
    let length: &[u8] = match attributes.len() {
        0..0x80 => &bytes[7..],
        0x80..0x100 => &[0x81, bytes[7]],
        0x100..0x1_0000 => &[0x82, bytes[6], bytes[7]],
        _ => &[0x83, bytes[5], bytes[6], bytes[7]],
    };
    [&[SET], length, attributes].concat()
}
