//! Whether a lockfile has what the manifest beside it asks for.
//!
//! Whoever edits a lockfile by hand can lock a version that nobody asked for, or leave a package out, so that the
//! client resolves it anew and installs what was never judged. A manifest that cannot be read asks for nothing here:
//! its own client refuses it.

use crate::{adapter, bounds::MAX_BYTES};
use lockgate_model::{LockedRelease, Lockfile, LockfileFinding, LockfileFormat, Origin};
use std::collections::BTreeMap;

/// Most findings of one lockfile: a manifest and a lockfile that have nothing in common need no longer list.
const MAX_FINDINGS: usize = 100;

/// One package that the project asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The package's own name, in the spelling that the ecosystem compares.
    pub name: String,
    /// The name under which it is installed, where that differs (npm aliases).
    pub alias: Option<String>,
    /// In the ecosystem's range language; empty for any version.
    pub range: String,
    /// Whether a lockfile may do without it: it is for other platforms, or its place is not certain.
    pub presence: Presence,
    /// 1-based, in the manifest.
    pub line: u32,
}

/// Whether a package that is asked for must be locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Required,
    /// Where it is locked, it must be in the range.
    Possible,
}

/// The manifest that lies beside a lockfile of this format, where there is one that says what is asked for.
pub fn manifest_beside(lockfile: &str, format: LockfileFormat) -> Option<String> {
    let name = match format {
        LockfileFormat::NpmPackageLock => "package.json",
        LockfileFormat::UvLock | LockfileFormat::PoetryLock => "pyproject.toml",
        LockfileFormat::CargoLock => "Cargo.toml",
        // Made from files of any name.
        LockfileFormat::Pylock | LockfileFormat::Requirements => return None,
    };
    let folder = lockfile.rfind('/').map_or("", |at| &lockfile[..=at]);
    Some(format!("{folder}{name}"))
}

/// What `manifest`, the file at `path`, asks for and `lockfile` does not have, by line of the manifest.
pub fn disagreements(lockfile: &Lockfile, path: &str, manifest: &[u8]) -> Vec<LockfileFinding> {
    let ecosystem = lockfile.format.ecosystem();
    let text = manifest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(manifest);
    let Some(text) = std::str::from_utf8(text).ok().filter(|text| text.len() <= MAX_BYTES) else { return Vec::new() };
    let mut by_name: BTreeMap<&str, Vec<&LockedRelease>> = BTreeMap::new();
    for entry in &lockfile.releases {
        by_name.entry(entry.release.name.as_str()).or_default().push(entry);
    }
    let mut asked = adapter(ecosystem).asked(lockfile.format, text);
    asked.sort_by_key(|asked| asked.line);
    let locked = |asked: &Asked| by_name.get(asked.name.as_str()).map(Vec::as_slice).unwrap_or_default();
    let found = asked.iter().filter_map(|asked| disagreement(lockfile, path, asked, locked(asked)));
    found.take(MAX_FINDINGS).collect()
}

fn disagreement(lockfile: &Lockfile, path: &str, asked: &Asked, named: &[&LockedRelease]) -> Option<LockfileFinding> {
    let manifest = path.to_owned();
    let (name, range) = (asked.name.clone(), asked.range.clone());
    let placed: Vec<_> = named.iter().filter(|e| e.direct != Some(false) && e.alias == asked.alias).collect();
    let Some(first) = placed.first() else {
        let required = asked.presence == Presence::Required;
        return required.then_some(LockfileFinding::NotLocked { manifest, manifest_line: asked.line, name, range });
    };
    let order = crate::versions(lockfile.format.ecosystem());
    let fits = |entry: &LockedRelease| {
        let own = matches!(entry.origin, Origin::Path { .. });
        // What is no range (a tag, an address) is asked of the registry, not of the lockfile.
        own || asked.range.is_empty() || order.in_range(&asked.range, &entry.release.version).unwrap_or(true)
    };
    (!placed.iter().any(|entry| fits(entry))).then(|| LockfileFinding::OutOfRange {
        manifest,
        manifest_line: asked.line,
        name,
        range,
        version: first.release.version.clone(),
        line: first.line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npm(manifest: &str, root: &str, entries: &str) -> Vec<String> {
        let lock = format!("{{\"lockfileVersion\": 3, \"packages\": {{\"\": {root}{entries}}}}}");
        told("web/package-lock.json", &lock, "web/package.json", manifest)
    }

    fn told(path: &str, lock: &str, manifest_path: &str, manifest: &str) -> Vec<String> {
        let lockfile = crate::parse(path, lock.as_bytes()).unwrap();
        assert_eq!(manifest_beside(path, lockfile.format).as_deref(), Some(manifest_path));
        let found = disagreements(&lockfile, manifest_path, manifest.as_bytes());
        let one = |finding: LockfileFinding| match finding {
            LockfileFinding::NotLocked { manifest_line, name, range, .. } => {
                format!("{manifest_line}: {name} {range} -")
            }
            LockfileFinding::OutOfRange { manifest_line, name, range, version, line, .. } => {
                format!("{manifest_line}: {name} {range} {version}@{line}")
            }
            LockfileFinding::NewRegistry { .. } => unreachable!("a manifest names no registry here"),
        };
        found.into_iter().map(one).collect()
    }

    const A: &str =
        ",\n\"node_modules/a\": {\"version\": \"1.2.0\", \"resolved\": \"https://r.example.test/a/-/a-1.2.0.tgz\"}";

    #[test]
    fn npm_projects_agree_or_are_told() {
        let root = "{\"dependencies\": {\"a\": \"^1.0.0\"}}";
        for (range, expected) in [
            ("^1.0.0", vec![]),
            ("*", vec![]),
            ("", vec![]),
            ("latest", vec![]),
            ("github:x/a", vec![]),
            ("^2.0.0", vec!["3: a ^2.0.0 1.2.0@2"]),
        ] {
            let manifest = format!("{{\n\"dependencies\": {{\n\"a\": \"{range}\"}}}}");
            assert_eq!(npm(&manifest, root, A), expected, "{range}");
        }
        let missing = "{\n\"dependencies\": {\"a\": \"1\"},\n\"devDependencies\": {\"b\": \"^1.0.0\"}}";
        assert_eq!(npm(missing, root, A), ["3: b ^1.0.0 -"]);
        let optional = "{\"dependencies\": {\"b\": \"^1.0.0\"}, \"optionalDependencies\": {\"b\": \"^1.0.0\"}}";
        assert_eq!(npm(optional, root, A), Vec::<String>::new());
        let forced = "{\"dependencies\": {\"a\": \"^2.0.0\"}, \"overrides\": {\"a\": \"1.2.0\"}}";
        assert_eq!(npm(forced, root, A), Vec::<String>::new());
        let workspaces = "{\"workspaces\": [\"b\"], \"dependencies\": {\"b\": \"^1.0.0\"}}";
        assert_eq!(npm(workspaces, root, A), Vec::<String>::new());
        assert_eq!(npm("not json", root, A), Vec::<String>::new());
    }

    #[test]
    fn an_alias_is_the_package_behind_it() {
        let root = "{\"dependencies\": {\"old\": \"npm:a@^1.0.0\"}}";
        let entry = ",\n\"node_modules/old\": {\"name\": \"a\", \"version\": \"1.2.0\", \"resolved\": \"https://r.example.test/a/-/a-1.2.0.tgz\"}";
        let manifest = |range: &str| format!("{{\"dependencies\": {{\"old\": \"npm:a@{range}\"}}}}");
        assert_eq!(npm(&manifest("^1.0.0"), root, entry), Vec::<String>::new());
        assert_eq!(npm(&manifest("^2.0.0"), root, entry), ["1: a ^2.0.0 1.2.0@2"]);
    }

    #[test]
    fn a_deeper_copy_does_not_stand_for_the_project_s_own() {
        let root = "{\"dependencies\": {\"c\": \"1.0.0\", \"a\": \"^1.0.0\"}}";
        let deeper = ",\n\"node_modules/c\": {\"version\": \"1.0.0\", \"dependencies\": {\"a\": \"2.0.0\"}},\n\"node_modules/c/node_modules/a\": {\"version\": \"2.0.0\"}";
        let manifest = "{\"dependencies\": {\"c\": \"1.0.0\", \"a\": \"^2.0.0\"}}";
        assert_eq!(npm(manifest, root, &format!("{A}{deeper}")), ["1: a ^2.0.0 1.2.0@2"]);
    }

    const UV: &str = "version = 1\n\n[[package]]\nname = \"web\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"idna\" }]\n\n[[package]]\nname = \"idna\"\nversion = \"3.7\"\nsource = { registry = \"https://pypi.example.test/simple\" }\n";

    #[test]
    fn python_projects_agree_or_are_told() {
        for (asked, expected) in [
            ("\"idna>=3,<4\"", vec![]),
            ("\"IDNA\"", vec![]),
            ("\"idna (>=3)\"", vec![]),
            ("\"idna[x] ~= 3.0; python_version > '3'\"", vec![]),
            ("\"web[extra]\"", vec![]),
            ("\"certifi @ https://files.example.test/c.whl\"", vec![]),
            ("\"certifi>=1; sys_platform == 'win32'\"", vec![]),
            ("\"idna>=4\"", vec!["4: idna >=4 3.7@9"]),
            ("\"certifi>=1\"", vec!["4: certifi >=1 -"]),
        ] {
            let manifest = format!("[project]\nname = \"web\"\ndependencies = [\n  {asked},\n]\n");
            assert_eq!(told("uv.lock", UV, "pyproject.toml", &manifest), expected, "{asked}");
        }
        let group = "[dependency-groups]\ndev = [\"certifi\", {include-group = \"x\"}]\n";
        assert_eq!(told("uv.lock", UV, "pyproject.toml", group), ["2: certifi  -"]);
        let source = format!("{group}[tool.uv.sources]\ncertifi = {{ workspace = true }}\n");
        assert_eq!(told("uv.lock", UV, "pyproject.toml", &source), Vec::<String>::new());
        let forced = "[project]\nname = \"web\"\ndependencies = [\"idna>=4\"]\n[tool.uv]\noverride-dependencies = [\"idna==3.7\"]\n";
        assert_eq!(told("uv.lock", UV, "pyproject.toml", forced), Vec::<String>::new());
    }

    const CARGO: &str = "version = 4\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.200\"\nsource = \"registry+https://index.example.test/\"\n\n[[package]]\nname = \"web\"\nversion = \"0.1.0\"\ndependencies = [\"serde\"]\n";

    #[test]
    fn cargo_projects_agree_or_are_told() {
        for (asked, expected) in [
            ("serde = \"1\"", vec![]),
            ("s = { package = \"serde\", version = \"1.0.100\" }", vec![]),
            ("other = { path = \"../other\" }", vec![]),
            ("other = { git = \"https://git.example.test/o\" }", vec![]),
            ("serde = { workspace = true }", vec!["2: serde 2 1.0.200@3"]),
            ("serde = \"2\"", vec!["2: serde 2 1.0.200@3"]),
            ("rand = \"0.8\"", vec!["2: rand 0.8 -"]),
        ] {
            let manifest = format!("[dependencies]\n{asked}\n\n[workspace.dependencies]\nserde = \"2\"\n");
            assert_eq!(told("a/Cargo.lock", CARGO, "a/Cargo.toml", &manifest), expected, "{asked}");
        }
        let target = "[target.'cfg(unix)'.dev-dependencies]\nrand = \"0.8\"\n";
        assert_eq!(told("Cargo.lock", CARGO, "Cargo.toml", target), ["2: rand 0.8 -"]);
        let patched = format!("{target}[patch.registry]\nrand = {{ path = \"r\" }}\n");
        assert_eq!(told("Cargo.lock", CARGO, "Cargo.toml", &patched), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_manifests_never_panic(manifest: Vec<u8>, text in "[-a-z0-9=\\[\\]{}\"',.<>~^ \n@;()]{0,80}") {
            for (path, lock) in [("uv.lock", UV), ("Cargo.lock", CARGO)] {
                let lockfile = crate::parse(path, lock.as_bytes()).unwrap();
                disagreements(&lockfile, "m", &manifest);
                disagreements(&lockfile, "m", text.as_bytes());
                disagreements(&lockfile, "m", format!("[project]\ndependencies = ['''{text}''']\n[dependencies]\n{text}").as_bytes());
            }
        }
    }
}
