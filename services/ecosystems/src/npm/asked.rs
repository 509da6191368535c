//! What a project's `package.json` asks for.

use super::json::{self, Node};
use super::origin;
use crate::manifest::{Asked, Presence};
use crate::position::Lines;
use std::collections::BTreeSet;

/// Peer dependencies may stay unmet, so they are not looked for.
const TABLES: [&str; 2] = ["dependencies", "devDependencies"];

pub(super) fn asked(text: &str) -> Vec<Asked> {
    let Ok(root) = json::parse(text) else { return Vec::new() };
    let lines = Lines::new(text);
    let names = |table: &str| -> BTreeSet<&str> {
        root.get(table).map(Node::members).unwrap_or_default().iter().map(|m| m.key.as_ref()).collect()
    };
    // A folder of the repository may be any of them; what the project overrides it does not ask for here.
    let (optional, forced) = (names("optionalDependencies"), names("overrides"));
    let presence = if root.get("workspaces").is_some() { Presence::Possible } else { Presence::Required };
    let members = TABLES.iter().filter_map(|table| root.get(table)).flat_map(Node::members);
    let wanted = members.filter(|m| !optional.contains(m.key.as_ref()) && !forced.contains(m.key.as_ref()));
    let read = |member: &json::Member<'_>| {
        let (name, range) = package(&member.key, member.node.as_str()?.trim())?;
        let alias = (name != member.key).then(|| member.key.to_string());
        Some(Asked { name, alias, range, presence, line: lines.line(member.at) })
    };
    wanted.filter_map(read).collect()
}

/// The package and the range of one line; `None` for what no registry serves.
fn package(key: &str, specification: &str) -> Option<(String, String)> {
    let (name, range) = match origin::alias(specification) {
        Some((name, range)) => (name, range),
        None if specification.contains([':', '/']) => return None,
        None => (key, specification),
    };
    // npm takes any version for `*`, pre-releases too.
    let range = if range == "*" { "" } else { range };
    Some((name.to_owned(), range.to_owned()))
}
