//! The attestations of a version: what the registry says of publishing it, and its builder of building it.

use super::{Keys, Release};
use crate::{
    Attestation, Attested, Error, Reason, Rejected, bundle,
    bundle::{Artifact, Expected, PublicKey, Quoted, Rejection, Verification, Verified, Verifier},
    file, provenance,
    provenance::Statement,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sigstore_verify::types::{Bundle, bundle::VerificationMaterialContent};
use std::path::Path;

/// Predicate of the attestation that the registry signs when it publishes.
pub const PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
/// Largest document, in bytes. Those of the public registry take some 20 kB.
pub const MOST_DOCUMENT: usize = 16 << 20;
/// Attestations of a version; registries give two.
const MOST: usize = 64;

/// The two that registries give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Publish,
    Provenance,
}

impl Kind {
    /// Of another kind of attestation there is no word.
    pub fn of(predicate_type: &str) -> Option<Self> {
        match predicate_type {
            PUBLISH => Some(Self::Publish),
            provenance::V0_2 | provenance::V1 => Some(Self::Provenance),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Document {
    attestations: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "predicateType")]
    predicate_type: String,
    bundle: Box<RawValue>,
}

/// What the registry states when it publishes.
#[derive(Deserialize)]
struct Published {
    name: String,
    version: String,
}

/// The bytes of a document's file, as far as [`attestations`] wants to see them.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    file::read(path, MOST_DOCUMENT)
}

/// Each attestation of the document (JSON, as the registry serves it), and whether it holds for `release`. One that holds
/// and has an identity is not yet one by the right identity: that is for the caller to judge. Empty when there are none.
pub fn attestations(verifier: &Verifier, keys: &Keys, release: &Release, document: &[u8]) -> Vec<Attestation> {
    let document = match parse(document) {
        Ok(document) => document,
        Err(rejection) => return vec![Attestation::rejected(None, Rejected::from(&rejection))],
    };
    document.attestations.iter().map(|item| Asked { verifier, keys, release, item }.answer()).collect()
}

fn parse(document: &[u8]) -> Result<Document, Rejection> {
    if document.len() > MOST_DOCUMENT {
        return Err(Rejection::TooLarge { most: MOST_DOCUMENT });
    }
    let malformed = |cause: String| Rejection::Malformed(cause.into());
    let document: Document = serde_json::from_slice(document).map_err(|error| malformed(error.to_string()))?;
    if document.attestations.len() > MOST {
        return Err(malformed(format!("more than {MOST} attestations")));
    }
    Ok(document)
}

/// About one attestation.
struct Asked<'a> {
    verifier: &'a Verifier,
    keys: &'a Keys,
    release: &'a Release,
    item: &'a Item,
}

impl Asked<'_> {
    fn answer(&self) -> Attestation {
        match self.judge() {
            Ok(attested) => Attestation::Verified(Box::new(attested)),
            Err(rejected) => Attestation::rejected(Some(self.item.predicate_type.clone()), rejected),
        }
    }

    /// The registry must have signed what it publishes, a certificate's owner whatever else.
    fn judge(&self) -> Result<Attested, Rejected> {
        let bundle = bundle::parse(self.item.bundle.get().as_bytes()).map_err(|found| Rejected::from(&found))?;
        match (&bundle.verification_material.content, Kind::of(&self.item.predicate_type)) {
            (VerificationMaterialContent::PublicKey(key), _) => self.by_key(&bundle, &key.hint),
            (_, Some(Kind::Publish)) => Err(Rejected::from(&Rejection::NotByKey)),
            _ => {
                let verified = self.ask(&bundle, None)?;
                let statement = self.statement(&verified)?;
                Attested::by_certificate(&verified, &statement)
            }
        }
    }

    /// The hint is looked up among the registry's keys, and proves nothing by itself.
    fn by_key(&self, bundle: &Bundle, keyid: &str) -> Result<Attested, Rejected> {
        let quoted = Quoted::from(keyid.to_owned()).to_string();
        let key = self.keys.get(keyid).ok_or_else(|| {
            Rejected::new(Reason::UnknownKey, format!("signed by {quoted}, which is no key of the registry"))
        })?;
        let expected = Expected::Key(PublicKey::from_der(key.der.clone()));
        let verified = self.ask(bundle, Some(&expected))?;
        if !key.was_valid(verified.signed_at()) {
            let detail = format!("signed by the key {quoted} after it had expired, or nobody says when");
            return Err(Rejected::new(Reason::ExpiredKey, detail));
        }
        let statement = self.statement(&verified)?;
        if Kind::of(statement.predicate_type()) == Some(Kind::Publish) {
            self.judge_published(&statement)?;
        }
        Attested::by_key(&verified, &statement, &quoted)
    }

    fn ask(&self, bundle: &Bundle, expected: Option<&Expected>) -> Result<Verified, Rejected> {
        let artifact = Artifact::Sha512(self.release.sha512);
        match self.verifier.judge(bundle, &artifact, expected) {
            Ok(Verification::Verified(verified)) => Ok(verified),
            Ok(Verification::Rejected(rejection)) => Err(Rejected::from(&rejection)),
            // A digest is not read from anywhere.
            Err(error) => Err(Rejected::new(Reason::Unsupported, error.to_string())),
        }
    }

    /// Of the announced kind, and about this release and nothing else.
    fn statement(&self, verified: &Verified) -> Result<Statement, Rejected> {
        let statement = Statement::read(verified).map_err(|found| Rejected::from(&found))?;
        if statement.predicate_type() != self.item.predicate_type {
            let stated = Quoted::from(statement.predicate_type().to_owned());
            let detail = format!("announced as another kind than its statement is: {stated}");
            return Err(Rejected::new(Reason::OtherPredicate, detail));
        }
        match statement.subjects() {
            [subject] if self.release.is(subject) => Ok(statement),
            subjects => Err(self.other_release(subjects.iter().map(|subject| subject.name.as_str()))),
        }
    }

    fn judge_published(&self, statement: &Statement) -> Result<(), Rejected> {
        let published: Published = statement.predicate().map_err(|found| Rejected::from(&found))?;
        if published.name == self.release.name && published.version == self.release.version {
            return Ok(());
        }
        let named = format!("{}@{}", published.name, published.version);
        Err(self.other_release([named.as_str()].into_iter()))
    }

    fn other_release<'a>(&self, named: impl Iterator<Item = &'a str>) -> Rejected {
        let named = Quoted::from(named.take(8).collect::<Vec<_>>().join(", "));
        let Release { name, version, .. } = self.release;
        Rejected::new(Reason::OtherRelease, format!("it is about {named}, and not about {name}@{version} alone"))
    }
}
