//! Manifests: the dependencies that they name, and the lines on which things stand.

use lockgate_archive::File;

/// Dependencies that are read from one manifest.
const DEPENDENCIES: usize = 2_000;
/// Largest manifest in which the line of each dependency is looked for.
const SEARCHED: usize = 256 << 10;
const NPM_TABLES: &[&str] = &["dependencies", "optionalDependencies"];
const CARGO_TABLES: &[&str] = &["dependencies", "build-dependencies"];

/// A package that a release brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diff) struct Dependency {
    /// In the ecosystem's normal form.
    pub(in crate::diff) name: String,
    /// As written: a range, or where it comes from.
    pub(in crate::diff) wanted: String,
    /// 1-based; 0 when it could not be found again.
    pub(in crate::diff) line: u32,
}

/// The dependencies that the manifest at `path` (below the top folder) names; none for any other file.
pub(in crate::diff) fn dependencies(path: &str, file: &File) -> Vec<Dependency> {
    let Ok(text) = std::str::from_utf8(&file.content) else { return Vec::new() };
    let mut found = match path {
        "package.json" => npm(text),
        "Cargo.toml" => cargo(text),
        "PKG-INFO" => python(text),
        _ if path.ends_with(".dist-info/METADATA") && path.matches('/').count() == 1 => python(text),
        _ => Vec::new(),
    };
    found.truncate(DEPENDENCIES);
    found
}

fn npm(text: &str) -> Vec<Dependency> {
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')) else {
        return Vec::new();
    };
    let tables = NPM_TABLES.iter().filter_map(|t| Some((t, manifest.get(*t)?.as_object()?)));
    let of_table = |(table, entries): (&&str, &serde_json::Map<String, serde_json::Value>)| {
        let dependency = |(name, wanted): (&String, &serde_json::Value)| Dependency {
            line: line_of_key(text, table, name),
            name: name.clone(),
            wanted: wanted.as_str().unwrap_or_default().to_owned(),
        };
        entries.iter().take(DEPENDENCIES).map(dependency).collect::<Vec<_>>()
    };
    tables.flat_map(of_table).collect()
}

fn cargo(text: &str) -> Vec<Dependency> {
    let Ok(manifest) = text.parse::<toml::Table>() else { return Vec::new() };
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let places =
        std::iter::once(&manifest).chain(targets.into_iter().flat_map(|t| t.values().filter_map(|v| v.as_table())));
    let mut found = Vec::new();
    for place in places {
        for (name, wanted) in CARGO_TABLES.iter().filter_map(|t| place.get(*t)?.as_table()).flatten() {
            let package = wanted.get("package").and_then(toml::Value::as_str).unwrap_or(name);
            let range = wanted.as_str().or_else(|| wanted.get("version")?.as_str()).unwrap_or("no version");
            found.push(Dependency {
                name: package.to_owned(),
                wanted: range.to_owned(),
                line: line_with(
                    text,
                    &[name, &format!("[dependencies.{name}]"), &format!("[build-dependencies.{name}]")],
                ),
            });
        }
    }
    found
}

/// `Requires-Dist` of the core metadata (PEP 566). Those of an extra are brought in only when asked for.
fn python(text: &str) -> Vec<Dependency> {
    let headers = text.lines().zip(1u32..).take_while(|(line, _)| !line.is_empty());
    let requirement = |(line, number): (&str, u32)| {
        let wanted = line.strip_prefix("Requires-Dist:")?.trim();
        let marker = wanted.split_once(';').map_or("", |(_, m)| m);
        let end = wanted.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(wanted.len());
        let name = lockgate_model::Ecosystem::Pypi.normalize_name(&wanted[..end]);
        (!name.is_empty() && !marker.contains("extra")).then(|| Dependency {
            name,
            wanted: wanted.to_owned(),
            line: number,
        })
    };
    headers.filter_map(requirement).take(DEPENDENCIES).collect()
}

/// The line of `"key":` behind `"table":` in a JSON text; 0 when it is written in another way.
pub(super) fn line_of_key(text: &str, table: &str, key: &str) -> u32 {
    if text.len() > SEARCHED {
        return 0;
    }
    let find = |from: usize, key: &str| {
        let quoted = format!("\"{key}\"");
        let rest = text.get(from..)?;
        let mut places = rest.match_indices(&quoted).map(|(at, _)| from + at);
        places.find(|at| text[at + quoted.len()..].trim_start().starts_with(':'))
    };
    let place = find(0, table).and_then(|from| find(from + table.len(), key));
    place.map_or(0, |at| line_at(text, at))
}

/// The first line whose key, or whose whole text, is one of `names`; 0 when there is none.
pub(super) fn line_with(text: &str, names: &[&str]) -> u32 {
    let is_it = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim().trim_matches('"');
        names.contains(&key) || names.contains(&line.trim())
    };
    let text = if text.len() > SEARCHED { "" } else { text };
    text.lines().zip(1u32..).find(|(line, _)| is_it(line)).map_or(0, |(_, number)| number)
}

fn line_at(text: &str, at: usize) -> u32 {
    let breaks = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}
