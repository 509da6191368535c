//! What compiles but must not decide.

use crate::{
    PolicyError,
    ast::{Module, line_of, text_of},
};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Builtins whose answer depends on when or where they are called. A decision that used one could not be
/// replayed. `http.send` is not compiled in; it is named so that the message says why.
const UNREPEATABLE: [&str; 5] = ["time.now_ns", "rand.intn", "uuid.rfc4122", "opa.runtime", "http.send"];

/// # Errors
/// [`PolicyError::NotRepeatable`] or [`PolicyError::WholePackage`] at the first place.
pub(crate) fn check(modules: &[Module]) -> Result<(), PolicyError> {
    let spread = spread_packages(modules);
    modules.iter().try_for_each(|module| visit(module, &spread, &module.tree))
}

/// Packages whose rules stand in more than one file.
fn spread_packages(modules: &[Module]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for module in modules {
        *counts.entry(&module.package).or_default() += 1;
    }
    counts.into_iter().filter(|(_, files)| *files > 1).map(|(package, _)| package.to_owned()).collect()
}

/// The engine bounds the depth of a tree while parsing, and so does the JSON reader.
fn visit(module: &Module, spread: &[String], node: &Json) -> Result<(), PolicyError> {
    if let Some(call) = node.get("Call").and_then(|call| call.get("fcn")) {
        check_call(module, call)?;
    }
    if is_reference(node) {
        return check_reference(module, spread, node);
    }
    match node {
        Json::Array(items) => items.iter().try_for_each(|item| visit(module, spread, item)),
        Json::Object(fields) => fields.values().try_for_each(|field| visit(module, spread, field)),
        _ => Ok(()),
    }
}

fn place(module: &Module, node: &Json) -> String {
    match line_of(node) {
        Some(line) => format!("{}:{line}", module.file),
        None => module.file.clone(),
    }
}

fn check_call(module: &Module, function: &Json) -> Result<(), PolicyError> {
    let name = text_of(&module.source, function).unwrap_or_default();
    let builtin: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    if UNREPEATABLE.contains(&builtin.as_str()) {
        return Err(PolicyError::NotRepeatable { place: place(module, function), builtin });
    }
    Ok(())
}

fn is_reference(node: &Json) -> bool {
    ["RefDot", "RefBrack", "Var"].iter().any(|kind| node.get(kind).is_some())
}

/// A reference that ends at a package, or above one, means all of its rules at once.
fn check_reference(module: &Module, spread: &[String], node: &Json) -> Result<(), PolicyError> {
    let mut path = Vec::new();
    let fixed = read_path(module, spread, node, &mut path)?;
    let path = path[..fixed].join(".");
    let Some(below_data) = path.strip_prefix("data") else { return Ok(()) };
    let reached = |package: &&String| format!(".{package}.").starts_with(&format!("{below_data}."));
    match spread.iter().find(reached) {
        Some(package) => Err(PolicyError::WholePackage { place: place(module, node), package: package.clone() }),
        None => Ok(()),
    }
}

/// Collects the parts of a reference, first to last, and answers how many of them from the front are fixed.
/// Expressions inside brackets are visited on the way.
fn read_path(module: &Module, spread: &[String], node: &Json, path: &mut Vec<String>) -> Result<usize, PolicyError> {
    let (before, part) = if let Some(dot) = node.get("RefDot") {
        (Some(&dot["refr"]), dot["field"].get(1).and_then(Json::as_str).map(str::to_owned))
    } else if let Some(bracket) = node.get("RefBrack") {
        visit(module, spread, &bracket["index"])?;
        let text = bracket["index"].get("String").and_then(|text| text["value"].as_str());
        (Some(&bracket["refr"]), text.map(str::to_owned))
    } else if node.get("Var").is_some() {
        (None, text_of(&module.source, node))
    } else {
        visit(module, spread, node)?;
        (None, None)
    };
    let fixed = before.map_or(Ok(0), |before| read_path(module, spread, before, path))?;
    let whole = fixed == path.len();
    let known = part.is_some();
    path.push(part.unwrap_or_default());
    Ok(if whole && known { fixed + 1 } else { fixed })
}
