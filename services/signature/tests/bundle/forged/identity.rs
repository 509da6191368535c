//! Who signed, and who vouched for that. Each of these is signed honestly, by somebody else.

use super::{Forgery, rejected, sign};
use crate::{ARTIFACT, Case, ISSUER, REPOSITORY, WORKFLOW, workflow};
use lockgate_authority::{
    Authority, Content, Identity, Key, NEW_YEAR, Name, Recipe, Signer, certificate::Template, extension,
};
use lockgate_signature::bundle::Expected;

const FORGERIES: [Forgery; 17] = [
    ("another workflow", |a, case| by(a, case, &at(".github/workflows/other.yml", "refs/heads/main")), "OtherIdentity"),
    (
        "another branch",
        |a, case| by(a, case, &at(".github/workflows/release.yml", "refs/heads/main2")),
        "OtherIdentity",
    ),
    (
        "a tag of the branch's name",
        |a, case| by(a, case, &at(".github/workflows/release.yml", "refs/tags/main")),
        "OtherIdentity",
    ),
    (
        "another repository",
        |a, case| by(a, case, &Identity::workflow("https://forge.example.test/owner/project2")),
        "OtherIdentity",
    ),
    (
        "another owner",
        |a, case| by(a, case, &Identity::workflow("https://forge.example.test/0wner/project")),
        "OtherIdentity",
    ),
    ("more before it", |a, case| named(a, case, &format!("https://evil.example.test/?{WORKFLOW}")), "OtherIdentity"),
    ("more after it", |a, case| named(a, case, &format!("{WORKFLOW}\0.evil")), "OtherIdentity"),
    ("other letters", |a, case| named(a, case, &WORKFLOW.to_uppercase()), "OtherIdentity"),
    ("a part of it", |a, case| named(a, case, REPOSITORY), "OtherIdentity"),
    ("a person", |a, case| by(a, case, &Identity::email("attacker@example.test").issued_by(ISSUER)), "OtherIdentity"),
    ("nobody", |a, case| leaf(a, case, |t| t.without(extension::ALTERNATIVE_NAMES)), "OtherIdentity"),
    ("another issuer", |a, case| by(a, case, &workflow().issued_by("https://issuer.example.test")), "OtherIssuer"),
    (
        "an issuer's part",
        |a, case| by(a, case, &workflow().issued_by("https://token.actions.example.tes")),
        "OtherIssuer",
    ),
    ("an issuer in the old place alone", old_place, "OtherIssuer"),
    (
        "no issuer",
        |a, case| leaf(a, case, |t| t.without(extension::ISSUER).without(extension::ISSUER_BARE)),
        "OtherIssuer",
    ),
    ("an issuer that cannot be read", unreadable, "Malformed"),
    ("a key", by_a_key, "NoCertificate"),
];

#[test]
fn other_signers_are_rejected() {
    rejected(Case::message, &FORGERIES);
}

/// Two issuers: the newer extension counts, and the older one is no way round it.
#[test]
fn the_newer_of_two_issuers_counts() {
    let authority = Authority::new();
    let template = Template::leaf(&workflow(), NEW_YEAR)
        .with(extension::text(extension::ISSUER_BARE, "https://issuer.example.test"));
    let mut case = Case::message(&authority);
    sign(&authority, &mut case, &authority.signer_by(&template));
    assert_eq!(case.verified().issuer(), Some(ISSUER));
}

#[test]
fn a_certificate_is_no_key() {
    let authority = Authority::new();
    let signer = authority.signer(&workflow());
    let case = Case::signed_by(&authority, &signer, Content::Message(ARTIFACT), &Recipe::default());
    let expected = crate::by_key(&signer.key);
    assert_eq!(crate::reason(&Case { expected, ..case }.rejected()), "NotByKey");
}

/// What is expected and what was found are both said.
#[test]
fn the_other_signer_is_named() {
    let authority = Authority::new();
    let case = Case::message(&authority);
    let expected = Expected::Identity { identity: "maintainer@example.test".into(), issuer: ISSUER.into() };
    let said = Case { expected, ..case }.rejected().to_string();
    assert!(said.contains("maintainer@example.test") && said.contains(WORKFLOW), "{said}");
}

fn at(file: &str, reference: &str) -> Identity {
    Identity::workflow_at(REPOSITORY, file, reference, &"1".repeat(40))
}

fn by(authority: &Authority, case: &mut Case, identity: &Identity) {
    sign(authority, case, &authority.signer(identity));
}

fn named(authority: &Authority, case: &mut Case, name: &str) {
    by(authority, case, &Identity { name: Name::Uri(name.to_owned()), ..workflow() });
}

fn leaf(authority: &Authority, case: &mut Case, change: fn(Template) -> Template) {
    sign(authority, case, &authority.signer_by(&change(Template::leaf(&workflow(), NEW_YEAR))));
}

/// The older extension has the expected issuer, the newer one another.
fn old_place(authority: &Authority, case: &mut Case) {
    let attacker = workflow().issued_by("https://issuer.example.test");
    let template = Template::leaf(&attacker, NEW_YEAR).with(extension::text(extension::ISSUER_BARE, ISSUER));
    sign(authority, case, &authority.signer_by(&template));
}

fn unreadable(authority: &Authority, case: &mut Case) {
    let bare = extension::raw(extension::ISSUER, false, ISSUER.as_bytes().to_vec());
    sign(authority, case, &authority.signer_by(&Template::leaf(&workflow(), NEW_YEAR).with(bare)));
}

fn by_a_key(authority: &Authority, case: &mut Case) {
    sign(authority, case, &Signer::with_key(Key::new(), WORKFLOW));
}
