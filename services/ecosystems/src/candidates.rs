//! Which entries of a lockfile a dependency may mean.

use crate::position::excerpt;
use lockgate_model::LockfileError;
use std::collections::HashMap;

/// Most candidates looked at for one lockfile. A hundred times what the largest real lockfiles need; a file
/// that names one package many times and depends on it many times would otherwise cost the product of both.
const MAX_LOOKS: usize = 4_000_000;
/// Most edges of one lockfile.
const MAX_EDGES: usize = 2_000_000;

/// Entries by name.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    path: &'a str,
    by_name: HashMap<&'a str, Vec<u32>>,
    looks_left: usize,
    edges_left: usize,
}

impl<'a> Candidates<'a> {
    /// `names`: of the entries, in order.
    pub(crate) fn new(path: &'a str, names: impl Iterator<Item = &'a str>) -> Self {
        let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
        for (index, name) in (0u32..).zip(names) {
            by_name.entry(name).or_default().push(index);
        }
        Self { path, by_name, looks_left: MAX_LOOKS, edges_left: MAX_EDGES }
    }

    /// The entries called `name` that fit; all of them when none fits, since the dependency means one of them.
    ///
    /// # Errors
    /// When the lockfile's dependencies are over the bounds.
    pub(crate) fn find(&mut self, name: &str, fits: impl Fn(usize) -> bool) -> Result<Vec<u32>, LockfileError> {
        let Some(named) = self.by_name.get(name) else { return Ok(Vec::new()) };
        let mut found = named.clone();
        if named.len() > 1 {
            found.retain(|index| fits(*index as usize));
            if found.is_empty() {
                found.clone_from(named);
            }
        }
        let looks = self.looks_left.checked_sub(named.len());
        let edges = self.edges_left.checked_sub(found.len());
        let (Some(looks), Some(edges)) = (looks, edges) else {
            let message = format!("it has too many dependencies on entries called {}", excerpt(name));
            return Err(LockfileError { path: self.path.to_owned(), line: None, column: None, message });
        };
        (self.looks_left, self.edges_left) = (looks, edges);
        Ok(found)
    }
}

/// Sorted, each once: the form of `LockedRelease::depends_on`.
pub(crate) fn tidy(mut indices: Vec<u32>) -> Vec<u32> {
    indices.sort_unstable();
    indices.dedup();
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fitting_entries_are_found() {
        let mut candidates = Candidates::new("a.lock", ["a", "b", "a"].into_iter());
        assert_eq!(candidates.find("a", |i| i == 2).unwrap(), [2]);
        assert_eq!(candidates.find("a", |_| false).unwrap(), [0, 2]);
        assert_eq!(candidates.find("b", |_| false).unwrap(), [1]);
        assert!(candidates.find("c", |_| true).unwrap().is_empty());
    }

    #[test]
    fn a_product_of_names_and_dependencies_is_refused() {
        let names = vec!["a"; 50_000];
        let mut candidates = Candidates::new("a.lock", names.into_iter());
        let refused = (0..50_000).find_map(|_| candidates.find("a", |i| i == 0).err());
        assert!(refused.unwrap().message.contains("too many dependencies"));
    }
}
