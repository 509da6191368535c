//! Names that are one edit apart: a letter added, left out or replaced, or two neighbours swapped (Damerau, 1964).

use super::facts::Edit;

/// What makes `name` of `popular`; `None` when they are equal or further apart.
pub(super) fn one_edit(popular: &str, name: &str) -> Option<Edit> {
    let (from, to): (Vec<char>, Vec<char>) = (popular.chars().collect(), name.chars().collect());
    let start = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let (from, to) = (&from[start..], &to[start..]);
    let end = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&from[..from.len() - end], &to[..to.len() - end]) {
        ([], [_]) => Some(Edit::Added),
        ([_], []) => Some(Edit::LeftOut),
        // Another number is another generation (`node14`, `node16`), and nobody mistakes it.
        ([a], [b]) if a.is_ascii_digit() && b.is_ascii_digit() => None,
        ([_], [_]) => Some(Edit::Replaced),
        ([a, b], [c, d]) if a == d && b == c => Some(Edit::Swapped),
        _ => None,
    }
}

/// `name`, and `name` without each of its letters: two names that are one edit apart share one of these.
pub(super) fn neighbourhood(name: &str) -> impl Iterator<Item = String> + '_ {
    let without = name.char_indices().map(|(at, c)| format!("{}{}", &name[..at], &name[at + c.len_utf8()..]));
    std::iter::once(name.to_owned()).chain(without)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_edit_is_named() {
        for (name, expected) in [
            ("requestss", Some(Edit::Added)),
            ("rrequests", Some(Edit::Added)),
            ("reqests", Some(Edit::LeftOut)),
            ("equests", Some(Edit::LeftOut)),
            ("requasts", Some(Edit::Replaced)),
            ("reqeusts", Some(Edit::Swapped)),
            ("requests", None),
            ("reqeustz", None),
            ("", None),
        ] {
            assert_eq!(one_edit("requests", name), expected, "{name}");
        }
        assert_eq!(one_edit("node14", "node16"), None);
        assert_eq!(one_edit("node14", "nodel4"), Some(Edit::Replaced));
    }

    proptest::proptest! {
        #[test]
        fn one_edit_is_never_missed(name in "[abcé]{1,8}", at in 0usize..8, letter in "[abcé]", kind in 0u8..4) {
            let mut letters: Vec<char> = name.chars().collect();
            let at = at % letters.len();
            let letter = letter.chars().next().unwrap();
            match kind {
                0 => letters.insert(at, letter),
                1 => drop(letters.remove(at)),
                2 => letters[at] = letter,
                _ => { let next = (at + 1) % letters.len(); letters.swap(at.min(next), at.max(next)); }
            }
            let edited: String = letters.iter().collect();
            let neighbours: BTreeSet<String> = neighbourhood(&name).collect();
            let near = one_edit(&name, &edited);
            if near.is_some() {
                proptest::prop_assert!(neighbourhood(&edited).any(|n| neighbours.contains(&n)));
            } else {
                // The ends of a name are no neighbours.
                proptest::prop_assert!(name == edited || kind == 3);
            }
        }
    }
}
