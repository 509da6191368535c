//! `Cargo.lock` of every version, through the door.

use crate::parse;
use lockgate_model::{Lockfile, Origin};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn read(text: &str) -> Lockfile {
    parse("Cargo.lock", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))
}

/// `name version line direct` and the entries it depends on.
fn summary(lockfile: &Lockfile) -> Vec<(String, Vec<u32>)> {
    let releases = lockfile.releases.iter();
    releases
        .map(|r| {
            let direct = r.direct.map_or("?".to_owned(), |d| d.to_string());
            (format!("{} {} {} {direct}", r.release.name, r.release.version, r.line), r.depends_on.clone())
        })
        .collect()
}

fn version_4(header: &str) -> String {
    format!(
        r#"# This file is automatically @generated.
{header}
[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "forked",
 "twice 1.0.0",
]

[[package]]
name = "forked"
version = "2.0.0"
source = "git+https://token@git.example.test/forked?branch=main#{COMMIT}"
dependencies = ["twice 2.0.0+meta (sparse+https://index.example.test/i/)"]

[[package]]
name = "twice"
version = "1.0.0"
source = "registry+https://index.example.test/i"
checksum = "{a}"

[[package]]
name = "twice"
version = "2.0.0+meta"
source = "sparse+https://index.example.test/i/"
checksum = "{b}"

[[patch.unused]]
name = "unused"
version = "1.0.0"
"#,
        a = "a".repeat(64),
        b = "b".repeat(64),
    )
}

#[test]
fn versions_2_to_4_are_read_alike() {
    for header in ["", "version = 3\n", "version = 4\n"] {
        let lockfile = read(&version_4(header));
        let first = if header.is_empty() { 3 } else { 4 };
        assert_eq!(
            summary(&lockfile),
            [
                (format!("app 0.1.0 {first} false"), vec![1, 2]),
                (format!("forked 2.0.0 {} true", first + 8), vec![3]),
                (format!("twice 1.0.0 {} true", first + 14), vec![]),
                (format!("twice 2.0.0+meta {} false", first + 20), vec![]),
            ]
        );
        assert_eq!(lockfile.root, Some(("app".into(), Some("0.1.0".into()))));
        let digests: Vec<_> = lockfile.releases.iter().flat_map(|r| &r.digests).map(|d| d.digest.hex()).collect();
        assert_eq!(digests, ["a".repeat(64), "b".repeat(64)]);
        assert!(lockfile.releases.iter().all(|r| r.dev.is_none() && !r.optional));
    }
}

#[test]
fn origins_are_free_of_secrets() {
    let lockfile = read(&version_4(""));
    let origins: Vec<_> = lockfile.releases.iter().map(|r| r.origin.clone()).collect();
    assert_eq!(
        origins,
        [
            Origin::Path { path: ".".into() },
            Origin::Git { url: "https://git.example.test/forked".into(), commit: Some(COMMIT.into()) },
            Origin::Registry { url: Some("https://index.example.test/i".into()) },
            Origin::Registry { url: Some("https://index.example.test/i/".into()) },
        ]
    );
}

#[test]
fn version_1_keeps_root_and_checksums_apart() {
    let text = format!(
        r#"[root]
name = "app"
version = "0.1.0"
dependencies = ["a 1.0.0 (registry+https://index.example.test/i)", "b 1.0.0 (git+https://git.example.test/b#{COMMIT})"]

[[package]]
name = "a"
version = "1.0.0"
source = "registry+https://index.example.test/i"

[[package]]
name = "b"
version = "1.0.0"
source = "git+https://git.example.test/b#{COMMIT}"

[metadata]
"checksum a 1.0.0 (registry+https://index.example.test/i)" = "{a}"
"checksum b 1.0.0 (git+https://git.example.test/b#{COMMIT})" = "<none>"
"#,
        a = "a".repeat(64)
    );
    let lockfile = read(&text);
    assert_eq!(
        summary(&lockfile),
        [
            ("app 0.1.0 1 false".to_owned(), vec![1, 2]),
            ("a 1.0.0 6 true".to_owned(), vec![]),
            ("b 1.0.0 11 true".to_owned(), vec![]),
        ]
    );
    assert_eq!((lockfile.releases[1].digests.len(), lockfile.releases[2].digests.len()), (1, 0));
}

#[test]
fn a_workspace_has_no_single_root_and_nobody_is_direct_without_one() {
    let member = |name: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    assert_eq!(read(&(member("a") + &member("b"))).root, None);
    let stray = member("a") + "source = \"registry+https://index.example.test/i\"\n";
    assert_eq!(read(&stray).releases[0].direct, None);
    assert!(read("").releases.is_empty());
}

#[test]
fn refusals_name_the_place() {
    let package = |rest: &str| format!("version = 4\n\n[[package]]\n{rest}");
    for (text, expected) in [
        ("version = 5".to_owned(), "Cargo.lock: lockfile version 5 is not known here"),
        ("version = 99999999999999999999".to_owned(), "Cargo.lock:1:11: "),
        (package("name = \"a\""), "missing field `version`"),
        (package("name = \"a\"\nversion = \"1\""), "Cargo.lock:3:1: \"1\" is not a version of a"),
        (package("name = \"../a\"\nversion = \"1.0.0\""), "Cargo.lock:3:1: \"../a\" is not a package name"),
        (package("name = \"a\"\nversion = \"1.0.0\"\nsource = \"ipfs+x\""), "unknown kind of source"),
        (package("name = \"a\"\nversion = \"1.0.0\"\nchecksum = \"00\""), "the checksum of a cannot be read"),
        (package("name = \"a\nversion = \"1.0.0\""), "Cargo.lock:4:"),
        ("=======\n<<<<<<< HEAD\n".to_owned(), "Cargo.lock:2: it holds the conflict markers"),
        (format!("x = {}", "[".repeat(100_000)), "Cargo.lock:1:"),
    ] {
        let error = parse("Cargo.lock", text.as_bytes()).expect_err(&text).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_tables_never_panic(text in "(\\[(root|metadata|\\[package\\])\\]\n|version = (4|\"1.0.0\")\n|(name|source|checksum) = \"(a|git\\+x#é|)\"\n|dependencies = \\[\"(a|a 1.0.0 \\(|)\"\\]\n){0,12}") {
        let _ = parse("Cargo.lock", text.as_bytes());
    }
}
