//! The test runner for Rego.
//!
//! The engine has none, and a test that fails is merely undefined: it vanishes from the result. So tests are
//! enumerated from the syntax tree, and one that does not answer `true` has failed.

use crate::{
    Files, PolicyError,
    ast::{self, Module},
    bundle, engine,
};
use serde::Serialize;
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

/// Longest evaluation of one test.
const LIMIT: Duration = Duration::from_secs(20);

/// A test that did not answer `true`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestFailure {
    pub file: String,
    /// 1-based.
    pub line: u32,
    pub name: String,
    pub why: String,
}

/// What became of the tests of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TestReport {
    pub passed: usize,
    pub failed: Vec<TestFailure>,
}

impl TestReport {
    /// A bundle without tests has not passed them.
    pub fn outcome(&self) -> TestOutcome {
        match (self.failed.len(), self.passed) {
            (0, 0) => TestOutcome::NoTests,
            (0, _) => TestOutcome::Passed,
            _ => TestOutcome::Failed,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    Passed,
    Failed,
    NoTests,
}

/// Runs every `test_` rule of the bundle in `dir`.
///
/// # Errors
/// When the bundle cannot be read or compiled, or its rules fail on an empty change.
pub fn test(dir: &Path) -> Result<TestReport, PolicyError> {
    test_files(bundle::read(dir)?)
}

/// As [`test`], on files in memory.
///
/// # Errors
/// As [`test`].
pub fn test_files(files: Files) -> Result<TestReport, PolicyError> {
    crate::Policy::from_files(files.clone())?;
    let engine = engine::compile(&files, LIMIT)?;
    let mut report = TestReport::default();
    for (module, name, line, count) in tests(&ast::modules(&engine)?) {
        let why = if count > 1 {
            Some(format!("{count} rules have this name, so one would hide another's failure"))
        } else {
            failure(&engine, &format!("data.{}.{name}", module.package))
        };
        match why {
            None => report.passed += 1,
            Some(why) => report.failed.push(TestFailure { file: module.file.clone(), line, name, why }),
        }
    }
    Ok(report)
}

/// Every `test_` rule once, with the number of its definitions in its package.
fn tests(modules: &[Module]) -> Vec<(&Module, String, u32, usize)> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for module in modules {
        for rule in module.rules.iter().filter(|rule| rule.name.starts_with("test_")) {
            *counts.entry((&module.package, &rule.name)).or_default() += 1;
        }
    }
    let mut seen = BTreeSet::new();
    let mut tests = Vec::new();
    for module in modules {
        for rule in &module.rules {
            let key = (module.package.as_str(), rule.name.as_str());
            if let Some(&count) = counts.get(&key).filter(|_| seen.insert(key)) {
                tests.push((module, rule.name.clone(), rule.line, count));
            }
        }
    }
    tests
}

fn failure(engine: &regorus::Engine, rule: &str) -> Option<String> {
    match engine::evaluate(engine, None, rule, LIMIT) {
        Ok(Json::Bool(true)) => None,
        Ok(value) => Some(format!("it is {value} and not true")),
        Err(PolicyError::WrongResult { why, .. }) => Some(why),
        Err(error) => Some(error.to_string()),
    }
}
