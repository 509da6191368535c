//! YAML with lines, in bounds.
//!
//! A tree is built from the parser's events. An alias of a collection is not followed: what it stands for is in the tree
//! where it was written, so that nothing is missed and no file can unfold into more than it holds ("billion laughs"). An
//! alias of a short text is that text.

use crate::ReadError;
use saphyr_parser::{Event, Parser};
use std::collections::HashMap;

/// Deepest nesting. Real files stay under 15.
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 200_000;
/// Longest text that an alias repeats, in bytes.
const MAX_REPEATED: usize = 512;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// 1-based.
    pub(crate) line: u32,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
    /// Of a collection, or of a text that is too long to be repeated.
    Alias,
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Scalar(text) = &self.value { Some(text) } else { None }
    }

    pub(crate) fn entries(&self) -> &[(Self, Self)] {
        if let Value::Mapping(entries) = &self.value { entries } else { &[] }
    }

    pub(crate) fn items(&self) -> &[Self] {
        if let Value::Sequence(items) = &self.value { items } else { &[] }
    }

    /// The value under `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value)
    }

    /// Calls `look` with every mapping, the outer ones first; what stands under one of the keys `closed` is left out.
    pub(crate) fn each_mapping<'a>(&'a self, closed: &[&str], look: &mut impl FnMut(&'a Self)) {
        let mut left = vec![self];
        while let Some(node) = left.pop() {
            match &node.value {
                Value::Mapping(entries) => {
                    look(node);
                    let open = entries.iter().filter(|(key, _)| !key.text().is_some_and(|k| closed.contains(&k)));
                    left.extend(open.map(|(_, value)| value).rev());
                }
                Value::Sequence(items) => left.extend(items.iter().rev()),
                Value::Scalar(_) | Value::Alias => {}
            }
        }
    }
}

/// A collection that is not closed yet.
struct Open {
    node: Node,
    /// Of a mapping, the key whose value is awaited.
    key: Option<Node>,
}

impl Open {
    fn add(&mut self, node: Node) {
        match &mut self.node.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match self.key.take() {
                Some(key) => entries.push((key, node)),
                None => self.key = Some(node),
            },
            Value::Scalar(_) | Value::Alias => {}
        }
    }
}

/// The documents of a file.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, ReadError> {
    let mut documents = Vec::new();
    let mut stack: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, String> = HashMap::new();
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            let line = u32::try_from(e.marker().line()).ok();
            ReadError { line, message: "it is not valid YAML from here on".to_owned() }
        })?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let fail = |message: &str| Err(ReadError { line: Some(line), message: message.to_owned() });
        nodes += 1;
        if nodes > MAX_NODES {
            return fail("it holds too many values to be read");
        }
        let done = match event {
            Event::Scalar(text, _, anchor, _) => {
                if anchor > 0 && text.len() <= MAX_REPEATED {
                    anchors.insert(anchor, text.to_string());
                }
                Some(Node { line, value: Value::Scalar(text.into_owned()) })
            }
            Event::Alias(anchor) => {
                let value = anchors.get(&anchor).map_or(Value::Alias, |text| Value::Scalar(text.clone()));
                Some(Node { line, value })
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if stack.len() == MAX_DEPTH {
                    return fail("it is nested too deep to be read");
                }
                let sequence = matches!(event, Event::SequenceStart(..));
                let value = if sequence { Value::Sequence(Vec::new()) } else { Value::Mapping(Vec::new()) };
                stack.push(Open { node: Node { line, value }, key: None });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|open| open.node),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                None
            }
        };
        if let Some(node) = done {
            match stack.last_mut() {
                Some(open) => open.add(node),
                None => documents.push(node),
            }
        }
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_lines() {
        let documents = read("a:\n  - b\n  - {c: d}\n---\ne: |\n  f\n").unwrap();
        assert_eq!(documents.len(), 2);
        let list = documents[0].get("a").unwrap();
        assert_eq!(list.items()[0], Node { line: 2, value: Value::Scalar("b".into()) });
        assert_eq!(list.items()[1].get("c").unwrap().line, 3);
        assert_eq!(documents[1].get("e").unwrap().text(), Some("f\n"));
    }

    #[test]
    fn aliases_of_texts_are_read_and_those_of_collections_are_not_followed() {
        let documents = read("a: &x v1\nb: *x\nc: &y [1]\nd: *y\n").unwrap();
        assert_eq!(documents[0].get("b").unwrap().text(), Some("v1"));
        assert_eq!(documents[0].get("d").unwrap().value, Value::Alias);
    }

    #[test]
    fn a_file_cannot_unfold_into_more_than_it_holds() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..40 {
            let alias = format!("*a{}", i - 1);
            laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![alias; 8].join(", ")));
        }
        assert_eq!(read(&laughs).unwrap()[0].entries().len(), 40);
        let repeated = format!("a: &a {}\nb: [{}]\n", "x".repeat(MAX_REPEATED + 1), vec!["*a"; 10_000].join(", "));
        assert_eq!(read(&repeated).unwrap()[0].get("b").unwrap().items()[0].value, Value::Alias);
    }

    #[test]
    fn depth_and_number_are_bounded() {
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let deep = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
            assert!(read(&deep).is_err());
        }
        assert!(read(&format!("[{}]", "a,".repeat(MAX_NODES))).is_err());
        assert!(read("a: b\n c: d\n").unwrap_err().line.is_some());
    }
}
