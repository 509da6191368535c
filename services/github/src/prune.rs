//! A payload without the members that no event is read from.
//!
//! A usual delivery has hundreds of members on 20 kB, of which an event needs some twenty. What is passed over is
//! checked to be JSON and then forgotten, so that a server under load neither allocates nor keeps it.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Every member that [`crate::parse`] asks for, at whatever depth. Sorted.
const READ: [&str; 46] = [
    "account",
    "action",
    "after",
    "app",
    "base",
    "base_ref",
    "base_sha",
    "before",
    "changes",
    "check_run",
    "check_suite",
    "clone_url",
    "created",
    "default_branch",
    "deleted",
    "draft",
    "external_id",
    "from",
    "full_name",
    "head",
    "head_sha",
    "id",
    "identifier",
    "installation",
    "login",
    "merge_group",
    "name",
    "number",
    "organization",
    "owner",
    "private",
    "pull_request",
    "pull_requests",
    "reason",
    "ref",
    "repo",
    "repositories",
    "repositories_added",
    "repositories_removed",
    "repository",
    "requested_action",
    "sender",
    "sha",
    "slug",
    "updated_at",
    "user",
];

/// By first letter, the lengths that names in [`READ`] have: almost every other name is told apart by these two.
const LENGTHS: [u32; 128] = {
    let mut lengths = [0; 128];
    let mut at = 0;
    while at < READ.len() {
        lengths[READ[at].as_bytes()[0] as usize] |= 1 << READ[at].len();
        at += 1;
    }
    lengths
};

/// The member's name as it stands in [`READ`], if an event is read from it.
fn read_name(name: &[u8]) -> Option<&'static str> {
    let lengths = LENGTHS.get(usize::from(*name.first()?))?;
    if name.len() >= 32 || lengths & (1 << name.len()) == 0 {
        return None;
    }
    READ.binary_search_by(|read| read.as_bytes().cmp(name)).ok().map(|at| READ[at])
}

/// Whether a member of this name outlives [`parse`].
pub(crate) fn is_read(key: &str) -> bool {
    read_name(key.as_bytes()).is_some()
}

/// Reads a JSON text, as far as an event needs it.
///
/// # Errors
/// When it is not JSON.
pub(crate) fn parse(body: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Pruned.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Pruned;

impl<'de> DeserializeSeed<'de> for Pruned {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pruned {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Self)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key_seed(Key)? {
            match key {
                Some(key) => drop(map.insert(key.to_owned(), members.next_value_seed(Self)?)),
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(map))
    }
}

/// A member's name, if the member is needed.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        // As bytes, for most names are looked at once: nobody needs to know that they are UTF-8.
        reader.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(read_name(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(read_name(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_members_are_sorted_so_that_they_can_be_found() {
        assert!(READ.is_sorted());
        assert!(READ.iter().all(|name| is_read(name)));
        assert!(
            !["", "i", "ids", "full_name_", "a_name_that_is_longer_than_any_of_them", "\u{e9}"]
                .iter()
                .any(|name| is_read(name))
        );
    }

    #[test]
    fn what_no_event_needs_is_gone_and_the_rest_is_as_it_was() {
        let body = r#"{"id":1,"body":{"id":[1e3]},"head":{"sha":"a","label":null,"repo":null},"id":18446744073709551615,
            "pull_requests":[{"number":-1.5,"url":"x"},true]}"#;
        let expected =
            json!({"id": u64::MAX, "head": {"sha": "a", "repo": null}, "pull_requests": [{"number": -1.5}, true]});
        assert_eq!(parse(body.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_is_passed_over_must_be_json_too() {
        for broken in [r#"{"body": tru}"#, r#"{"body": [1,]}"#, r#"{"body": "a}"#, r#"{"body": 1} x"#, "", "{"] {
            parse(broken.as_bytes()).unwrap_err();
        }
        assert!(parse(format!("{{\"body\": {}}}", "[".repeat(200_000)).as_bytes()).is_err());
    }
}
