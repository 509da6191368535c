//! What a model must do before it may judge. The toy counts the sign U+0007 and takes off 4; new, it flags from 0.5 on.

use crate::toy;
use lockgate_classifier::{Acceptance, Error};
use std::fs;

fn read(json: &str) -> Result<Acceptance, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("acceptance.json");
    fs::write(&path, json).expect("written");
    Acceptance::read(&path)
}

fn difference(name: &str, expect: &str, rings: usize) -> String {
    let rings = "\\u0007".repeat(rings);
    format!(r#"{{"name": "{name}", "ecosystem": "npm", "expect": "{expect}", "new": {{"a.js": "{rings}"}}}}"#)
}

fn verdicts(metrics: &str, differences: &[String]) -> Vec<(String, bool, String)> {
    let acceptance = read(&format!(r#"{{"metrics": {metrics}, "differences": [{}]}}"#, differences.join(",")));
    let verdicts = acceptance.expect("an acceptance file").judge(&mut toy()).expect("verdicts");
    verdicts.into_iter().map(|verdict| (verdict.what, verdict.passed, verdict.seen)).collect()
}

#[test]
fn each_bar_says_whether_it_was_met_and_what_was_seen() {
    let quiet = difference("quiet", "quiet", 2);
    let found = verdicts("{}", &[quiet.clone(), difference("loud", "flagged", 9), difference("more", "above", 4)]);
    let expected = [
        ("quiet".to_owned(), true, "score -2, below 0.5".to_owned()),
        ("loud".to_owned(), true, "score 5, at least 0.5".to_owned()),
        ("more".to_owned(), true, "score 0, above -2".to_owned()),
    ];
    assert_eq!(found, expected);
    let found = verdicts(
        "{}",
        &[quiet, difference("q", "quiet", 9), difference("f", "flagged", 3), difference("a", "above", 6)],
    );
    assert_eq!(found.iter().map(|(_, passed, _)| *passed).collect::<Vec<_>>(), [true, false, false, false]);
}

#[test]
fn a_figure_that_the_card_does_not_state_is_not_met() {
    let found = verdicts(r#"{"npm": {"recall": 0.1}}"#, &[difference("quiet", "quiet", 0)]);
    assert_eq!(found[0], ("npm: recall".into(), false, "its card does not state it; at least 0.1".into()));
}

#[test]
fn a_file_that_every_model_would_pass_is_refused() {
    for json in ["", "{}", r#"{"metrics": {}, "differences": []}"#, r#"{"metrics": {}, "differences": [], "more": 1}"#]
    {
        let error = read(json).expect_err(json).to_string();
        assert!(error.starts_with("acceptance file ") && error.contains("acceptance.json"), "{error}");
    }
    let loud = format!(r#"{{"metrics": {{}}, "differences": [{}]}}"#, difference("loud", "flagged", 9));
    assert!(read(&loud).expect_err("no quiet one").to_string().contains("flags everything"));
}
