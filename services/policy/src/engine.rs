//! The Rego engine, fenced: compile, ask one rule, within a time.

use crate::{
    PolicyError, ast,
    bundle::{Files, Role, role},
    refused,
};
use regorus::{Engine, LimitError, Value, utils::limits::ExecutionTimerConfig};
use serde_json::{Map, Value as Json};
use std::{num::NonZeroU32, time::Duration};

/// Compiles rules (and tests, where `files` has them) and adds the data.
///
/// # Errors
/// Naming file and line when something does not compile or would not be repeatable.
pub(crate) fn compile(files: &Files, limit: Duration) -> Result<Engine, PolicyError> {
    let mut engine = Engine::new();
    // A builtin that fails would make its rule undefined, and an undefined rule does not object.
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    let often = NonZeroU32::new(64).expect("64 is not zero");
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: often });
    for (path, content) in files.iter().filter(|(path, _)| matches!(role(path), Role::Rule | Role::Test)) {
        engine.add_policy(path.clone(), content.clone()).map_err(|error| compile_error(path, &error.to_string()))?;
    }
    let modules = ast::modules(&engine)?;
    refused::check(&modules)?;
    add_data(&mut engine, files, &modules)?;
    // What the engine works out before its first answer (order of statements, tables of rules) goes with every clone;
    // otherwise each question would pay for it again.
    engine.eval_query("true".to_owned(), false).map_err(|error| compile_error("bundle", &error.to_string()))?;
    Ok(engine)
}

fn add_data(engine: &mut Engine, files: &Files, modules: &[ast::Module]) -> Result<(), PolicyError> {
    let mut data = Map::new();
    for (path, content) in files.iter().filter(|(path, _)| role(path) == Role::Data) {
        let wrong = |place: String, message: String| PolicyError::Data { place, message };
        let stem = path.trim_start_matches("data/").trim_end_matches(".json");
        let named = stem.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !named {
            return Err(wrong(path.clone(), "a data file's name has only a-z, 0-9 and _".into()));
        }
        // Data under a package's own name could stand in for its rules.
        if modules.iter().any(|module| module.root() == stem) {
            return Err(wrong(path.clone(), format!("the rules' package {stem} has the same name")));
        }
        let value: Json = serde_json::from_str(content)
            .map_err(|error| wrong(format!("{path}:{}", error.line()), error.to_string()))?;
        data.insert(stem.to_owned(), value);
    }
    let value = Value::from_json_str(&Json::Object(data).to_string()).map_err(|error| data_error(&error))?;
    engine.add_data(value).map_err(|error| data_error(&error))
}

fn data_error(error: &impl ToString) -> PolicyError {
    PolicyError::Data { place: "data".into(), message: error.to_string() }
}

/// Evaluates one rule, on a clone: no state goes from one question to the next.
///
/// # Errors
/// When the rule fails, runs out of time or is undefined.
pub(crate) fn evaluate(engine: &Engine, input: Option<&str>, rule: &str, limit: Duration) -> Result<Json, PolicyError> {
    let failed = |message: String| PolicyError::Evaluate { rule: rule.to_owned(), message };
    let mut engine = engine.clone();
    if let Some(input) = input {
        engine.set_input_json(input).map_err(|error| failed(error.to_string()))?;
    }
    let value = engine.eval_rule(rule.to_owned()).map_err(|error| {
        if matches!(error.downcast_ref(), Some(LimitError::TimeLimitExceeded { .. })) {
            return PolicyError::TimedOut { rule: rule.to_owned(), limit };
        }
        let (place, message) = located(&error.to_string());
        failed(place.map_or(message.clone(), |place| format!("{place}: {message}")))
    })?;
    if value == Value::Undefined {
        return Err(PolicyError::WrongResult { rule: rule.to_owned(), why: "the rule is undefined".into() });
    }
    serde_json::to_value(&value).map_err(|error| failed(error.to_string()))
}

pub(crate) fn compile_error(path: &str, text: &str) -> PolicyError {
    let (place, message) = located(text);
    PolicyError::Compile { place: place.unwrap_or_else(|| path.to_owned()), message }
}

/// Takes `file:line:column` and the message out of the engine's drawing:
/// `--> file:1:2`, the source line, a caret, `error: what`.
pub(crate) fn located(text: &str) -> (Option<String>, String) {
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> ")).map(str::to_owned);
    let message = text.lines().rev().find_map(|line| line.trim_start().strip_prefix("error: "));
    let message = message.unwrap_or_else(|| text.lines().last().unwrap_or_default()).trim();
    (place, message.to_owned())
}
