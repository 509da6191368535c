//! Reads JSON lines `{"expression", "other"?}` and writes what the licence algebra makes of each: material for
//! comparing it with other implementations.

use lockgate_evidence::license::{Expression, algebra::Equivalence, parse, reading};
use serde_json::{Value, json};
use std::io::{BufRead, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = row["expression"].as_str().unwrap_or_default();
        let strict = parse::parse(text);
        let lenient = match reading::read(text).map(|r| r.declared) {
            Ok(reading::Declared::Expression(expression)) => Some(expression),
            _ => None,
        };
        let other = row["other"].as_str().map(str::parse::<Expression>);
        let equivalent = match (&strict, other) {
            (Ok(one), Some(Ok(other))) => Some(one.expression.equivalence(&other) == Equivalence::Equivalent),
            _ => None,
        };
        let answer = json!({
            "expression": text,
            "strict": strict.as_ref().ok().map(|s| &s.expression),
            "simplified": strict.as_ref().ok().and_then(|s| s.expression.simplified()),
            "error": strict.as_ref().err().map(ToString::to_string),
            "lenient": lenient,
            "equivalent": equivalent,
        });
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
