//! GitHub's own description of its REST API (the npm package `@octokit/openapi`), as a judge over both sides: what it does
//! not allow in a request is refused, and what it does not allow in an answer is a mistake of this fake.
//!
//! The description is 13 MB and is never committed. `cargo xtask test` (or `provide`) fetches it
//! and names it in `LOCKGATE_GITHUB_DESCRIPTION`; where that is not set, the cache folder is looked into. The part that is needed is
//! written beside it once, since every test is a process of its own.

use super::descriptions;
use anyhow::{Context, Result, ensure};
use axum::http::{Method, StatusCode};
use jsonschema::{Draft, Validator};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, OnceLock},
};
use url::form_urlencoded;

/// Raised when [`extract`] does something else, so that what was kept before is not used.
const EXTRACT: u32 = 2;
/// Problems that one violation lists.
const LISTED: usize = 5;

/// What the fake serves.
const OPERATIONS: [(&str, &str); 17] = [
    ("get", "/app/installations"),
    ("get", "/app/installations/{installation_id}"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", "/app/hook/deliveries"),
    ("get", "/app/hook/deliveries/{delivery_id}"),
    ("post", "/app/hook/deliveries/{delivery_id}/attempts"),
    ("get", "/installation/repositories"),
    ("get", "/repos/{owner}/{repo}"),
    ("post", "/repos/{owner}/{repo}/check-runs"),
    ("get", "/repos/{owner}/{repo}/check-runs/{check_run_id}"),
    ("patch", "/repos/{owner}/{repo}/check-runs/{check_run_id}"),
    ("get", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations"),
    ("get", "/repos/{owner}/{repo}/commits/{ref}/check-runs"),
    ("get", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls"),
    ("get", "/repos/{owner}/{repo}/pulls"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}"),
    ("get", "/repos/{owner}/{repo}/compare/{basehead}"),
];

/// Who broke the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Direction {
    /// The product asked what GitHub would refuse.
    Request,
    /// The fake answered what GitHub would not.
    Answer,
}

/// A break of the description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub by: Direction,
    /// `POST /repos/{owner}/{repo}/check-runs`.
    pub operation: String,
    pub what: String,
}

/// The operations that are described, ready to judge.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Operation>,
}

#[derive(Debug)]
struct Operation {
    name: String,
    method: Method,
    template: Vec<String>,
    /// Query parameters: name, whether it must be there, schema.
    query: Vec<(String, bool, Schema)>,
    body: Option<(bool, Schema)>,
    answers: BTreeMap<u16, Schema>,
}

/// Compiled when first needed: most tests need few.
#[derive(Debug)]
struct Schema {
    source: Value,
    /// What it may refer to.
    schemas: Arc<Value>,
    compiled: OnceLock<Validator>,
}

impl Contract {
    /// The description, where it was provided.
    ///
    /// # Errors
    /// When it is named and cannot be read.
    pub fn provided() -> Result<Option<&'static Self>> {
        static CONTRACT: OnceLock<Result<Option<Contract>, String>> = OnceLock::new();
        let contract = CONTRACT.get_or_init(|| Self::find().map_err(|error| format!("{error:#}")));
        match contract {
            Ok(contract) => Ok(contract.as_ref()),
            Err(error) => Err(anyhow::anyhow!("{error}")),
        }
    }

    fn find() -> Result<Option<Self>> {
        let Some(path) = descriptions::rest() else { return Ok(None) };
        Self::read(&path).map(Some)
    }

    /// # Errors
    /// When the file is no description of GitHub's API.
    pub fn read(description: &Path) -> Result<Self> {
        let mut extract = extract(description)?;
        let schemas = Arc::new(extract["components"]["schemas"].take());
        let operations = OPERATIONS.iter().map(|(method, path)| {
            let described = extract["paths"].get(path).and_then(|p| p.get(method));
            let described = described.with_context(|| format!("GitHub's description lacks {method} {path}"))?;
            Ok(Operation::new(method, path, described, &schemas))
        });
        Ok(Self { operations: operations.collect::<Result<_>>()? })
    }

    /// What GitHub would refuse in a request.
    pub fn request(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Vec<Violation> {
        let Some(operation) = self.operation(method, path) else { return Vec::new() };
        let problems = operation.query_problems(query).into_iter().chain(operation.body_problems(body));
        problems.map(|what| operation.violation(Direction::Request, what)).collect()
    }

    /// What GitHub would not answer.
    pub fn response(&self, method: &Method, path: &str, status: StatusCode, body: &[u8]) -> Vec<Violation> {
        let Some(operation) = self.operation(method, path) else { return Vec::new() };
        let problems = match operation.answers.get(&status.as_u16()) {
            Some(schema) => match serde_json::from_slice(body) {
                Ok(body) => schema.problems(&body),
                Err(error) => vec![format!("status {status} is no JSON: {error}")],
            },
            None if status.is_success() => vec![format!("status {status} is not described")],
            // GitHub describes few of its refusals.
            None => Vec::new(),
        };
        problems.into_iter().map(|what| operation.violation(Direction::Answer, what)).collect()
    }

    fn operation(&self, method: &Method, path: &str) -> Option<&Operation> {
        let parts: Vec<&str> = path.split('/').collect();
        self.operations.iter().find(|o| o.method == method && o.matches(&parts))
    }
}

impl Operation {
    fn new(method: &str, path: &str, described: &Value, schemas: &Arc<Value>) -> Self {
        let list = described["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let query = list.iter().filter(|p| p["in"] == "query").map(|p| {
            let name = p["name"].as_str().unwrap_or_default().to_owned();
            (name, p["required"] == true, Schema::new(&p["schema"], schemas))
        });
        let body = described.get("requestBody").and_then(|body| {
            let schema = body.pointer("/content/application~1json/schema")?;
            Some((body["required"] == true, Schema::new(schema, schemas)))
        });
        let answers = described["responses"].as_object().into_iter().flatten().filter_map(|(status, answer)| {
            let schema = answer.pointer("/content/application~1json/schema")?;
            Some((status.parse().ok()?, Schema::new(schema, schemas)))
        });
        Self {
            name: format!("{} {path}", method.to_uppercase()),
            method: method.to_uppercase().parse().expect("a method of the list above"),
            template: path.split('/').map(str::to_owned).collect(),
            query: query.collect(),
            body,
            answers: answers.collect(),
        }
    }

    fn matches(&self, parts: &[&str]) -> bool {
        let fits = |(template, part): (&String, &&str)| template.starts_with('{') || template == part;
        self.template.len() == parts.len() && self.template.iter().zip(parts).all(fits)
    }

    fn query_problems(&self, query: &str) -> Vec<String> {
        let given: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let judged = self.query.iter().flat_map(|(name, required, schema)| match given.get(name) {
            None if *required => vec![format!("query parameter {name} is missing")],
            None => Vec::new(),
            Some(text) => {
                let problems = schema.problems(&schema.read(text));
                problems.into_iter().map(|problem| format!("query parameter {name}: {problem}")).collect()
            }
        });
        judged.collect()
    }

    fn body_problems(&self, body: &[u8]) -> Vec<String> {
        match (&self.body, body.is_empty()) {
            (None, true) | (Some((false, _)), true) => Vec::new(),
            (None, false) => vec!["a body is sent where none is described".to_owned()],
            (Some((true, _)), true) => vec!["the body is missing".to_owned()],
            (Some((_, schema)), false) => match serde_json::from_slice(body) {
                Ok(body) => schema.problems(&body),
                Err(error) => vec![format!("the body is no JSON: {error}")],
            },
        }
    }

    fn violation(&self, by: Direction, what: String) -> Violation {
        Violation { by, operation: self.name.clone(), what }
    }
}

impl Schema {
    fn new(schema: &Value, schemas: &Arc<Value>) -> Self {
        Self { source: schema.clone(), schemas: Arc::clone(schemas), compiled: OnceLock::new() }
    }

    /// The value that a query's text stands for.
    fn read(&self, text: &str) -> Value {
        match self.source["type"].as_str() {
            Some("integer" | "number") => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            Some("boolean") => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            _ => text.into(),
        }
    }

    fn problems(&self, value: &Value) -> Vec<String> {
        let validator = self.compiled.get_or_init(|| {
            let options = jsonschema::options().with_draft(Draft::Draft7).should_validate_formats(true);
            let whole = json!({"allOf": [self.source], "components": {"schemas": *self.schemas}});
            options.build(&whole).expect("GitHub's description is made of valid schemas")
        });
        // The value itself may be long; where it is and which rule it breaks says more.
        let named = |error: jsonschema::ValidationError<'_>| {
            let text: String = error.masked().to_string().chars().take(200).collect();
            format!("{}: {text} ({})", error.instance_path(), error.schema_path())
        };
        validator.iter_errors(value).take(LISTED).map(named).collect()
    }
}

/// The part of the description that [`OPERATIONS`] need, made once and kept beside it.
fn extract(description: &Path) -> Result<Value> {
    let kept = description.with_file_name(format!("lockgate-extract-{EXTRACT}-{}.json", OPERATIONS.len()));
    if let Ok(text) = std::fs::read(&kept) {
        return serde_json::from_slice(&text).with_context(|| format!("read {}; remove it", kept.display()));
    }
    let text = std::fs::read(description).with_context(|| format!("read {}", description.display()))?;
    let whole: Value = serde_json::from_slice(&text).with_context(|| format!("read {}", description.display()))?;
    ensure!(
        whole["openapi"].as_str().is_some_and(|v| v.starts_with("3.0")),
        "{} is not OpenAPI 3.0",
        description.display()
    );
    let mut gathered = Gathered { whole: &whole, schemas: Map::new() };
    let mut paths = Map::new();
    for (method, path) in OPERATIONS {
        let operation = gathered.resolved(&whole["paths"][path][method]);
        paths.entry(path).or_insert_with(|| json!({}))[method] = operation;
    }
    let mut extract = json!({"paths": paths, "components": {"schemas": gathered.schemas}});
    // 23.0.2 says here alone that an account is a user and an enterprise at once; the object's own schema says "or".
    let items = "/paths/~1app~1installations/get/responses/200/content/application~1json/schema/items";
    if let Some(items) = extract.pointer_mut(items) {
        *items = json!({"$ref": "#/components/schemas/installation"});
    }
    // Tests run at the same time: whoever is last replaces the same by the same. Where nothing can be kept, the next
    // process takes longer.
    let temporary = kept.with_extension(std::process::id().to_string());
    let _ = std::fs::write(&temporary, extract.to_string()).and_then(|()| std::fs::rename(&temporary, &kept));
    Ok(extract)
}

/// Follows references: to schemas they stay, and the schema is gathered; to all else they are replaced.
struct Gathered<'a> {
    whole: &'a Value,
    schemas: Map<String, Value>,
}

impl Gathered<'_> {
    fn resolved(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(map) => match map.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.reference(reference),
                None => self.object(map),
            },
            Value::Array(items) => items.iter().map(|item| self.resolved(item)).collect(),
            other => other.clone(),
        }
    }

    fn reference(&mut self, reference: &str) -> Value {
        let target = self.whole.pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default();
        let Some(name) = reference.strip_prefix("#/components/schemas/") else { return self.resolved(&target) };
        if !self.schemas.contains_key(name) {
            // Schemas refer to themselves: the name is taken before its content is known.
            self.schemas.insert(name.to_owned(), Value::Null);
            let schema = self.resolved(&target);
            self.schemas.insert(name.to_owned(), schema);
        }
        json!({"$ref": reference})
    }

    /// OpenAPI 3.0 says `nullable` where JSON Schema lists the type `null`. Texts for people are left out; a property may
    /// have such a name, but is no text then.
    fn object(&mut self, map: &Map<String, Value>) -> Value {
        let talk = |key: &str, value: &Value| match key {
            "example" | "examples" | "nullable" => !value.is_object() || key == "examples",
            "description" => value.is_string(),
            _ => false,
        };
        let kept = map.iter().filter(|(key, value)| !talk(key, value));
        let object: Map<String, Value> = kept.map(|(key, value)| (key.clone(), self.resolved(value))).collect();
        let nullable = map.get("nullable") == Some(&Value::Bool(true));
        if nullable { json!({"anyOf": [object, {"type": "null"}]}) } else { object.into() }
    }
}
