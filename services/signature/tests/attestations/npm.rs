//! npm's registry signatures and attestations.

use crate::{
    REPOSITORY, World, attested, hex_sha512, identity, reason,
    statements::{self, statement},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use lockgate_authority::{Content, Identity, Key, NEW_YEAR, Recipe, Signer as By};
use lockgate_signature::{
    Attestation, Error, Reason, Signer,
    npm::{self, DistSignature, Keys, MOST_DOCUMENT, MOST_KEYS, PUBLISH, RegistrySignature, Release},
};
use serde_json::{Value, json};

pub(crate) const TARBALL: &[u8] = b"the tarball of left-pad 1.3.0";
const KEYID: &str = "SHA256:registry";

/// A registry with a key, and those who publish there.
pub(crate) struct Registry {
    pub(crate) world: World,
    key: Key,
    expires: Option<&'static str>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { world: World::new(), key: Key::new(), expires: None }
    }

    pub(crate) fn keys_json(&self) -> Value {
        json!({"keys": [
            {
                "keyid": "SHA256:older",
                "expires": "2023-01-01T00:00:00.000Z",
                "keytype": "ecdsa-sha2-nistp256",
                "scheme": "ecdsa-sha2-nistp256",
                "key": STANDARD.encode(Key::new().der()),
            },
            {
                "keyid": KEYID,
                "expires": self.expires,
                "keytype": "ecdsa-sha2-nistp256",
                "scheme": "ecdsa-sha2-nistp256",
                "key": STANDARD.encode(self.key.der()),
            },
        ]})
    }

    pub(crate) fn keys(&self) -> Keys {
        Keys::from_json("keys.json", self.keys_json().to_string().as_bytes()).unwrap()
    }

    fn by(&self) -> By {
        By::with_key(self.key.clone(), KEYID)
    }

    fn bundle(&self, by: &By, statement: &Value, recipe: &Recipe) -> Value {
        self.world.authority.bundle(by, Content::Statement(&statement.to_string()), recipe)
    }

    /// An attestation as the registry serves it, announced as what it is.
    fn item(&self, by: &By, statement: &Value, recipe: &Recipe) -> Value {
        json!({"predicateType": statement["predicateType"], "bundle": self.bundle(by, statement, recipe)})
    }

    fn ask(&self, release: &Release, items: &[Value]) -> Vec<Attestation> {
        let document = json!({"attestations": items}).to_string();
        npm::attestations(&self.world.verifier, &self.keys(), release, document.as_bytes())
    }

    /// What becomes of one attestation of left-pad 1.3.0.
    fn one(&self, item: Value) -> Attestation {
        let mut answers = self.ask(&release(), &[item]);
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// Both that a registry gives.
    pub(crate) fn honest(&self, recipe: &Recipe) -> [Value; 2] {
        let publish = self.item(&self.by(), &published("left-pad", "pkg:npm/left-pad@1.3.0"), recipe);
        let provenance = self.item(&self.world.releaser(), &statements::v1(tarball("pkg:npm/left-pad@1.3.0")), recipe);
        [publish, provenance]
    }
}

pub(crate) fn release() -> Release {
    Release::of_tarball("left-pad", "1.3.0", TARBALL)
}

fn tarball(name: &str) -> Value {
    json!({"name": name, "digest": {"sha512": hex_sha512(TARBALL)}})
}

/// What the registry states when it publishes.
fn published(name: &str, purl: &str) -> Value {
    let predicate = json!({"name": name, "version": "1.3.0", "registry": "https://registry.example.test"});
    let mut statement = statement(tarball(purl), PUBLISH, predicate);
    statement["_type"] = "https://in-toto.io/Statement/v0.1".into();
    statement
}

/// Of every year: the two logs, with a proof and, as in 2023, with the log's promise alone.
fn recipes() -> [Recipe; 3] {
    [Recipe::default(), Recipe::second(), Recipe::promised()]
}

#[test]
fn honest_attestations_hold_whenever_they_were_made() {
    let registry = Registry::new();
    for recipe in recipes() {
        let answers = registry.ask(&release(), &registry.honest(&recipe));
        let [publish, provenance] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!(attested(publish).signer, Signer::Key { keyid: KEYID.into() });
        assert_eq!(attested(publish).predicate_type, PUBLISH);
        assert_eq!(attested(provenance).provenance.as_ref().unwrap().repository, REPOSITORY);
        let Signer::Identity { identity: name, .. } = &attested(provenance).signer else { panic!("{provenance:?}") };
        assert_eq!(name, identity().name.as_str());
    }
}

#[test]
fn a_scope_may_be_spelled_in_two_ways() {
    let registry = Registry::new();
    let scoped = Release::of_tarball("@scope/left-pad", "1.3.0", TARBALL);
    for purl in ["pkg:npm/%40scope/left-pad@1.3.0", "pkg:npm/@scope/left-pad@1.3.0"] {
        let publish = registry.item(&registry.by(), &published("@scope/left-pad", purl), &Recipe::default());
        let provenance = registry.item(&registry.world.releaser(), &statements::v1(tarball(purl)), &Recipe::default());
        assert!(registry.ask(&scoped, &[publish, provenance]).iter().all(|one| one.attested().is_some()), "{purl}");
    }
    for purl in ["pkg:npm/scope/left-pad@1.3.0", "pkg:npm/left-pad@1.3.0", "pkg:npm/%2540scope/left-pad@1.3.0"] {
        let provenance = registry.item(&registry.world.releaser(), &statements::v1(tarball(purl)), &Recipe::default());
        assert_eq!(reason(&registry.ask(&scoped, &[provenance])[0]), Reason::OtherRelease, "{purl}");
    }
}

#[test]
fn none_is_no_answer_that_could_be_mistaken() {
    let registry = Registry::new();
    assert_eq!(registry.ask(&release(), &[]), []);
}

#[test]
fn a_tampered_tarball_is_rejected() {
    let registry = Registry::new();
    for recipe in recipes() {
        let altered = Release::of_tarball("left-pad", "1.3.0", b"the tarball of left-pad 1.3.0, and more");
        for answer in registry.ask(&altered, &registry.honest(&recipe)) {
            assert_eq!(reason(&answer), Reason::OtherArtifact);
        }
    }
}

#[test]
fn a_tampered_statement_is_rejected() {
    let registry = Registry::new();
    for recipe in recipes() {
        for mut item in registry.honest(&recipe) {
            let payload = &mut item["bundle"]["dsseEnvelope"]["payload"];
            let text = String::from_utf8(STANDARD.decode(payload.as_str().unwrap()).unwrap()).unwrap();
            *payload = STANDARD.encode(text.replace("example.test", "exemple.test").replace("owner", "other")).into();
            let answer = registry.one(item);
            assert!([Reason::Signature, Reason::OtherEntry].contains(&reason(&answer)), "{answer:?}");
        }
    }
}

/// The papers of another release of the same bytes.
#[test]
fn another_release_is_rejected() {
    let registry = Registry::new();
    for (name, version) in [("left-pad", "1.3.1"), ("leftpad", "1.3.0"), ("@scope/left-pad", "1.3.0")] {
        let other = Release::of_tarball(name, version, TARBALL);
        for answer in registry.ask(&other, &registry.honest(&Recipe::default())) {
            assert_eq!(reason(&answer), Reason::OtherRelease, "{name}@{version}");
        }
    }
    let lying = published("leftpad", "pkg:npm/left-pad@1.3.0");
    assert_eq!(reason(&registry.one(registry.item(&registry.by(), &lying, &Recipe::default()))), Reason::OtherRelease);
}

/// A statement of several subjects holds for the library, when one of them fits. Here it must be this release alone, and the
/// name must stand beside this digest.
#[test]
fn a_statement_about_more_than_the_release_is_rejected() {
    let registry = Registry::new();
    let ours = "pkg:npm/left-pad@1.3.0";
    let other = json!({"name": ours, "digest": {"sha512": hex_sha512(b"something else")}});
    let renamed = tarball("pkg:npm/leftpad@1.3.0");
    for subjects in
        [json!([tarball(ours), other.clone()]), json!([other, renamed]), json!([tarball(ours), tarball(ours)])]
    {
        let mut statement = statements::v1(tarball(ours));
        statement["subject"] = subjects;
        let answer = registry.one(registry.item(&registry.world.releaser(), &statement, &Recipe::default()));
        assert_eq!(reason(&answer), Reason::OtherRelease, "{statement}");
    }
}

#[test]
fn who_must_sign_what_is_fixed() {
    let registry = Registry::new();
    let recipe = Recipe::default();
    let publish = published("left-pad", "pkg:npm/left-pad@1.3.0");
    let provenance = statements::v1(tarball("pkg:npm/left-pad@1.3.0"));
    // Anybody gets a certificate for their own name.
    let by_anybody = registry.world.authority.signer(&Identity::email("dev@example.test"));
    assert_eq!(reason(&registry.one(registry.item(&by_anybody, &publish, &recipe))), Reason::NotByKey);
    // The registry did not build it.
    assert_eq!(reason(&registry.one(registry.item(&registry.by(), &provenance, &recipe))), Reason::NoBuild);
    let person = registry.one(registry.item(&by_anybody, &provenance, &recipe));
    assert_eq!(reason(&person), Reason::NoBuild);
    // Announced as what it is not, it would be held to other rules.
    let mut announced = registry.item(&by_anybody, &publish, &recipe);
    announced["predicateType"] = "https://note.example.test/v1".into();
    assert_eq!(reason(&registry.one(announced)), Reason::OtherPredicate);
    let mut announced = registry.item(&registry.by(), &publish, &recipe);
    announced["predicateType"] = statements::V1.into();
    assert_eq!(reason(&registry.one(announced)), Reason::OtherPredicate);
}

#[test]
fn another_key_is_rejected_whatever_it_is_called() {
    let registry = Registry::new();
    let publish = published("left-pad", "pkg:npm/left-pad@1.3.0");
    for (keyid, expected) in
        [(KEYID, Reason::OtherKey), ("SHA256:attacker", Reason::UnknownKey), ("", Reason::UnknownKey)]
    {
        let attacker = By::with_key(Key::new(), keyid);
        for recipe in recipes() {
            let answer = registry.one(registry.item(&attacker, &publish, &recipe));
            assert_eq!(reason(&answer), expected, "{keyid}: {answer:?}");
        }
    }
}

/// The log says when it was signed, so that an old key cannot date its signature back.
#[test]
fn a_key_that_had_expired_is_rejected() {
    let mut registry = Registry::new();
    let publish = published("left-pad", "pkg:npm/left-pad@1.3.0");
    for recipe in recipes() {
        registry.expires = Some("2024-01-01T00:02:00.000Z");
        assert!(registry.one(registry.item(&registry.by(), &publish, &recipe)).attested().is_some());
        registry.expires = Some("2024-01-01T00:00:30.000Z");
        assert_eq!(reason(&registry.one(registry.item(&registry.by(), &publish, &recipe))), Reason::ExpiredKey);
    }
    assert_eq!(NEW_YEAR + 60, Recipe::default().at, "a minute after the year began");
}

/// A certificate that had expired when the log took its signature in.
#[test]
fn a_certificate_that_had_expired_is_rejected() {
    let registry = Registry::new();
    let late = Recipe { at: NEW_YEAR + 3600, ..Recipe::default() };
    let provenance = statements::v1(tarball("pkg:npm/left-pad@1.3.0"));
    let answer = registry.one(registry.item(&registry.world.releaser(), &provenance, &late));
    assert_eq!(reason(&answer), Reason::NotValidAtSigning);
}

#[test]
fn another_builder_is_rejected() {
    let registry = Registry::new();
    let mut provenance = statements::v1(tarball("pkg:npm/left-pad@1.3.0"));
    provenance["predicate"]["runDetails"]["builder"]["id"] = "https://builder.example.test".into();
    let answer = registry.one(registry.item(&registry.world.releaser(), &provenance, &Recipe::default()));
    assert_eq!(reason(&answer), Reason::OtherBuilder);
}

/// A promise is what bundles of 2023 have; what calls itself newer must have a proof.
#[test]
fn a_promise_is_no_proof_for_what_is_newer() {
    let registry = Registry::new();
    for version in [lockgate_authority::Version::V0_2, lockgate_authority::Version::V0_3] {
        for item in registry.honest(&Recipe { version, ..Recipe::promised() }) {
            assert_eq!(reason(&registry.one(item)), Reason::NoInclusionProof);
        }
    }
    for mut item in registry.honest(&Recipe::promised()) {
        item["bundle"]["verificationMaterial"]["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionPromise");
        assert_eq!(reason(&registry.one(item)), Reason::NoInclusionProof);
    }
}

#[test]
fn a_document_that_cannot_be_read_is_rejected() {
    let registry = Registry::new();
    let ask = |document: &[u8]| {
        let answers = npm::attestations(&registry.world.verifier, &registry.keys(), &release(), document);
        assert_eq!(answers.len(), 1);
        reason(&answers[0])
    };
    for document in ["", "[]", "{}", "null", r#"{"attestations":{}}"#, r#"{"attestations":[{}]}"#, "\u{0}"] {
        assert_eq!(ask(document.as_bytes()), Reason::Malformed, "{document}");
    }
    assert_eq!(ask(r#"{"attestations":[],"attestations":[]}"#.as_bytes()), Reason::Malformed);
    assert_eq!(ask(&vec![b' '; MOST_DOCUMENT + 1]), Reason::TooLarge);
    let many = json!({"attestations": vec![json!({"predicateType": "p", "bundle": {}}); 65]}).to_string();
    assert_eq!(ask(many.as_bytes()), Reason::Malformed);
    assert_eq!(ask(br#"{"attestations":[{"predicateType":"p","bundle":{}}]}"#), Reason::Malformed);
}

fn signed(key: &Key, message: &str) -> DistSignature {
    DistSignature { keyid: KEYID.into(), sig: STANDARD.encode(key.sign(message.as_bytes())) }
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn each_registry_signature_has_its_own_fact() {
    let mut registry = Registry::new();
    let integrity = format!("sha512-{}", STANDARD.encode(release().sha512));
    let message = format!("left-pad@1.3.0:{integrity}");
    let good = signed(&registry.key, &message);
    let ask =
        |registry: &Registry, name: &str, version: &str, published: Option<&str>, signatures: &[DistSignature]| {
            let keys = registry.keys();
            npm::signatures(&keys, name, version, Some(&integrity), published.map(time), signatures)
        };
    let keyid = || KEYID.to_owned();
    let is_good = [RegistrySignature::Good { keyid: keyid() }];
    let is_bad = [RegistrySignature::Bad { keyid: keyid() }];
    let one = std::slice::from_ref(&good);
    assert_eq!(ask(&registry, "left-pad", "1.3.0", None, one), is_good);
    assert_eq!(ask(&registry, "left-pad", "1.3.1", None, one), is_bad);
    assert_eq!(ask(&registry, "leftpad", "1.3.0", None, one), is_bad);
    let other = npm::signatures(&registry.keys(), "left-pad", "1.3.0", Some("sha512-AAAA"), None, one);
    assert_eq!(other, is_bad);
    assert_eq!(ask(&registry, "left-pad", "1.3.0", None, &[]), [RegistrySignature::Missing {}]);
    let without = npm::signatures(&registry.keys(), "left-pad", "1.3.0", None, None, one);
    assert_eq!(without, [RegistrySignature::Missing {}]);
    for sig in ["", "*", "AAAA", &good.sig[4..]] {
        let broken = DistSignature { sig: sig.into(), ..good.clone() };
        assert_eq!(ask(&registry, "left-pad", "1.3.0", None, &[broken]), is_bad, "{sig}");
    }
    let by_other = signed(&Key::new(), &message);
    assert_eq!(ask(&registry, "left-pad", "1.3.0", None, &[by_other]), is_bad);
    let unknown = DistSignature { keyid: "SHA256:\u{1b}[2K".into(), ..good.clone() };
    let expected = RegistrySignature::UnknownKey { keyid: "SHA256:\u{fffd}[2K".into() };
    assert_eq!(
        ask(&registry, "left-pad", "1.3.0", None, std::slice::from_ref(&unknown)),
        std::slice::from_ref(&expected)
    );
    let two = ask(&registry, "left-pad", "1.3.0", None, &[unknown, good.clone()]);
    assert_eq!(two, [expected, is_good[0].clone()]);

    let expires = "2025-01-29T00:00:00Z";
    registry.expires = Some(expires);
    let expired = |published: Option<&str>| {
        [RegistrySignature::ExpiredKey { keyid: keyid(), expires: time(expires), published: published.map(time) }]
    };
    let (before, after) = (Some("2025-01-28T23:59:59Z"), Some(expires));
    assert_eq!(ask(&registry, "left-pad", "1.3.0", before, one), is_good);
    assert_eq!(ask(&registry, "left-pad", "1.3.0", after, one), expired(after));
    assert_eq!(ask(&registry, "left-pad", "1.3.0", None, one), expired(None));
    assert_eq!(ask(&registry, "left-pad", "1.3.1", before, one), is_bad, "in time, and for another release");
    for fact in is_good.iter().chain(&is_bad).chain(&two).chain(&expired(after)).chain(&expired(None)) {
        assert!(!fact.told().is_empty());
        let text = serde_json::to_string(fact).unwrap();
        assert_eq!(&serde_json::from_str::<RegistrySignature>(&text).unwrap(), fact);
    }
}

#[test]
fn keys_that_cannot_be_used_are_an_error() {
    let registry = Registry::new();
    let change = |change: fn(&mut Value)| {
        let mut keys = registry.keys_json();
        change(&mut keys["keys"][1]);
        keys.to_string()
    };
    for broken in [
        String::new(),
        "{}".into(),
        "[]".into(),
        change(|key| key["keyid"] = "SHA256:older".into()),
        change(|key| key["keytype"] = "rsa".into()),
        change(|key| key["scheme"] = "ecdsa-sha2-nistp384".into()),
        change(|key| key["expires"] = "soon".into()),
        change(|key| key["key"] = "AAAA".into()),
        change(|key| key["key"] = STANDARD.encode(Key::p384().der()).into()),
        change(|key| key["key"] = STANDARD.encode(Key::ed25519().der()).into()),
    ] {
        let error = Keys::from_json("keys.json", broken.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::BadKeys { .. }), "{broken}: {error}");
        assert!(error.to_string().contains("keys.json") && error.to_string().contains("/-/npm/v1/keys"), "{error}");
    }
    let error = Keys::from_json("keys.json", &vec![b' '; MOST_KEYS + 1]).unwrap_err();
    assert!(matches!(error, Error::KeysTooLarge { .. }), "{error}");
    let absent = Keys::from_file(std::path::Path::new("absent.json")).unwrap_err();
    assert!(matches!(absent, Error::Unreadable { .. }), "{absent}");
}

#[test]
fn an_integrity_is_read_for_its_sha512() {
    let sha512 = release().sha512;
    let stated = format!("sha512-{}", STANDARD.encode(sha512));
    let other = format!("sha512-{}", STANDARD.encode([1; 64]));
    for good in [stated.clone(), format!("sha1-AAAA {stated}"), format!("{stated} {stated}?x"), format!(" {stated}\n")]
    {
        assert_eq!(npm::sha512_of(&good), Some(sha512), "{good}");
    }
    for bad in [
        "",
        "sha1-AAAA",
        "sha512-",
        "sha512-AAAA",
        &stated[1..],
        &format!("{stated} {other}"),
        &format!("{stated} sha512-*"),
    ] {
        assert_eq!(npm::sha512_of(bad), None, "{bad}");
    }
}
