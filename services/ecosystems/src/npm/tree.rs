//! The installed tree that an npm lockfile describes, and node's way of finding a package in it.
//!
//! Places are kept by (parent, name) instead of by path text, so that a hostile lockfile cannot make long
//! paths cost more than the bytes it has.

use std::collections::HashMap;

/// Index of a place in the tree; [`ROOT`] is the project itself.
pub(super) type PlaceId = u32;
pub(super) const ROOT: PlaceId = 0;

/// Deepest chain of `node_modules`. npm itself keeps trees flat; real ones stay under 15.
pub(super) const MAX_NESTING: u16 = 64;

/// One folder that can hold a `node_modules`.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The place whose `node_modules` is searched after this one's own.
    parent: PlaceId,
    nesting: u16,
    /// For a link: the place it leads to.
    target: Option<PlaceId>,
}

/// All places of one lockfile.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    places: Vec<Place>,
    installed: HashMap<(PlaceId, &'a str), PlaceId>,
    folders: HashMap<&'a str, PlaceId>,
}

impl<'a> Tree<'a> {
    pub(super) fn new() -> Self {
        let root = Place { parent: ROOT, nesting: 0, target: None };
        Self { places: vec![root], installed: HashMap::new(), folders: HashMap::from([("", ROOT)]) }
    }

    /// The place where `name` is installed for `parent`, made if it is not there. `None` when too deep.
    pub(super) fn install(&mut self, parent: PlaceId, name: &'a str) -> Option<PlaceId> {
        if let Some(place) = self.installed.get(&(parent, name)) {
            return Some(*place);
        }
        let place = self.add(parent)?;
        self.installed.insert((parent, name), place);
        Some(place)
    }

    /// The place at a path of the `packages` table: `node_modules/a/node_modules/b`, `apps/web`.
    /// `None` when it is nested too deep.
    pub(super) fn at_path(&mut self, path: &'a str) -> Option<PlaceId> {
        // Outermost first: the folder before the first `node_modules`, then one name after another.
        let mut rest = path;
        let mut place = ROOT;
        let mut first = true;
        while !rest.is_empty() {
            if let Some(name_and_more) = rest.strip_prefix("node_modules/") {
                let end = name_and_more.find("/node_modules/").unwrap_or(name_and_more.len());
                place = self.install(place, &name_and_more[..end])?;
                rest = name_and_more[end..].trim_start_matches('/');
            } else if first {
                let end = rest.find("/node_modules/").unwrap_or(rest.len());
                place = self.folder(&rest[..end])?;
                rest = rest[end..].trim_start_matches('/');
            } else {
                return None;
            }
            first = false;
        }
        Some(place)
    }

    /// The place of a folder of the repository, made if it is not there; the project's own `node_modules` is
    /// searched after its own.
    pub(super) fn folder(&mut self, path: &'a str) -> Option<PlaceId> {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        if let Some(place) = self.folders.get(path) {
            return Some(*place);
        }
        let place = self.add(ROOT)?;
        self.folders.insert(path, place);
        Some(place)
    }

    fn add(&mut self, parent: PlaceId) -> Option<PlaceId> {
        let nesting = self.places[parent as usize].nesting + 1;
        let id = PlaceId::try_from(self.places.len()).ok()?;
        if nesting > MAX_NESTING {
            return None;
        }
        self.places.push(Place { parent, nesting, target: None });
        Some(id)
    }

    pub(super) fn link(&mut self, from: PlaceId, to: PlaceId) {
        self.places[from as usize].target = Some(to);
    }

    /// What `require(name)` finds from a place: its own `node_modules`, then each one further out.
    pub(super) fn resolve(&self, from: PlaceId, name: &str) -> Option<PlaceId> {
        let mut place = from;
        loop {
            if let Some(found) = self.installed.get(&(place, name)) {
                return Some(self.places[*found as usize].target.unwrap_or(*found));
            }
            if place == ROOT {
                return None;
            }
            place = self.places[place as usize].parent;
        }
    }

    /// What is installed under `name` in a place's own `node_modules`.
    pub(super) fn installed(&self, place: PlaceId, name: &str) -> Option<PlaceId> {
        self.installed.get(&(place, name)).copied()
    }

    /// The place in whose `node_modules` this one stands.
    pub(super) fn parent(&self, place: PlaceId) -> PlaceId {
        self.places[place as usize].parent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_node_modules_wins() {
        let mut tree = Tree::new();
        let outer = tree.at_path("node_modules/b").unwrap();
        let a = tree.at_path("node_modules/@s/a").unwrap();
        let inner = tree.at_path("node_modules/@s/a/node_modules/b").unwrap();
        assert_eq!(tree.resolve(a, "b"), Some(inner));
        assert_eq!(tree.resolve(inner, "b"), Some(inner), "its parent's node_modules holds it");
        assert_eq!(tree.resolve(ROOT, "b"), Some(outer));
        assert_eq!(tree.resolve(inner, "@s/a"), Some(a));
        assert_eq!(tree.resolve(inner, "c"), None);
    }

    #[test]
    fn a_link_leads_to_the_workspace_and_the_workspace_sees_the_root() {
        let mut tree = Tree::new();
        let b = tree.at_path("node_modules/b").unwrap();
        let web = tree.at_path("apps/web").unwrap();
        let own = tree.at_path("apps/web/node_modules/c").unwrap();
        let link = tree.at_path("node_modules/web").unwrap();
        let target = tree.folder("apps/web").unwrap();
        tree.link(link, target);
        assert_eq!(target, web);
        assert_eq!(tree.resolve(b, "web"), Some(web));
        assert_eq!(tree.resolve(web, "b"), Some(b));
        assert_eq!(tree.resolve(web, "c"), Some(own));
    }

    #[test]
    fn nesting_is_bounded() {
        let mut tree = Tree::new();
        let path = vec!["node_modules/a"; usize::from(MAX_NESTING) + 1].join("/");
        assert_eq!(tree.at_path(&path), None);
    }
}
