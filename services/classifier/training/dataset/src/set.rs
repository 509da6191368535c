//! A set on disk: `rows.jsonl`, `features.bin`, and `set.json`, whose digest is the set's version.

use crate::{
    index::Entry,
    quality::Quality,
    row::{Label, Mode, Origin, Row, encode},
};
use anyhow::{Context, Result, ensure};
use lockgate_archive::{Contents, Format, Limits};
use lockgate_classifier::{VERSION, VOCABULARY, chunks};
use lockgate_model::{Digest, Ecosystem};
use serde_json::json;
use std::{
    collections::{BTreeSet, VecDeque},
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Larger archives are left out of a set, in bytes.
pub(crate) const LARGEST: u64 = 5 << 20;

/// Adds rows to a set. A row is there when its line is: features come first, so that a run which is cut short leaves
/// nothing but bytes behind the last row's, and they are written over.
pub(crate) struct Writer {
    folder: PathBuf,
    rows: File,
    features: File,
    offset: u64,
    /// Of the rows' lines.
    digests: Vec<String>,
    seen: BTreeSet<String>,
    quality: Quality,
}

impl Writer {
    /// A new set.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        fs::create_dir(folder).with_context(|| format!("make {}; a set is never written over", folder.display()))?;
        Self::resume(folder)
    }

    /// The set in `folder`, a new one where there is none.
    pub(crate) fn resume(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let file = |name| {
            let file = OpenOptions::new().create(true).append(true).read(true).open(folder.join(name));
            file.with_context(|| format!("open {name}"))
        };
        let (rows, features) = (file("rows.jsonl")?, file("features.bin")?);
        let (mut digests, mut seen, mut quality, mut offset) = (Vec::new(), BTreeSet::new(), Quality::default(), 0);
        let text = fs::read_to_string(folder.join("rows.jsonl"))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines() {
            let row: Row = serde_json::from_str(line).context("read a row of the set")?;
            digests.push(Digest::sha256(line.as_bytes()).hex());
            offset = row.offset + row.length;
            quality.row(&row);
            seen.insert(row.features_sha256);
        }
        rows.set_len(whole as u64)?;
        features.set_len(offset)?;
        Ok(Self { folder: folder.to_owned(), rows, features, offset, digests, seen, quality })
    }

    pub(crate) fn len(&self) -> usize {
        self.digests.len()
    }

    /// Reads a listed archive; what is not what the list says is an error.
    pub(crate) fn add_malicious(&mut self, entry: &Entry, source: &str, bytes: &[u8]) -> Result<()> {
        let found = Digest::sha256(bytes).hex();
        ensure!(found == entry.artifact_sha256, "{} is {found}, not {}", entry.path, entry.artifact_sha256);
        let mut parts = entry.path.split('/');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some(format) = Format::sniff(bytes) else {
            self.quality.unreadable(&found);
            return Ok(());
        };
        let origin = Origin {
            ecosystem: Ecosystem::Pypi,
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
            split: entry.split.clone(),
        };
        self.add(origin, None, &lockgate_archive::read(bytes, format, &Limits::default()))
    }

    /// Adds a row; one without text, or whose features are there already, is left out.
    pub(crate) fn add(&mut self, origin: Origin, old: Option<&Contents>, new: &Contents) -> Result<()> {
        let extract = chunks(old, new);
        if extract.chunks.is_empty() {
            self.quality.empty(&origin.artifact_sha256);
            return Ok(());
        }
        let features = encode(&extract);
        let features_sha256 = Digest::sha256(&features).hex();
        if !self.seen.insert(features_sha256.clone()) {
            self.quality.duplicate();
            return Ok(());
        }
        let row = Row {
            origin,
            offset: self.offset,
            length: features.len() as u64,
            features_sha256,
            chunks: extract.chunks.len(),
            left_out: extract.left_out,
            irregularities: new.irregularities.len(),
        };
        self.quality.row(&row);
        self.quality.chunks(&extract.chunks);
        self.features.write_all(&features)?;
        let mut line = serde_json::to_vec(&row)?;
        self.digests.push(Digest::sha256(&line).hex());
        line.push(b'\n');
        self.rows.write_all(&line)?;
        self.offset += row.length;
        Ok(())
    }

    /// Notes that a package was looked at, and which ones wait.
    pub(crate) fn note(&self, name: &str, waiting: &VecDeque<String>) -> Result<()> {
        let mut visited = OpenOptions::new().create(true).append(true).open(self.folder.join("visited.txt"))?;
        writeln!(visited, "{name}")?;
        let names: Vec<&str> = waiting.iter().map(String::as_str).collect();
        let next = self.folder.join("waiting.new");
        fs::write(&next, names.join("\n"))?;
        Ok(fs::rename(next, self.folder.join("waiting.txt"))?)
    }

    pub(crate) fn visited(&self) -> Result<BTreeSet<String>> {
        Ok(self.lines("visited.txt")?.into_iter().collect())
    }

    pub(crate) fn waiting(&self) -> Result<Vec<String>> {
        self.lines("waiting.txt")
    }

    fn lines(&self, name: &str) -> Result<Vec<String>> {
        match fs::read_to_string(self.folder.join(name)) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("read {name}")),
        }
    }

    /// Closes the set; answers its version and the report of its quality.
    pub(crate) fn finish(mut self) -> Result<String> {
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
