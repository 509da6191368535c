//! Attestations and provenance objects, version 1 of both.
//!
//! <https://peps.python.org/pep-0740/>

use super::{File, Identity, Publisher, filename};
use crate::{
    Attestation, Attested, Error, Reason, Rejected,
    bundle::{Artifact, Quoted, Rejection, Verification, Verified, Verifier},
    file, provenance,
    provenance::Statement,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sigstore_verify::types::{
    Bundle, DerCertificate, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, SignatureBytes,
    SignatureContent, TransparencyLogEntry, VerificationMaterial, VerificationMaterialContent,
    bundle::CertificateContent,
};
use std::path::Path;

/// Predicate of the attestation that a publisher makes when it uploads. It says nothing more.
///
/// A name, and never asked. It is put together because no file of ours names a public registry's host.
pub const PUBLISH: &str = concat!("https://docs.", "pypi", ".org/attestations/publish/v1");
/// Largest object, in bytes. Those of the public index take 10 kB an attestation.
pub const MOST_OBJECT: usize = 16 << 20;
/// Attestations of a file; the public index takes two.
const MOST: usize = 64;
const STATEMENT: &str = "application/vnd.in-toto+json";

/// The attestations of one publisher, as a provenance object groups them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// Whom the index names. The certificates of the attestations that hold say the same.
    pub publisher: Publisher,
    pub attestations: Vec<Attestation>,
}

#[derive(Deserialize)]
struct WireAttestation {
    version: u64,
    verification_material: Material,
    envelope: Envelope,
}

#[derive(Deserialize)]
struct Material {
    /// DER in base64.
    certificate: String,
    transparency_entries: Vec<TransparencyLogEntry>,
}

/// Both in base64.
#[derive(Deserialize)]
struct Envelope {
    statement: String,
    signature: String,
}

#[derive(Deserialize)]
struct WireProvenance {
    version: u64,
    attestation_bundles: Vec<WireBundle>,
}

#[derive(Deserialize)]
struct WireBundle {
    publisher: Publisher,
    attestations: Vec<Box<RawValue>>,
}

/// The bytes of an object's file, as far as they are looked at here.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    file::read(path, MOST_OBJECT)
}

/// Whether an attestation (JSON) holds for `file`. Nobody is expected where `expected` is none; then the caller must judge
/// the signer.
pub fn attestation(verifier: &Verifier, file: &File, expected: Option<&Identity>, json: &[u8]) -> Attestation {
    answer(verifier, file, json, &|verified| match expected {
        Some(identity) => identity.judge(verified).map_err(|found| Rejected::from(&found)),
        None => Ok(()),
    })
}

/// Whether the attestations of a provenance object (JSON) hold for `file`, each by the publisher that the object names for
/// it, and by who is `expected`, if anybody.
///
/// # Errors
/// When the object cannot be read. That is an answer as well: nothing in it holds.
pub fn provenance(
    verifier: &Verifier,
    file: &File,
    expected: Option<&Identity>,
    json: &[u8],
) -> Result<Vec<Published>, Rejected> {
    let object = parse(json).map_err(|found| Rejected::from(&found))?;
    let published = |bundle: WireBundle| {
        let judge = |verified: &Verified| {
            bundle.publisher.judge(verified)?;
            expected.map_or(Ok(()), |identity| identity.judge(verified)).map_err(|found| Rejected::from(&found))
        };
        let attestations = bundle.attestations.iter();
        let attestations = attestations.map(|json| answer(verifier, file, json.get().as_bytes(), &judge)).collect();
        Published { publisher: bundle.publisher, attestations }
    };
    Ok(object.attestation_bundles.into_iter().map(published).collect())
}

/// The attestations of either object, in order.
///
/// # Errors
/// As [`provenance`].
pub fn objects(
    verifier: &Verifier,
    file: &File,
    expected: Option<&Identity>,
    json: &[u8],
) -> Result<Vec<Attestation>, Rejected> {
    #[derive(Deserialize)]
    struct Either {
        attestation_bundles: Option<serde::de::IgnoredAny>,
    }
    match serde_json::from_slice(json) {
        Ok(Either { attestation_bundles: Some(_) }) => {
            let published = provenance(verifier, file, expected, json)?;
            Ok(published.into_iter().flat_map(|published| published.attestations).collect())
        }
        _ => Ok(vec![attestation(verifier, file, expected, json)]),
    }
}

fn parse(json: &[u8]) -> Result<WireProvenance, Rejection> {
    let object: WireProvenance = read_json(json)?;
    is_known(object.version)?;
    if object.attestation_bundles.iter().map(|bundle| bundle.attestations.len()).sum::<usize>() > MOST {
        return Err(Rejection::Malformed(format!("more than {MOST} attestations").into()));
    }
    Ok(object)
}

fn read_json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Rejection> {
    if json.len() > MOST_OBJECT {
        return Err(Rejection::TooLarge { most: MOST_OBJECT });
    }
    serde_json::from_slice(json).map_err(|error| Rejection::Malformed(error.to_string().into()))
}

fn is_known(version: u64) -> Result<(), Rejection> {
    match version {
        1 => Ok(()),
        other => Err(Rejection::Unsupported(format!("version {other} of PEP 740's objects").into())),
    }
}

type Judge<'a> = &'a dyn Fn(&Verified) -> Result<(), Rejected>;

fn answer(verifier: &Verifier, file: &File, json: &[u8], judge: Judge<'_>) -> Attestation {
    let mut predicate_type = None;
    match attested(verifier, file, json, judge, &mut predicate_type) {
        Ok(attested) => Attestation::Verified(Box::new(attested)),
        Err(rejected) => Attestation::rejected(predicate_type, rejected),
    }
}

fn attested(
    verifier: &Verifier,
    file: &File,
    json: &[u8],
    judge: Judge<'_>,
    predicate_type: &mut Option<String>,
) -> Result<Attested, Rejected> {
    let bundle = read_json(json).and_then(bundle).map_err(|found| Rejected::from(&found))?;
    let verified = match verifier.judge(&bundle, &Artifact::Sha256(file.sha256), None) {
        Ok(Verification::Verified(verified)) => verified,
        Ok(Verification::Rejected(rejection)) => return Err(Rejected::from(&rejection)),
        // A digest is not read from anywhere.
        Err(error) => return Err(Rejected::new(Reason::Unsupported, error.to_string())),
    };
    let statement = Statement::read(&verified).map_err(|found| Rejected::from(&found))?;
    *predicate_type = Some(statement.predicate_type().to_owned());
    judge(&verified)?;
    judge_statement(file, &statement)?;
    Attested::by_certificate(&verified, &statement)
}

/// The same as a Sigstore bundle of version 0.3.
fn bundle(wire: WireAttestation) -> Result<Bundle, Rejection> {
    is_known(wire.version)?;
    let certificate = DerCertificate::new(decode("certificate", &wire.verification_material.certificate)?);
    let material =
        VerificationMaterial::new(VerificationMaterialContent::Certificate(CertificateContent::new(certificate)))
            .with_tlog_entries(wire.verification_material.transparency_entries);
    let payload = PayloadBytes::new(decode("statement", &wire.envelope.statement)?);
    let signature = SignatureBytes::new(decode("signature", &wire.envelope.signature)?);
    let envelope = DsseEnvelope::new(STATEMENT, payload, DsseSignature::new(signature, KeyId::default()));
    Ok(Bundle::new(MediaType::Bundle0_3, material, SignatureContent::DsseEnvelope(envelope)))
}

/// Python's encoder breaks lines.
fn decode(what: &str, base64: &str) -> Result<Vec<u8>, Rejection> {
    let base64: String = base64.split(['\r', '\n']).collect();
    STANDARD.decode(base64).map_err(|error| Rejection::Malformed(format!("{what}: {error}").into()))
}

/// One of the two kinds that PEP 740 knows, about this file and nothing else.
fn judge_statement(file: &File, statement: &Statement) -> Result<(), Rejected> {
    if ![PUBLISH, provenance::V1].contains(&statement.predicate_type()) {
        let kind = Quoted::from(statement.predicate_type().to_owned());
        return Err(Rejected::new(Reason::Unsupported, format!("a kind of attestation that is not known: {kind}")));
    }
    match statement.subjects() {
        [subject] if filename::same(&subject.name, &file.name) && subject.sha256 == Some(file.sha256) => Ok(()),
        subjects => {
            let names: Vec<&str> = subjects.iter().take(8).map(|subject| subject.name.as_str()).collect();
            let names = Quoted::from(names.join(", "));
            let detail = format!("it is about {names}, and not about {} alone", file.name);
            Err(Rejected::new(Reason::OtherRelease, detail))
        }
    }
}
