//! Archives and their difference.

use lockgate_archive::{Contents, File, Format, Irregularity, Limits, Precision, read};
use std::{
    collections::BTreeMap,
    io::{Cursor, Write},
};

/// Small, so that every bound is reached.
const LIMITS: Limits = Limits {
    total_bytes: 8 << 20,
    file_bytes: 1 << 20,
    files: 1_000,
    path_depth: 16,
    path_bytes: 300,
    ratio: 200,
    ratio_from: 1 << 20,
};
/// Bytes by which reading may run over a bound before it notices.
const CHUNK: u64 = 128 << 10;

pub mod tar_gz {
    use super::*;

    pub fn check(data: &[u8]) {
        holds(&read(data, Format::TarGz, &LIMITS), data);
        holds(&read(data, Format::Tar, &LIMITS), data);
    }

    pub fn seeds() -> Vec<Vec<u8>> {
        let plain = tar(&[("p/package.json", b"{\"name\":\"a\"}"), ("p/a.js", b"x\ny\n")]);
        let long = format!("p/{}", "d/".repeat(60) + "f");
        let nested =
            tar(&[(&long, b"deep"), ("p/../../etc/x", b"out"), ("/abs", b"root"), ("p/a.js", b"1"), ("p/a.js", b"2")]);
        let zeros = vec![0u8; 2 << 20];
        let bomb = gzip(&tar(&[("p/zeros", &zeros)]));
        let members = [gzip(&plain[..512]), gzip(&plain[512..])].concat();
        let damaged = {
            let mut g = gzip(&plain);
            let at = g.len() - 5;
            g[at] ^= 1;
            g
        };
        vec![
            gzip(&plain),
            plain,
            gzip(&nested),
            nested,
            bomb,
            members,
            damaged,
            gzip(&links()),
            links(),
            gzip(&sparse()),
        ]
    }

    /// A symbolic link, a hard link, a device and a pax header.
    fn links() -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (kind, name) in [
            (::tar::EntryType::Symlink, "p/link"),
            (::tar::EntryType::Link, "p/hard"),
            (::tar::EntryType::Char, "p/device"),
            (::tar::EntryType::Directory, "p/folder"),
        ] {
            let mut header = ::tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(0);
            if kind == ::tar::EntryType::Symlink || kind == ::tar::EntryType::Link {
                header.set_link_name("../../outside").expect("a short link");
            }
            header.set_path(name).expect("a short name");
            header.set_cksum();
            builder.append(&header, &b""[..]).expect("memory takes it");
        }
        let record = "30 path=p/renamed-by-pax.txt\n";
        let mut pax = ::tar::Header::new_ustar();
        pax.set_entry_type(::tar::EntryType::XHeader);
        pax.set_size(record.len() as u64);
        pax.set_path("PaxHeaders/x").expect("a short name");
        pax.set_cksum();
        builder.append(&pax, record.as_bytes()).expect("memory takes it");
        let mut header = ::tar::Header::new_ustar();
        header.set_path("p/x").expect("a short name");
        header.set_size(3);
        header.set_cksum();
        builder.append(&header, &b"abc"[..]).expect("memory takes it");
        builder.into_inner().expect("memory takes it")
    }

    /// A GNU long name and a size in base 256.
    fn sparse() -> Vec<u8> {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut header = ::tar::Header::new_gnu();
        header.set_size(1);
        header.set_mode(0o755);
        header.set_cksum();
        builder.append_data(&mut header, "p/".to_owned() + &"n".repeat(200), &b"x"[..]).expect("memory takes it");
        let mut bytes = builder.into_inner().expect("memory takes it");
        if let Some(size) = bytes.get_mut(124..136) {
            size.copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 201]);
        }
        bytes
    }
}

pub mod zip {
    use super::*;

    pub fn check(data: &[u8]) {
        holds(&read(data, Format::Zip, &LIMITS), data);
    }

    pub fn seeds() -> Vec<Vec<u8>> {
        let files: [(&str, &[u8]); 3] = [("p/a.py", b"import os\n"), ("p/METADATA", b"Name: a\n"), ("../x", b"out")];
        let deflated = packed(&files, ::zip::CompressionMethod::Deflated);
        let stored = packed(&files, ::zip::CompressionMethod::Stored);
        let bomb = packed(&[("p/zeros", &vec![0u8; 2 << 20])], ::zip::CompressionMethod::Deflated);
        let overlapping = {
            let mut z = stored.clone();
            z.extend_from_slice(&stored);
            z
        };
        let prefixed = [b"#!/bin/sh\n".as_slice(), &stored].concat();
        let cut = stored[..stored.len() - 10].to_vec();
        vec![deflated, stored, bomb, overlapping, prefixed, cut, b"PK\x05\x06".iter().copied().chain([0; 18]).collect()]
    }

    fn packed(files: &[(&str, &[u8])], method: ::zip::CompressionMethod) -> Vec<u8> {
        let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = ::zip::write::SimpleFileOptions::default().compression_method(method);
        for (name, content) in files {
            writer.start_file(*name, options).expect("memory takes it");
            writer.write_all(content).expect("memory takes it");
        }
        writer.finish().expect("memory takes it").into_inner()
    }
}

pub mod diff {
    use super::*;

    /// Two packages, `\0`-separated files of a name's first byte and a content; the halves are split at the first 0xFF.
    pub fn check(data: &[u8]) {
        let mut halves = data.splitn(2, |b| *b == 0xff);
        let (old, new) = (contents(halves.next().unwrap_or_default()), contents(halves.next().unwrap_or_default()));
        let found = lockgate_archive::diff(Some(&old), &new);
        let changed: Vec<&str> = found.changed.iter().map(|c| c.new.path.as_str()).collect();
        let same = new.files.len() - found.added.len() - changed.len();
        assert_eq!(old.files.len(), same + found.removed.len() + changed.len(), "each file is in one place");
        for change in &found.changed {
            if change.precision == Precision::Exact {
                exact(change);
            }
            let added: usize = change.hunks.iter().map(|h| h.added.len()).sum();
            assert!(added <= text(change.new).lines().count(), "no line is added twice");
        }
        let nothing = lockgate_archive::diff(Some(&new), &new);
        assert!(nothing.added.is_empty() && nothing.removed.is_empty() && nothing.changed.is_empty());
        assert_eq!(lockgate_archive::diff(None, &new).added.len(), new.files.len());
    }

    /// What the hunks leave of both sides is the same.
    fn exact(change: &lockgate_archive::Changed<'_>) {
        let (mut old, mut new): (Vec<_>, Vec<_>) =
            (text(change.old).lines().map(Some).collect(), text(change.new).lines().map(Some).collect());
        for hunk in &change.hunks {
            take(&mut old, hunk.old_start, &hunk.removed);
            take(&mut new, hunk.new_start, &hunk.added);
        }
        if change.hunks.len() < 5_000 {
            let rest = |lines: Vec<Option<&str>>| lines.into_iter().flatten().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(rest(old), rest(new), "the hunks lead from the old file to the new");
        }
    }

    fn take(lines: &mut [Option<&str>], start: u32, gone: &[&str]) {
        for (n, expected) in gone.iter().enumerate() {
            let line = lines.get_mut(start as usize - 1 + n).expect("a hunk stays within its file");
            assert_eq!(line.take().map(|l| l.trim_end_matches('\r')), Some(expected.trim_end_matches('\r')));
        }
    }

    fn text(file: &File) -> &str {
        std::str::from_utf8(&file.content).unwrap_or_default()
    }

    fn contents(data: &[u8]) -> Contents {
        let mut files = std::collections::BTreeMap::new();
        for part in data.split(|b| *b == 0) {
            if let Some((name, content)) = part.split_first() {
                let path = format!("p/{}", name % 4);
                let content = bytes::Bytes::copy_from_slice(content);
                files.insert(path.clone(), File { path, size: content.len() as u64, content, executable: false });
            }
        }
        Contents { files: files.into_values().collect(), irregularities: Vec::new() }
    }

    pub fn seeds() -> Vec<Vec<u8>> {
        vec![
            b"1a\nb\nc\n\x002x\n\xff1a\nB\nc\nd\n\x003y\n".to_vec(),
            b"1same\n\xff1same\n".to_vec(),
            b"1a\r\nb\r\n\xff1a\nb".to_vec(),
            [b"1".as_slice(), &b"x\n".repeat(200), b"\xff1", &b"x\ny\n".repeat(150)].concat(),
            b"\xff1new\nfile".to_vec(),
        ]
    }
}

/// What every caller of `read` relies on.
fn holds(contents: &Contents, data: &[u8]) {
    assert!(contents.files.windows(2).all(|w| w[0].path < w[1].path), "sorted, each path once");
    assert!(contents.irregularities.windows(2).all(|w| w[0] < w[1]), "sorted, each once");
    assert!(contents.files.len() <= LIMITS.files);
    // Links share the content of the file at which they point.
    let contents_once: BTreeMap<_, _> = contents.files.iter().map(|f| (f.content.as_ptr(), f.content.len())).collect();
    let kept: u64 = contents_once.values().map(|length| *length as u64).sum();
    assert!(kept <= LIMITS.total_bytes + CHUNK, "{kept} bytes are kept");
    let ratio = LIMITS.ratio_from.max(LIMITS.ratio * data.len() as u64) + CHUNK;
    assert!(kept <= ratio, "{kept} bytes are kept of {} packed ones", data.len());
    for file in &contents.files {
        let path = file.path.as_str();
        assert!(file.content.len() as u64 <= LIMITS.file_bytes);
        // A byte that cannot be shown becomes U+FFFD, which has three.
        assert!(path.len() <= 3 * LIMITS.path_bytes && path.split('/').count() <= LIMITS.path_depth, "{path}");
        assert!(!path.split('/').any(|part| part.is_empty() || part == "."), "{path:?}");
        assert!(!path.chars().any(char::is_control), "{path:?}");
        let leads_out = |i: &Irregularity| matches!(i, Irregularity::ParentPath { .. });
        assert!(!path.split('/').any(|part| part == "..") || contents.irregularities.iter().any(leads_out), "{path:?}");
        assert_eq!(contents.get(path), Some(file));
    }
    let _ = contents.strip_root().count();
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = ::tar::Header::new_ustar();
        let name = name.as_bytes();
        let kept = name.len().min(100);
        header.as_old_mut().name[..kept].copy_from_slice(&name[..kept]);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).expect("memory takes it");
    }
    builder.into_inner().expect("memory takes it")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
