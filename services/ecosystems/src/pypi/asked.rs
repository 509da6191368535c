//! What a project's `pyproject.toml` asks for (PEP 621, PEP 735).

use crate::manifest::{Asked, Presence};
use crate::position::Lines;
use lockgate_model::{Ecosystem, LockfileFormat};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Spanned, Value};

type Requirements = Vec<Spanned<Value>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifest {
    project: Project,
    #[serde(rename = "dependency-groups")]
    groups: BTreeMap<String, Requirements>,
    tool: Tool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Project {
    name: String,
    dependencies: Requirements,
    #[serde(rename = "optional-dependencies")]
    extras: BTreeMap<String, Requirements>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool {
    uv: Uv,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Uv {
    sources: BTreeMap<String, Value>,
    #[serde(rename = "override-dependencies")]
    overrides: Vec<String>,
}

pub(super) fn asked(format: LockfileFormat, text: &str) -> Vec<Asked> {
    let Ok(manifest) = toml::from_str::<Manifest>(text) else { return Vec::new() };
    let lines = Lines::new(text);
    let spelled = |name: &str| Ecosystem::Pypi.normalize_name(name);
    // From elsewhere, or forced to another version.
    let uv = &manifest.tool.uv;
    let forced = uv.overrides.iter().filter_map(|text| requirement(text)).map(|(name, ..)| spelled(name));
    let elsewhere: BTreeSet<String> =
        uv.sources.keys().map(|name| spelled(name)).chain(forced).chain([spelled(&manifest.project.name)]).collect();
    // Poetry did not always lock groups of this kind.
    let groups = manifest.groups.values().filter(|_| format == LockfileFormat::UvLock);
    let lists = std::iter::once(&manifest.project.dependencies).chain(manifest.project.extras.values()).chain(groups);
    let read = |item: &Spanned<Value>| {
        let (name, range, marker) = requirement(item.get_ref().as_str()?)?;
        let name = spelled(name);
        let presence = if marker.is_empty() { Presence::Required } else { Presence::Possible };
        let line = lines.line(item.span().start);
        (!elsewhere.contains(&name)).then(|| Asked { name, alias: None, range: range.to_owned(), presence, line })
    };
    lists.flatten().filter_map(read).collect()
}

/// Name, versions and marker of a requirement (PEP 508); `None` for one by address.
fn requirement(text: &str) -> Option<(&str, &str, &str)> {
    let (text, marker) = text.split_once(';').unwrap_or((text, ""));
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = match rest.trim_start().strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let rest = rest.trim();
    let range = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(rest).trim();
    (!name.is_empty() && !range.starts_with('@')).then_some((name, range, marker.trim()))
}
