//! Blind mutation of good input: the short form of what `fuzz/` does with coverage, for every run of the tests.
//!
//! A parser's module has `seeds() -> Vec<Vec<u8>>`, good input that our own code made, and `check(&[u8])`, which panics
//! when the parser breaks a property. [`holds!`] makes a test of it.

pub use proptest;

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};

/// Makes a test of each module: `holds! { 60; zips: archives::zip, tars: archives::tar }` mutates 60 times.
#[macro_export]
macro_rules! holds {
    ($cases:expr; $($test:ident: $($module:ident)::+),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                $crate::mutate($cases, &$($module)::+::seeds(), $($module)::+::check);
            }
        )+
    };
}

/// A change of an input: what kind of one, where it begins and ends, and a byte for it.
type Edit = (u8, Index, Index, u8);

/// Shows mutated `seeds` to `check`, in `cases` ways.
///
/// # Panics
/// When `check` does; the message has the smallest input that was found to make it.
pub fn mutate(cases: u32, seeds: &[Vec<u8>], check: impl Fn(&[u8])) {
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let edits = prop::collection::vec((any::<u8>(), any::<Index>(), any::<Index>(), any::<u8>()), 0..6);
    let inputs = (any::<Index>(), edits).prop_map(|(seed, edits)| mutated(seed.get(seeds).clone(), &edits));
    let tried = TestRunner::new(config).run(&inputs, |input| {
        check(&input);
        Ok(())
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

/// A byte becomes another, a part is left out, doubled, or put elsewhere, the end is lost.
fn mutated(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for (kind, at, to, value) in edits {
        if bytes.is_empty() {
            break;
        }
        let (at, to) = (at.index(bytes.len()), to.index(bytes.len()));
        let part = at.min(to)..at.max(to).min(at.min(to) + 200);
        match kind % 5 {
            0 | 1 => bytes[at] = *value,
            2 => drop(bytes.drain(part)),
            3 => {
                let copy = bytes[part].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::mutate;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn inputs_are_the_seeds_and_what_is_near_them() {
        let (whole, changed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        mutate(200, &[b"one".to_vec(), b"two".to_vec()], |input| {
            let seen = if input == b"one" || input == b"two" { &whole } else { &changed };
            seen.fetch_add(1, Ordering::Relaxed);
        });
        assert!(whole.into_inner() > 10 && changed.into_inner() > 100);
    }

    #[test]
    #[should_panic(expected = "it has a z")]
    fn what_breaks_is_told() {
        mutate(2_000, &[b"aaaaaaaa".to_vec()], |input| assert!(!input.contains(&b'z'), "it has a z"));
    }
}
