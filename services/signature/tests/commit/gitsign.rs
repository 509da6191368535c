//! By gitsign. What it writes is made here of the parts of a bundle, signed and logged by an instance of our own.

use crate::{
    cms,
    cms::Cms,
    tools::{Object, Repo, nobody},
};
use lockgate_authority::{Authority, Content, Identity, Kind as Entry, NEW_YEAR, Recipe, Signer as By, Time, sha256};
use lockgate_signature::{
    bundle::{Rejection as Fault, Verifier},
    commit::{Committer, Kind, Rejection, Signer, Trust, Verification, gitsign},
};

const MONA: &str = "mona@example.test";

struct Scene {
    repo: Repo,
    authority: Authority,
    identity: Identity,
}

impl Scene {
    fn new() -> Self {
        Self { repo: Repo::new(), authority: Authority::new(), identity: Identity::email(MONA) }
    }

    fn trust(&self) -> Trust {
        self.trust_in(&self.authority, MONA, &self.identity.issuer)
    }

    fn trust_in(&self, authority: &Authority, identity: &str, issuer: &str) -> Trust {
        let root = authority.trusted_root().to_string();
        let verifier = Verifier::from_root("root", root.as_bytes()).unwrap();
        Trust { authority: Some(gitsign::Authority::new(verifier, identity.into(), issuer.into())), ..nobody() }
    }

    /// What is signed of a commit, before and after the place of the signature.
    fn payload(&self) -> (String, String) {
        let unsigned = self.repo.object(&self.repo.commit(NEW_YEAR, &["--no-gpg-sign"]));
        let text = String::from_utf8(unsigned.bytes).unwrap();
        let (head, message) = text.split_once("\n\n").unwrap();
        (format!("{head}\n"), format!("\n{message}"))
    }

    /// A signature of `payload` as gitsign makes it in its offline mode.
    fn sign(&self, payload: &[u8], by: &By, recipe: &Recipe) -> Cms {
        let attributes = cms::attributes(&sha256(payload), NEW_YEAR);
        let bundle = self.authority.bundle(by, Content::Message(&attributes), recipe);
        Cms::of(&bundle, attributes)
    }

    fn signed(&self, change: impl FnOnce(&mut Cms)) -> Object {
        self.signed_by(&self.authority.signer(&self.identity), &Recipe::default(), change)
    }

    fn signed_by(&self, by: &By, recipe: &Recipe, change: impl FnOnce(&mut Cms)) -> Object {
        let (head, message) = self.payload();
        let mut cms = self.sign(format!("{head}{message}").as_bytes(), by, recipe);
        change(&mut cms);
        let armor = cms.armor().trim_end().replace('\n', "\n ");
        self.repo.put(Kind::Commit, format!("{head}gpgsig {armor}\n{message}").into_bytes())
    }
}

/// The reason, with that of the bundle's verifier.
fn reason(object: &Object, trust: &Trust) -> String {
    match object.verify(trust) {
        Verification::Rejected(Rejection::Sigstore(fault)) => {
            format!("{fault:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()
        }
        _ => object.answer(trust),
    }
}

#[test]
fn commits_and_tags_are_verified() {
    let scene = Scene::new();
    for (name, recipe) in [("log", Recipe::default()), ("both", Recipe { time: Time::Both, ..Recipe::default() })] {
        let by = scene.authority.signer(&scene.identity);
        let object = scene.signed_by(&by, &recipe, |_| {});
        let Verification::Verified(verified) = object.verify(&scene.trust()) else {
            panic!("{name}: {:?}", object.verify(&scene.trust()));
        };
        let Signer::Sigstore { identity, issuer, signed_at, .. } = verified.signer() else { panic!("{name}") };
        assert_eq!((identity.as_str(), issuer), (MONA, &scene.identity.issuer));
        assert_eq!(signed_at.unwrap().timestamp(), recipe.at);
        assert_eq!(verified.committer(), Committer::IsSigner);
    }
    let unsigned = scene.repo.object(&scene.repo.tag("v1.0", &["-a", "--no-sign"]));
    let cms = scene.sign(&unsigned.bytes, &scene.authority.signer(&scene.identity), &Recipe::default());
    let tag = scene.repo.put(Kind::Tag, [&unsigned.bytes[..], cms.armor().as_bytes()].concat());
    assert_eq!(reason(&tag, &scene.trust()), "verified");
}

#[test]
fn a_workflow_is_not_the_committer() {
    let scene = Scene::new();
    let workflow = Identity::workflow("https://forge.example.test/owner/project");
    let object = scene.signed_by(&scene.authority.signer(&workflow), &Recipe::default(), |_| {});
    let trust = scene.trust_in(&scene.authority, workflow.name.as_str(), &workflow.issuer);
    let Verification::Verified(verified) = object.verify(&trust) else { panic!("{:?}", object.verify(&trust)) };
    assert_eq!(verified.committer(), Committer::IsAnother);
}

#[test]
fn an_altered_object_is_refused() {
    let scene = Scene::new();
    let good = scene.signed(|_| {});
    let trust = scene.trust();
    assert_eq!(reason(&good, &trust), "verified");
    for (old, new) in [("\n\nm\n", "\n\nn\n"), ("committer Mona", "committer Lisa"), ("tree 4", "tree 5")] {
        assert_eq!(reason(&scene.repo.put(Kind::Commit, good.with(old, new)), &trust), "bad-signature", "{new}");
    }
}

#[test]
fn each_part_of_the_signature_is_looked_at() {
    let scene = Scene::new();
    let trust = scene.trust();
    let other = scene.sign(b"another", &scene.authority.signer(&scene.identity), &Recipe::default());
    let flip = |bytes: &mut Vec<u8>| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    };
    type Change<'a> = &'a dyn Fn(&mut Cms);
    let cases: [(&str, Change<'_>, &str); 16] = [
        ("nothing", &|_| {}, "verified"),
        ("no entry", &|cms| cms.entry = None, "not-shown-in-log"),
        ("another's entry", &|cms| cms.entry = other.entry.clone(), "NotInLog"),
        ("an entry that is cut", &|cms| cms.entry.as_mut().unwrap().truncate(20), "malformed"),
        ("another signature", &|cms| flip(&mut cms.signature), "NotInLog"),
        ("another's signature", &|cms| cms.signature = other.signature.clone(), "NotInLog"),
        ("another's certificate", &|cms| cms.certificates = other.certificates.clone(), "malformed"),
        ("no certificate", &|cms| cms.certificates.clear(), "malformed"),
        ("among others", &|cms| cms.certificates.insert(0, other.certificates[0].clone()), "verified"),
        ("another time", &|cms| cms.attributes = cms::attributes(&cms.digest, NEW_YEAR + 1), "NotInLog"),
        ("another digest", &|cms| cms.attributes = other.attributes.clone(), "bad-signature"),
        ("another type", &|cms| cms.content_type = cms::SIGNED_DATA.to_vec(), "malformed"),
        ("with content", &|cms| cms.content = Some(b"another".to_vec()), "malformed"),
        ("two signers", &|cms| cms.signers = 2, "malformed"),
        ("no signer", &|cms| cms.signers = 0, "malformed"),
        ("another hash", &|cms| cms.hash = cms::SHA1.to_vec(), "malformed"),
    ];
    for (name, change, expected) in cases {
        assert_eq!(reason(&scene.signed(change), &trust), expected, "{name}");
    }
}

#[test]
fn only_whom_the_operator_named_counts() {
    let scene = Scene::new();
    let object = scene.signed(|_| {});
    let issuer = scene.identity.issuer.clone();
    for (name, trust, expected) in [
        ("the same", scene.trust(), "verified"),
        ("another person", scene.trust_in(&scene.authority, "lisa@example.test", &issuer), "OtherIdentity"),
        ("another issuer", scene.trust_in(&scene.authority, MONA, "https://id.example.test"), "OtherIssuer"),
        ("nobody", nobody(), "nobody-trusted"),
    ] {
        assert_eq!(reason(&object, &trust), expected, "{name}");
    }
    let Verification::Rejected(Rejection::Sigstore(fault)) =
        object.verify(&scene.trust_in(&Authority::new(), MONA, &issuer))
    else {
        panic!("another instance is not ours");
    };
    assert!(!matches!(*fault, Fault::OtherIdentity { .. }), "{fault:?}");
    let expired = scene.authority.signer_at(&scene.identity, NEW_YEAR - 3_600);
    let expired = scene.signed_by(&expired, &Recipe::default(), |_| {});
    assert_eq!(reason(&expired, &scene.trust()), "NotValidAtSigning");
    let promised = Recipe { proof: false, ..Recipe::default() };
    let promised = scene.signed_by(&scene.authority.signer(&scene.identity), &promised, |_| {});
    assert_eq!(reason(&promised, &scene.trust()), "NoInclusionProof");
    let timeless = Recipe { time: Time::Nobody, ..Recipe::default() };
    let timeless = scene.signed_by(&scene.authority.signer(&scene.identity), &timeless, |_| {});
    assert_ne!(reason(&timeless, &scene.trust()), "verified");
    let second = Recipe { kind: Some(Entry::HashedSecond), time: Time::Timestamp, ..Recipe::default() };
    let second = scene.signed_by(&scene.authority.signer(&scene.identity), &second, |_| {});
    assert_ne!(reason(&second, &scene.trust()), "verified", "gitsign stores no entry of the second generation");
}

#[test]
fn no_mutation_of_a_signature_is_accepted_for_another_object() {
    let scene = Scene::new();
    let trust = scene.trust();
    let (head, message) = scene.payload();
    let by = scene.authority.signer(&scene.identity);
    let der = scene.sign(format!("{head}{message}").as_bytes(), &by, &Recipe::default()).der();
    let with = |der: &[u8], message: &str| {
        let armor = cms::armor(der).trim_end().replace('\n', "\n ");
        crate::hostile::changed(format!("{head}gpgsig {armor}\n{message}").as_bytes())
    };
    assert_eq!(with(&der, &message).answer(&trust), "verified");
    lockgate_hostile::mutate(crate::hostile::cases(), &[der], |der| {
        assert_ne!(with(der, "\nanother\n").answer(&trust), "verified");
        // Not signed are the versions, the digests that are announced, and the order of the certificates.
        let _ = with(der, &message).answer(&trust);
    });
}
