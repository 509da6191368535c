//! What a set looks like, and what was left out of it.

use crate::row::{Mode, Row};
use lockgate_classifier::Chunk;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

#[derive(Debug, Default, Serialize)]
pub(crate) struct Quality {
    /// Rows by split.
    rows: BTreeMap<String, usize>,
    /// Of them, those that are updates.
    updates: BTreeMap<String, usize>,
    families: BTreeMap<String, BTreeSet<String>>,
    /// Chunks of this run's rows by the role of their file.
    roles: BTreeMap<String, usize>,
    #[serde(skip)]
    chunks: Vec<usize>,
    /// Rows of whose files some found no room.
    cut: usize,
    /// Rows whose archive holds what could not be read as such.
    irregular: usize,
    /// Left out by this run: no archive, no text, the same features as another row.
    unreadable: Vec<String>,
    empty: Vec<String>,
    duplicates: usize,
}

impl Quality {
    pub(crate) fn row(&mut self, row: &Row) {
        let split = &row.origin.split;
        *self.rows.entry(split.clone()).or_default() += 1;
        *self.updates.entry(split.clone()).or_default() += usize::from(row.origin.mode == Mode::Update);
        self.families.entry(split.clone()).or_default().insert(row.origin.family.clone());
        self.chunks.push(row.chunks);
        self.cut += usize::from(row.left_out > 0);
        self.irregular += usize::from(row.irregularities > 0);
    }

    pub(crate) fn chunks(&mut self, chunks: &[Chunk]) {
        for chunk in chunks {
            *self.roles.entry(format!("{:?}", chunk.role)).or_default() += 1;
        }
    }

    pub(crate) fn unreadable(&mut self, artifact: &str) {
        self.unreadable.push(artifact.to_owned());
    }

    pub(crate) fn empty(&mut self, artifact: &str) {
        self.empty.push(artifact.to_owned());
    }

    pub(crate) fn duplicate(&mut self) {
        self.duplicates += 1;
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (split, rows) in &self.rows {
            let (updates, families) = (self.updates[split], self.families[split].len());
            writeln!(f, "  {split:6} {rows} rows of {families} families, {updates} of them updates")?;
        }
        let mut chunks = self.chunks.clone();
        chunks.sort_unstable();
        let at = |part: usize| chunks.get(chunks.len() * part / 100).copied().unwrap_or_default();
        writeln!(f, "  chunks {} median, {} at 90%, {} at 99%", at(50), at(90), at(99))?;
        let roles: Vec<String> = self.roles.iter().map(|(role, count)| format!("{role} {count}")).collect();
        writeln!(f, "  roles  {}", roles.join(", "))?;
        write!(
            f,
            "  left out: {} no archive, {} without text, {} with features that were there; {} rows cut, {} irregular",
            self.unreadable.len(),
            self.empty.len(),
            self.duplicates,
            self.cut,
            self.irregular
        )
    }
}
