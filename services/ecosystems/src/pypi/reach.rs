//! Which packages are needed by the project itself, by its extras, by its development groups.

use std::collections::VecDeque;

/// Edges of one package, as node numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    pub(super) needed: Vec<u32>,
    /// Of all extras.
    pub(super) extra: Vec<u32>,
    /// Of all development groups; only workspace members have some.
    pub(super) dev: Vec<u32>,
}

/// From where a package is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) needed: bool,
    pub(super) extra: bool,
    pub(super) dev: bool,
    pub(super) direct: bool,
}

/// Where the walk starts: the workspace members, and what the lockfile's manifest asks for besides.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    pub(super) members: Vec<u32>,
    pub(super) needed: Vec<u32>,
    pub(super) dev: Vec<u32>,
}

/// One answer a node. Every node and edge is visited at most three times.
pub(super) fn reach(edges: &[Edges], roots: &Roots) -> Vec<Reached> {
    let of_members = |pick: fn(&Edges) -> &Vec<u32>| -> Vec<u32> {
        roots.members.iter().flat_map(|m| pick(&edges[*m as usize]).iter().copied()).collect()
    };
    let needed = [of_members(|e| &e.needed), roots.needed.clone()].concat();
    let extra = of_members(|e| &e.extra);
    let dev = [of_members(|e| &e.dev), roots.dev.clone()].concat();

    let mut is_member = vec![false; edges.len()];
    roots.members.iter().for_each(|m| is_member[*m as usize] = true);

    let mut reached = vec![Reached::default(); edges.len()];
    needed.iter().chain(&extra).chain(&dev).for_each(|n| reached[*n as usize].direct = true);
    walk(edges, &is_member, needed, |n| std::mem::replace(&mut reached[n].needed, true));
    walk(edges, &is_member, extra, |n| std::mem::replace(&mut reached[n].extra, true));
    walk(edges, &is_member, dev, |n| std::mem::replace(&mut reached[n].dev, true));
    reached
}

/// Breadth first; `seen` marks a node and tells whether it was marked before.
fn walk(edges: &[Edges], is_member: &[bool], from: Vec<u32>, mut seen: impl FnMut(usize) -> bool) {
    let mut queue = VecDeque::from(from);
    while let Some(node) = queue.pop_front() {
        let node = node as usize;
        if seen(node) {
            continue;
        }
        queue.extend(&edges[node].needed);
        // A lockfile lists a dependency's extra only when somebody asks for it; a member's are all listed.
        if !is_member[node] {
            queue.extend(&edges[node].extra);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_root_reaches_its_own() {
        // 0: the project; 0 -> 1 -> 2, extra 0 -> 3 -> 2, dev 0 -> 4 -> 0 (a cycle), 5: nobody's.
        let edges = [
            Edges { needed: vec![1], extra: vec![3], dev: vec![4] },
            Edges { needed: vec![2], ..Edges::default() },
            Edges::default(),
            Edges { extra: vec![2], ..Edges::default() },
            Edges { needed: vec![0], ..Edges::default() },
            Edges::default(),
        ];
        let reached = reach(&edges, &Roots { members: vec![0], ..Roots::default() });
        let flags: Vec<_> = reached.iter().map(|r| (r.needed, r.extra, r.dev, r.direct)).collect();
        assert_eq!(flags[1], (true, false, true, true));
        assert_eq!(flags[2], (true, true, true, false));
        assert_eq!(flags[3], (false, true, false, true));
        assert_eq!(flags[4], (false, false, true, true));
        assert_eq!(flags[5], (false, false, false, false));
    }
}
