//! What sigstore-verify lets pass, and must not. It is asked of bundles that it accepts.
//!
//! Who is stopped: **a log's retired key**, or a log that is trusted under another name, does not vouch for what another
//! log is said to hold; **who hides from the log** enters a certificate of another name there; **a mirror** does not alter
//! what no signature covers (a tree's size, a log's name) without being noticed; **an authority** that errs does not issue
//! certificates of two names, or for something else than signing.

use super::{
    Rejection,
    known::{Known, Log, Role},
    unambiguous,
};
use serde::Deserialize;
use sigstore_verify::{
    VerificationResult,
    rekor::body::RekorEntryBody,
    types::{
        Bundle, DerCertificate, KindVersion, SignatureContent, TransparencyLogEntry,
        bundle::VerificationMaterialContent,
    },
};
use x509_cert::{
    Certificate, TbsCertificate,
    der::Decode,
    ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName},
};

/// The types of in-toto's statements, version 0.1 and 1.
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];

pub(super) fn judge(bundle: &Bundle, result: &VerificationResult, known: &Known) -> Result<(), Rejection> {
    let certificate = bundle.signing_certificate();
    if let Some(certificate) = certificate {
        is_for_one_signer(certificate)?;
    }
    if let VerificationMaterialContent::X509CertificateChain { certificates } = &bundle.verification_material.content {
        certificates.iter().skip(1).try_for_each(|above| may_issue(&above.raw_bytes))?;
    }
    if let SignatureContent::DsseEnvelope(envelope) = &bundle.content {
        is_statement(envelope.payload.as_bytes())?;
    }
    for entry in &bundle.verification_material.tlog_entries {
        let Some(log) = known.log(&entry.log_id.key_id) else {
            return Err(Rejection::UnknownLog { log: entry.log_id.key_id.to_string().into() });
        };
        is_shown_by(entry, log, known)?;
        was_open(entry, log, result, known)?;
        names(entry, certificate)?;
    }
    Ok(())
}

/// The profile of certificates for who signs: one name, and for signing.
fn is_for_one_signer(der: &DerCertificate) -> Result<(), Rejection> {
    let certificate = read(der)?;
    let names = certificate.get::<SubjectAltName>().map_err(malformed)?.map_or(0, |(_, names)| names.0.len());
    let usage = certificate.get::<KeyUsage>().map_err(malformed)?;
    match (names, usage) {
        (1, Some((_, usage))) if usage.digital_signature() => Ok(()),
        (0, _) => Err(Rejection::NoIdentity),
        (1, _) => Err(Rejection::UntrustedCertificate("it is not for digital signatures".to_owned().into())),
        (names, _) => Err(Rejection::UntrustedCertificate(format!("it has {names} names where one is wanted").into())),
    }
}

/// An authority that the bundle shows says of itself that it is one, and may sign certificates. The library looks at the
/// first alone.
fn may_issue(der: &DerCertificate) -> Result<(), Rejection> {
    let certificate = read(der)?;
    let authority =
        certificate.get::<BasicConstraints>().map_err(malformed)?.is_some_and(|(_, constraints)| constraints.ca);
    let signs = certificate.get::<KeyUsage>().map_err(malformed)?.is_some_and(|(_, usage)| usage.key_cert_sign());
    if authority && signs {
        return Ok(());
    }
    Err(Rejection::UntrustedCertificate("it comes with an authority that may not sign certificates".to_owned().into()))
}

fn read(der: &DerCertificate) -> Result<TbsCertificate, Rejection> {
    Ok(Certificate::from_der(der.as_bytes()).map_err(malformed)?.tbs_certificate)
}

fn malformed(error: x509_cert::der::Error) -> Rejection {
    Rejection::Malformed(error.to_string().into())
}

/// One that everybody reads alike, and of a type that says what it is.
fn is_statement(payload: &[u8]) -> Result<(), Rejection> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "_type")]
        kind: String,
    }
    unambiguous::once(payload)?;
    let typed: Typed =
        serde_json::from_slice(payload).map_err(|error| Rejection::Malformed(error.to_string().into()))?;
    if STATEMENTS.contains(&typed.kind.as_str()) {
        return Ok(());
    }
    Err(Rejection::Unsupported(format!("a statement of type {}", typed.kind).into()))
}

/// The log that the entry names signed the checkpoint, and the proof is for the checkpoint's tree. The library takes any
/// log's checkpoint, and of the first generation's proofs the size that they say themselves.
fn is_shown_by(entry: &TransparencyLogEntry, log: &Log, known: &Known) -> Result<(), Rejection> {
    let Some(proof) = &entry.inclusion_proof else { return Ok(()) };
    let Some(checkpoint) = proof.checkpoint.checkpoint() else { return Ok(()) };
    let hint = |log: &Log| log.id.as_bytes().get(..4).map(<[u8]>::to_vec);
    let signed = |log: &Log| checkpoint.signatures().iter().any(|s| Some(s.key_id.as_slice()) == hint(log).as_deref());
    if !signed(log) || known.logs.iter().any(|other| hint(other) != hint(log) && signed(other)) {
        return Err(Rejection::NotInLog("another log signed the checkpoint than the entry names".to_owned().into()));
    }
    if entry.kind_version != KindVersion::HashedRekordV002 && proof.tree_size != checkpoint.tree_size() {
        let (said, signed) = (proof.tree_size, checkpoint.tree_size());
        let detail = format!("the proof is for a tree of {said} entries, the checkpoint of one of {signed}");
        return Err(Rejection::NotInLog(detail.into()));
    }
    Ok(())
}

/// The log's key held at each time that is vouched for. Where the log itself says when, the library has looked.
fn was_open(
    entry: &TransparencyLogEntry,
    log: &Log,
    result: &VerificationResult,
    known: &Known,
) -> Result<(), Rejection> {
    if entry.inclusion_promise.is_some() && entry.integrated_time.is_some() {
        return Ok(());
    }
    let Some(window) = log.window else { return Ok(()) };
    match result.verified_timestamps().iter().find(|time| !window.contains(**time)) {
        None => Ok(()),
        Some(time) => Err(match known.ended(Role::Log, time.as_second()) {
            Some(ended) => Rejection::StaleRoot(ended),
            None => Rejection::NotInLog(format!("the log's key did not hold at {time}").into()),
        }),
    }
}

/// An `intoto` entry names the certificate itself. The library compares keys alone, and somebody can have certificates of
/// several names for one key: who watches the log for a name must find what was signed in it.
fn names(entry: &TransparencyLogEntry, certificate: Option<&DerCertificate>) -> Result<(), Rejection> {
    let (Some(certificate), KindVersion::IntotoV002) = (certificate, entry.kind_version) else { return Ok(()) };
    let body = RekorEntryBody::parse(&entry.canonicalized_body, entry.kind_version)
        .map_err(|error| Rejection::Malformed(error.to_string().into()))?;
    let RekorEntryBody::IntotoV002(body) = body else { return Ok(()) };
    let logged = |signature: &sigstore_verify::rekor::body::IntotoSignature| {
        signature.parse_certificate().is_ok_and(|logged| logged == *certificate)
    };
    if body.spec.content.envelope.signatures.iter().all(logged) {
        return Ok(());
    }
    Err(Rejection::OtherEntry("it names another certificate than the bundle".to_owned().into()))
}
