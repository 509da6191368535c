//! The syntax tree as the engine exports it: which files there are, which packages and rules they define.

use crate::PolicyError;
use regorus::Engine;
use serde_json::Value as Json;

/// One rule head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleHead {
    pub(crate) name: String,
    /// 1-based.
    pub(crate) line: u32,
}

/// One Rego file.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: String,
    /// `lockgate.checksum`, without `data.`.
    pub(crate) package: String,
    pub(crate) rules: Vec<RuleHead>,
    pub(crate) tree: Json,
    pub(crate) source: String,
}

impl Module {
    /// The first part of the package.
    pub(crate) fn root(&self) -> &str {
        self.package.split(['.', '[']).next().unwrap_or_default()
    }
}

/// # Errors
/// When the engine's tree is not in the shape that this reads; nothing is skipped in silence.
pub(crate) fn modules(engine: &Engine) -> Result<Vec<Module>, PolicyError> {
    let unread = |message: String| PolicyError::Compile { place: "bundle".into(), message };
    let text = engine.get_ast_as_json().map_err(|error| unread(error.to_string()))?;
    let trees: Vec<Json> = serde_json::from_str(&text).map_err(|error| unread(error.to_string()))?;
    if trees.is_empty() {
        return Err(PolicyError::Empty);
    }
    let shaped = |tree: Json| module(tree).ok_or_else(|| unread("the syntax tree has an unknown shape".into()));
    trees.into_iter().map(shaped).collect()
}

fn module(policy: Json) -> Option<Module> {
    let file = policy["source"]["file"].as_str()?.to_owned();
    let source = policy["source"]["contents"].as_str()?.to_owned();
    let tree = policy.get("ast")?.clone();
    let package = text_of(&source, tree["package"].get("refr")?)?;
    let rules = tree["rules"].as_array()?.iter().map(|rule| rule_head(&source, rule)).collect::<Option<_>>()?;
    Some(Module { file, package, rules, tree, source })
}

fn rule_head(source: &str, rule: &Json) -> Option<RuleHead> {
    let refr = match rule.get("Spec") {
        Some(spec) => spec["head"].as_object()?.values().next()?.get("refr")?,
        None => rule.get("Default")?.get("refr")?,
    };
    Some(RuleHead { name: text_of(source, refr)?, line: line_of(refr)? })
}

/// An expression is `{Kind: {span, ..}}` or `{Kind: [span, ..]}`.
fn span_of(expression: &Json) -> Option<&Json> {
    let body = expression.as_object()?.values().next()?;
    body.get("span").or_else(|| body.get(0))
}

pub(crate) fn line_of(expression: &Json) -> Option<u32> {
    span_of(expression)?["line"].as_u64()?.try_into().ok()
}

pub(crate) fn text_of(source: &str, expression: &Json) -> Option<String> {
    let span = span_of(expression)?;
    let at = |field: &str| span[field].as_u64().and_then(|offset| usize::try_from(offset).ok());
    source.get(at("start")?..at("end")?).map(str::to_owned)
}
