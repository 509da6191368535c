//! What comes in between two states of one file.

use lockgate_model::{Pin, PinChange, PinKind, PinReference};
use std::collections::{BTreeMap, BTreeSet};

/// The pins of `new` that `old` has not, each with what stood in its place; by line. A pin whose line or comment alone
/// differs is the same pin.
pub fn changes(path: &str, old: &[Pin], new: &[Pin]) -> Vec<PinChange> {
    let (before, after) = (said(old), said(new));
    let mut named: BTreeMap<(PinKind, &str), Named<'_>> = BTreeMap::new();
    for pin in old {
        let named = named.entry((pin.kind, &pin.name)).or_default();
        named.any.get_or_insert(pin);
        if !after.contains(&what(pin)) {
            named.gone.get_or_insert(pin);
        }
    }
    let comes_in = new.iter().filter(|pin| !before.contains(&what(pin)));
    let change = |pin: &Pin| {
        let old = named.get(&(pin.kind, pin.name.as_str())).and_then(|named| named.gone.or(named.any));
        PinChange { path: path.to_owned(), old: old.cloned(), new: pin.clone() }
    };
    let mut changes: Vec<PinChange> = comes_in.map(change).collect();
    changes.sort_by_key(|change| change.new.line);
    changes
}

/// The pins of one name before: the first that went, and the first of all.
#[derive(Default)]
struct Named<'a> {
    gone: Option<&'a Pin>,
    any: Option<&'a Pin>,
}

type What<'a> = (PinKind, &'a str, &'a PinReference);

fn what(pin: &Pin) -> What<'_> {
    (pin.kind, &pin.name, &pin.reference)
}

fn said(pins: &[Pin]) -> BTreeSet<What<'_>> {
    pins.iter().map(what).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(name: &str, tag: &str, line: u32) -> Pin {
        let reference = PinReference::Movable { name: tag.into() };
        Pin { kind: PinKind::Action, name: name.into(), reference, label: None, address: None, line }
    }

    #[test]
    fn what_is_new_comes_in_with_what_it_replaces() {
        let old = [pin("a", "v1", 1), pin("a", "v2", 2), pin("b", "v1", 3)];
        let new = [pin("c", "v1", 1), pin("a", "v2", 5), pin("b", "v1", 6), pin("a", "v3", 7)];
        let told: Vec<_> = changes("f", &old, &new)
            .into_iter()
            .map(|c| (c.new.name, c.new.line, c.old.map(|old| old.reference)))
            .collect();
        let v1 = PinReference::Movable { name: "v1".into() };
        assert_eq!(told, [("c".into(), 1, None), ("a".into(), 7, Some(v1))]);
        assert_eq!(changes("f", &old, &old), []);
    }
}
