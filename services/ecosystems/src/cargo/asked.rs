//! What a project's `Cargo.toml` asks for, of its own and for its workspace.

use crate::manifest::{Asked, Presence};
use crate::position::Lines;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::{Spanned, Value};

type Dependencies = BTreeMap<String, Spanned<Value>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Tables {
    dependencies: Dependencies,
    dev_dependencies: Dependencies,
    build_dependencies: Dependencies,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifest {
    // Written out: flattened tables lose their places.
    dependencies: Dependencies,
    #[serde(rename = "dev-dependencies")]
    dev_dependencies: Dependencies,
    #[serde(rename = "build-dependencies")]
    build_dependencies: Dependencies,
    target: BTreeMap<String, Tables>,
    workspace: Workspace,
    patch: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Workspace {
    dependencies: BTreeMap<String, Value>,
}

/// Members of a workspace have manifests of their own, which are not read.
pub(super) fn asked(text: &str) -> Vec<Asked> {
    let Ok(manifest) = toml::from_str::<Manifest>(text) else { return Vec::new() };
    let lines = Lines::new(text);
    let patched: BTreeSet<&str> = manifest.patch.values().flat_map(|names| names.keys().map(String::as_str)).collect();
    let own = [&manifest.dependencies, &manifest.dev_dependencies, &manifest.build_dependencies];
    let of_targets =
        manifest.target.values().flat_map(|t| [&t.dependencies, &t.dev_dependencies, &t.build_dependencies]);
    let all = own.into_iter().chain(of_targets).flatten();
    let read = |(key, value): (&String, &Spanned<Value>)| {
        let own = value.get_ref();
        let inherited = own.get("workspace").and_then(Value::as_bool) == Some(true);
        let (name, range) = package(key, if inherited { manifest.workspace.dependencies.get(key)? } else { own })?;
        let line = lines.line(value.span().start);
        let asked =
            Asked { name: name.to_owned(), alias: None, range: range.to_owned(), presence: Presence::Required, line };
        (!patched.contains(name)).then_some(asked)
    };
    all.filter_map(read).collect()
}

/// The package and the range of one dependency; `None` for what no registry serves.
fn package<'a>(key: &'a str, value: &'a Value) -> Option<(&'a str, &'a str)> {
    match value {
        Value::String(range) => Some((key, range)),
        Value::Table(table) if table.contains_key("path") || table.contains_key("git") => None,
        Value::Table(table) => {
            let text = |field| table.get(field).and_then(Value::as_str);
            Some((text("package").unwrap_or(key), text("version")?))
        }
        _ => None,
    }
}
