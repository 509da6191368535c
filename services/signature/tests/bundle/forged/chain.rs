//! The certificate: from whom it comes, what for, and whether it was valid.

use super::{Forgery, base64, bytes, certificate, rejected, replace, sign};
use crate::{ARTIFACT, Case, workflow};
use lockgate_authority::{
    Authority, CLOSED, Content, Key, NEW_YEAR, Name, OPENED, ObjectIdentifier, Recipe, Signer, Version,
    certificate::{Held, Template, parse},
    extension, scts,
};

const DAY: i64 = 86_400;

const FORGERIES: [Forgery; 24] = [
    ("another authority of the same names", other_authority, "UntrustedCertificate"),
    ("a certificate that vouches for itself", by_itself, "UntrustedCertificate"),
    ("issued by who may not issue", by_a_leaf, "UntrustedCertificate"),
    ("issued by an authority that comes along", own_authority, "UntrustedCertificate"),
    ("issued below an authority that may have none below it", too_deep, "UntrustedCertificate"),
    ("issued by who may issue, but may not sign", not_for_signing_certificates, "UntrustedCertificate"),
    ("another name in it", |_, case| within(case, b"owner/project/.g", b"other/project/.g"), "UntrustedCertificate"),
    ("another repository in it", |_, case| within(case, b"owner/project", b"other/project"), "UntrustedCertificate"),
    ("another commit in it", |_, case| within(case, &[b'1'; 40], &[b'2'; 40]), "UntrustedCertificate"),
    ("another signature under it", |_, case| last_bit(case), "UntrustedCertificate"),
    ("no certificate at all", |_, case| *certificate(case) = base64(b"none"), "Malformed"),
    ("an empty certificate", |_, case| *certificate(case) = "".into(), "Malformed"),
    ("for timestamps", |a, case| purpose(a, case, &[extension::TIME_STAMPING]), "UntrustedCertificate"),
    ("for no purpose", |a, case| leaf(a, case, |t| t.without(extension::EXTENDED_KEY_USAGE)), "UntrustedCertificate"),
    (
        "an authority's",
        |a, case| leaf(a, case, |t| t.with(extension::basic_constraints(true, None))),
        "UntrustedCertificate",
    ),
    (
        "for issuing, not for signing",
        |a, case| leaf(a, case, |t| t.with(extension::key_usage(0x04))),
        "UntrustedCertificate",
    ),
    ("for whatever", |a, case| leaf(a, case, |t| t.without(extension::KEY_USAGE)), "UntrustedCertificate"),
    ("of two names", two_names, "UntrustedCertificate"),
    ("with what must be understood and is not", critical, "Unsupported"),
    ("signed after its end", |a, case| signed_at(a, case, NEW_YEAR + 601), "NotValidAtSigning"),
    ("signed before its beginning", |a, case| signed_at(a, case, NEW_YEAR - 1), "NotValidAtSigning"),
    ("by an authority whose time was over", |_, case| authority_of(case, OPENED, NEW_YEAR - DAY), "StaleRoot"),
    (
        "by an authority whose time was to come",
        |_, case| authority_of(case, NEW_YEAR + DAY, CLOSED),
        "NotValidAtSigning",
    ),
    ("below a root whose time was over", old_root, "StaleRoot"),
];

#[test]
fn forged_certificates_are_rejected() {
    rejected(Case::message, &FORGERIES);
}

/// Of a chain that the bundle shows (version 0.2); its own root is trusted alone.
#[test]
fn forged_chains_are_rejected() {
    let forgeries: [Forgery; 3] = [
        ("an intermediate whose time was over", |a, case| chain(a, case, OPENED, NEW_YEAR - DAY), "NotValidAtSigning"),
        (
            "an intermediate whose time was to come",
            |a, case| chain(a, case, NEW_YEAR + DAY, CLOSED),
            "NotValidAtSigning",
        ),
        ("no intermediate", |_, case| shown(case).truncate(1), "UntrustedCertificate"),
    ];
    let twin = |authority: &Authority| {
        let mut case = Case::message(authority);
        chain(authority, &mut case, OPENED, CLOSED);
        case
    };
    rejected(twin, &forgeries);
}

fn template() -> Template {
    Template::leaf(&workflow(), NEW_YEAR)
}

fn leaf(authority: &Authority, case: &mut Case, change: fn(Template) -> Template) {
    sign(authority, case, &authority.signer_by(&change(template())));
}

fn purpose(authority: &Authority, case: &mut Case, purposes: &[ObjectIdentifier]) {
    let template = template().with(extension::extended_key_usage(purposes, false));
    sign(authority, case, &authority.signer_by(&template));
}

fn two_names(authority: &Authority, case: &mut Case) {
    let names = [workflow().name, Name::Email("attacker@example.test".into())];
    sign(authority, case, &authority.signer_by(&template().with(extension::alternative_names(&names))));
}

fn critical(authority: &Authority, case: &mut Case) {
    let unknown = extension::raw(extension::SOURCE_VISIBILITY, true, vec![5, 0]);
    sign(authority, case, &authority.signer_by(&template().with(unknown)));
}

fn signed_at(authority: &Authority, case: &mut Case, at: i64) {
    let recipe = Recipe { at, ..Recipe::default() };
    case.bundle = authority.bundle(&authority.signer(&workflow()), Content::Message(ARTIFACT), &recipe);
}

fn other_authority(authority: &Authority, case: &mut Case) {
    sign(authority, case, &Authority::new().signer(&workflow()));
}

/// Published, even so.
fn issue(authority: &Authority, by: &Held, key: &Key) -> Vec<u8> {
    by.sign(scts::published(by.prepare(&template(), key), &by.key, &authority.certificate_log, NEW_YEAR))
}

fn by_itself(authority: &Authority, case: &mut Case) {
    let key = Key::new();
    let held = Held::root(&template(), key.clone());
    let leaf = issue(authority, &held, &key);
    sign(authority, case, &Signer::with_certificates(key, vec![leaf]));
}

/// Signs with a chain that the bundle shows: a leaf below the last of `above`, which may be anything.
fn sign_below(authority: &Authority, case: &mut Case, above: &[Held]) {
    let key = Key::new();
    let leaf = issue(authority, above.last().unwrap(), &key);
    let chain = std::iter::once(leaf).chain(above.iter().rev().map(|held| held.der.clone())).collect();
    let recipe = Recipe { version: Version::V0_2, ..Recipe::default() };
    let signer = Signer::with_certificates(key, chain);
    case.bundle = authority.bundle(&signer, Content::Message(ARTIFACT), &recipe);
}

fn by_a_leaf(authority: &Authority, case: &mut Case) {
    let key = Key::new();
    let attacker = lockgate_authority::Identity::email("attacker@example.test");
    let template = Template::leaf(&attacker, NEW_YEAR);
    let held = Held { der: authority.certify(&template, &key), key };
    sign_below(authority, case, &[held]);
}

fn own_authority(authority: &Authority, case: &mut Case) {
    let own = Template::intermediate("CN=intermediate,O=authority.example.test", OPENED, CLOSED, None);
    sign_below(authority, case, &[Held::root(&own, Key::new())]);
}

fn too_deep(authority: &Authority, case: &mut Case) {
    let below = |name: &str, by: &Held, path_length| {
        by.below(&Template::intermediate(&format!("CN={name}"), OPENED, CLOSED, path_length), Key::new())
    };
    let first = below("first", &authority.root, Some(0));
    let second = below("second", &first, None);
    sign_below(authority, case, &[first, second]);
}

fn not_for_signing_certificates(authority: &Authority, case: &mut Case) {
    let template = Template::intermediate("CN=below", OPENED, CLOSED, None).with(extension::key_usage(0x80));
    sign_below(authority, case, &[authority.root.below(&template, Key::new())]);
}

fn within(case: &mut Case, old: &[u8], new: &[u8]) {
    let mut der = bytes(certificate(case));
    replace(&mut der, old, new);
    parse(&der);
    *certificate(case) = base64(der);
}

fn last_bit(case: &mut Case) {
    let mut der = bytes(certificate(case));
    *der.last_mut().unwrap() ^= 1;
    *certificate(case) = base64(der);
}

/// An instance of its own, trusted without an end, whose intermediate has this time.
fn authority_of(case: &mut Case, from: i64, to: i64) {
    let mut authority = Authority::new();
    let template = Template::intermediate("CN=intermediate", from, to, Some(0));
    authority.intermediate = authority.root.below(&template, Key::new());
    *case = Case::message(&authority);
}

fn old_root(_: &Authority, case: &mut Case) {
    let mut authority = Authority::new();
    let template = |name: &str, to| Template::authority(name, OPENED, to, Some(1));
    authority.root = Held::root(&template("CN=root", NEW_YEAR - DAY), Key::new());
    authority.intermediate = authority.root.below(&template("CN=intermediate", CLOSED), Key::new());
    *case = Case::message(&authority);
}

/// Only the root is trusted; the bundle shows an intermediate of this time.
fn chain(authority: &Authority, case: &mut Case, from: i64, to: i64) {
    let below = authority.root.below(&Template::intermediate("CN=below", from, to, Some(0)), Key::new());
    sign_below(authority, case, &[below]);
    let trusted = &mut case.root["certificateAuthorities"][0]["certChain"]["certificates"];
    *trusted = serde_json::json!([{"rawBytes": base64(&authority.root.der)}]);
}

fn shown(case: &mut Case) -> &mut Vec<serde_json::Value> {
    let chain = &mut case.bundle["verificationMaterial"]["x509CertificateChain"]["certificates"];
    chain.as_array_mut().unwrap()
}
