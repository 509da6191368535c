//! What rules answer, read strictly.

use crate::PolicyError;
use lockgate_model::{Place, Reason};
use serde::Deserialize;
use serde_json::Value;

const MAX_REASONS: usize = 20_000;
const MAX_PLACES: usize = 20;
const MAX_CODE: usize = 64;
const MAX_TEXT: usize = 2000;

/// As a rule writes it. Unknown fields are errors: a misspelt `remedy` would otherwise be silently empty.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    code: String,
    purl: String,
    lockfile: String,
    line: u32,
    message: String,
    remedy: String,
    #[serde(default)]
    places: Vec<Place>,
}

/// # Errors
/// [`PolicyError::WrongResult`] when `value` is not a set of reasons.
pub(crate) fn read(rule: &str, value: Value) -> Result<Vec<Reason>, PolicyError> {
    let wrong = |why: String| PolicyError::WrongResult { rule: rule.to_owned(), why };
    let Value::Array(items) = value else { return Err(wrong("the rule is not a set".into())) };
    if items.len() > MAX_REASONS {
        return Err(wrong(format!("it gives {} reasons, more than {MAX_REASONS}", items.len())));
    }
    items.into_iter().map(|item| read_one(item).map_err(wrong)).collect()
}

fn read_one(item: Value) -> Result<Reason, String> {
    let written: Written = serde_json::from_value(item).map_err(|error| error.to_string())?;
    if !is_code(&written.code) {
        return Err(format!("{:?} is not a kebab-case code of at most {MAX_CODE} characters", cut(&written.code, 80)));
    }
    if written.message.trim().is_empty() || written.remedy.trim().is_empty() {
        return Err(format!("a reason {:?} has no message or no remedy", written.code));
    }
    let place = |place: Place| Place { path: plain(&place.path), line: place.line, note: plain(&place.note) };
    Ok(Reason {
        code: written.code,
        purl: written.purl,
        lockfile: written.lockfile,
        line: written.line,
        message: plain(&written.message),
        remedy: plain(&written.remedy),
        places: written.places.into_iter().take(MAX_PLACES).map(place).collect(),
    })
}

fn is_code(code: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    code.len() <= MAX_CODE && code.split('-').all(part)
}

/// One bounded line: messages quote what publishers wrote, and a line break there could forge a line of ours.
pub(crate) fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(line.trim(), MAX_TEXT)
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written() -> Value {
        json!({"code": "a-b", "purl": "", "lockfile": "", "line": 1, "message": "m", "remedy": "r", "places": []})
    }

    #[test]
    fn a_reason_is_read() {
        assert_eq!(read("r", json!([written()])).unwrap()[0].code, "a-b");
    }

    #[test]
    fn anything_else_is_an_error() {
        for (field, value) in [
            ("code", json!("Not a code")),
            ("code", json!("")),
            ("code", json!("a--b")),
            ("line", json!(-1)),
            ("line", json!(1.5)),
            ("line", json!("1")),
            ("message", json!(" ")),
            ("remedy", json!("")),
            ("remedi", json!("misspelt")),
            ("places", json!([{"path": "x"}])),
            ("purl", json!(null)),
        ] {
            let mut reason = written();
            reason[field] = value.clone();
            assert!(matches!(read("r", json!([reason])), Err(PolicyError::WrongResult { .. })), "{field} {value}");
        }
        for value in [json!(true), json!({}), json!("<undefined>"), json!(["text"])] {
            assert!(read("r", value).is_err());
        }
    }

    #[test]
    fn a_publisher_cannot_forge_a_line() {
        let mut reason = written();
        reason["message"] = json!("licence \u{1b}[2K\nall releases allowed");
        let read = read("r", json!([reason])).unwrap();
        assert_eq!(read[0].message, "licence  [2K all releases allowed");
    }
}
