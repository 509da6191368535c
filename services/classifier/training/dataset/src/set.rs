//! A set on disk: `rows.jsonl`, `features.bin`, and `set.json`, whose digest is the set's version.

use crate::{
    index::Entry,
    quality::Quality,
    row::{Label, Mode, Reality, Row, encode},
};
use anyhow::{Context, Result, ensure};
use lockgate_archive::{Format, Limits};
use lockgate_classifier::{VERSION, VOCABULARY, chunks};
use lockgate_model::Digest;
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

pub(crate) struct Writer {
    folder: PathBuf,
    rows: BufWriter<File>,
    features: BufWriter<File>,
    offset: u64,
    /// Of rows and features, in their order.
    digests: Vec<String>,
    seen: BTreeSet<String>,
    quality: Quality,
}

impl Writer {
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        fs::create_dir(folder).with_context(|| format!("make {}; a set is never written over", folder.display()))?;
        let file = |name| File::create(folder.join(name)).map(BufWriter::new).with_context(|| format!("make {name}"));
        Ok(Self {
            folder: folder.to_owned(),
            rows: file("rows.jsonl")?,
            features: file("features.bin")?,
            offset: 0,
            digests: Vec::new(),
            seen: BTreeSet::new(),
            quality: Quality::default(),
        })
    }

    /// Reads a listed archive; what is not what the list says is an error, and what says nothing new is left out.
    pub(crate) fn add_malicious(&mut self, entry: &Entry, source: &str, bytes: &[u8]) -> Result<()> {
        let found = Digest::sha256(bytes).hex();
        ensure!(found == entry.artifact_sha256, "{} is {found}, not {}", entry.path, entry.artifact_sha256);
        let mut parts = entry.path.split('/');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(format) = Format::sniff(bytes) else {
            self.quality.unreadable(entry);
            return Ok(());
        };
        let contents = lockgate_archive::read(bytes, format, &Limits::default());
        let extract = chunks(None, &contents);
        if extract.chunks.is_empty() {
            self.quality.empty(entry);
            return Ok(());
        }
        let features = encode(&extract.chunks);
        let features_sha256 = Digest::sha256(&features).hex();
        if !self.seen.insert(features_sha256.clone()) {
            self.quality.duplicate(entry);
            return Ok(());
        }
        let row = Row {
            ecosystem: "pypi",
            name: name.to_owned(),
            previous_version: None,
            version: version.to_owned(),
            previous_sha256: None,
            artifact_sha256: found,
            month: entry.archive_month.clone(),
            label: Label::Malicious,
            label_source: source.to_owned(),
            family: entry.family.clone(),
            skeleton: entry.skeleton.clone(),
            mode: Mode::New,
            reality: Reality::Real,
            split: entry.split.clone(),
            offset: self.offset,
            length: features.len() as u64,
            features_sha256,
            chunks: extract.chunks.len(),
            left_out: extract.left_out,
            irregularities: contents.irregularities.len(),
        };
        self.quality.row(&row, &extract.chunks);
        let line = serde_json::to_vec(&row)?;
        self.digests.push(Digest::sha256(&line).hex());
        self.rows.write_all(&line)?;
        self.rows.write_all(b"\n")?;
        self.features.write_all(&features)?;
        self.offset += row.length;
        Ok(())
    }

    /// Closes the set; answers its version and the report of its quality.
    pub(crate) fn finish(mut self) -> Result<String> {
        self.rows.flush()?;
        self.features.flush()?;
        self.digests.sort_unstable();
        let version = Digest::sha256(self.digests.join("\n").as_bytes());
        let set = json!({
            "version": version.to_string(),
            "features_version": VERSION,
            "vocabulary": VOCABULARY,
            "rows": self.digests.len(),
            "quality": self.quality,
        });
        fs::write(self.folder.join("set.json"), serde_json::to_vec_pretty(&set)?)?;
        Ok(format!("{}\n{} rows, version {version}", self.quality, self.digests.len()))
    }
}
