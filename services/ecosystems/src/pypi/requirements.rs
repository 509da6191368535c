//! `requirements*.txt`: what pip installs when every line is pinned.
//!
//! The format is pip's ("Requirements File Format"). A line that pins nothing is refused: what it would bring
//! in is unknown, so the check stays incomplete. Index options are ignored: where to fetch from is the
//! operator's configuration, never the pull request's.

use super::entry::{Place, digest, entry, is_commit, stand_in};
use super::file_name::WheelName;
use super::logical_lines::logical_lines;
use super::specifier::Specifiers;
use super::via::Parents;
use crate::address::{file_name, without_credentials};
use crate::bounds::check_entries;
use crate::position::{Lines, excerpt};
use lockgate_model::{LockedDigest, LockedRelease, Lockfile, LockfileError, LockfileFormat, Origin};

/// Options of a whole file that take no value.
const FLAGS: [&str; 4] = ["--no-index", "--pre", "--prefer-binary", "--require-hashes"];
/// Options of a whole file that take one; none of them changes which releases are named.
const SETTINGS: [&str; 10] = [
    "-i",
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
];

/// # Errors
/// When a line cannot be read, names no package, or pins nothing.
pub(super) fn parse(path: &str, text: &str) -> Result<Lockfile, LockfileError> {
    let lines = Lines::new(text);
    let mut releases: Vec<LockedRelease> = Vec::new();
    let mut parents = Parents::default();
    for line in logical_lines(text) {
        let place = Place { path, lines: &lines, offset: line.offset };
        let found =
            if line.text.starts_with('-') { option_line(place, &line.text)? } else { requirement(place, &line.text)? };
        if let Some(release) = found {
            parents.add(releases.len(), &line.comments);
            releases.push(release);
            check_entries(path, releases.len())?;
        }
    }
    parents.apply(path, &mut releases)?;
    Ok(Lockfile { path: path.to_owned(), format: LockfileFormat::Requirements, root: None, releases })
}

/// A line of options; only `-e` can name a release.
fn option_line(place: Place<'_>, text: &str) -> Result<Option<LockedRelease>, LockfileError> {
    let mut found = None;
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if FLAGS.contains(&word) {
            continue;
        }
        let (option, value) = split_option(word);
        let value = match value {
            Some(value) => value.to_owned(),
            // The value goes on to the next option: an editable may be `name @ address`.
            None => {
                let mut value = Vec::new();
                while let Some(word) = words.next_if(|w| !w.starts_with('-')) {
                    value.push(word);
                }
                value.join(" ")
            }
        };
        match option {
            "-r" | "--requirement" => included(place, &value)?,
            // Constraints bring nothing in.
            "-c" | "--constraint" => {}
            "-e" | "--editable" => found = editable(place, &value)?,
            option if SETTINGS.contains(&option) => {}
            option => return Err(place.error(format!("option {:?} is not one of pip's", excerpt(option)))),
        }
    }
    Ok(found)
}

/// `--option=value`, `-ovalue` or the option alone.
fn split_option(word: &str) -> (&str, Option<&str>) {
    if word.starts_with("--") {
        return word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
    }
    let end = word.char_indices().nth(2).map_or(word.len(), |(at, _)| at);
    let (option, value) = word.split_at(end);
    (option, (!value.is_empty()).then_some(value))
}

/// An included file is read when it is a lockfile by name, as a file of its own; any other would hide releases.
fn included(place: Place<'_>, file: &str) -> Result<(), LockfileError> {
    let local = !file.contains("://") && !file.starts_with('/');
    if local && crate::detect(file).is_some() {
        return Ok(());
    }
    let file = excerpt(&without_credentials(file));
    Err(place.error(format!("it includes {file:?}, which is not read; call it requirements-*.txt or paste its lines")))
}

/// `-e`: a folder of the repository, which is the project's own, or an address.
fn editable(place: Place<'_>, value: &str) -> Result<Option<LockedRelease>, LockfileError> {
    if value.contains(':') { requirement(place, value) } else { Ok(None) }
}

/// One requirement with its hashes; `None` for a folder or nameless archive of the repository.
fn requirement(place: Place<'_>, text: &str) -> Result<Option<LockedRelease>, LockfileError> {
    let (requirement, options) = split_hashes(text);
    let mut digests = Vec::new();
    for hash in hashes(place, options)? {
        digests.extend(digest(place, hash, None)?);
    }
    let requirement = requirement.split(" ;").next().unwrap_or_default().trim();
    if has_scheme(requirement) {
        let name = fragment(requirement, "egg").or_else(|| wheel_name(requirement));
        return match name {
            Some(name) => at_address(place, &name, requirement, digests),
            None if requirement.starts_with("file:") => Ok(None),
            None => Err(place.error("an address names no package; write `name @ address`")),
        };
    }
    if is_local_path(requirement) {
        return local_wheel(place, requirement, digests);
    }
    let name_end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    let (name, rest) = requirement.split_at(name_end.unwrap_or(requirement.len()));
    let rest = without_extras(rest.trim_start())
        .ok_or_else(|| place.error(format!("the extras of requirement {} are not closed", excerpt(name))))?;
    if let Some(address) = rest.strip_prefix('@') {
        return at_address(place, name, address.trim(), digests);
    }
    pinned(place, name, rest, digests).map(Some)
}

fn pinned(
    place: Place<'_>,
    name: &str,
    rest: &str,
    digests: Vec<LockedDigest>,
) -> Result<LockedRelease, LockfileError> {
    let range = rest.split(';').next().unwrap_or_default().trim();
    let range = range.strip_prefix('(').and_then(|r| r.strip_suffix(')')).unwrap_or(range);
    let specifiers: Specifiers = range
        .parse()
        .map_err(|e: String| place.error(format!("requirement {} cannot be read: {}", excerpt(name), excerpt(&e))))?;
    let version = specifiers
        .pinned()
        .ok_or_else(|| place.error(format!("requirement {} is not pinned with ==", excerpt(name))))?;
    Ok(LockedRelease { digests, ..entry(place, name, &version, Origin::Registry { url: None })? })
}

/// `name @ address`.
fn at_address(
    place: Place<'_>,
    name: &str,
    address: &str,
    mut digests: Vec<LockedDigest>,
) -> Result<Option<LockedRelease>, LockfileError> {
    let short = excerpt(name);
    let origin = match address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
        Some("file") => return local_wheel(place, address, digests),
        Some("http" | "https") => Origin::Url { url: without_credentials(address) },
        Some(scheme) if scheme.starts_with("git+") => git(&address["git+".len()..]),
        _ => return Err(place.error(format!("the address of requirement {short} is neither https nor git"))),
    };
    if matches!(&origin, Origin::Git { commit: None, .. }) {
        return Err(place.error(format!("requirement {short} is not pinned to a whole commit; write …@<commit>")));
    }
    for algorithm in ["sha1", "sha256", "sha384", "sha512"] {
        if let Some(hash) = fragment(address, algorithm) {
            digests.extend(digest(place, &format!("{algorithm}:{hash}"), file_name(address).as_deref())?);
        }
    }
    let version = stand_in(name, &origin, &digests)
        .ok_or_else(|| place.error(format!("requirement {short} is not pinned: no version and no hash")))?;
    Ok(Some(LockedRelease { digests, ..entry(place, name, &version, origin)? }))
}

/// `https://host/path@reference#fragment`, after `git+`.
fn git(address: &str) -> Origin {
    let url = without_credentials(address);
    // Credentials are gone, so an `@` after the host separates the reference.
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find('/').map_or(url.len(), |at| host + at);
    let (url, reference) = match url[path..].rfind('@') {
        Some(at) => (url[..path + at].to_owned(), Some(url[path + at + 1..].to_owned())),
        None => (url, None),
    };
    Origin::Git { url, commit: reference.filter(|r| is_commit(r)) }
}

/// An archive of the repository; only a wheel's name tells what it is.
fn local_wheel(
    place: Place<'_>,
    path: &str,
    digests: Vec<LockedDigest>,
) -> Result<Option<LockedRelease>, LockfileError> {
    let file = file_name(path).unwrap_or_default();
    let Some(wheel) = WheelName::parse(&file) else { return Ok(None) };
    let origin = Origin::Path { path: without_credentials(path) };
    Ok(Some(LockedRelease { digests, ..entry(place, wheel.name, wheel.version, origin)? }))
}

fn wheel_name(address: &str) -> Option<String> {
    Some(WheelName::parse(&file_name(address)?)?.name.to_owned())
}

/// pip: a scheme, alone or after a version control system's name and `+`.
fn has_scheme(text: &str) -> bool {
    let scheme = |text: &str| text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme(text).is_some_and(|s| {
        matches!(s.as_str(), "http" | "https" | "file" | "ftp")
            || s.split_once('+').is_some_and(|(vcs, _)| matches!(vcs, "git" | "hg" | "svn" | "bzr"))
    })
}

/// pip: whatever has a separator in front of any `@`, begins with a dot, or is an archive's name.
fn is_local_path(text: &str) -> bool {
    let before = text.split(['@', ';', '[']).next().unwrap_or_default();
    let archive = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar"];
    before.contains(['/', '\\']) || text.starts_with('.') || archive.iter().any(|end| before.trim_end().ends_with(end))
}

/// The value of `key` in an address's fragment (`#egg=name&subdirectory=x`).
fn fragment(address: &str, key: &str) -> Option<String> {
    let (_, fragment) = address.split_once('#')?;
    let value = fragment.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))?;
    // `egg` may carry extras.
    Some(value.split('[').next().unwrap_or_default().trim().to_owned())
}

/// What follows `[extra,extra]`; `None` when the bracket is not closed.
fn without_extras(text: &str) -> Option<&str> {
    match text.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map(|(_, rest)| rest.trim_start()),
        None => Some(text),
    }
}

/// The requirement, and its options from the first word that begins with `--`.
fn split_hashes(text: &str) -> (&str, &str) {
    text.match_indices("--")
        .find(|(at, _)| text[..*at].ends_with(char::is_whitespace))
        .map_or((text, ""), |(at, _)| text.split_at(at))
}

fn hashes<'t>(place: Place<'_>, options: &'t str) -> Result<Vec<&'t str>, LockfileError> {
    let mut hashes = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let (option, value) = split_option(word);
        let value = value.or_else(|| words.next()).unwrap_or_default();
        match option {
            "--hash" => hashes.push(value),
            "--global-option" | "--config-setting" | "--config-settings" | "--build-option" => {}
            other => return Err(place.error(format!("option {:?} is not one of a requirement", excerpt(other)))),
        }
    }
    Ok(hashes)
}
