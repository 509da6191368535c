//! Lockfile versions 2 and 3: one flat `packages` table, keyed by where each package is installed.

use super::bundle;
use super::entry::{self, Parts, Source};
use super::json::{Member, Node};
use super::origin;
use super::tree::{PlaceId, Tree};
use lockgate_model::{LockedRelease, LockfileError, Origin};
use std::collections::HashMap;

/// Tables whose packages are installed beside an entry that comes from a registry.
const TABLES: [&str; 3] = ["dependencies", "optionalDependencies", "peerDependencies"];
/// Tables of the project itself and of its workspaces.
const OWN_TABLES: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// One row of the `packages` table.
#[derive(Debug)]
pub(super) struct Row<'a> {
    key: &'a str,
    at: usize,
    pub(super) node: &'a Node<'a>,
    pub(super) place: PlaceId,
    /// The places of what it depends on.
    pub(super) needs: Vec<PlaceId>,
}

impl Row<'_> {
    /// Whether it is the project itself or another folder of the repository, not something installed.
    pub(super) fn is_own(&self) -> bool {
        !self.key.starts_with("node_modules/") && !self.key.contains("/node_modules/")
    }

    /// `name@version`, for [`Origin::Bundled`].
    fn label(&self) -> String {
        let installed = self.key.rsplit("node_modules/").next().unwrap_or_default();
        let name = self.node.text("name").unwrap_or(installed);
        format!("{name}@{}", self.node.text("version").unwrap_or(entry::UNPINNED))
    }
}

/// What the rows say of the place that they depend on.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    directly: bool,
    /// By an http address instead of a version.
    by_address: bool,
}

/// The releases of the `packages` table, in file order.
pub(super) fn read<'a>(source: Source<'_>, packages: &'a Node<'a>) -> Result<Vec<LockedRelease>, LockfileError> {
    source.check_entries(packages.members().len(), packages.at)?;
    let mut tree = Tree::new();
    let mut rows = Vec::with_capacity(packages.members().len());
    for member in packages.members() {
        rows.push(row(source, &mut tree, member)?);
    }
    let asked = resolve_needs(&tree, &mut rows);
    let bundled = bundle::bundlers(&tree, &rows);
    let row_at: HashMap<PlaceId, &Row<'_>> = rows.iter().map(|row| (row.place, row)).collect();
    let mut releases = Vec::with_capacity(rows.len());
    let mut index_of = HashMap::with_capacity(rows.len());
    let mut needs = Vec::with_capacity(rows.len());
    for row in &rows {
        let asked = asked.get(&row.place).copied().unwrap_or_default();
        let bundler = bundled.get(&row.place).and_then(|place| row_at.get(place).copied());
        let Some(release) = release(source, row, asked, bundler)? else { continue };
        index_of.insert(row.place, u32::try_from(releases.len()).unwrap_or(u32::MAX));
        releases.push(release);
        needs.push(&row.needs);
    }
    for (release, needs) in releases.iter_mut().zip(needs) {
        release.depends_on = needs.iter().filter_map(|place| index_of.get(place).copied()).collect();
        release.depends_on.sort_unstable();
        release.depends_on.dedup();
    }
    Ok(releases)
}

fn row<'a>(source: Source<'_>, tree: &mut Tree<'a>, member: &'a Member<'a>) -> Result<Row<'a>, LockfileError> {
    let node = source.object(&member.node, "an entry of \"packages\"")?;
    let too_deep = || source.error(member.at, "it is installed too many folders deep");
    let place = tree.at_path(&member.key).ok_or_else(too_deep)?;
    if node.flag("link") {
        let target = tree.at_path(source.text(node, "resolved")?.unwrap_or_default()).ok_or_else(too_deep)?;
        tree.link(place, target);
    }
    Ok(Row { key: &member.key, at: member.at, node, place, needs: Vec::new() })
}

/// Fills [`Row::needs`], and gathers how each place is asked for.
fn resolve_needs(tree: &Tree<'_>, rows: &mut [Row<'_>]) -> HashMap<PlaceId, Asked> {
    let mut asked: HashMap<PlaceId, Asked> = HashMap::new();
    for row in rows {
        let own = row.is_own();
        let tables = if own { &OWN_TABLES[..] } else { &TABLES[..] };
        for member in tables.iter().filter_map(|table| row.node.get(table)).flat_map(Node::members) {
            let Some(place) = tree.resolve(row.place, &member.key) else { continue };
            row.needs.push(place);
            let asked = asked.entry(place).or_default();
            asked.directly |= own;
            asked.by_address |= member.node.as_str().is_some_and(origin::is_remote);
        }
    }
    asked
}

/// The release of a row; `None` for the project itself, for links, and for folders that have no version.
fn release(
    source: Source<'_>,
    row: &Row<'_>,
    asked: Asked,
    bundler: Option<&Row<'_>>,
) -> Result<Option<LockedRelease>, LockfileError> {
    if row.key.is_empty() || row.node.flag("link") {
        return Ok(None);
    }
    let installed = match row.key.rfind("node_modules/") {
        Some(at) if !row.is_own() => &row.key[at + "node_modules/".len()..],
        _ => entry::name_of_folder(row.key),
    };
    let name = source.text(row.node, "name")?.unwrap_or(installed);
    let written = source.text(row.node, "version")?;
    let origin = origin_of(source, row, asked, bundler)?;
    if matches!(origin, Origin::Path { .. }) && written.is_none() {
        return Ok(None);
    }
    let version = entry::version_or_pin(written, &origin).to_owned();
    let parts = Parts { at: row.at, installed, name, version: &version, origin };
    let mut release = entry::release(source, parts, row.node)?;
    release.direct = Some(asked.directly);
    // This layout marks every release that has scripts: without the mark, it says that there are none.
    release.install_script.get_or_insert(false);
    Ok(Some(release))
}

fn origin_of(
    source: Source<'_>,
    row: &Row<'_>,
    asked: Asked,
    bundler: Option<&Row<'_>>,
) -> Result<Origin, LockfileError> {
    let resolved = source.text(row.node, "resolved")?;
    if let (None, None, Some(bundler)) = (resolved, row.node.get("integrity"), bundler) {
        return Ok(Origin::Bundled { by: Some(bundler.label()) });
    }
    if resolved.is_none() && row.is_own() {
        return Ok(Origin::Path { path: row.key.to_owned() });
    }
    Ok(entry::registry_unless(asked.by_address, resolved.and_then(origin::read)))
}
