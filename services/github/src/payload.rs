//! Reading foreign JSON by path.
//!
//! Webhook payloads gain fields all the time, so unknown ones are passed over; but a field that an event needs and
//! that is absent or of another kind is named in full (`pull_request.head.sha`), because that line is all an
//! operator gets to see when GitHub changes something.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// Why a signed payload is not the event that its header says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error("the payload of event {event} is not JSON: {why}")]
    NotJson { event: String, why: String },
    #[error("the payload of event {event} lacks {field}")]
    Missing { event: String, field: String },
    #[error("{field} in the payload of event {event} is not {expected}")]
    Unexpected { event: String, field: String, expected: &'static str },
}

/// One value of a payload, and where it was found.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    event: &'a str,
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    pub(crate) fn root(event: &'a str, value: &'a Value) -> Self {
        Self { event, path: String::new(), value }
    }

    /// The member `key`, which must be there and not null.
    pub(crate) fn get(&self, key: &str) -> Result<Field<'a>, PayloadError> {
        self.find(key).ok_or_else(|| PayloadError::Missing { event: self.event.to_owned(), field: self.join(key) })
    }

    /// The member `key`, where it is there and not null.
    pub(crate) fn find(&self, key: &str) -> Option<Field<'a>> {
        debug_assert!(crate::prune::is_read(key), "{key} is missing in the list of what is read");
        let value = self.value.get(key).filter(|v| !v.is_null())?;
        Some(Field { event: self.event, path: self.join(key), value })
    }

    pub(crate) fn text(&self) -> Result<String, PayloadError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.unexpected("a text"))
    }

    pub(crate) fn number(&self) -> Result<u64, PayloadError> {
        self.value.as_u64().ok_or_else(|| self.unexpected("a whole number"))
    }

    pub(crate) fn flag(&self) -> Result<bool, PayloadError> {
        self.value.as_bool().ok_or_else(|| self.unexpected("true or false"))
    }

    /// A full commit id; git's all-zero id ("no commit") is one.
    pub(crate) fn sha(&self) -> Result<String, PayloadError> {
        self.value.as_str().filter(|t| is_sha(t)).map(str::to_owned).ok_or_else(|| self.unexpected("a full commit id"))
    }

    /// `OWNER/NAME`, safe to put into a path.
    pub(crate) fn repository_name(&self) -> Result<String, PayloadError> {
        let found = self.value.as_str().filter(|t| is_repository_name(t));
        found.map(str::to_owned).ok_or_else(|| self.unexpected("a repository name OWNER/NAME"))
    }

    /// One half of `OWNER/NAME`.
    pub(crate) fn repository_part(&self) -> Result<String, PayloadError> {
        let found = self.value.as_str().filter(|t| is_repository_part(t));
        found.map(str::to_owned).ok_or_else(|| self.unexpected("the name of an owner or a repository"))
    }

    /// An instant (RFC 3339).
    pub(crate) fn time(&self) -> Result<DateTime<Utc>, PayloadError> {
        let found = self.value.as_str().and_then(|t| t.parse().ok());
        found.ok_or_else(|| self.unexpected("a time"))
    }

    /// The members of a list.
    pub(crate) fn items(&self) -> Result<Vec<Field<'a>>, PayloadError> {
        let items = self.value.as_array().ok_or_else(|| self.unexpected("a list"))?;
        let field = |(i, value)| Field { event: self.event, path: format!("{}[{i}]", self.path), value };
        Ok(items.iter().enumerate().map(field).collect())
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn unexpected(&self, expected: &'static str) -> PayloadError {
        PayloadError::Unexpected { event: self.event.to_owned(), field: self.path.clone(), expected }
    }
}

/// Whether `text` is a full SHA-1 or SHA-256 commit id.
pub(crate) fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `text` is `OWNER/NAME` and neither part could leave its place in a path.
pub(crate) fn is_repository_name(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, name)| is_repository_part(owner) && is_repository_part(name))
}

fn is_repository_part(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    plain && !text.is_empty() && text.len() <= 100 && text != "." && text != ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missing_field_is_named_in_full() {
        let value = json!({"pull_request": {"head": {"sha": null, "ref": 3}, "repositories": [{}]}});
        let root = Field::root("pull_request", &value);
        let head = root.get("pull_request").unwrap().get("head").unwrap();
        assert_eq!(
            head.get("sha").unwrap_err().to_string(),
            "the payload of event pull_request lacks pull_request.head.sha"
        );
        assert_eq!(
            head.get("ref").unwrap().text().unwrap_err().to_string(),
            "pull_request.head.ref in the payload of event pull_request is not a text"
        );
        let listed = root.get("pull_request").unwrap().get("repositories").unwrap().items().unwrap();
        assert!(listed[0].get("name").unwrap_err().to_string().ends_with("lacks pull_request.repositories[0].name"));
    }

    #[test]
    fn names_that_could_become_paths_are_refused() {
        for bad in ["a", "a/..", "../a", "a/b/c", "a/b?x", "a/b%2e", "/a", "a/"] {
            assert!(!is_repository_name(bad), "{bad}");
        }
        assert!(is_repository_name("octo-org/hello.world_1"));
        assert!(!is_sha("abc") && !is_sha(&"A".repeat(40)) && is_sha(&"a".repeat(64)));
    }
}
