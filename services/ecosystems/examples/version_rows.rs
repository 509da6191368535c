//! Answers version questions, one JSON line each, so that scripts can compare with the ecosystems' own tools.
//!
//! In: `{"op": "cmp", "ecosystem": "npm", "a": "1.0.0", "b": "1.1.0"}`, or `"op": "range"` with the range as `a`
//! and the version as `b`. For npm ranges and comparisons, `"loose"` and `"include_prerelease"` may be given.
//! Out: `{"answer": "<"}`, `{"answer": true}` or `{"error": "..."}`, in order.

use lockgate_ecosystems::npm::range::Range;
use lockgate_ecosystems::npm::version::{Options, Version};
use lockgate_ecosystems::versions;
use lockgate_model::Ecosystem;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::io::{BufRead, Write};

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?).unwrap_or_else(|error| json!({ "error": error }));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<Value, String> {
    let row: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let field = |key: &str| row[key].as_str().ok_or_else(|| format!("{key} is not a text"));
    let ecosystem: Ecosystem = field("ecosystem")?.parse().map_err(|e: lockgate_model::ReleaseError| e.to_string())?;
    let (a, b) = (field("a")?, field("b")?);
    let options = Options {
        loose: row["loose"].as_bool().unwrap_or_default(),
        include_prerelease: row["include_prerelease"].as_bool().unwrap_or_default(),
    };
    let found = match (field("op")?, options == Options::default()) {
        ("cmp", true) => sign(versions(ecosystem).compare(a, b).map_err(|e| e.to_string())?),
        ("cmp", false) => sign(Version::parse(a, options.loose)?.cmp(&Version::parse(b, options.loose)?)),
        ("range", true) => versions(ecosystem).in_range(a, b).map_err(|e| e.to_string())?.into(),
        ("range", false) => Range::parse(a, options)?.contains(&Version::parse(b, options.loose)?).into(),
        (op, _) => return Err(format!("{op} is neither cmp nor range")),
    };
    Ok(json!({ "answer": found }))
}

fn sign(order: Ordering) -> Value {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
    .into()
}
