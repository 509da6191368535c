//! `[pins]`: which package names are the operator's own, which registry alone may serve them, and which names are popular.

use anyhow::{Context, Result, ensure};
use lockgate_evidence::{
    pin::{InternalNames, PinSettings},
    typosquat::Popular,
};
use lockgate_model::Ecosystem;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, path::PathBuf};
use url::Url;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PinsConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub internal: Vec<InternalConfig>,
    /// Folder with `npm.txt`, `pypi.txt`, `cargo.txt`: popular names, one a line, the most popular first. Of an ecosystem
    /// that has no file there the names are those that the program ships.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub popular: Option<PathBuf>,
}

/// Names that strangers can register elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalConfig {
    pub ecosystem: Ecosystem,
    /// Names, or patterns with `*` for any characters: `@acme/*`, `acme-*`.
    pub names: Vec<String>,
    /// Whatever is called so must come from this address or below it.
    pub registry: Url,
}

impl PinsConfig {
    /// `configured`: the registry that is asked for each ecosystem.
    ///
    /// # Errors
    /// When a pattern is empty or would be every name.
    pub(super) fn settings(&self, configured: BTreeMap<Ecosystem, Url>) -> Result<PinSettings> {
        let internal = self.internal.iter().cloned();
        let internal =
            internal.map(|InternalConfig { ecosystem, names, registry }| InternalNames { ecosystem, names, registry });
        PinSettings::new(internal.collect(), configured).context("use pins.internal of the configuration")
    }
}

impl PinsConfig {
    /// # Errors
    /// When a list is there and cannot be read, or none is.
    pub(super) fn popular_names(&self) -> Result<Popular> {
        let Some(folder) = &self.popular else { return Ok(Popular::embedded()) };
        let mut lists = BTreeMap::new();
        for ecosystem in Ecosystem::ALL {
            let file = folder.join(format!("{ecosystem}.txt"));
            if file.exists() {
                let text = fs::read_to_string(&file);
                lists.insert(ecosystem, text.with_context(|| format!("read the popular names {}", file.display()))?);
            }
        }
        ensure!(!lists.is_empty(), "pins.popular: {} has no npm.txt, pypi.txt or cargo.txt", folder.display());
        Ok(Popular::embedded_but(lists))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PinSettings> {
        toml::from_str::<PinsConfig>(text)?.settings(BTreeMap::new())
    }

    #[test]
    fn names_need_a_registry_and_may_not_be_all() {
        let registry = "registry = \"https://npm.example.test/\"";
        assert!(read("").is_ok());
        assert!(read(&format!("[[internal]]\necosystem = \"npm\"\nnames = [\"@acme/*\"]\n{registry}")).is_ok());
        assert!(read("[[internal]]\necosystem = \"npm\"\nnames = [\"@acme/*\"]").is_err());
        let every = read(&format!("[[internal]]\necosystem = \"npm\"\nnames = [\"*\"]\n{registry}"));
        assert!(format!("{:#}", every.unwrap_err()).contains("would be every name"));
    }
}
