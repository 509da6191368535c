//! JSON with positions: every value and key knows its byte offset, so that a finding can point to a line.
//!
//! Strings borrow from the text. Depth and the number of values are bounded, because the text comes from a
//! pull request. Where a key stands twice in an object the last one counts, as for `JSON.parse`: Lockgate
//! must see the same lockfile that npm sees.

use crate::bounds::MAX_DEPTH;
use std::borrow::Cow;
use std::collections::HashSet;

/// Most values of one text. A lockfile entry has about 20 values.
const MAX_VALUES: usize = 4_000_000;

/// A value and the byte offset at which it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node<'a> {
    pub(super) at: usize,
    pub(super) value: Value<'a>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// A member of an object and the byte offset of its key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member<'a> {
    pub(super) at: usize,
    pub(super) key: Cow<'a, str>,
    pub(super) node: Node<'a>,
}

/// Why a text is not JSON, and the byte offset of the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonError {
    pub(super) at: usize,
    pub(super) message: String,
}

impl<'a> Node<'a> {
    /// The member `key` of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.members().iter().find(|m| m.key == key).map(|m| &m.node)
    }

    /// The members of an object, each key once; none for other values.
    pub(super) fn members(&self) -> &[Member<'a>] {
        if let Value::Object(members) = &self.value { members } else { &[] }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    pub(super) fn is_true(&self) -> bool {
        self.value == Value::Bool(true)
    }

    /// The member `key` if it is a text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_str)
    }

    /// Whether the member `key` is `true`.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(Node::is_true)
    }
}

/// Reads one JSON text (RFC 8259).
pub(super) fn parse(text: &str) -> Result<Node<'_>, JsonError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, depth: 0, values: 0 };
    reader.space();
    let node = reader.value()?;
    reader.space();
    if reader.at < reader.bytes.len() { Err(reader.unexpected("the end")) } else { Ok(node) }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T, JsonError> {
        Err(JsonError { at, message: message.into() })
    }

    fn unexpected(&self, expected: &str) -> JsonError {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(c) if c.is_control() => "a control character".to_owned(),
            Some(c) => format!("'{c}'"),
            None => "the end of the file".to_owned(),
        };
        JsonError { at: self.at, message: format!("not JSON: expected {expected}, found {found}") }
    }

    fn value(&mut self) -> Result<Node<'a>, JsonError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return self.fail(self.at, format!("it holds more than {MAX_VALUES} values"));
        }
        let at = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { at, value })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value<'a>, JsonError>) -> Result<Value<'a>, JsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(self.at, format!("it is nested more than {MAX_DEPTH} levels deep"));
        }
        self.at += 1;
        self.space();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value<'a>, JsonError> {
        let mut members = Vec::new();
        while self.peek() != Some(b'}') {
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("':'"));
            }
            self.at += 1;
            self.space();
            let node = self.value()?;
            members.push(Member { at, key, node });
            self.separator(b'}')?;
        }
        self.at += 1;
        Ok(Value::Object(last_of_each_key(members)))
    }

    fn array(&mut self) -> Result<Value<'a>, JsonError> {
        let mut elements = Vec::new();
        while self.peek() != Some(b']') {
            elements.push(self.value()?);
            self.separator(b']')?;
        }
        self.at += 1;
        Ok(Value::Array(elements))
    }

    /// After a member or element: either the closing bracket comes next, or a comma and one more.
    fn separator(&mut self, close: u8) -> Result<(), JsonError> {
        self.space();
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.space();
                if self.peek() == Some(close) {
                    return self.fail(comma, "not JSON: a comma stands before the closing bracket");
                }
                Ok(())
            }
            Some(byte) if byte == close => Ok(()),
            _ => Err(self.unexpected(&format!("',' or '{}'", char::from(close)))),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped_string(open, start).map(Cow::Owned),
                Some(0x20..) => self.at += 1,
                Some(_) => return self.fail(self.at, "not JSON: a control character stands in a string"),
                None => return self.fail(open, "not JSON: the string that starts here does not end"),
            }
        }
    }

    /// The slow path: from the first escape of a string on.
    fn escaped_string(&mut self, open: usize, start: usize) -> Result<String, JsonError> {
        let mut text = self.text[start..self.at].to_owned();
        let mut plain = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    text.push_str(&self.text[plain..self.at]);
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    text.push_str(&self.text[plain..self.at]);
                    text.push(self.escape()?);
                    plain = self.at;
                }
                Some(0x20..) => self.at += 1,
                Some(_) => return self.fail(self.at, "not JSON: a control character stands in a string"),
                None => return self.fail(open, "not JSON: the string that starts here does not end"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let at = self.at;
        self.at += 1;
        let escaped = self.peek();
        self.at += usize::from(escaped.is_some());
        Ok(match escaped {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode_escape(at)?,
            _ => return self.fail(at, "not JSON: an unknown escape stands in a string"),
        })
    }

    /// `\uXXXX`, two of them for a surrogate pair; a lone surrogate becomes U+FFFD.
    fn unicode_escape(&mut self, at: usize) -> Result<char, JsonError> {
        let first = self.hex4(at)?;
        if (0xD800..0xDC00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex4(before)?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self, at: usize) -> Result<u32, JsonError> {
        let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
        let mut code = 0;
        for digit in digits {
            let Some(value) = char::from(*digit).to_digit(16) else { break };
            code = code * 16 + value;
            self.at += 1;
        }
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return self.fail(at, "not JSON: \\u needs four hexadecimal digits");
        }
        Ok(code)
    }
}

/// Keeps the last member of each key, in the order in which those stand.
fn last_of_each_key(members: Vec<Member<'_>>) -> Vec<Member<'_>> {
    let few = members.len() <= 8;
    let twice = if few {
        members.iter().enumerate().any(|(i, m)| members[..i].iter().any(|other| other.key == m.key))
    } else {
        let mut seen = HashSet::with_capacity(members.len());
        !members.iter().all(|m| seen.insert(m.key.as_ref()))
    };
    if !twice {
        return members;
    }
    let mut last = std::collections::HashMap::new();
    for (index, member) in members.iter().enumerate() {
        last.insert(member.key.clone(), index);
    }
    members.into_iter().enumerate().filter(|(i, m)| last.get(&m.key) == Some(i)).map(|(_, m)| m).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(node: &Node<'_>) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => serde_json::from_str(n).unwrap(),
            Value::String(s) => s.as_ref().into(),
            Value::Array(a) => a.iter().map(plain).collect(),
            Value::Object(o) => o.iter().map(|m| (m.key.to_string(), plain(&m.node))).collect(),
        }
    }

    #[test]
    fn reads_what_a_reference_reader_reads() {
        for text in [
            "null",
            " [ ] ",
            "{}",
            "[1,-0.5e+3,0]",
            r#"{"a":{"b":[true,false,null]},"c":"\u00e9\n\"\\\/"}"#,
            r#""\ud83d\ude00 x""#,
            r#"{"a":1,"b":2,"a":3}"#,
        ] {
            assert_eq!(
                plain(&parse(text).unwrap()),
                serde_json::from_str::<serde_json::Value>(text).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn faults_have_an_offset_and_a_reason() {
        for (text, at, message) in [
            ("", 0, "expected a value, found the end of the file"),
            ("{\"a\": 1,}", 7, "a comma stands before the closing bracket"),
            ("{a: 1}", 1, "expected a key in double quotes, found 'a'"),
            ("{\"a\" 1}", 5, "expected ':', found '1'"),
            ("[1 2]", 3, "expected ',' or ']', found '2'"),
            ("[\"abc", 1, "the string that starts here does not end"),
            ("\"\\q\"", 1, "an unknown escape stands in a string"),
            ("\"\\u12\"", 1, "\\u needs four hexadecimal digits"),
            ("\"a\nb\"", 2, "a control character stands in a string"),
            ("{} x", 3, "expected the end, found 'x'"),
            ("01", 1, "expected the end, found '1'"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.at, error.message), (at, format!("not JSON: {message}")), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(parse(&deep).is_ok());
        let error = parse(&"[".repeat(1_000_000)).unwrap_err();
        assert_eq!(error.message, format!("it is nested more than {MAX_DEPTH} levels deep"));
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        let node = parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(node.members().len(), 2);
        assert_eq!(node.get("a").unwrap().at, 17);
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        assert_eq!(parse(r#""\ud800x""#).unwrap().as_str(), Some("\u{FFFD}x"));
        assert_eq!(parse(r#""\ud800\u0041""#).unwrap().as_str(), Some("\u{FFFD}A"));
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference_on_any_text(text in r#"[\[\]{}:,"\\ntrue0-9.eE+a-fu\n -]{0,40}"#) {
            let ours = parse(&text).ok();
            // Lone surrogates and huge numbers are refused there, as no Rust string or float can hold them.
            if let Ok(theirs) = serde_json::from_str::<serde_json::Value>(&text) {
                prop_assert_eq!(ours.as_ref().map(plain), Some(theirs));
            } else if !text.contains("\\u") && !text.contains(['e', 'E']) {
                prop_assert!(ours.is_none(), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = parse(&text);
        }
    }
}
