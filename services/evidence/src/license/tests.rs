//! The check through its door: artifacts in, facts out.

use super::{License, LicenseData, LicenseFacts};
use crate::{
    Collector, InputDigests, Inputs,
    fixtures::{fetched, inputs, tarball, upstream},
};
use lockgate_model::{Claims, Digest, Ecosystem, Observation, PublishedFileKind};
use serde_json::json;

fn mit() -> String {
    let text = spdx::license_id("MIT").unwrap().text();
    format!("MIT License\n\nCopyright (c) 2024 Jane Roe\n\n{}", &text[text.find("Permission").unwrap()..])
}

fn npm(files: &[(&str, &str)]) -> crate::FetchedArtifact {
    fetched("example.tgz", PublishedFileKind::NpmTarball, tarball(files))
}

fn declared(license: Option<&str>, files: &[(&str, &str)]) -> Inputs {
    let mut given = inputs(Ecosystem::Npm, vec![npm(files)], &[]);
    given.manifest_claims = Claims { license: license.map(str::to_owned), ..Claims::default() };
    given
}

fn observe(inputs: &Inputs) -> Observation {
    License::new(LicenseData::embedded()).collect(inputs).unwrap()
}

fn facts(inputs: &Inputs) -> (serde_json::Value, LicenseFacts) {
    let Observation::Observed { facts } = observe(inputs) else { panic!("not observed") };
    (facts.clone(), serde_json::from_value(facts).unwrap())
}

#[test]
fn good_declared_and_detected_agree() {
    let (json, facts) = facts(&declared(Some("MIT"), &[("package/package.json", "{}"), ("package/LICENSE", &mit())]));
    assert_eq!(json["agreement"], "agree");
    assert_eq!(json["expression"], "MIT");
    assert_eq!(json["declared_valid"], true);
    assert_eq!(json["detected"][0]["id"], "MIT");
    assert_eq!(json["detected"][0]["file"], "package/LICENSE");
    assert_eq!(json["detected"][0]["lines"], json!([5, mit().lines().count()]));
    assert!(facts.detected[0].found.confidence > 0.98);
    assert_eq!(json["new_obligations"], json!(["attribution", "license_text"]));
    assert_eq!(json["obligations"][0]["new"], true);
    assert_eq!(json["unknown_licenses"], json!([]));
    assert_eq!(json["previous"], json!({"status": "none"}));
}

#[test]
fn bad_the_file_says_otherwise() {
    let gpl = spdx::license_id("GPL-3.0-only").unwrap().text();
    let (json, _) = facts(&declared(Some("MIT"), &[("package/LICENSE", gpl)]));
    assert_eq!(json["agreement"], "disagree");
    assert_eq!(json["expression"], "MIT AND GPL-3.0-only");
    assert!(json["new_obligations"].as_array().unwrap().contains(&json!("same_license")));
}

#[test]
fn bad_a_rider_is_not_rounded_away() {
    let text = mit().replace("Permission is", "Commercial use is prohibited. Permission is");
    let (json, _) = facts(&declared(Some("MIT"), &[("package/LICENSE", &text)]));
    assert_eq!(json["agreement"], "disagree");
    assert_eq!(json["expression"], "MIT AND LicenseRef-Noncommercial");
    assert!(json["new_obligations"].as_array().unwrap().contains(&json!("field_of_use")));
}

#[test]
fn bad_an_unreadable_declaration_is_unknown_and_not_nothing() {
    let (json, _) = facts(&declared(Some("Custom"), &[("package/index.js", "")]));
    assert_eq!(json["declared_valid"], false);
    assert_eq!(json["agreement"], "declared_only");
    assert_eq!(json["unknown_licenses"], json!(["LicenseRef-declared-Custom"]));
    assert_eq!(json["new_obligations"], json!(["unknown"]));
}

#[test]
fn a_choice_owes_its_cheapest_side() {
    let (json, _) = facts(&declared(Some("GPL-3.0-or-later OR MIT"), &[("package/index.js", "")]));
    assert_eq!(json["choice"], json!(["MIT"]));
    assert_eq!(json["agreement"], "declared_only");
}

#[test]
fn only_what_the_version_before_did_not_owe_is_new() {
    let mut given = declared(Some("MPL-2.0"), &[("package/index.js", "")]);
    given.previous =
        Some(Ok(vec![npm(&[("package/package.json", r#"{"license": "MIT"}"#), ("package/LICENSE", &mit())])]));
    let (json, _) = facts(&given);
    assert_eq!(json["previous"], json!({"status": "licensed", "expression": "MIT"}));
    assert_eq!(json["new_obligations"], json!(["source_disclosure", "same_license", "patent_retaliation"]));
    given.previous = Some(Err(upstream()));
    let (json, _) = facts(&given);
    assert_eq!(json["previous"], json!({"status": "unavailable"}));
    assert_eq!(json["new_obligations"].as_array().unwrap().len(), 5);
}

#[test]
fn bundled_works_and_sources_are_named() {
    let apache = spdx::license_id("Apache-2.0").unwrap().text();
    let given = declared(
        Some("MIT"),
        &[
            ("package/LICENSE", &mit()),
            ("package/NOTICE", "Made by Jane"),
            ("package/vendor/x/LICENSE", apache),
            ("package/src/a.c", "// SPDX-License-Identifier: GPL-2.0-only\n"),
            ("package/src/b.c", "// SPDX-License-Identifier: GPL-2.0-only\n"),
        ],
    );
    let (json, facts) = facts(&given);
    assert_eq!(json["agreement"], "agree");
    assert_eq!(json["bundled_licenses"], json!(["Apache-2.0", "GPL-2.0-only"]));
    assert_eq!(json["notice_files"][0]["file"], "package/NOTICE");
    assert_eq!(facts.detected.last().unwrap().files, 2);
}

#[test]
fn absent_without_any_licence() {
    assert_eq!(observe(&declared(None, &[("package/index.js", "1")])), Observation::Absent);
    assert_eq!(observe(&declared(Some("  "), &[("package/LICENSE", "")])), Observation::Absent);
}

#[test]
fn unavailable_when_the_artifacts_are() {
    let mut given = declared(Some("MIT"), &[]);
    given.artifacts = Err(upstream());
    assert_eq!(License::new(LicenseData::embedded()).collect(&given), Err(upstream()));
}

#[test]
fn wheels_keep_their_licence_in_dist_info() {
    let mut given = declared(
        Some("MIT License"),
        &[("example/__init__.py", ""), ("example-1.0.dist-info/licenses/LICENSE", &mit())],
    );
    given.manifest_claims.license = Some("License :: OSI Approved :: MIT License".into());
    let (json, _) = facts(&given);
    assert_eq!((json["agreement"].as_str(), json["standing"].as_str()), (Some("agree"), Some("corrected")));
}

#[test]
fn the_key_holds_the_data_file_and_both_versions() {
    let license = License::new(LicenseData::embedded());
    let digest = |text: &str| Digest::sha256(text.as_bytes());
    let known =
        InputDigests { artifacts: vec![digest("new")], previous: vec![digest("old")], ..InputDigests::default() };
    let inputs = license.inputs(&known);
    assert!(inputs.contains(&digest("new")) && inputs.contains(&digest("old")));
    assert!(inputs.contains(LicenseData::embedded().digest()));
}

#[test]
fn the_facts_match_their_schema() {
    let schema = License::new(LicenseData::embedded()).facts_schema();
    let (json, _) = facts(&declared(Some("MIT"), &[("package/LICENSE", &mit())]));
    let required = schema.as_object().unwrap()["required"].as_array().unwrap().clone();
    for name in required {
        assert!(json.get(name.as_str().unwrap()).is_some(), "{name} is missing");
    }
}

#[test]
fn a_preview_needs_a_claim_that_names_its_licences() {
    let preview = |claim: Option<&str>| {
        let mut given = declared(None, &[("package/LICENSE", &mit())]);
        given.artifacts = Err(upstream());
        given.published.as_mut().unwrap().claims.license = claim.map(str::to_owned);
        License::new(LicenseData::embedded()).preview(&given)
    };
    let Some(Observation::Observed { facts }) = preview(Some("MIT/Apache-2.0")) else { panic!("not observed") };
    assert_eq!((&facts["expression"], &facts["agreement"]), (&json!("MIT OR Apache-2.0"), &json!("declared_only")));
    // A text in the artifact may settle each of these.
    for claim in [None, Some(""), Some("BSD"), Some("SEE LICENSE IN LICENSE"), Some("ask the author")] {
        assert_eq!(preview(claim), None, "{claim:?}");
    }
}
