//! SPDX 2.3 as JSON (ISO/IEC 5962:2021 with the 2.3 additions).
//!
//! The `spdx-rs` types say 2.2 and print fractions of a second; both are set right here. 2.2 documents of this
//! content are 2.3 documents.

use super::{
    ComponentFacts, SbomError, SbomInput, address,
    inventory::{Component, Inventory, Need},
    licensing::{self, Licence, Licensing},
};
use chrono::SubsecRound;
use lockgate_model::{DigestAlgorithm, Origin};
use spdx_rs::models::{
    Algorithm, Checksum, CreationInfo, DocumentCreationInformation, ExternalPackageReference,
    ExternalPackageReferenceCategory, OtherLicensingInformationDetected, PackageInformation, PrimaryPackagePurpose,
    Relationship, RelationshipType, SPDX, SpdxExpression,
};
use std::collections::BTreeSet;
use url::Url;

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const ROOT: &str = "SPDXRef-Project";
const UNKNOWN: &str = "NOASSERTION";

/// Writes the bill of materials as SPDX 2.3 JSON.
///
/// Checksums stand at a package where the lockfile pins one artifact; several accepted files are listed in the
/// package's comment, since SPDX has one artifact behind a package.
///
/// # Errors
/// When the document cannot be serialised, which would be a defect.
pub fn spdx_json(input: &SbomInput<'_>) -> Result<String, SbomError> {
    let inventory = Inventory::of(input);
    let ids: Vec<_> = inventory.components.iter().enumerate().map(|(i, c)| identifier(i, c)).collect();
    let mut own_licences = BTreeSet::new();
    let mut packages = vec![root(input)];
    for (component, id) in inventory.components.iter().zip(&ids) {
        packages.push(package(component, id, input, &mut own_licences));
    }
    let document = SPDX {
        document_creation_information: creation(input),
        package_information: packages,
        other_licensing_information_detected: own_licences.into_iter().map(own_licence).collect(),
        file_information: vec![],
        snippet_information: vec![],
        relationships: relationships(&inventory, &ids),
        annotations: vec![],
        spdx_ref_counter: 0,
    };
    serde_json::to_string_pretty(&document).map_err(|source| SbomError::Write {
        format: "SPDX",
        name: input.name.to_owned(),
        source,
    })
}

fn creation(input: &SbomInput<'_>) -> DocumentCreationInformation {
    DocumentCreationInformation {
        spdx_version: "SPDX-2.3".into(),
        document_name: input.name.into(),
        spdx_document_namespace: format!("urn:uuid:{}", input.serial),
        creation_info: CreationInfo {
            license_list_version: None,
            creators: vec![format!("Tool: lockgate-{}", input.tool_version)],
            // Section 6.9 has whole seconds.
            created: input.created.trunc_subsecs(0),
            creator_comment: None,
        },
        document_describes: vec![ROOT.into()],
        ..DocumentCreationInformation::default()
    }
}

fn root(input: &SbomInput<'_>) -> PackageInformation {
    PackageInformation {
        package_name: input.name.into(),
        package_spdx_identifier: ROOT.into(),
        package_version: Some(input.version.into()),
        primary_package_purpose: Some(PrimaryPackagePurpose::Application),
        ..unknown_package()
    }
}

/// A package of which nothing is asserted.
fn unknown_package() -> PackageInformation {
    PackageInformation {
        package_supplier: Some(UNKNOWN.into()),
        files_analyzed: Some(false),
        concluded_license: Some(SpdxExpression::default()),
        declared_license: Some(SpdxExpression::default()),
        copyright_text: Some(UNKNOWN.into()),
        ..PackageInformation::default()
    }
}

/// Letters, digits, `.` and `-` (section 7.2); the number makes it unique, the name makes it readable.
fn identifier(index: usize, component: &Component<'_>) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = component.release.name.chars().take(100).map(keep).collect();
    format!("SPDXRef-Package-{}-{}-{name}", index + 1, component.release.ecosystem)
}

fn package(
    component: &Component<'_>,
    id: &str,
    input: &SbomInput<'_>,
    own_licences: &mut BTreeSet<String>,
) -> PackageInformation {
    let none = ComponentFacts::default();
    let facts = input.facts.get(&component.release.purl()).unwrap_or(&none);
    let licensing = Licensing::of(facts);
    let mut expression = |licence: &Option<Licence>| {
        // Without a parsable expression nothing is asserted: `SpdxExpression::default()`.
        let parsed = licence.as_ref().and_then(|l| Some((l, SpdxExpression::parse(&l.expression).ok()?)));
        own_licences.extend(parsed.iter().flat_map(|(l, _)| l.references.iter().cloned()));
        Some(parsed.map(|(_, e)| e).unwrap_or_default())
    };
    let supplier = facts.supplier.as_deref().and_then(licensing::name_of);
    PackageInformation {
        package_name: component.release.name.clone(),
        package_spdx_identifier: id.to_owned(),
        package_version: Some(component.release.version.clone()).filter(|v| !v.is_empty()),
        package_supplier: Some(supplier.map_or(UNKNOWN.into(), |name| format!("Organization: {name}"))),
        package_download_location: download_location(component).unwrap_or_else(|| UNKNOWN.into()),
        package_checksum: checksums(component),
        package_home_page: facts.homepage.as_deref().and_then(address::clean).filter(has_plain_host).map(Into::into),
        source_information: Some(source_information(component)),
        concluded_license: expression(&licensing.concluded),
        declared_license: expression(&licensing.declared),
        comments_on_license: licensing.declared_text.map(|t| format!("The publisher states: {t}")),
        package_comment: accepted_files(component),
        external_reference: component.purl.iter().map(|purl| purl_reference(purl)).collect(),
        primary_package_purpose: Some(match component.origin {
            Origin::Path { .. } => PrimaryPackagePurpose::Application,
            _ => PrimaryPackagePurpose::Library,
        }),
        ..unknown_package()
    }
}

/// Section 7.7: the artifact's address, or `git+address@commit`.
fn download_location(component: &Component<'_>) -> Option<String> {
    match component.origin {
        Origin::Git { url, commit } => {
            address::clean(url).filter(has_plain_host)?;
            let commit = commit.as_deref().filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()));
            address::repository(component.origin).map(|r| r + &commit.map(|c| format!("@{c}")).unwrap_or_default())
        }
        origin => address::artifact(origin).filter(has_plain_host).map(Into::into),
    }
}

/// The reference validator takes only hosts whose last label has two to five letters for addresses; others
/// (`localhost`, `.internal`) are told in the source information.
fn has_plain_host(url: &Url) -> bool {
    let last = url.host_str().and_then(|h| h.rsplit_once('.')).map(|(_, last)| last).unwrap_or_default();
    (2..=5).contains(&last.len()) && last.bytes().all(|b| b.is_ascii_alphabetic())
}

fn checksums(component: &Component<'_>) -> Vec<Checksum> {
    if !component.has_one_artifact() {
        return vec![];
    }
    let checksum = |algorithm, hex: String| Checksum::new(algorithm, &hex);
    let one = |d: &&lockgate_model::LockedDigest| match d.digest.algorithm() {
        DigestAlgorithm::Sha1 => checksum(Algorithm::SHA1, d.digest.hex()),
        DigestAlgorithm::Sha256 => checksum(Algorithm::SHA256, d.digest.hex()),
        DigestAlgorithm::Sha384 => checksum(Algorithm::SHA384, d.digest.hex()),
        DigestAlgorithm::Sha512 => checksum(Algorithm::SHA512, d.digest.hex()),
    };
    component.digests.iter().map(one).collect()
}

fn accepted_files(component: &Component<'_>) -> Option<String> {
    if component.has_one_artifact() {
        return None;
    }
    let line = |d: &&lockgate_model::LockedDigest| match &d.file {
        Some(file) => format!("{file} {}", d.digest),
        None => d.digest.to_string(),
    };
    let lines: Vec<_> = component.digests.iter().map(line).collect();
    Some(format!("The lockfile accepts any of these files:\n{}", lines.join("\n")))
}

fn source_information(component: &Component<'_>) -> String {
    let places: Vec<_> = component.sightings.iter().map(|(path, line)| format!("{path}:{line}")).collect();
    let address = match component.origin {
        Origin::Git { .. } => address::repository(component.origin),
        origin => address::artifact(origin).map(Into::into),
    };
    let address = address.map(|a| format!(" ({a})")).unwrap_or_default();
    format!("locked in {}; origin: {}{address}", places.join(", "), component.origin_name())
}

fn purl_reference(purl: &str) -> ExternalPackageReference {
    ExternalPackageReference::new(
        ExternalPackageReferenceCategory::PackageManager,
        "purl".into(),
        purl.to_owned(),
        None,
    )
}

fn own_licence(id: String) -> OtherLicensingInformationDetected {
    OtherLicensingInformationDetected {
        license_identifier: id,
        extracted_text: "The text is part of the artifacts that carry it.".into(),
        license_name: UNKNOWN.into(),
        license_cross_reference: vec![],
        license_comment: None,
    }
}

fn relationships(inventory: &Inventory<'_>, ids: &[String]) -> Vec<Relationship> {
    use RelationshipType::{DependsOn, Describes, DevDependencyOf, OptionalDependencyOf};
    let mut relationships = vec![Relationship::new(DOCUMENT, ROOT, Describes, None)];
    for &index in &inventory.direct {
        let id = &ids[index];
        relationships.push(match inventory.components[index].need {
            Need::Runtime => Relationship::new(ROOT, id, DependsOn, None),
            Need::Optional => Relationship::new(id, ROOT, OptionalDependencyOf, None),
            Need::Development => Relationship::new(id, ROOT, DevDependencyOf, None),
        });
    }
    for (component, id) in inventory.components.iter().zip(ids) {
        relationships.extend(component.depends_on.iter().map(|&to| Relationship::new(id, &ids[to], DependsOn, None)));
    }
    relationships
}
