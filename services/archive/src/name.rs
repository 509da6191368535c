//! Names of entries: normalised for us, and judged for those who would unpack them.

use crate::{Irregularity, Limits};

/// Longest text of an archive that is repeated in an irregularity.
const SHOWN_BYTES: usize = 1024;

/// The path of one entry, and what is wrong with the way it is written.
pub(crate) struct Name {
    /// `/` separated, without empty and `.` components; `..` stays, since nothing is unpacked to it.
    pub(crate) path: String,
    pub(crate) irregularities: Vec<Irregularity>,
    /// Ends with `/`, which names a folder.
    pub(crate) is_folder: bool,
}

/// Reads a name. `None` for the path when the entry must be left out; the irregularity says why.
pub(crate) fn read(raw: &[u8], entry: u64, limits: &Limits) -> Result<Name, Irregularity> {
    if raw.len() > limits.path_bytes {
        return Err(Irregularity::NameTooLong { path: shown(raw), bytes: raw.len() as u64 });
    }
    let mut irregularities = Vec::new();
    let written = match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            irregularities.push(Irregularity::NonUtf8Name { path: shown(raw) });
            String::from_utf8_lossy(raw).into_owned()
        }
    };
    let is_absolute = written.starts_with(['/', '\\']) || has_drive(&written);
    if is_absolute {
        irregularities.push(Irregularity::AbsolutePath { path: shown(raw) });
    }
    if written.chars().any(is_ambiguous) {
        irregularities.push(Irregularity::AmbiguousName { path: shown(raw) });
    }
    if written.split(['/', '\\']).any(|part| part == "..") {
        irregularities.push(Irregularity::ParentPath { path: shown(raw) });
    }
    let path = normalize(&written);
    if path.is_empty() && !is_absolute && !matches!(written.as_str(), "." | "./") {
        return Err(Irregularity::EmptyName { entry });
    }
    if path.split('/').count() > limits.path_depth {
        return Err(Irregularity::TooDeep { path: shown(raw) });
    }
    Ok(Name { path, irregularities, is_folder: written.ends_with('/') })
}

/// The path within the archive at which a link points; `None` when it leads out.
///
/// Symbolic links are relative to their own folder, hard links to the archive (POSIX.1, pax).
pub(crate) fn resolve_link(path: &str, target: &str, relative_to_folder: bool) -> Option<String> {
    if target.starts_with(['/', '\\']) || has_drive(target) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    if relative_to_folder {
        parts.extend(path.split('/'));
        parts.pop();
    }
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Text of the archive as it may be shown: valid, bounded, without control characters.
pub(crate) fn shown(raw: &[u8]) -> String {
    let cut = raw.get(..SHOWN_BYTES).unwrap_or(raw);
    String::from_utf8_lossy(cut).chars().map(visible).collect()
}

fn normalize(written: &str) -> String {
    let mut path = String::with_capacity(written.len());
    for part in written.split('/').filter(|p| !matches!(*p, "" | ".")) {
        if !path.is_empty() {
            path.push('/');
        }
        path.extend(part.chars().map(visible));
    }
    path
}

fn visible(c: char) -> char {
    if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }
}

/// Characters that make a name read differently from what it is: control, bidirectional and zero-width ones
/// (Trojan Source, CVE-2021-42574), and the backslash, a separator on one system and a letter on another.
fn is_ambiguous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\\' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_judged() {
        let read = |raw: &str| read(raw.as_bytes(), 0, &Limits::default());
        assert_eq!(read("./package//a/./b.js").unwrap().path, "package/a/b.js");
        assert!(read("package/a..b/c").unwrap().irregularities.is_empty());
        let kinds = |raw| read(raw).unwrap().irregularities.len();
        assert_eq!(kinds("a/../../b"), 1);
        assert_eq!(kinds("/etc/passwd"), 1);
        assert_eq!(kinds("C:\\x"), 2, "a drive, and a backslash");
        assert_eq!(kinds("a\u{202e}sj.exe"), 1);
        assert!(matches!(read(""), Err(Irregularity::EmptyName { .. })));
        assert!(matches!(read(&"a/".repeat(100)), Err(Irregularity::TooDeep { .. })));
        assert!(matches!(read(&"a".repeat(2000)), Err(Irregularity::NameTooLong { .. })));
    }

    #[test]
    fn links_are_followed_component_by_component() {
        assert_eq!(resolve_link("p/a/link", "../b", true).as_deref(), Some("p/b"));
        assert_eq!(resolve_link("p/link", "../../b", true), None);
        assert_eq!(resolve_link("p/link", "/etc/passwd", true), None);
        assert_eq!(resolve_link("p/link", "p/b", false).as_deref(), Some("p/b"));
    }
}
