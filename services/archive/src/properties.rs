//! Whatever the bytes, reading ends, within the limits, without a panic.

use crate::{Contents, Format, Limits, diff, read};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::{Cursor, Write};

const LIMITS: Limits = Limits {
    total_bytes: 1 << 20,
    file_bytes: 64 << 10,
    files: 100,
    path_depth: 8,
    path_bytes: 200,
    ratio: 200,
    ratio_from: 1 << 16,
};

fn entries() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop::sample::select(vec!["p/a.js", "p/b/c.py", "p/A.js", "p/a.js", "../x", "/etc/x", "p/b", "q\\x"]);
    prop::collection::vec((name.prop_map(str::to_owned), prop::collection::vec(any::<u8>(), 0..600)), 0..6)
}

fn tar(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = ::tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (n, (name, content)) in entries.iter().enumerate() {
        writer.start_file(format!("{n}{name}"), ::zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn mutate(bytes: &mut Vec<u8>, mutations: &[(prop::sample::Index, u8)], cut: Option<prop::sample::Index>) {
    for (at, value) in mutations.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
}

/// What every caller relies on.
fn holds(contents: &Contents) {
    assert!(contents.files.windows(2).all(|w| w[0].path < w[1].path), "sorted, each path once");
    assert!(contents.irregularities.windows(2).all(|w| w[0] < w[1]));
    assert!(contents.files.len() <= LIMITS.files);
    assert!(contents.files.iter().map(|f| f.content.len() as u64).sum::<u64>() <= 2 * LIMITS.total_bytes);
    assert!(contents.files.iter().all(|f| !f.path.starts_with('/') && !f.path.chars().any(char::is_control)));
    for file in &contents.files {
        assert_eq!(contents.get(&file.path), Some(file));
    }
    assert!(contents.files.len() + contents.irregularities.len() > 0 || contents.is_complete());
    let _ = contents.strip_root().count();
    diff(Some(contents), contents);
    diff(None, contents);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn arbitrary_bytes(bytes: Vec<u8>, magic in 0usize..4) {
        let prefix: &[u8] = [&b""[..], b"\x1f\x8b\x08\0\0\0\0\0\0\xff", b"PK\x03\x04", b"PK\x05\x06"][magic];
        let bytes = [prefix, &bytes].concat();
        for format in [Format::TarGz, Format::Tar, Format::Zip] {
            holds(&read(&bytes, format, &LIMITS));
        }
    }

    #[test]
    fn mutated_tar(entries in entries(), mutations: Vec<(prop::sample::Index, u8)>, cut: Option<prop::sample::Index>) {
        let mut bytes = tar(&entries);
        mutate(&mut bytes, &mutations, cut);
        holds(&read(&bytes, Format::Tar, &LIMITS));
        holds(&read(&gzip(&bytes), Format::TarGz, &LIMITS));
    }

    #[test]
    fn mutated_gzip(entries in entries(), mutations: Vec<(prop::sample::Index, u8)>, cut: Option<prop::sample::Index>) {
        let mut bytes = gzip(&tar(&entries));
        mutate(&mut bytes, &mutations, cut);
        holds(&read(&bytes, Format::TarGz, &LIMITS));
    }

    #[test]
    fn mutated_zip(entries in entries(), mutations: Vec<(prop::sample::Index, u8)>, cut: Option<prop::sample::Index>) {
        let mut bytes = zip(&entries);
        mutate(&mut bytes, &mutations, cut);
        holds(&read(&bytes, Format::Zip, &LIMITS));
    }

    /// A change of one byte of a sound zip is either harmless or noticed: what is read is what was packed, or
    /// the archive is called irregular.
    #[test]
    fn an_unnoticed_mutation_changes_no_content(content: Vec<u8>, at: prop::sample::Index, value: u8) {
        let entries = [("p/a.js".to_owned(), content), ("p/b.js".to_owned(), b"fixed".to_vec())];
        let sound = read(&zip(&entries), Format::Zip, &LIMITS);
        let mut bytes = zip(&entries);
        mutate(&mut bytes, &[(at, value)], None);
        let mutated = read(&bytes, Format::Zip, &LIMITS);
        let contents = |c: &Contents| c.files.iter().map(|f| f.content.clone()).collect::<Vec<_>>();
        prop_assert!(!mutated.irregularities.is_empty() || contents(&mutated) == contents(&sound));
    }
}
