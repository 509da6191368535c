//! The SPDX lists of licences and exceptions, looked up as the specification demands: in any case of letters.

use std::{collections::HashMap, sync::OnceLock};

/// What stands today for an id that SPDX has withdrawn (SPDX licence list, "deprecated licence identifiers").
/// The GNU ids without suffix are handled by rule.
const REPLACED: [(&str, &str); 13] = [
    ("BSD-2-Clause-FreeBSD", "BSD-2-Clause"),
    ("BSD-2-Clause-NetBSD", "BSD-2-Clause"),
    ("GPL-2.0-with-GCC-exception", "GPL-2.0-only WITH GCC-exception-2.0"),
    ("GPL-2.0-with-autoconf-exception", "GPL-2.0-only WITH Autoconf-exception-2.0"),
    ("GPL-2.0-with-bison-exception", "GPL-2.0-only WITH Bison-exception-2.2"),
    ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("GPL-2.0-with-font-exception", "GPL-2.0-only WITH Font-exception-2.0"),
    ("GPL-3.0-with-GCC-exception", "GPL-3.0-only WITH GCC-exception-3.1"),
    ("GPL-3.0-with-autoconf-exception", "GPL-3.0-only WITH Autoconf-exception-3.0"),
    ("StandardML-NJ", "SMLNJ"),
    ("bzip2-1.0.5", "bzip2-1.0.6"),
    ("eCos-2.0", "GPL-2.0-or-later WITH eCos-exception-2.0"),
    ("wxWindows", "LGPL-2.0-or-later WITH WxWindows-exception-3.1"),
];

/// Exceptions on SPDX's list that do not only add a permission: they forbid something (benchmarks, in the
/// FreeRTOS one) or rewrite the licence's terms. Every other listed exception adds permission alone.
const NOT_ONLY_PERMISSION: [&str; 4] = ["freertos-exception-2.0", "LLGPL", "SHL-2.0", "SHL-2.1"];

/// An id of the SPDX list as it is to be written today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Current(&'static str),
    /// `now` may be an id or `ID WITH EXCEPTION`; it is the id itself where SPDX names no successor.
    Deprecated {
        now: &'static str,
    },
}

/// Looks `id` up; a `+` belongs to the id only in SPDX's own `GPL-2.0+` and its like.
pub(super) fn license(id: &str) -> Option<Listed> {
    static INDEX: OnceLock<HashMap<String, Listed>> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        // The crate lists NOASSERTION, which is SPDX's word for "nothing was said" and no licence.
        let listed = spdx::identifiers::LICENSES.iter().filter(|l| l.name != "NOASSERTION");
        listed.map(|l| (l.name.to_ascii_lowercase(), current(l.name))).collect()
    });
    index.get(&id.to_ascii_lowercase()).copied()
}

fn current(name: &'static str) -> Listed {
    let Some(id) = spdx::license_id(name).filter(|id| id.name == name) else {
        // Only the ids that end in `+` escape `license_id`, and all of them are deprecated GNU ids.
        return gnu(name);
    };
    if !id.is_deprecated() {
        return Listed::Current(name);
    }
    match REPLACED.iter().find(|(old, _)| *old == name) {
        Some((_, now)) => Listed::Deprecated { now },
        None if id.is_gnu() => gnu(name),
        None => Listed::Deprecated { now: name },
    }
}

/// `GPL-2.0` means version 2 alone and `GPL-2.0+` version 2 or later; each has an id of its own since list 3.0.
fn gnu(name: &'static str) -> Listed {
    let now = match name.strip_suffix('+') {
        Some(base) => format!("{base}-or-later"),
        None => format!("{name}-only"),
    };
    let listed = spdx::license_id(&now).map_or(name, |id| spdx::identifiers::LICENSES[id.index].name);
    Listed::Deprecated { now: listed }
}

/// Looks an exception up and gives the list's spelling.
pub(super) fn exception(id: &str) -> Option<&'static str> {
    static INDEX: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    let index = INDEX
        .get_or_init(|| spdx::identifiers::EXCEPTIONS.iter().map(|e| (e.name.to_ascii_lowercase(), e.name)).collect());
    index.get(&id.to_ascii_lowercase()).copied()
}

/// Whether the exception can only widen what its licence permits, so that accepting the licence accepts both.
pub(super) fn only_adds_permission(id: &str) -> bool {
    exception(id).is_some_and(|listed| !NOT_ONLY_PERMISSION.contains(&listed))
}

/// Whether `later` is the licence `id` in the same or a later version: same name, one dotted version, not lower.
/// `BSD-3-Clause` is no later version of `BSD-2-Clause`: its number counts clauses.
pub(super) fn is_version_at_least(later: &str, id: &str) -> bool {
    let split = |text: &str| text.split('-').map(str::to_owned).collect::<Vec<_>>();
    let (later_parts, parts) = (split(later), split(id));
    let differing: Vec<_> = later_parts.iter().zip(&parts).filter(|(a, b)| a != b).collect();
    match differing.as_slice() {
        _ if later_parts.len() != parts.len() => false,
        [] => true,
        [(a, b)] => matches!((version(a), version(b)), (Some(a), Some(b)) if a >= b),
        _ => false,
    }
}

fn version(part: &str) -> Option<Vec<u32>> {
    let numbers: Option<Vec<u32>> = part.split('.').map(|n| n.parse().ok()).collect();
    numbers.filter(|n| n.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_id_is_found_in_any_case_and_its_successor_is_listed() {
        assert_eq!(license("NOASSERTION"), None);
        for listed in spdx::identifiers::LICENSES.iter().filter(|l| l.name != "NOASSERTION") {
            let found = license(&listed.name.to_ascii_uppercase()).expect(listed.name);
            if let Listed::Deprecated { now } = found {
                let id = now.split(' ').next().unwrap();
                assert!(spdx::license_id(id).is_some(), "{} -> {now}", listed.name);
            }
        }
    }

    #[test]
    fn withdrawn_ids_are_replaced() {
        for (old, now) in [
            ("GPL-2.0", "GPL-2.0-only"),
            ("gpl-2.0+", "GPL-2.0-or-later"),
            ("AGPL-3.0", "AGPL-3.0-only"),
            ("GFDL-1.3", "GFDL-1.3-only"),
            ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
            ("Net-SNMP", "Net-SNMP"),
        ] {
            assert_eq!(license(old), Some(Listed::Deprecated { now }));
        }
        assert_eq!(license("mit"), Some(Listed::Current("MIT")));
        assert_eq!(license("MIT+"), None);
    }

    #[test]
    fn later_versions_are_of_the_same_licence() {
        assert!(is_version_at_least("MPL-2.0", "MPL-1.1"));
        assert!(is_version_at_least("CC-BY-SA-4.0", "CC-BY-SA-3.0"));
        assert!(is_version_at_least("EUPL-1.2", "EUPL-1.2"));
        assert!(!is_version_at_least("MPL-1.1", "MPL-2.0"));
        assert!(!is_version_at_least("BSD-3-Clause", "BSD-2-Clause"));
        assert!(!is_version_at_least("CC-BY-4.0", "CC-BY-SA-3.0"));
        assert!(!is_version_at_least("CC-BY-NC-4.0", "CC-BY-SA-3.0"));
    }

    #[test]
    fn replacements_name_listed_exceptions() {
        for (_, now) in REPLACED {
            if let Some((_, named)) = now.split_once(" WITH ") {
                assert_eq!(exception(named), Some(named));
            }
        }
        for id in NOT_ONLY_PERMISSION {
            assert_eq!(exception(id), Some(id));
        }
    }
}
