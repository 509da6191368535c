//! Lockfile version 1: `dependencies` tables nested as the packages are.
//!
//! The nested tables are walked with a stack of their own; the JSON reader has bounded their depth.

use super::entry::{self, Parts, Source};
use super::json::{Member, Node};
use super::origin;
use super::tree::{PlaceId, ROOT, Tree};
use super::version::Version;
use lockgate_model::{LockedRelease, LockfileError, Origin};
use std::collections::HashMap;

/// One entry, with the entry in whose table it stands.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    member: &'a Member<'a>,
    place: PlaceId,
    /// Index of the outer row; `None` for the outermost table.
    outer: Option<usize>,
}

/// The releases of the nested tables, in file order.
///
/// `direct` stays unknown: version 1 does not say what the project itself asks for.
pub(super) fn read<'a>(source: Source<'_>, root: &'a Node<'a>) -> Result<Vec<LockedRelease>, LockfileError> {
    let mut tree = Tree::new();
    let rows = rows(source, &mut tree, root)?;
    let asked_by_address = asked_by_address(&tree, &rows);
    let mut releases = Vec::with_capacity(rows.len());
    let mut index_of = HashMap::with_capacity(rows.len());
    let mut kept = Vec::with_capacity(rows.len());
    for row in &rows {
        let by_address = asked_by_address.get(&row.place).copied().unwrap_or_default();
        let Some(release) = release(source, &rows, row, by_address)? else { continue };
        index_of.insert(row.place, u32::try_from(releases.len()).unwrap_or(u32::MAX));
        releases.push(release);
        kept.push(row);
    }
    for (release, row) in releases.iter_mut().zip(kept) {
        let needs = requires(row.member).iter().filter_map(|m| tree.resolve(row.place, &m.key));
        release.depends_on = needs.filter_map(|place| index_of.get(&place).copied()).collect();
        release.depends_on.sort_unstable();
        release.depends_on.dedup();
    }
    Ok(releases)
}

/// All entries in file order.
fn rows<'a>(source: Source<'_>, tree: &mut Tree<'a>, root: &'a Node<'a>) -> Result<Vec<Row<'a>>, LockfileError> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut stack: Vec<(Option<usize>, &'a Member<'a>)> = Vec::new();
    push_table(source, &mut stack, None, root)?;
    while let Some((outer, member)) = stack.pop() {
        source.check_entries(rows.len() + 1, member.at)?;
        let node = source.object(&member.node, "an entry of \"dependencies\"")?;
        let parent = outer.map_or(ROOT, |i| rows[i].place);
        let place = tree
            .install(parent, &member.key)
            .ok_or_else(|| source.error(member.at, "it is installed too many folders deep"))?;
        rows.push(Row { member, place, outer });
        push_table(source, &mut stack, Some(rows.len() - 1), node)?;
    }
    Ok(rows)
}

/// Puts the `dependencies` of `node` on the stack, the first on top.
fn push_table<'a>(
    source: Source<'_>,
    stack: &mut Vec<(Option<usize>, &'a Member<'a>)>,
    outer: Option<usize>,
    node: &'a Node<'a>,
) -> Result<(), LockfileError> {
    let Some(table) = node.get("dependencies") else { return Ok(()) };
    source.object(table, "\"dependencies\"")?;
    stack.extend(table.members().iter().rev().map(|member| (outer, member)));
    Ok(())
}

fn requires<'a>(member: &'a Member<'a>) -> &'a [Member<'a>] {
    member.node.get("requires").map(Node::members).unwrap_or_default()
}

fn asked_by_address(tree: &Tree<'_>, rows: &[Row<'_>]) -> HashMap<PlaceId, bool> {
    let mut asked = HashMap::new();
    for row in rows {
        for member in requires(row.member) {
            if member.node.as_str().is_some_and(origin::is_remote)
                && let Some(place) = tree.resolve(row.place, &member.key)
            {
                asked.insert(place, true);
            }
        }
    }
    asked
}

/// The release of a row; `None` for folders of the repository, which have no version here.
fn release(
    source: Source<'_>,
    rows: &[Row<'_>],
    row: &Row<'_>,
    by_address: bool,
) -> Result<Option<LockedRelease>, LockfileError> {
    let node = &row.member.node;
    let installed: &str = &row.member.key;
    let written = source.text(node, "version")?.unwrap_or_default();
    let resolved = source.text(node, "resolved")?;
    // In this layout an address stands in place of the version.
    let address = origin::read(written);
    if matches!(address, Some(Origin::Path { .. })) {
        return Ok(None);
    }
    let origin = match (address, bundler(rows, row)) {
        (Some(address), _) => address,
        (None, Some(by)) if resolved.is_none() && node.get("integrity").is_none() => Origin::Bundled { by: Some(by) },
        (None, _) => entry::registry_unless(by_address, resolved.and_then(origin::read)),
    };
    let (name, version) = entry::aliased(installed, written);
    let version = if origin::read(version).is_some() { version_in_file_name(name, version) } else { Some(version) };
    let version = entry::version_or_pin(version, &origin).to_owned();
    entry::release(source, Parts { at: row.member.at, installed, name, version: &version, origin }, node).map(Some)
}

/// The version of a tarball's address, `.../name-1.0.0.tgz`: this layout has it nowhere else.
fn version_in_file_name<'a>(name: &str, address: &'a str) -> Option<&'a str> {
    let file = address.split(['?', '#']).next()?.rsplit('/').next()?;
    let bare = name.rsplit('/').next()?;
    let version = file.strip_suffix(".tgz")?.strip_prefix(bare)?.strip_prefix('-')?;
    Version::parse(version, false).is_ok().then_some(version)
}

/// The nearest outer package that is not bundled itself, for an entry marked as bundled: in this layout npm
/// goes by the mark.
fn bundler(rows: &[Row<'_>], row: &Row<'_>) -> Option<String> {
    if !row.member.node.flag("bundled") {
        return None;
    }
    let mut outer = &rows[row.outer?];
    while let (true, Some(next)) = (outer.member.node.flag("bundled"), outer.outer) {
        outer = &rows[next];
    }
    let (name, version) =
        entry::aliased(&outer.member.key, outer.member.node.text("version").unwrap_or(entry::UNPINNED));
    Some(format!("{name}@{version}"))
}
