//! Submodules: the commit stands in the tree, the address in `.gitmodules` (gitmodules(5)).

use crate::text;
use lockgate_model::{CommitSha, Pin, PinChange, PinKind, PinReference};
use std::collections::BTreeMap;

/// The file in which git keeps addresses.
pub(crate) const FILE: &str = ".gitmodules";

/// What `.gitmodules` says of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Without credentials.
    pub address: String,
    /// 1-based, of the address.
    pub line: u32,
}

/// The submodules that `.gitmodules` names, by path. Total: git passes over what it cannot read, and the commits are in
/// the tree whatever the file says.
pub fn submodules(content: &[u8]) -> BTreeMap<String, Submodule> {
    let text = String::from_utf8_lossy(&content[..content.len().min(crate::MAX_BYTES)]);
    let mut found = BTreeMap::new();
    let (mut path, mut address): (Option<String>, Option<Submodule>) = (None, None);
    let mut keep = |path: &mut Option<String>, address: &mut Option<Submodule>| {
        if let (Some(path), Some(address)) = (path.take(), address.take()) {
            found.insert(path, address);
        }
    };
    for (line, text) in (1u32..).zip(text.lines()) {
        let text = text.trim();
        if text.starts_with('[') {
            keep(&mut path, &mut address);
            continue;
        }
        let Some((key, value)) = text.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => path = Some(value.to_owned()),
            "url" => address = Some(Submodule { address: text::without_credentials(value), line }),
            _ => {}
        }
    }
    keep(&mut path, &mut address);
    found
}

/// What comes in by submodules. `moved`: path, commit before, commit at the head, of those whose commit differs or whose
/// address may; what stays as it was is left out.
pub fn submodule_changes(
    old: &BTreeMap<String, Submodule>,
    new: &BTreeMap<String, Submodule>,
    moved: &[(String, Option<CommitSha>, CommitSha)],
) -> Vec<PinChange> {
    let pin = |named: &BTreeMap<String, Submodule>, path: &str, commit: &CommitSha| Pin {
        kind: PinKind::Submodule,
        name: path.to_owned(),
        reference: PinReference::Commit { commit: commit.to_string() },
        label: None,
        address: named.get(path).map(|submodule| submodule.address.clone()),
        line: named.get(path).map_or(1, |submodule| submodule.line),
    };
    let change = |(path, before, after): &(String, Option<CommitSha>, CommitSha)| {
        let old = before.as_ref().map(|commit| pin(old, path, commit));
        let new = pin(new, path, after);
        let same = old.as_ref().is_some_and(|old| old.reference == new.reference && old.address == new.address);
        (!same).then(|| PinChange { path: FILE.to_owned(), old, new })
    };
    let mut changes: Vec<PinChange> = moved.iter().filter_map(change).collect();
    changes.sort_by(|a, b| (a.new.line, &a.new.name).cmp(&(b.new.line, &b.new.name)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[submodule \"a\"]\n\tpath = lib/a\n\turl = https://u:p@git.example.test/a.git\n[submodule \"b\"]\n\turl = ../b\n\tpath = lib/b\n[submodule \"c\"]\n\tpath = lib/c\n";

    #[test]
    fn addresses_are_found_by_path() {
        let found = submodules(TEXT.as_bytes());
        let told: Vec<_> = found.iter().map(|(path, s)| (path.as_str(), s.address.as_str(), s.line)).collect();
        assert_eq!(told, [("lib/a", "https://git.example.test/a.git", 3), ("lib/b", "../b", 5)]);
        assert!(submodules(b"\xFF\n=\n[\n").is_empty());
    }

    #[test]
    fn moved_commits_and_moved_addresses_come_in() {
        let sha = |digit: &str| digit.repeat(40).parse::<CommitSha>().unwrap();
        let old = submodules(TEXT.as_bytes());
        let new = submodules(TEXT.replace("../b", "https://evil.example.test/b").as_bytes());
        let moved = [
            ("lib/a".to_owned(), Some(sha("1")), sha("1")),
            ("lib/b".to_owned(), Some(sha("1")), sha("1")),
            ("lib/n".to_owned(), None, sha("2")),
        ];
        let changes = submodule_changes(&old, &new, &moved);
        assert_eq!(changes.iter().map(|c| c.new.name.as_str()).collect::<Vec<_>>(), ["lib/n", "lib/b"]);
        assert_eq!(changes[1].new.address.as_deref(), Some("https://evil.example.test/b"));
        assert_eq!(changes[0].old, None);
    }
}
