//! Which installed packages are shipped inside the artifact of another one.
//!
//! The `inBundle` flag of an entry proves nothing: npm works out for itself what is bundled and fetches the
//! rest from the registry. An attacker who sets the flag on an entry must not make it look harmless, so the
//! same is worked out here, from `bundleDependencies` and the dependencies of what is bundled.

use super::json::{Node, Value};
use super::packages::Row;
use super::tree::{PlaceId, Tree};
use std::collections::HashMap;

/// For each bundled place, the place of the package in whose artifact it is shipped (the outermost one).
pub(super) fn bundlers<'a>(tree: &Tree<'a>, rows: &[Row<'a>]) -> HashMap<PlaceId, PlaceId> {
    let mut bundler: HashMap<PlaceId, PlaceId> = HashMap::new();
    let mut queue = Vec::new();
    // What the project or a workspace bundles still comes from the registry.
    for row in rows.iter().filter(|row| !row.is_own()) {
        for name in bundled_names(row.node) {
            if let Some(place) = tree.installed(row.place, name) {
                mark(&mut bundler, &mut queue, place, row.place);
            }
        }
    }
    if queue.is_empty() {
        return bundler;
    }
    let mut children: HashMap<PlaceId, Vec<PlaceId>> = HashMap::new();
    let mut needs: HashMap<PlaceId, &[PlaceId]> = HashMap::new();
    for row in rows {
        children.entry(tree.parent(row.place)).or_default().push(row.place);
        needs.insert(row.place, &row.needs);
    }
    while let Some((place, by)) = queue.pop() {
        for child in children.get(&place).into_iter().flatten() {
            mark(&mut bundler, &mut queue, *child, by);
        }
        // What a bundled package depends on is bundled too where it stands beside it, and not further out.
        for needed in needs.get(&place).copied().unwrap_or_default() {
            if tree.parent(*needed) == by {
                mark(&mut bundler, &mut queue, *needed, by);
            }
        }
    }
    let outermost = |mut by| {
        while let Some(further) = bundler.get(&by) {
            by = *further;
        }
        by
    };
    bundler.iter().map(|(place, by)| (*place, outermost(*by))).collect()
}

fn mark(bundler: &mut HashMap<PlaceId, PlaceId>, queue: &mut Vec<(PlaceId, PlaceId)>, place: PlaceId, by: PlaceId) {
    if place != by && !bundler.contains_key(&place) {
        bundler.insert(place, by);
        queue.push((place, by));
    }
}

/// The names in `bundleDependencies`; `true` there means every dependency.
fn bundled_names<'a>(node: &'a Node<'a>) -> Vec<&'a str> {
    let field = node.get("bundleDependencies").or_else(|| node.get("bundledDependencies"));
    match field.map(|f| &f.value) {
        Some(Value::Array(names)) => names.iter().filter_map(Node::as_str).collect(),
        Some(Value::Bool(true)) => {
            node.get("dependencies").map(|d| d.members().iter().map(|m| m.key.as_ref()).collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}
