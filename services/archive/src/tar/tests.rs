//! Hostile and sound tar archives, built in memory.

use super::*;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// A raw entry: header with a right checksum, body, padding.
fn entry(name: &str, kind: u8, link: &str, body: &[u8]) -> Vec<u8> {
    sized(name, kind, link, body, body.len() as u64)
}

fn sized(name: &str, kind: u8, link: &str, body: &[u8], size: u64) -> Vec<u8> {
    let mut block = vec![0u8; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000755");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..263].copy_from_slice(b"ustar\0");
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend_from_slice(body);
    block.resize(block.len().next_multiple_of(BLOCK), 0);
    block
}

fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(entries: &[Vec<u8>]) -> Contents {
    read_gzip(&gzip(&tar(entries)), &Limits::default())
}

fn paths(contents: &Contents) -> Vec<&str> {
    contents.files.iter().map(|f| f.path.as_str()).collect()
}

fn types(contents: &Contents) -> Vec<String> {
    let name = |i| serde_json::to_value(i).unwrap()["type"].as_str().unwrap().to_owned();
    contents.irregularities.iter().map(name).collect()
}

#[test]
fn a_sound_archive_has_no_irregularity() {
    let contents = read(&[
        entry("package/", b'5', "", b""),
        entry("package/package.json", b'0', "", b"{}"),
        entry("package/lib/index.js", b'0', "", b"x"),
    ]);
    assert_eq!(contents.irregularities, []);
    assert!(contents.is_complete());
    assert_eq!(paths(&contents), ["package/lib/index.js", "package/package.json"]);
    assert_eq!(contents.get("package/package.json").unwrap().content.as_ref(), b"{}");
    assert_eq!(contents.strip_root().map(|(p, _)| p).collect::<Vec<_>>(), ["lib/index.js", "package.json"]);
    assert!(contents.files[0].executable);
}

#[test]
fn what_the_tar_crate_writes_is_read_long_names_included() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let long = format!("package/{}/x.js", "folder-with-a-long-name/".repeat(12));
    for name in ["package/a.js", &long] {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &b"abc"[..]).unwrap();
    }
    let contents = read_gzip(&gzip(&builder.into_inner().unwrap()), &Limits::default());
    assert_eq!(contents.irregularities, []);
    assert!(contents.get(&long.replace("//", "/")).is_some());
}

#[test]
fn pax_names_win_and_a_size_that_disagrees_is_a_lie() {
    let contents = read(&[entry("x", b'x', "", b"20 path=package/long\n"), entry("short", b'0', "", b"1")]);
    assert_eq!(types(&contents), ["corrupt"], "a record of the wrong length");

    let contents = read(&[entry("x", b'x', "", b"21 path=package/long\n"), entry("short", b'0', "", b"1")]);
    assert_eq!((paths(&contents), contents.is_complete()), (vec!["package/long"], true));

    // CVE-2025-62518: one reader skips 512 bytes, the other takes them for the next header.
    let hidden = entry("hidden", b'0', "", b"");
    let contents = read(&[entry("x", b'x', "", b"12 size=512\n"), sized("shown", b'0', "", &hidden, 0)]);
    assert_eq!(types(&contents), ["lying_header"]);
    assert!(!contents.is_complete());
}

#[test]
fn paths_that_lead_out_are_named() {
    let contents = read(&[
        entry("package/../../../etc/cron.d/x", b'0', "", b"1"),
        entry("/etc/passwd", b'0', "", b"1"),
        entry("package/a\\b", b'0', "", b"1"),
    ]);
    assert_eq!(types(&contents), ["parent_path", "absolute_path", "ambiguous_name"]);
    assert_eq!(contents.files.len(), 3, "the content is still there to be looked at");
}

#[test]
fn links_are_named_and_read_as_what_they_point_at() {
    let contents = read(&[
        entry("p/hidden.txt", b'0', "", b"import os"),
        entry("p/setup.py", b'2', "hidden.txt", b""),
        entry("p/copy.py", b'1', "p/hidden.txt", b""),
        entry("p/out", b'2', "../../etc", b""),
        entry("p/out/passwd", b'0', "", b"1"),
    ]);
    assert_eq!(types(&contents), ["symlink", "symlink", "hardlink", "link_out", "through_link"]);
    assert_eq!(contents.get("p/setup.py").unwrap().content.as_ref(), b"import os");
    assert_eq!(contents.get("p/copy.py").unwrap().content.as_ref(), b"import os");
}

#[test]
fn many_links_to_a_large_file_are_bounded() {
    let limits = Limits { total_bytes: 1 << 20, ..Limits::default() };
    let mut entries = vec![entry("p/large", b'0', "", &vec![b'x'; 400 << 10])];
    entries.extend((0..100).map(|n| entry(&format!("p/{n}"), b'1', "p/large", b"")));
    let contents = read_plain(&tar(&entries), &limits);
    assert!(contents.files.len() < 5);
    assert!(contents.irregularities.contains(&Irregularity::TooLarge { limit: 1 << 20 }));
}

#[test]
fn names_that_collide_are_named() {
    let contents = read(&[
        entry("p/a", b'0', "", b"1"),
        entry("p/a", b'0', "", b"2"),
        entry("p/README", b'0', "", b""),
        entry("p/readme", b'0', "", b""),
        entry("p/a/b", b'0', "", b""),
    ]);
    assert_eq!(types(&contents), ["duplicate_name", "case_collision", "file_as_folder"]);
    assert_eq!(contents.get("p/a").unwrap().content.as_ref(), b"2", "the last one stays, as on a disk");
}

#[test]
fn devices_and_sparse_files_are_named() {
    let contents =
        read(&[entry("p/null", b'3', "", b""), entry("p/pipe", b'6', "", b""), entry("p/s", b'S', "", b"1")]);
    assert_eq!(types(&contents), ["device", "device", "unknown_compression"]);
}

#[test]
fn a_gibibyte_of_zeros_stops_early() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&sized("p/zeros", b'0', "", b"", 1 << 30)).unwrap();
    let piece = vec![0u8; 1 << 20];
    for _ in 0..1024 {
        encoder.write_all(&piece).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 2 << 20);
    let contents = read_gzip(&bomb, &Limits::default());
    assert_eq!(contents.irregularities, [Irregularity::Bomb { ratio: 200 }]);
    assert!(contents.files.is_empty() && !contents.is_complete());
}

#[test]
fn more_than_the_limits_is_named() {
    let limits = Limits { file_bytes: 1000, total_bytes: 40_000, files: 10, ..Limits::default() };
    let large = read_plain(&tar(&[entry("p/a", b'0', "", &[1; 1001])]), &limits);
    assert_eq!(large.irregularities, [Irregularity::FileTooLarge { path: "p/a".into(), limit: 1000 }]);
    assert_eq!((large.files[0].size, large.files[0].content.len()), (1001, 0));
    let total = read_plain(&tar(&[entry("p/a", b'0', "", &[1; 50_000])]), &limits);
    assert_eq!(total.irregularities, [Irregularity::TooLarge { limit: 40_000 }]);
    let many: Vec<_> = (0..11).map(|n| entry(&format!("p/{n}"), b'0', "", b"")).collect();
    let many = read_plain(&tar(&many), &limits);
    assert_eq!((many.files.len(), types(&many)), (10, vec!["too_many_files".to_owned()]));
}

#[test]
fn a_hundred_thousand_and_one_files_are_too_many() {
    let entries: Vec<_> = (0..100_001).map(|n| entry(&format!("p/{n}"), b'0', "", b"")).collect();
    let limits = Limits { ratio: 10_000, ..Limits::default() };
    let contents = read_gzip(&gzip(&tar(&entries)), &limits);
    assert_eq!(contents.irregularities, [Irregularity::TooManyFiles { limit: 100_000 }]);
    assert_eq!(contents.files.len(), 100_000);
}

#[test]
fn truncated_streams_and_lying_sizes_are_named() {
    let whole = gzip(&tar(&[entry("p/a", b'0', "", b"1"), entry("p/b", b'0', "", &[7; 5000])]));
    let contents = read_gzip(&whole[..whole.len() - 12], &Limits::default());
    assert_eq!(types(&contents), ["truncated"]);
    assert!(contents.get("p/a").is_some());

    let lying = read_gzip(&gzip(&sized("p/a", b'0', "", b"1", 7_999_999_999)), &Limits::default());
    assert_eq!(types(&lying), ["truncated"]);

    let mut broken = whole.clone();
    let last = broken.len() - 6;
    broken[last] ^= 1;
    assert_eq!(types(&read_gzip(&broken, &Limits::default())), ["corrupt"], "the gzip checksum");
}

#[test]
fn a_second_archive_behind_the_first_is_named_and_read() {
    let first = tar(&[entry("p/a", b'0', "", b"1")]);
    let second = tar(&[entry("p/b", b'0', "", b"2")]);
    let contents = read_gzip(&gzip(&[first.clone(), second].concat()), &Limits::default());
    assert_eq!((types(&contents), paths(&contents)), (vec!["trailing_data".to_owned()], vec!["p/a", "p/b"]));

    let contents = read_gzip(&[gzip(&first), b"PK\x03\x04".to_vec()].concat(), &Limits::default());
    assert_eq!(contents.irregularities, [Irregularity::TrailingData { bytes: 4 }]);

    let padded = read_gzip(&[gzip(&first), vec![0; 100]].concat(), &Limits::default());
    assert!(padded.is_complete(), "zero padding is allowed");
}

#[test]
fn what_is_no_archive_is_named() {
    for bytes in [&b""[..], b"hello", b"\x1f\x8b", &gzip(b""), &gzip(b"hello"), &gzip(&[0; 2048]), &[0; 600]] {
        let contents = read_gzip(bytes, &Limits::default());
        assert!(!contents.is_complete() && contents.files.is_empty(), "{bytes:?}");
    }
    let plain = read_gzip(&tar(&[entry("p/a", b'0', "", b"1")]), &Limits::default());
    assert_eq!((types(&plain), plain.files.len()), (vec!["lying_header".to_owned()], 1));
}

#[test]
fn irregularities_are_bounded() {
    let entries: Vec<_> = (0..3000).map(|n| entry(&format!("/{n}"), b'0', "", b"")).collect();
    let contents = read(&entries);
    assert_eq!(contents.irregularities.len(), 1001);
    assert!(contents.irregularities.contains(&Irregularity::More { count: 2000 }));
}

#[test]
fn a_broken_stream_gives_all_that_it_has_however_it_is_inflated() {
    let noise = |n: u32| (0..3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> (n % 24)) as u8).collect::<Vec<_>>();
    let entries: Vec<_> = (0..60).map(|n| entry(&format!("p/{n}"), b'0', "", &noise(n))).collect();
    let whole = gzip(&tar(&entries));
    let limits = Limits::default();
    let exactly = |bytes: &[u8]| Reader::new(Source::Gzip(Box::new(Gunzip::exact(bytes))), &limits).read();
    assert_eq!(read_gzip(&whole, &limits), exactly(&whole));
    assert_eq!(exactly(&whole).files.len(), 60);
    for part in 1..20 {
        let at = whole.len() * part / 20;
        assert_eq!(read_gzip(&whole[..at], &limits), exactly(&whole[..at]), "cut at {at}");
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        assert_eq!(read_gzip(&broken, &limits), exactly(&broken), "changed at {at}");
    }
}
