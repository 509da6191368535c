//! Which paths of an artifact are licence files, and whose.

/// What a licence file is to the release. Ordered by weight: own files are read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Own,
    /// An own NOTICE: attributions, no licence.
    Notice,
    Bundled,
}

/// What the file at `path` (below the archive's top folder) is; `None` when it speaks of no licence.
pub(super) fn role(path: &str, extra: Option<&str>) -> Option<Role> {
    if extra.is_some_and(|extra| extra.trim_start_matches("./") == path) {
        return Some(Role::Own);
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let kind = kind(name).or_else(|| (folder == "LICENSES").then_some(Kind::License))?;
    let is_own = folder.is_empty()
        || folder.ends_with(".dist-info")
        || folder.ends_with(".dist-info/licenses")
        || folder.ends_with(".egg-info");
    Some(match kind {
        Kind::License if is_own => Role::Own,
        Kind::Notice if is_own => Role::Notice,
        _ => Role::Bundled,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    License,
    Notice,
}

/// By file name: `LICENSE-MIT`, `copying.lesser`, `MIT-LICENSE.txt`, `logo.svg.license`, never `license.py`.
fn kind(name: &str) -> Option<Kind> {
    const CODE: [&str; 19] = [
        ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".py", ".pyi", ".rs", ".go", ".java", ".c", ".h",
        ".cs", ".json", ".map", ".toml",
    ];
    let lower = name.to_ascii_lowercase();
    if CODE.iter().any(|end| lower.ends_with(end)) {
        return None;
    }
    let begins =
        |word: &str| lower.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
    let stem =
        [".txt", ".md", ".rst", ".html", ".markdown"].iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
    let ends =
        ["-license", "_license", ".license", "-licence", "-licenses", "thirdpartynotices", "third-party-notices"];
    if begins("notice") || begins("notices") {
        Some(Kind::Notice)
    } else if ["license", "licence", "licenses", "licences", "copying", "unlicense"].iter().any(|word| begins(word))
        || ends.iter().any(|end| stem.ends_with(end))
    {
        Some(Kind::License)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_files_are_known_by_name_and_place() {
        for (path, expected) in [
            ("LICENSE", Some(Role::Own)),
            ("license.md", Some(Role::Own)),
            ("LICENCE.txt", Some(Role::Own)),
            ("LICENSE-MIT", Some(Role::Own)),
            ("COPYING.LESSER", Some(Role::Own)),
            ("MIT-LICENSE.txt", Some(Role::Own)),
            ("UNLICENSE", Some(Role::Own)),
            ("name-1.0.dist-info/licenses/LICENSE", Some(Role::Own)),
            ("name-1.0.dist-info/licenses/vendor/LICENSE", Some(Role::Bundled)),
            ("NOTICE", Some(Role::Notice)),
            ("vendor/zlib/COPYING", Some(Role::Bundled)),
            ("LICENSES/Apache-2.0.txt", Some(Role::Bundled)),
            ("logo.svg.license", Some(Role::Own)),
            ("dist/index.js.LICENSE.txt", Some(Role::Bundled)),
            ("license.py", None),
            ("src/licenses.json", None),
            ("licensing/mod.rs", None),
            ("README.md", None),
            ("noticeboard.txt", None),
        ] {
            assert_eq!(role(path, None), expected, "{path}");
        }
        assert_eq!(role("docs/terms.txt", Some("./docs/terms.txt")), Some(Role::Own));
    }
}
