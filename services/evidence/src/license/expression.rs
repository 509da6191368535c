//! SPDX licence expressions as a tree of our own, in one normal form.
//!
//! The `spdx` crate is the grammar's authority; what it accepts becomes an [`Expression`], in which nested
//! operators of one kind are flat, repetitions are gone and every identifier has the list's spelling. The
//! text form of an expression reads back as the same expression.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use spdx::expression::{ExprNode, Operator};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// Longest expression that is read, in bytes. It bounds nesting too: a level costs at least eight bytes.
pub const MAX_LENGTH: usize = 4096;

/// Why a text is no licence expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    #[error("licence expression is empty; write an SPDX expression such as `MIT OR Apache-2.0`")]
    Empty,
    #[error("licence expression has {0} bytes, more than {MAX_LENGTH}; name the licence by its SPDX id")]
    TooLong(usize),
    #[error("licence {0:?} is not on the SPDX list; use its SPDX id, or `LicenseRef-<name>` for one of its own")]
    UnknownLicense(String),
    #[error("licence exception {0:?} is not on the SPDX list; use its SPDX id, or `AdditionRef-<name>`")]
    UnknownException(String),
    #[error("licence expression {expression:?}: {why}; combine ids with AND, OR, WITH and parentheses")]
    Grammar { expression: String, why: String },
    #[error("{0:?} is an expression, not one licence; list each licence by itself")]
    NotOneLicense(String),
}

/// One licence, with the exception that goes with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// An SPDX id, or `LicenseRef-...` with an optional `DocumentRef-...:` before it.
    pub license: String,
    /// A `+` behind the id. GNU licences say it in the id (`-or-later`) instead.
    pub or_later: bool,
    /// An SPDX exception id or `AdditionRef-...`.
    pub exception: Option<String>,
}

impl Term {
    /// A licence without `+` and without exception.
    pub fn plain(license: impl Into<String>) -> Self {
        Self { license: license.into(), or_later: false, exception: None }
    }

    /// Whether the id stands outside the SPDX list.
    pub fn is_reference(&self) -> bool {
        self.license.starts_with("LicenseRef-") || self.license.starts_with("DocumentRef-")
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.license)?;
        if self.or_later {
            f.write_str("+")?;
        }
        match &self.exception {
            Some(exception) => write!(f, " WITH {exception}"),
            None => Ok(()),
        }
    }
}

/// A licence expression in normal form. Built by [`FromStr`] (SPDX only), [`super::reading::read`] (what
/// publishers write) or [`Expression::all_of`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expression(pub(super) Node);

/// Invariants: the parts of `All` and `Any` are two or more, distinct, and none is of its parent's kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node {
    Term(Term),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Expression {
    /// All of `licenses` together; `None` when there is none.
    pub fn all_of(licenses: impl IntoIterator<Item = Term>) -> Option<Self> {
        licenses.into_iter().map(Node::Term).reduce(|a, b| join(Operator::And, a, b)).map(Self)
    }

    /// Both expressions together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(join(Operator::And, self.0, other.0))
    }

    /// Every licence named, once each, in the order of the list of terms.
    pub fn terms(&self) -> BTreeSet<&Term> {
        let (mut found, mut open) = (BTreeSet::new(), vec![&self.0]);
        while let Some(node) = open.pop() {
            match node {
                Node::Term(term) => drop(found.insert(term)),
                Node::All(parts) | Node::Any(parts) => open.extend(parts),
            }
        }
        found
    }

    /// The expression with every term replaced by what `replace` says.
    #[must_use]
    pub fn map(&self, replace: &dyn Fn(&Term) -> Self) -> Self {
        Self(map(&self.0, replace))
    }

    /// Reads `spdx`'s postfix notation. `None` never happens for what its parser accepts.
    pub(super) fn from_postfix<'a>(nodes: impl Iterator<Item = &'a ExprNode>) -> Option<Self> {
        let mut stack: Vec<Node> = Vec::new();
        for node in nodes {
            match node {
                ExprNode::Req(required) => stack.push(Node::Term(term(&required.req))),
                ExprNode::Op(operator) => {
                    let (right, left) = (stack.pop()?, stack.pop()?);
                    stack.push(join(*operator, left, right));
                }
            }
        }
        stack.pop().filter(|_| stack.is_empty()).map(Self)
    }
}

fn term(required: &spdx::LicenseReq) -> Term {
    let (license, or_later) = match &required.license {
        spdx::LicenseItem::Spdx { id, or_later } => (id.name.to_owned(), *or_later),
        reference @ spdx::LicenseItem::Other(_) => (reference.to_string(), false),
    };
    Term { license, or_later, exception: required.addition.as_ref().map(ToString::to_string) }
}

/// Joins two nodes and keeps the invariants of [`Node`].
fn join(operator: Operator, left: Node, right: Node) -> Node {
    let mut parts: Vec<Node> = Vec::new();
    for side in [left, right] {
        let flat = match (operator, side) {
            (Operator::And, Node::All(inner)) | (Operator::Or, Node::Any(inner)) => inner,
            (_, other) => vec![other],
        };
        for part in flat {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    match operator {
        _ if parts.len() == 1 => parts.remove(0),
        Operator::And => Node::All(parts),
        Operator::Or => Node::Any(parts),
    }
}

fn map(node: &Node, replace: &dyn Fn(&Term) -> Expression) -> Node {
    let (operator, parts) = match node {
        Node::Term(term) => return replace(term).0,
        Node::All(parts) => (Operator::And, parts),
        Node::Any(parts) => (Operator::Or, parts),
    };
    let mapped = parts.iter().map(|p| map(p, replace));
    mapped.reduce(|a, b| join(operator, a, b)).expect("a node has two or more parts")
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_node(&self.0, f)
    }
}

fn write_node(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (operator, parts) = match node {
        Node::Term(term) => return fmt::Display::fmt(term, f),
        Node::All(parts) => (" AND ", parts),
        Node::Any(parts) => (" OR ", parts),
    };
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        // AND binds tighter than OR (SPDX 2.3, annex D.4): only an OR inside an AND needs parentheses.
        if matches!((node, part), (Node::All(_), Node::Any(_))) {
            f.write_str("(")?;
            write_node(part, f)?;
            f.write_str(")")?;
        } else {
            write_node(part, f)?;
        }
    }
    Ok(())
}

impl FromStr for Expression {
    type Err = ExpressionError;

    /// Reads an SPDX expression and nothing looser; see [`super::parse::parse`].
    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        super::parse::parse(text).map(|strict| strict.expression)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Expression {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LicenseExpression".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "SPDX licence expression in normal form" })
    }
}
