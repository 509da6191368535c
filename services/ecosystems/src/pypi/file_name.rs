//! What the names of published files say: release, kind, and for wheels where they run.
//!
//! Wheels: "Binary distribution format", section "File name convention". Source distributions: "Source
//! distribution format" (PEP 625), and the looser names from before it.

use super::version;
use lockgate_model::{Ecosystem, PublishedFileKind};
use pep440_rs::Version;

/// The parts of a wheel's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WheelName<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) python: &'a str,
    pub(super) abi: &'a str,
    pub(super) platform: &'a str,
}

impl<'a> WheelName<'a> {
    pub(super) fn parse(file: &'a str) -> Option<Self> {
        let parts: Vec<&str> = file.strip_suffix(".whl")?.split('-').collect();
        let (python, abi, platform) = match parts.as_slice() {
            [_, _, python, abi, platform] => (*python, *abi, *platform),
            // A build number, which begins with a digit.
            [_, _, build, python, abi, platform] if build.starts_with(|c: char| c.is_ascii_digit()) => {
                (*python, *abi, *platform)
            }
            _ => return None,
        };
        Some(Self { name: parts[0], version: parts[1], python, abi, platform })
    }

    /// Runs on every platform.
    pub(super) fn is_pure(&self) -> bool {
        self.abi == "none" && self.platform == "any"
    }

    pub(super) fn is_manylinux_x86_64(&self) -> bool {
        self.platform.split('.').any(|p| p.starts_with("manylinux") && p.ends_with("_x86_64"))
    }

    /// The newest CPython 3 that the wheel names, by its minor number; 0 when it names none.
    pub(super) fn cpython_minor(&self) -> u32 {
        self.python.split('.').filter_map(|p| p.strip_prefix("cp3")?.parse().ok()).max().unwrap_or(0)
    }

    /// Built for the interpreter without the global lock (`cp313t`), which few run.
    pub(super) fn is_free_threaded(&self) -> bool {
        self.abi.starts_with("cp") && self.abi.ends_with('t')
    }
}

/// Archives that can be opened, then those that are only listed.
const SDIST_ENDINGS: [(&str, PublishedFileKind); 8] = [
    (".tar.gz", PublishedFileKind::Sdist),
    (".tgz", PublishedFileKind::Sdist),
    (".zip", PublishedFileKind::Sdist),
    (".tar.bz2", PublishedFileKind::Other),
    (".tar.xz", PublishedFileKind::Other),
    (".tar.Z", PublishedFileKind::Other),
    (".tar", PublishedFileKind::Other),
    (".egg", PublishedFileKind::Other),
];

/// Kind and version of a file of `package` (any spelling); `None` when the name tells no version of it.
pub(super) fn read(package: &str, file: &str) -> Option<(PublishedFileKind, Version)> {
    let package = Ecosystem::Pypi.normalize_name(package);
    if let Some(wheel) = WheelName::parse(file) {
        // `-` may not stand in a part, so a local version's separator was written `_`.
        let version = version::read(wheel.version).or_else(|_| version::read(&wheel.version.replace('_', "-"))).ok()?;
        return (Ecosystem::Pypi.normalize_name(wheel.name) == package).then_some((PublishedFileKind::Wheel, version));
    }
    let (stem, kind) = SDIST_ENDINGS.iter().find_map(|(end, kind)| Some((file.strip_suffix(end)?, *kind)))?;
    let stem = if file.ends_with(".egg") { stem.split("-py").next()? } else { stem };
    let version = stem.match_indices('-').find_map(|(at, _)| {
        let (name, rest) = (&stem[..at], &stem[at + 1..]);
        (Ecosystem::Pypi.normalize_name(name) == package).then(|| version::read(rest).ok()).flatten()
    })?;
    Some((kind, version))
}

/// The version in the name of a wheel or source distribution whose package is `package`.
pub(super) fn version_of(package: &str, file: &str) -> Option<String> {
    read(package, file).map(|(_, version)| version.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kind_and_version() {
        for (package, file, expected) in [
            ("Foo.Bar", "foo_bar-1.0-py3-none-any.whl", Some((PublishedFileKind::Wheel, "1.0"))),
            ("foo", "foo-1.0-2-cp39-cp39-win32.whl", Some((PublishedFileKind::Wheel, "1.0"))),
            ("foo", "foo-1.0+cpu_2-py3-none-any.whl", Some((PublishedFileKind::Wheel, "1.0+cpu.2"))),
            ("foo-bar", "foo-bar-1.0.tar.gz", Some((PublishedFileKind::Sdist, "1.0"))),
            ("foo-bar", "Foo.Bar-1.0-1.zip", Some((PublishedFileKind::Sdist, "1.0.post1"))),
            ("foo", "foo-1.0.tar.bz2", Some((PublishedFileKind::Other, "1.0"))),
            ("foo", "foo-1.0-py2.7.egg", Some((PublishedFileKind::Other, "1.0"))),
            ("foo-2", "foo-2-3.0.tar.gz", Some((PublishedFileKind::Sdist, "3.0"))),
            ("foo", "foo-2-3.0.tar.gz", None),
            ("foo", "bar-1.0.tar.gz", None),
            ("foo", "foo-1.0.win32.exe", None),
            ("foo", "foo-1.0-py3-none.whl", None),
            ("foo", "foo.tar.gz", None),
            ("foo", "", None),
        ] {
            let found = read(package, file).map(|(kind, version)| (kind, version.to_string()));
            assert_eq!(found, expected.map(|(kind, version)| (kind, version.to_owned())), "{file}");
        }
    }

    #[test]
    fn wheels_tell_where_they_run() {
        let pure = WheelName::parse("a-1-py2.py3-none-any.whl").unwrap();
        assert!(pure.is_pure() && !pure.is_manylinux_x86_64() && pure.cpython_minor() == 0);
        let built = WheelName::parse("a-1-cp313-cp313t-manylinux_2_17_x86_64.manylinux2014_x86_64.whl").unwrap();
        assert!(built.is_manylinux_x86_64() && built.is_free_threaded() && built.cpython_minor() == 13);
        assert!(!WheelName::parse("a-1-cp310-abi3-musllinux_1_1_x86_64.whl").unwrap().is_manylinux_x86_64());
    }
}
