//! The list of archives that may be read.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
};

/// An archive that may be read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Entry {
    /// In the repository: `name/version/file`.
    pub path: String,
    pub artifact_sha256: String,
    /// Equal for archives of one template.
    pub skeleton: String,
    pub family: String,
    /// As the archive says: a hint.
    pub archive_month: String,
    /// `train` or `dev`.
    pub split: String,
}

pub(crate) fn read(path: &Path) -> Result<Vec<Entry>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("read the index {}", path.display()))?;
    let entries = reader.deserialize().collect::<Result<Vec<Entry>, _>>();
    entries.with_context(|| format!("read the index {}", path.display()))
}

/// At most `most` of each family, of as many templates as there are; of one template the lowest digests, which is as good
/// as at random and the same every time.
pub(crate) fn choose(entries: Vec<Entry>, most: usize) -> Vec<Entry> {
    let mut families: BTreeMap<String, BTreeMap<String, VecDeque<Entry>>> = BTreeMap::new();
    let mut entries = entries;
    entries.sort_by(|a, b| a.artifact_sha256.cmp(&b.artifact_sha256));
    entries.dedup_by(|a, b| a.artifact_sha256 == b.artifact_sha256);
    for entry in entries {
        families.entry(entry.family.clone()).or_default().entry(entry.skeleton.clone()).or_default().push_back(entry);
    }
    let mut chosen = Vec::new();
    for mut templates in families.into_values() {
        let enough = chosen.len() + most;
        while chosen.len() < enough && !templates.is_empty() {
            for template in templates.values_mut() {
                if chosen.len() < enough {
                    chosen.extend(template.pop_front());
                }
            }
            templates.retain(|_, template| !template.is_empty());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(digest: &str, skeleton: &str, family: &str) -> Entry {
        Entry {
            path: format!("a/1/{digest}.tar.gz"),
            artifact_sha256: digest.into(),
            skeleton: skeleton.into(),
            family: family.into(),
            archive_month: "2022-01".into(),
            split: "train".into(),
        }
    }

    #[test]
    fn a_family_gives_few_and_all_its_templates_first() {
        let mut entries: Vec<Entry> = (0..20).map(|n| entry(&format!("{n:02}"), "s1", "f1")).collect();
        entries.extend([entry("98", "s2", "f1"), entry("99", "s1", "f2"), entry("99", "s1", "f2")]);
        let chosen = choose(entries, 3);
        let digests: Vec<&str> = chosen.iter().map(|e| e.artifact_sha256.as_str()).collect();
        assert_eq!(digests, ["00", "98", "01", "99"]);
    }
}
