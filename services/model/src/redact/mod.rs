//! Secrets and e-mail addresses, taken out of text that people or machines will read.
//!
//! The one place that knows what must not be seen. Every way out leads through it: log lines and span fields, metrics,
//! error texts that are kept, causes and reasons that become check runs, and what is exported. Who could attack: anybody
//! who may write text that we repeat (a lockfile's address, a package's metadata, a registry's error, a webhook), and
//! our own code when it prints an error that quotes its input.
//!
//! Two kinds of knowledge: [`know`] is told the secrets of this process, which are recognised as they stand; the shapes
//! in `shapes` recognise those of others. One pass, linear in the text, no allocation where nothing is found, and doing
//! it again changes nothing. What has no shape and is not known (a password in prose) cannot be recognised.

mod email;
mod keys;
mod known;
mod pair;
mod shapes;
mod text;
mod url;

#[cfg(test)]
mod tests;

pub use known::know;

use serde_json::Value;
use std::borrow::Cow;

/// Stands for what was taken out. Legal in an address, in JSON and in Markdown.
pub const MARK: &str = "***";

/// Most passes over one text.
const PASSES: usize = 4;

/// `text` without secrets and e-mail addresses. Escapes of JSON and of Rust's `Debug` stay whole.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut cleaned = known::redact(text).map_or(Cow::Borrowed(text), Cow::Owned);
    // What stood against a secret may have a shape of its own once the secret is gone.
    for _ in 0..PASSES {
        match text::redact(&cleaned) {
            Cow::Borrowed(_) => break,
            Cow::Owned(cleaner) => cleaned = Cow::Owned(cleaner),
        }
    }
    cleaned
}

/// As [`redact`], keeping the allocation where nothing is found.
pub fn redacted(text: String) -> String {
    match redact(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(cleaned) => cleaned,
    }
}

/// A line of JSON, its texts redacted as they read when the escapes are gone. A line that is none is redacted as text.
pub fn redact_json_line(line: &str) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(mut value) => {
            redact_json(&mut value);
            value.to_string()
        }
        Err(_) => redact(line).into_owned(),
    }
}

/// Redacts every text of `value`; the value of a key that names a secret goes whole.
pub fn redact_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(cleaned) = redact(text) {
                *text = cleaned;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact_json),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value {
                    Value::String(text) if keys::names_secret(key) && !text.is_empty() => *text = MARK.to_owned(),
                    value => redact_json(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
