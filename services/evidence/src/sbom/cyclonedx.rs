//! CycloneDX 1.6 as JSON (ECMA-424).

use super::{
    ComponentFacts, SbomError, SbomInput, address,
    inventory::{Component, Inventory, Need},
    licensing::Licensing,
};
use chrono::SecondsFormat;
use lockgate_model::{Digest, DigestAlgorithm, Ecosystem, LockedDigest, Origin};
use serde_cyclonedx::cyclonedx::v_1_6 as cdx;

const ROOT: &str = "lockgate:project";

/// Writes the bill of materials as CycloneDX 1.6 JSON.
///
/// Hashes are a component's own where the lockfile pins one artifact. Where it accepts several files (PyPI),
/// each is an external reference of type `distribution` with its hash: by file name, or by the package URL's
/// `checksum` qualifier where the lockfile names no file.
///
/// # Errors
/// When the document cannot be serialised, which would be a defect.
pub fn cyclonedx_json(input: &SbomInput<'_>) -> Result<String, SbomError> {
    let inventory = Inventory::of(input);
    let document = cdx::CycloneDx {
        schema: None,
        annotations: None,
        bom_format: "CycloneDX".into(),
        components: Some(inventory.components.iter().map(|c| component(c, input)).collect()),
        compositions: None,
        declarations: None,
        definitions: None,
        dependencies: Some(dependencies(&inventory)),
        external_references: None,
        formulation: None,
        metadata: Some(metadata(input)),
        properties: None,
        serial_number: Some(format!("urn:uuid:{}", input.serial)),
        services: None,
        signature: None,
        spec_version: "1.6".into(),
        version: Some(1),
        vulnerabilities: None,
    };
    serde_json::to_string_pretty(&document).map_err(|source| SbomError::Write {
        format: "CycloneDX",
        name: input.name.to_owned(),
        source,
    })
}

fn metadata(input: &SbomInput<'_>) -> cdx::Metadata {
    let tool = cdx::Component { version: Some(input.tool_version.into()), ..blank("application", "lockgate") };
    let root = cdx::Component {
        bom_ref: Some(ROOT.into()),
        version: Some(input.version.into()),
        ..blank("application", input.name)
    };
    cdx::Metadata {
        timestamp: Some(input.created.to_rfc3339_opts(SecondsFormat::Secs, true)),
        lifecycles: Some(vec![cdx::MetadataItemLifecycles::Variant0(cdx::MetadataItemLifecyclesVariant0 {
            phase: "pre-build".into(),
        })]),
        tools: Some(cdx::MetadataTools::Variant0(cdx::MetadataToolsVariant0 {
            components: Some(vec![tool]),
            services: None,
        })),
        component: Some(root),
        ..cdx::Metadata::default()
    }
}

fn component(component: &Component<'_>, input: &SbomInput<'_>) -> cdx::Component {
    let none = ComponentFacts::default();
    let facts = input.facts.get(&component.release.purl()).unwrap_or(&none);
    let licensing = Licensing::of(facts);
    let (group, name) = match (component.release.ecosystem, component.release.name.split_once('/')) {
        (Ecosystem::Npm, Some((scope, name))) => (Some(scope.to_owned()), name),
        _ => (None, component.release.name.as_str()),
    };
    let own_code = matches!(component.origin, Origin::Path { .. });
    let hashes =
        if component.has_one_artifact() { component.digests.iter().map(|d| hash(&d.digest)).collect() } else { vec![] };
    let version = Some(component.release.version.clone()).filter(|v| !v.is_empty());
    cdx::Component {
        bom_ref: Some(component.reference.clone()),
        supplier: supplier(facts),
        group,
        version,
        scope: Some(scope(component.need).into()),
        hashes: some(hashes),
        licenses: licenses(&licensing),
        purl: component.purl.clone(),
        external_references: some(external_references(component, facts)),
        properties: Some(properties(component, &licensing)),
        evidence: Some(evidence(component)),
        ..blank(if own_code { "application" } else { "library" }, name)
    }
}

fn blank(kind: &str, name: &str) -> cdx::Component {
    let built = cdx::ComponentBuilder::default().type_(kind).name(name).build();
    built.expect("type and name are all that a component must have")
}

/// CycloneDX calls excluded what is there for tests and other uses beside run time.
fn scope(need: Need) -> &'static str {
    match need {
        Need::Development => "excluded",
        Need::Optional => "optional",
        Need::Runtime => "required",
    }
}

fn supplier(facts: &ComponentFacts) -> Option<cdx::OrganizationalEntity> {
    let name = super::licensing::name_of(facts.supplier.as_deref()?)?;
    Some(cdx::OrganizationalEntity { name: Some(name), ..cdx::OrganizationalEntity::default() })
}

/// The format has room for one expression: the concluded one; the declared one then becomes a property.
fn licenses(licensing: &Licensing) -> Option<cdx::LicenseChoice> {
    use cdx::LicenseAcknowledgementEnumeration::{Concluded, Declared};
    let expression = |text: &str, acknowledgement| {
        cdx::LicenseChoice::Variant1(vec![cdx::LicenseChoiceUrlVariant1ItemLicense {
            acknowledgement: Some(acknowledgement),
            bom_ref: None,
            expression: text.to_owned(),
        }])
    };
    match (&licensing.concluded, &licensing.declared, &licensing.declared_text) {
        (Some(concluded), ..) => Some(expression(&concluded.expression, Concluded)),
        (None, Some(declared), _) => Some(expression(&declared.expression, Declared)),
        (None, None, Some(text)) => Some(cdx::LicenseChoice::Variant0(vec![cdx::LicenseChoiceUrlVariant0ItemUrl {
            license: cdx::License {
                name: Some(text.clone()),
                acknowledgement: Some(Declared),
                ..cdx::License::default()
            },
        }])),
        (None, None, None) => None,
    }
}

fn hash(digest: &Digest) -> cdx::Hash {
    let alg = match digest.algorithm() {
        DigestAlgorithm::Sha1 => cdx::HashAlg::Sha1,
        DigestAlgorithm::Sha256 => cdx::HashAlg::Sha256,
        DigestAlgorithm::Sha384 => cdx::HashAlg::Sha384,
        DigestAlgorithm::Sha512 => cdx::HashAlg::Sha512,
    };
    cdx::Hash { alg, content: digest.hex() }
}

fn external_references(component: &Component<'_>, facts: &ComponentFacts) -> Vec<cdx::ExternalReference> {
    let mut references = Vec::new();
    if let Some(url) = address::artifact(component.origin) {
        let hashes = if component.has_one_artifact() {
            component.digests.iter().map(|d| hash(&d.digest)).collect()
        } else {
            vec![]
        };
        references.push(reference("distribution", url.into(), some(hashes), None));
    }
    if !component.has_one_artifact() {
        references.extend(component.digests.iter().map(|d| accepted_file(component, d)));
    }
    match (component.origin, address::repository(component.origin)) {
        (Origin::Git { commit: Some(commit), .. }, Some(url)) => {
            let comment = format!("pinned to commit {commit}");
            references.push(reference("vcs", format!("{url}#{}", percent(commit)), None, Some(comment)));
        }
        (_, Some(url)) => references.push(reference("vcs", url, None, Some("the lockfile pins no commit".into()))),
        (_, None) => references.extend(stated("vcs", facts.repository.as_deref())),
    }
    references.extend(stated("website", facts.homepage.as_deref()));
    references
}

/// One of several files that the lockfile accepts for the release.
fn accepted_file(component: &Component<'_>, locked: &LockedDigest) -> cdx::ExternalReference {
    let url = match (&locked.file, &component.purl) {
        (Some(file), _) => percent(file),
        (None, Some(purl)) => address::qualify(purl, "checksum", &locked.digest.to_string()),
        (None, None) => format!("urn:{}", locked.digest),
    };
    reference("distribution", url, Some(vec![hash(&locked.digest)]), Some("accepted by the lockfile".into()))
}

fn stated(kind: &str, text: Option<&str>) -> Option<cdx::ExternalReference> {
    address::clean(text?).map(|url| reference(kind, url.into(), None, Some("stated by the publisher".into())))
}

fn reference(
    kind: &str,
    url: String,
    hashes: Option<Vec<cdx::Hash>>,
    comment: Option<String>,
) -> cdx::ExternalReference {
    cdx::ExternalReference { comment, hashes, type_: kind.into(), url: url.into() }
}

/// A file name or commit as a part of an IRI: whatever RFC 3986 does not call unreserved is escaped.
fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn properties(component: &Component<'_>, licensing: &Licensing) -> Vec<cdx::Property> {
    let mut properties = Vec::new();
    let mut add = |name: &str, value: String| {
        properties.push(cdx::Property { name: format!("lockgate:{name}"), value: Some(value) });
    };
    let mut lockfiles: Vec<_> = component.sightings.iter().map(|(path, _)| *path).collect();
    lockfiles.dedup();
    lockfiles.into_iter().for_each(|path| add("lockfile", path.to_owned()));
    add("origin", component.origin_name().to_owned());
    if let Origin::Bundled { by: Some(by) } = component.origin {
        add("bundled_by", by.clone());
    }
    if let Some(direct) = component.direct {
        add("direct", direct.to_string());
    }
    if component.need == Need::Development {
        add("development", "true".to_owned());
    }
    component.aliases.iter().for_each(|alias| add("alias", (*alias).to_owned()));
    if let Some(script) = component.install_script {
        add("install_script", script.to_string());
    }
    if let (Some(concluded), Some(declared)) = (&licensing.concluded, &licensing.declared)
        && concluded.expression != declared.expression
    {
        add("declared_license", declared.expression.clone());
    }
    if let (Some(_), Some(text)) = (&licensing.concluded, &licensing.declared_text) {
        add("declared_license", text.clone());
    }
    properties
}

fn evidence(component: &Component<'_>) -> cdx::ComponentEvidence {
    let occurrence = |(path, line): &(&str, u32)| cdx::ComponentEvidenceItemOccurrences {
        location: (*path).to_owned(),
        line: Some(i64::from(*line)).filter(|l| *l > 0),
        additional_context: None,
        bom_ref: None,
        offset: None,
        symbol: None,
    };
    let occurrences = component.sightings.iter().map(occurrence).collect();
    cdx::ComponentEvidence { occurrences: Some(occurrences), ..cdx::ComponentEvidence::default() }
}

/// Every component has its entry; an empty one says that nothing is depended on.
fn dependencies(inventory: &Inventory<'_>) -> Vec<cdx::Dependency> {
    let reference = |index: &usize| inventory.components[*index].reference.clone();
    let root = cdx::Dependency {
        ref_: ROOT.into(),
        depends_on: Some(inventory.direct.iter().map(reference).collect()),
        provides: None,
    };
    let others = inventory.components.iter().map(|c| cdx::Dependency {
        ref_: c.reference.clone(),
        depends_on: Some(c.depends_on.iter().map(reference).collect()),
        provides: None,
    });
    std::iter::once(root).chain(others).collect()
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|i| !i.is_empty())
}
