//! JSON in one form: keys sorted, no white space. A digest over it survives a trip through a reader that sorts or spaces
//! in its own way.

use crate::Digest;
use serde_json::Value;

/// SHA-256 over the canonical form.
pub(crate) fn digest(value: &Value) -> Digest {
    digest_with(value, "", None)
}

/// As [`digest`], of an object whose member `name` is `instead`.
pub(crate) fn digest_with(value: &Value, name: &str, instead: Option<&Value>) -> Digest {
    let mut text = Vec::with_capacity(1024);
    match (value, instead) {
        (Value::Object(map), Some(instead)) => {
            members(map.iter().map(|(key, own)| (key, if key == name { instead } else { own })), &mut text);
        }
        _ => write(value, &mut text),
    }
    Digest::sha256(&text)
}

fn write(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) => members(map.iter(), text),
        Value::Array(items) => {
            text.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(b',');
                }
                write(item, text);
            }
            text.push(b']');
        }
        scalar => serde_json::to_writer(text, scalar).expect("a scalar is written to memory"),
    }
}

fn members<'v>(members: impl Iterator<Item = (&'v String, &'v Value)>, text: &mut Vec<u8>) {
    let mut members: Vec<_> = members.collect();
    members.sort_unstable_by(|a, b| a.0.cmp(b.0));
    text.push(b'{');
    for (place, (key, value)) in members.into_iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, key).expect("a key is written to memory");
        text.push(b':');
        write(value, text);
    }
    text.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth_and_nothing_else_is_touched() {
        let value = json!({"b": [{"z": 1, "a": "\u{e9}\"\n"}, 1.5, null], "a": {}, "\"": []});
        let mut text = Vec::new();
        write(&value, &mut text);
        assert_eq!(String::from_utf8(text).unwrap(), r#"{"\"":[],"a":{},"b":[{"a":"é\"\n","z":1},1.5,null]}"#);
    }

    #[test]
    fn one_member_may_be_given_apart() {
        let (shell, whole) = (json!({"facts": null, "b": 1}), json!({"b": 1, "facts": {"z": 1, "a": 2}}));
        assert_eq!(digest_with(&shell, "facts", Some(&whole["facts"])), digest(&whole));
        assert_ne!(digest(&shell), digest(&whole));
    }
}
