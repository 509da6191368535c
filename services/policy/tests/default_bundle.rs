//! The default bundle: its own tests pass, and the compiled-in copy is the folder.

use lockgate_policy::{Policy, TestOutcome, test};
use std::path::Path;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies"))
}

#[test]
fn its_own_tests_pass() {
    let report = test(folder()).unwrap();
    assert_eq!(report.outcome(), TestOutcome::Passed, "{:#?}", report.failed);
    assert!(report.passed >= 40, "{} tests", report.passed);
    println!("{} tests", report.passed);
}

#[test]
fn the_binary_carries_it() {
    let embedded = Policy::embedded().unwrap();
    assert_eq!(embedded.files(), Policy::load(folder()).unwrap().files());
    assert_eq!(embedded.digest(), Policy::load(folder()).unwrap().digest());
    assert!(!embedded.files().keys().any(|path| path.ends_with("_test.rego")));
}
