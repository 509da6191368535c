//! Hostile and sound zip archives, built in memory.

use super::*;
use ::zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};
use std::io::{Cursor, Write};

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Contents {
    super::read(bytes, &Limits::default())
}

fn types(contents: &Contents) -> Vec<String> {
    let name = |i| serde_json::to_value(i).unwrap()["type"].as_str().unwrap().to_owned();
    contents.irregularities.iter().map(name).collect()
}

fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|w| w == needle).unwrap()
}

fn directory(bytes: &[u8]) -> usize {
    find(bytes, b"PK\x01\x02")
}

#[test]
fn a_sound_archive_has_no_irregularity() {
    let bytes = zip(&[("x/a.py", b"import os"), ("x/", b""), ("x-1.0.dist-info/METADATA", &[b'x'; 100_000])]);
    let contents = read(&bytes);
    assert_eq!(contents.irregularities, []);
    assert_eq!(contents.get("x/a.py").unwrap().content.as_ref(), b"import os");
    assert_eq!(contents.get("x-1.0.dist-info/METADATA").unwrap().size, 100_000);
}

#[test]
fn headers_that_disagree_are_named() {
    let sound = stored(&[("x/a.py", b"import os")]);
    let at = directory(&sound);

    let mut name = sound.clone();
    name[30..36].copy_from_slice(b"x/b.py");
    assert_eq!(types(&read(&name)), ["lying_header"]);

    let mut size = sound.clone();
    size[at + 24] = 3;
    assert!(types(&read(&size)).iter().all(|t| t == "lying_header"));
    assert_eq!(read(&size).irregularities.len(), 2, "the local header and the content");

    let mut crc = sound.clone();
    crc[at + 16] ^= 1;
    crc[14] ^= 1;
    assert_eq!(types(&read(&crc)), ["lying_header"]);

    let mut place = sound.clone();
    place[at + 42] = 5;
    assert_eq!(types(&read(&place)), ["lying_header", "unlisted_entry"]);
}

#[test]
fn an_entry_that_the_directory_hides_is_found() {
    let first = stored(&[("x/a.py", b"import os")]);
    let second = stored(&[("x/b.py", b"import sys")]);
    let hidden = [&first[..directory(&first)], &second].concat();
    let contents = read(&hidden);
    assert_eq!(types(&contents), ["unlisted_entry", "leading_data"]);
    assert!(!contents.is_complete());
}

#[test]
fn a_second_archive_behind_the_first_is_found() {
    let (first, second) = (zip(&[("x/a.py", b"import os")]), zip(&[("x/b.py", b"import sys")]));
    let contents = read(&[first.clone(), second].concat());
    assert!(!contents.is_complete());
    let contents = read(&[first, b"tail".to_vec()].concat());
    assert_eq!(contents.irregularities, [Irregularity::TrailingData { bytes: 4 }]);
}

#[test]
fn duplicates_are_named() {
    let mut bytes = stored(&[("x/a.py", b"1"), ("x/b.py", b"2")]);
    while let Some(at) = bytes.windows(6).position(|w| w == b"x/b.py") {
        bytes[at..at + 6].copy_from_slice(b"x/a.py");
    }
    let contents = read(&bytes);
    assert_eq!(types(&contents), ["duplicate_name"]);
    assert_eq!(contents.get("x/a.py").unwrap().content.as_ref(), b"2");
}

#[test]
fn overlapping_entries_are_named() {
    let mut bytes = stored(&[("x/a.py", b"1"), ("x/a.py2", b"2")]);
    let at = directory(&bytes);
    let second = at + find(&bytes[at + 4..], b"PK\x01\x02") + 4;
    bytes[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes());
    assert!(types(&read(&bytes)).contains(&"overlap".to_owned()));
}

#[test]
fn encrypted_entries_are_named_and_not_read() {
    let mut bytes = stored(&[("x/a.py", b"1")]);
    let at = directory(&bytes);
    bytes[at + 8] |= 1;
    bytes[6] |= 1;
    let contents = read(&bytes);
    assert_eq!(types(&contents), ["encrypted"]);
    assert!(contents.files.is_empty());
}

#[test]
fn links_devices_and_paths_are_named() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("x/link", "../../etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.start_file("x/../../a", SimpleFileOptions::default()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(types(&read(&bytes)), ["parent_path", "symlink", "link_out"]);
}

#[test]
fn a_gibibyte_of_zeros_stops_early() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().large_file(true);
    writer.start_file("x/zeros", options).unwrap();
    let piece = vec![0u8; 1 << 20];
    for _ in 0..1024 {
        writer.write_all(&piece).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 8 << 20);
    assert_eq!(read(&bomb).irregularities, [Irregularity::Bomb { ratio: 200 }]);
}

#[test]
fn other_compression_is_named() {
    let mut bytes = stored(&[("x/a.py", b"1")]);
    let at = directory(&bytes);
    (bytes[at + 10], bytes[8]) = (93, 93);
    let contents = read(&bytes);
    assert_eq!(
        contents.irregularities,
        [Irregularity::UnknownCompression { path: "x/a.py".into(), method: "zstd".into() }]
    );
}

#[test]
fn what_is_no_archive_is_named() {
    let sound = zip(&[("x/a.py", b"import os")]);
    for bytes in [
        &b""[..],
        b"PK\x03\x04",
        &sound[..sound.len() - 1],
        &sound[..40],
        b"PK\x05\x06\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0",
    ] {
        let contents = read(bytes);
        assert!(!contents.is_complete() && contents.files.is_empty(), "{bytes:?}");
    }
}

/// Found by fuzzing: a file called `.` was kept under no name at all.
#[test]
fn a_file_that_is_called_like_its_folder_has_no_name() {
    for name in [".", "./."] {
        let contents = read(&stored(&[(name, b"x"), ("x/a.py", b"y")]));
        assert_eq!(contents.files.len(), 1, "{name:?}");
        assert!(types(&contents).contains(&"empty_name".to_owned()), "{name:?}: {:?}", contents.irregularities);
    }
}
