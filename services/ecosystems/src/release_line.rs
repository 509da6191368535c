//! Release lines: which earlier releases a release is the successor of.

use crate::versions;
use lockgate_model::{PublishedPackage, PublishedRelease, Release, VersionKey};

/// The first number of the version that promises compatibility: `4.17.21` is of line `4`, `0.3.1` of line `0.3`, and so
/// are `v4.0`, and `1!2.0` of line `1!2`. A text without a number is a line of its own.
///
/// A new line may be built by others and in another way, as new majors are; within a line that is news.
pub fn release_line(version: &str) -> String {
    let text = version.trim_start_matches(['v', 'V', '=']);
    let (epoch, rest) = match text.split_once('!') {
        Some((epoch, rest)) => (format!("{epoch}!"), rest),
        None => (String::new(), text),
    };
    let release = rest.split(['-', '+']).next().unwrap_or_default();
    let mut numbers = release.split('.').map_while(number);
    match (numbers.next(), numbers.next()) {
        (Some(0), minor) => format!("{epoch}0.{}", minor.unwrap_or(0)),
        (Some(major), _) => format!("{epoch}{major}"),
        (None, _) => version.to_owned(),
    }
}

/// The digits at the start, as in `0rc1`.
fn number(part: &str) -> Option<u64> {
    let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().ok()
}

/// The releases of the same line before `release`, the nearest first, at most `most`; those that were withdrawn and, unless
/// it is one itself, pre-releases left out.
pub fn earlier<'a>(package: &'a PublishedPackage, release: &Release, most: usize) -> Vec<&'a PublishedRelease> {
    let order = versions(release.ecosystem);
    let Ok(own) = order.key(&release.version) else { return Vec::new() };
    let line = release_line(&release.version);
    let pre = |version: &str| order.is_prerelease(version).unwrap_or(true);
    let with_pre = pre(&release.version);
    let before = |other: &&PublishedRelease| {
        let version = &other.release.version;
        other.yanked.is_none() && release_line(version) == line && (with_pre || !pre(version))
    };
    let keyed = package.releases.iter().filter(before).filter_map(|other| {
        let key = order.key(&other.release.version).ok().filter(|key| *key < own)?;
        Some((key, other))
    });
    let mut found: Vec<(VersionKey, &PublishedRelease)> = keyed.collect();
    found.sort_by(|(one, _), (other, _)| other.cmp(one));
    found.into_iter().take(most).map(|(_, other)| other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::{Claims, Ecosystem};

    #[test]
    fn a_line_is_what_promises_compatibility() {
        for (version, line) in [
            ("4.17.21", "4"),
            ("4", "4"),
            ("v4.0.0-rc.1", "4"),
            ("0.3.1", "0.3"),
            ("0", "0.0"),
            ("0rc1", "0.0"),
            ("1!2.0.post1", "1!2"),
            ("2024.10.1", "2024"),
            ("10.0a1", "10"),
            ("latest", "latest"),
            ("", ""),
        ] {
            assert_eq!(release_line(version), line, "{version}");
        }
    }

    #[test]
    fn the_nearest_of_the_line_come_first() {
        let release = |version: &str, yanked: bool| PublishedRelease {
            release: Release::new(Ecosystem::Npm, "a", version),
            files: Vec::new(),
            claims: Claims::default(),
            published_at: None,
            yanked: yanked.then(String::new),
        };
        let versions = ["1.0.0", "1.10.0", "1.2.0", "1.3.0-rc.1", "0.9.0", "2.0.0", "1.9.0", "odd"];
        let releases = versions.iter().map(|version| release(version, *version == "1.9.0")).collect();
        let package = PublishedPackage { name: "a".into(), releases };
        let found = |version: &str, most| {
            let found = earlier(&package, &Release::new(Ecosystem::Npm, "a", version), most);
            found.iter().map(|r| r.release.version.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(found("1.11.0", 5), ["1.10.0", "1.2.0", "1.0.0"]);
        assert_eq!(found("1.11.0", 1), ["1.10.0"]);
        assert_eq!(found("1.3.0-rc.2", 5), ["1.3.0-rc.1", "1.2.0", "1.0.0"]);
        assert_eq!(found("3.0.0", 5), [""; 0], "a new major has no line yet");
        assert_eq!(found("odd", 5), [""; 0]);
    }
}
