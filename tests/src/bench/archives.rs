//! Unpacking and comparing, in bytes unpacked a second, beside inflating the same bytes and throwing them away.

use super::{
    Options,
    measure::{Sample, seconds},
    table::{Aim, Row, Table},
};
use anyhow::{Context, Result, ensure};
use lockgate_archive::{Format, Limits, diff, read};
use std::{collections::BTreeMap, fs, hint::black_box, io::Read, path::PathBuf};

/// Packed bytes that are read a round.
const BYTES: usize = 24 << 20;

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let crates = crates()?;
    let pairs = pairs(&crates);
    ensure!(!pairs.is_empty(), "cargo's cache holds no two versions of one crate");
    let mut packed = 0;
    let some: Vec<&[u8]> = crates
        .iter()
        .map(|c| c.1.as_slice())
        .take_while(|bytes| {
            packed += bytes.len();
            packed < BYTES
        })
        .collect();
    let limits = Limits::default();
    let unpack = |bytes: &[u8]| read(bytes, Format::TarGz, &limits);
    let (mut plain, mut unpacking) = (Sample::default(), Sample::default());
    let (mut plain_pairs, mut comparing) = (Sample::default(), Sample::default());
    for _ in 0..options.rounds(9, 4) {
        let (time, total) = seconds(|| some.iter().map(|bytes| inflate(bytes)).sum::<u64>());
        plain.push(rate(total, time));
        let (time, _) = seconds(|| some.iter().map(|bytes| black_box(unpack(bytes)).files.len()).sum::<usize>());
        unpacking.push(rate(total, time));

        let (time, total) = seconds(|| pairs.iter().map(|(old, new)| inflate(old) + inflate(new)).sum::<u64>());
        plain_pairs.push(rate(total, time));
        let (time, _) = seconds(|| {
            let compare = |(old, new): &(&[u8], &[u8])| {
                let (old, new) = (unpack(old), unpack(new));
                black_box(diff(Some(&old), &new)).changed.len()
            };
            pairs.iter().map(compare).sum::<usize>()
        });
        comparing.push(rate(total, time));
    }
    let limit = "inflating the same bytes on the same core";
    let peer = ("MB/s inflating", &plain);
    table.push(Row::rate("unpacking", "MB/s", &unpacking, peer, Aim::AtLeast(0.5)).against(limit));
    let peer = ("MB/s inflating both", &plain_pairs);
    table.push(Row::rate("unpacking and comparing", "MB/s", &comparing, peer, Aim::AtLeast(0.5)).against(limit));
    table.note(format!("archives: {} crates, {} pairs of versions", some.len(), pairs.len()));
    Ok(())
}

/// Bytes unpacked, thrown away.
fn inflate(bytes: &[u8]) -> u64 {
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    let mut buffer = [0; 64 * 1024];
    let mut total = 0;
    while let Ok(read) = decoder.read(&mut buffer) {
        if read == 0 {
            break;
        }
        total += read as u64;
        black_box(&buffer[..read]);
    }
    total
}

fn rate(bytes: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let bytes = bytes as f64;
    bytes / 1e6 / seconds
}

/// The crates of cargo's cache: file name without version, bytes.
fn crates() -> Result<Vec<(String, Vec<u8>)>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))).context("find cargo's home")?;
    let mut crates = BTreeMap::new();
    for registry in fs::read_dir(home.join("registry/cache")).context("read cargo's cache")? {
        for file in fs::read_dir(registry?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|e| e == "crate") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                crates.insert(stem, fs::read(&path)?);
            }
        }
    }
    Ok(crates.into_iter().collect())
}

/// Two versions of one crate, in the order of their names.
fn pairs(crates: &[(String, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
    let name = |stem: &str| stem.find(|c: char| c.is_ascii_digit()).map_or(stem.to_owned(), |at| stem[..at].to_owned());
    let near = crates.windows(2).filter(|two| name(&two[0].0) == name(&two[1].0));
    near.map(|two| (two[0].1.as_slice(), two[1].1.as_slice())).collect()
}
