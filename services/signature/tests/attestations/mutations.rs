//! Blind mutations of attestations and of documents with signatures: what still holds says the same as before, of the same
//! bytes; nothing holds for others, and nothing panics.

use crate::{
    World,
    npm::{self as honest_npm, Registry},
    pypi as honest_pypi,
};
use lockgate_authority::Recipe;
use lockgate_signature::{
    Attestation, Attested, Signer,
    npm::{self, Keys, Release},
    pypi::{self, File},
};
use serde_json::json;

/// How many; more by hand, as `LOCKGATE_MUTATIONS=10000 cargo nextest run -p lockgate-signature mutations`.
fn cases(usual: u32) -> u32 {
    std::env::var("LOCKGATE_MUTATIONS").map_or(usual, |cases| cases.parse().unwrap())
}

/// Whatever holds of a mutated document held before, word by word: signatures cover all that is told. A key's signature needs
/// no time; where its timestamp is left out, it says less.
fn assert_among(honest: &[Attestation], found: &[Attestation]) {
    for attested in found.iter().filter_map(Attestation::attested) {
        let known = honest.iter().filter_map(Attestation::attested).any(|known| {
            let timeless = matches!(known.signer, Signer::Key { .. }) && attested.signed_at.is_none();
            let signed_at = known.signed_at.filter(|_| !timeless);
            *attested == Attested { signed_at, ..known.clone() }
        });
        assert!(known, "{attested:?}");
    }
}

#[test]
fn npm_attestations() {
    let registry = Registry::new();
    let keys = registry.keys();
    let seeds: Vec<Vec<u8>> = [Recipe::default(), Recipe::second(), Recipe::promised()]
        .iter()
        .map(|recipe| json!({"attestations": registry.honest(recipe)}).to_string().into_bytes())
        .collect();
    let ask =
        |release: &Release, document: &[u8]| npm::attestations(&registry.world.verifier, &keys, release, document);
    let release = honest_npm::release();
    let honest: Vec<Attestation> = seeds.iter().flat_map(|seed| ask(&release, seed)).collect();
    assert!(honest.iter().all(|one| one.attested().is_some()));
    let altered = Release::of_tarball("left-pad", "1.3.0", b"altered");
    let renamed = Release { version: "1.3.1".into(), ..release.clone() };
    lockgate_hostile::mutate(cases(400), &seeds, |document| {
        assert_among(&honest, &ask(&release, document));
        assert_among(&[], &ask(&altered, document));
        assert_among(&[], &ask(&renamed, document));
    });
}

#[test]
fn keys_of_a_registry() {
    let registry = Registry::new();
    let document = json!({"attestations": registry.honest(&Recipe::promised())}).to_string();
    let release = honest_npm::release();
    let ask = |keys: &Keys| npm::attestations(&registry.world.verifier, keys, &release, document.as_bytes());
    let honest = ask(&registry.keys());
    let seed = registry.keys_json().to_string().into_bytes();
    lockgate_hostile::mutate(cases(400), &[seed], |keys| {
        if let Ok(keys) = Keys::from_json("keys.json", keys) {
            assert_among(&honest, &ask(&keys));
        }
    });
}

#[test]
fn provenance_objects_of_an_index() {
    let world = World::new();
    let publisher = json!({"kind": "GitHub", "repository": "owner/left-pad", "workflow": "release.yml"});
    let object = honest_pypi::provenance_object(&world, &publisher);
    let seeds =
        [object.to_string(), object["attestation_bundles"][0]["attestations"][0].to_string()].map(String::into_bytes);
    let ask = |file: &File, json: &[u8]| pypi::objects(&world.verifier, file, None, json).unwrap_or_default();
    let file = honest_pypi::file();
    let honest: Vec<Attestation> = seeds.iter().flat_map(|seed| ask(&file, seed)).collect();
    assert_eq!(honest.iter().filter(|one| one.attested().is_some()).count(), 3);
    let altered = File::of(&file.name, b"altered");
    let renamed = File { name: "left_pad-1.3.1-py3-none-any.whl".into(), ..file.clone() };
    lockgate_hostile::mutate(cases(400), &seeds, |json| {
        assert_among(&honest, &ask(&file, json));
        assert_among(&[], &ask(&altered, json));
        assert_among(&[], &ask(&renamed, json));
    });
}
