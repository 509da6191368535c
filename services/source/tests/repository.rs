//! Repositories made by git itself, honest and hostile, read by us.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use lockgate_model::CommitSha;
use lockgate_source::{
    FetchRequest, History, MAX_BLOB_BYTES, MAX_OBJECT_BYTES, Object, ObjectKind, Repository, SkippedKind, SourceError,
};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

struct Sample {
    folder: TempDir,
}

impl Sample {
    fn new() -> Self {
        let sample = Self { folder: TempDir::new().unwrap() };
        sample.git(&["init", "--quiet", "--initial-branch=main"]);
        sample
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, b"")
    }

    fn git_with(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=mona", "-c", "user.email=mona@example.test", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn commit(&self) -> CommitSha {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=m"]);
        self.git(&["rev-parse", "HEAD"]).parse().unwrap()
    }

    fn commit_tree(&self, tree: &str) -> CommitSha {
        self.git(&["commit-tree", tree, "-m", "m"]).parse().unwrap()
    }

    fn open(&self) -> Repository {
        Repository::open(self.path()).unwrap()
    }
}

fn lockfile(path: &str) -> bool {
    path.rsplit('/').next() == Some("package-lock.json")
}

#[test]
fn only_wanted_files_that_differ_are_read() {
    let sample = Sample::new();
    sample.write("package-lock.json", "1");
    sample.write("gone/package-lock.json", "gone");
    sample.write("same/package-lock.json", "same");
    sample.write("README.md", "x");
    let base = sample.commit();
    sample.write("package-lock.json", "2");
    sample.write("web/app/package-lock.json", "new");
    sample.write("README.md", "y");
    fs::remove_dir_all(sample.path().join("gone")).unwrap();
    let head = sample.commit();

    let changes = sample.open().changed_files(Some(&base), &head, &lockfile).unwrap();
    let text = |b: &Option<_>| b.as_ref().map(|b: &bytes::Bytes| String::from_utf8(b.to_vec()).unwrap());
    let found: Vec<_> = changes.files.iter().map(|f| (f.path.as_str(), text(&f.old), text(&f.new))).collect();
    let some = |t: &str| Some(t.to_owned());
    assert_eq!(
        found,
        [
            ("gone/package-lock.json", some("gone"), None),
            ("package-lock.json", some("1"), some("2")),
            ("web/app/package-lock.json", None, some("new")),
        ]
    );
    assert!(changes.skipped.is_empty());

    let all = sample.open().files(&head, &lockfile).unwrap();
    let paths: Vec<_> = all.files.iter().map(|(p, _)| p.as_str()).collect();
    assert_eq!(paths, ["package-lock.json", "same/package-lock.json", "web/app/package-lock.json"]);
}

#[test]
fn a_file_that_becomes_a_folder_is_seen_on_both_sides() {
    let sample = Sample::new();
    sample.write("package-lock.json", "file");
    let base = sample.commit();
    fs::remove_file(sample.path().join("package-lock.json")).unwrap();
    sample.write("package-lock.json/package-lock.json", "inside");
    let head = sample.commit();
    let changes = sample.open().changed_files(Some(&base), &head, &lockfile).unwrap();
    let found: Vec<_> = changes.files.iter().map(|f| (f.path.as_str(), f.old.is_some(), f.new.is_some())).collect();
    assert_eq!(found, [("package-lock.json", true, false), ("package-lock.json/package-lock.json", false, true)]);
}

#[test]
fn links_and_submodules_are_reported_and_not_followed() {
    let sample = Sample::new();
    sample.write("web/package-lock.json", "real");
    let base = sample.commit();
    fs::remove_file(sample.path().join("web/package-lock.json")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", sample.path().join("web/package-lock.json")).unwrap();
    let module = format!("160000,{base},sub/package-lock.json");
    sample.git(&["add", "--all"]);
    sample.git(&["update-index", "--add", "--cacheinfo", &module]);
    sample.git(&["commit", "--quiet", "--message=m"]);
    let head = sample.open().resolve("HEAD").unwrap();

    let changes = sample.open().changed_files(Some(&base), &head, &lockfile).unwrap();
    assert_eq!(changes.files.len(), 1);
    assert_eq!((changes.files[0].path.as_str(), &changes.files[0].new), ("web/package-lock.json", &None));
    let skipped: Vec<_> = changes.skipped.iter().map(|s| (s.path.as_str(), s.kind)).collect();
    assert_eq!(
        skipped,
        [("sub/package-lock.json", SkippedKind::Submodule), ("web/package-lock.json", SkippedKind::Symlink)]
    );
}

#[test]
fn revisions_and_merge_bases_are_resolved() {
    let sample = Sample::new();
    let base = sample.commit();
    sample.git(&["checkout", "--quiet", "-b", "topic"]);
    sample.write("a", "a");
    let topic = sample.commit();
    sample.git(&["checkout", "--quiet", "main"]);
    sample.write("b", "b");
    let main = sample.commit();
    let unrelated = sample.commit_tree(&sample.git(&["write-tree"]));

    let repository = sample.open();
    assert_eq!(repository.resolve("topic").unwrap(), topic);
    assert_eq!(repository.resolve("main~1").unwrap(), base);
    assert_eq!(repository.merge_base(&main, &topic).unwrap(), Some(base));
    assert_eq!(repository.merge_base(&main, &unrelated).unwrap(), None);
    assert!(repository.commit(&main).unwrap().starts_with(b"tree "));
    for bad in ["", "nowhere", "main:a", &"x".repeat(1000), "--upload-pack=x"] {
        assert!(matches!(repository.resolve(bad), Err(SourceError::UnknownRevision { .. })), "{bad}");
    }
    let absent: CommitSha = "1".repeat(40).parse().unwrap();
    assert!(matches!(repository.merge_base(&main, &absent), Err(SourceError::UnknownRevision { .. })));
    assert!(matches!(repository.files(&absent, &lockfile), Err(SourceError::UnknownRevision { .. })));
}

#[test]
fn commits_and_tags_are_given_as_they_are() {
    let sample = Sample::new();
    let commit = sample.commit();
    sample.git(&["tag", "-a", "-m", "m", "v1"]);
    sample.git(&["tag", "light"]);
    let tag = sample.git(&["rev-parse", "v1"]);
    let repository = sample.open();
    let text = |object: &Object| String::from_utf8(object.bytes.to_vec()).unwrap().trim().to_owned();
    for (rev, kind, id, name) in [
        ("v1", ObjectKind::Tag, tag.as_str(), Some("v1")),
        ("tags/v1", ObjectKind::Tag, &tag, Some("v1")),
        ("refs/tags/v1", ObjectKind::Tag, &tag, Some("v1")),
        (&tag, ObjectKind::Tag, &tag, None),
        ("v1^{commit}", ObjectKind::Commit, commit.as_str(), None),
        ("light", ObjectKind::Commit, commit.as_str(), None),
        ("HEAD", ObjectKind::Commit, commit.as_str(), None),
    ] {
        let object = repository.object(rev).unwrap();
        assert_eq!((object.kind, object.id.as_str(), object.name.as_deref()), (kind, id, name), "{rev}");
        let listed = if kind == ObjectKind::Tag { "tag" } else { "commit" };
        assert_eq!(text(&object), sample.git(&["cat-file", listed, id]), "{rev}");
    }
    for rev in ["HEAD^{tree}", "absent", "", &"a".repeat(201)] {
        assert!(matches!(repository.object(rev), Err(SourceError::UnknownRevision { .. })), "{rev}");
    }
    let large = sample.git_with(&["commit-tree", "HEAD^{tree}"], &vec![b'm'; MAX_OBJECT_BYTES as usize]);
    assert!(matches!(sample.open().object(&large), Err(SourceError::TooLarge { unit: "bytes", .. })));
}

#[test]
fn the_commits_of_a_range_are_those_that_base_lacks() {
    let sample = Sample::new();
    let base = sample.commit();
    sample.git(&["checkout", "--quiet", "-b", "side"]);
    let side = sample.commit();
    sample.git(&["checkout", "--quiet", "main"]);
    sample.git(&["merge", "--quiet", "--no-ff", "-m", "m", "side"]);
    let merge: CommitSha = sample.git(&["rev-parse", "HEAD"]).parse().unwrap();
    let repository = sample.open();
    let mut found = repository.between(base.as_str(), "HEAD", 2).unwrap();
    found.sort();
    let mut expected = vec![side.clone(), merge];
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(repository.between("HEAD", base.as_str(), 2).unwrap(), []);
    assert_eq!(repository.between(base.as_str(), "side", 1).unwrap(), [side]);
    let error = repository.between(base.as_str(), "HEAD", 1).unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { limit: 1, unit: "commits", .. }), "{error}");
    assert!(matches!(repository.between("absent", "HEAD", 1), Err(SourceError::UnknownRevision { .. })));
}

#[test]
fn a_file_beyond_the_limit_is_an_error_that_names_it() {
    let sample = Sample::new();
    let file = fs::File::create(sample.path().join("package-lock.json")).unwrap();
    file.set_len(MAX_BLOB_BYTES + 1).unwrap();
    let head = sample.commit();
    let error = sample.open().files(&head, &lockfile).unwrap_err();
    assert!(error.to_string().starts_with("package-lock.json in "), "{error}");
    // Nobody wants it: it is not even measured.
    assert!(sample.open().files(&head, &|_| false).unwrap().files.is_empty());
}

#[test]
fn a_bottomless_tree_is_refused() {
    let sample = Sample::new();
    let blob = sample.git_with(&["hash-object", "-w", "--stdin"], b"x");
    let mut tree = sample.git_with(&["mktree"], format!("100644 blob {blob}\tf\n").as_bytes());
    for _ in 0..300 {
        tree = sample.git_with(&["mktree"], format!("040000 tree {tree}\td\n").as_bytes());
    }
    let error = sample.open().files(&sample.commit_tree(&tree), &lockfile).unwrap_err();
    assert!(matches!(error, SourceError::TooLarge { unit: "levels", .. }), "{error}");
}

/// A tree with two entries of one name: a reviewer may be shown one and a client install the other.
#[test]
fn a_tree_that_names_a_file_twice_is_refused() {
    let sample = Sample::new();
    let blob = |content: &[u8]| hex::decode(sample.git_with(&["hash-object", "-w", "--stdin"], content)).unwrap();
    let mut tree = Vec::new();
    for content in [b"good", b"evil"] {
        tree.extend_from_slice(b"100644 package-lock.json\0");
        tree.extend_from_slice(&blob(content));
    }
    let tree = sample.git_with(&["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], &tree);
    let error = sample.open().files(&sample.commit_tree(&tree), &lockfile).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

/// Names with which a tree leads out of itself or into `.git`: on Linux, or on a client's other file system.
#[test]
fn a_tree_with_names_that_git_refuses_is_refused() {
    let sample = Sample::new();
    let blob = hex::decode(sample.git_with(&["hash-object", "-w", "--stdin"], b"x")).unwrap();
    let tree = |mode: &[u8], name: &[u8], id: &[u8]| {
        let entry = [mode, b" ", name, b"\0", id].concat();
        sample.git_with(&["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], &entry)
    };
    let inner = hex::decode(tree(b"100644", b"package-lock.json", &blob)).unwrap();
    for name in
        ["..", ".", "", ".git", ".GIT", ".Git", "git~1", ".g\u{200c}it", "a/b", "../../etc", ".git::$INDEX_ALLOCATION"]
    {
        for (mode, id) in [(&b"100644"[..], &blob), (b"40000", &inner)] {
            let head = sample.commit_tree(&tree(mode, name.as_bytes(), id));
            let error = sample.open().files(&head, &lockfile).unwrap_err();
            let refused = matches!(error, SourceError::Hostile { .. } | SourceError::Damaged { .. });
            assert!(refused && !error.is_transient(), "{name:?}: {error}");
        }
    }
    // What is odd but a name, on this machine at least, is read.
    for name in [".gitattributes", ".gitignore", "con", "a\\b", "x:y", "\u{fffd}", "..."] {
        let head = sample.commit_tree(&tree(b"40000", name.as_bytes(), &inner));
        assert_eq!(sample.open().files(&head, &lockfile).unwrap().files.len(), 1, "{name:?}");
    }
    // A link named .gitmodules could have a client write through it (CVE-2018-11235).
    let head = sample.commit_tree(&tree(b"120000", b".gitmodules", &blob));
    assert!(matches!(sample.open().files(&head, &lockfile), Err(SourceError::Hostile { .. })));
}

/// A tree whose entry says that it is a folder, and is a file; and the other way round.
#[test]
fn an_entry_that_is_of_another_kind_than_it_says_is_refused() {
    let sample = Sample::new();
    let blob = hex::decode(sample.git_with(&["hash-object", "-w", "--stdin"], b"x")).unwrap();
    let tree = |mode: &[u8], name: &[u8], id: &[u8]| {
        let entry = [mode, b" ", name, b"\0", id].concat();
        sample.git_with(&["hash-object", "-t", "tree", "--literally", "-w", "--stdin"], &entry)
    };
    let inner = hex::decode(tree(b"100644", b"a", &blob)).unwrap();
    for entry in [tree(b"40000", b"folder", &blob), tree(b"100644", b"package-lock.json", &inner)] {
        let error = sample.open().files(&sample.commit_tree(&entry), &lockfile).unwrap_err();
        assert!(matches!(error, SourceError::Hostile { .. }), "{error}");
    }
}

/// Both sides of a change may be pointers; the newer one is the finding.
#[test]
fn lfs_pointers_are_no_lockfiles() {
    let sample = Sample::new();
    let pointer = |oid: char| {
        format!("version https://lfs.example.test/spec/v1\noid sha256:{}\nsize 3\n", oid.to_string().repeat(64))
    };
    sample.write("package-lock.json", &pointer('a'));
    let base = sample.commit();
    sample.write("package-lock.json", &pointer('b'));
    let head = sample.commit();
    let changes = sample.open().changed_files(Some(&base), &head, &lockfile).unwrap();
    assert!(changes.files.is_empty());
    assert_eq!(changes.skipped.len(), 1);
    assert_eq!(changes.skipped[0].kind, SkippedKind::LfsPointer);
    // Back to a real file: it is new.
    sample.write("package-lock.json", "{}");
    let real = sample.commit();
    let changes = sample.open().changed_files(Some(&head), &real, &lockfile).unwrap();
    assert!(changes.skipped.is_empty() && changes.files[0].old.is_none() && changes.files[0].new.is_some());
    // What only begins like one is a file.
    sample.write("package-lock.json", "version https://lfs.example.test/spec/v1\nhello\n");
    let odd = sample.commit();
    assert!(sample.open().changed_files(Some(&real), &odd, &lockfile).unwrap().skipped.is_empty());
}

/// `refs/replace` can show other content under an object's id; what is judged must be what is merged.
#[test]
fn replaced_objects_are_read_as_they_are() {
    let sample = Sample::new();
    sample.write("package-lock.json", "evil");
    let head = sample.commit();
    let evil = sample.git(&["rev-parse", "HEAD:package-lock.json"]);
    let good = sample.git_with(&["hash-object", "-w", "--stdin"], b"good");
    sample.git(&["replace", &evil, &good]);
    assert_eq!(sample.git(&["show", "HEAD:package-lock.json"]), "good");
    assert_eq!(&sample.open().files(&head, &lockfile).unwrap().files[0].1[..], b"evil");
}

#[test]
fn the_repository_s_configuration_starts_nothing() {
    let sample = Sample::new();
    sample.write("package-lock.json", "x");
    sample.write(".gitattributes", "* filter=evil diff=evil\n");
    let head = sample.commit();
    let touch = format!("touch {}", sample.path().join("ran").display());
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "filter.evil.smudge",
        "diff.evil.textconv",
        "credential.helper",
    ] {
        sample.git(&["config", key, &touch]);
    }
    let repository = sample.open();
    repository.resolve("HEAD").unwrap();
    repository.files(&head, &lockfile).unwrap();
    assert!(!sample.path().join("ran").exists());
}

#[test]
fn what_is_no_repository_is_an_error() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(Repository::open(folder.path()), Err(SourceError::Damaged { .. })));
    assert!(matches!(Repository::open(&folder.path().join("absent")), Err(SourceError::Damaged { .. })));
}

#[test]
fn addresses_that_start_programs_or_leak_are_refused() {
    let folder = TempDir::new().unwrap();
    for (url, token) in [
        ("file:///srv/repository.git", false),
        ("ssh://git@github.example.test/a/b.git", false),
        ("ext::sh -c evil", false),
        ("https://user:secret@github.example.test/a/b.git", false),
        ("http://github.example.test/a/b.git", true),
    ] {
        let request = FetchRequest {
            url: url.parse().unwrap(),
            commits: vec!["1".repeat(40).parse().unwrap()],
            references: Vec::new(),
            token: token.then(|| "t".into()),
            history: History::Tip,
            into: folder.path().join("cache"),
            timeout: Duration::from_secs(5),
            pack_bytes: 1 << 20,
        };
        let error = Repository::fetch(&request).unwrap_err();
        assert!(matches!(error, SourceError::Unsupported { .. }) && !error.to_string().contains("secret"), "{error}");
        assert!(!folder.path().join("cache").exists());
    }
}

#[test]
fn files_are_read_by_path_and_links_are_not_followed() {
    let sample = Sample::new();
    sample.write("web/package.json", "{}");
    sample.write("package-lock.json", "1");
    std::os::unix::fs::symlink("web/package.json", sample.path().join("link.json")).unwrap();
    let head = sample.commit();
    let paths = ["web/package.json", "link.json", "web", "web/none", "none/none", "package-lock.json/x", ""];
    let files = sample.open().files_at(&head, &paths.map(str::to_owned)).unwrap();
    assert_eq!(files, [("web/package.json".to_owned(), "{}".into())]);
}

#[test]
fn submodules_that_differ_are_told_with_their_commits() {
    let sample = Sample::new();
    let point = |path: &str, commit: &str| {
        sample.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
    };
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let commit = || -> CommitSha {
        sample.git(&["commit", "--quiet", "--message=m"]);
        sample.git(&["rev-parse", "HEAD"]).parse().unwrap()
    };
    point("lib/same", &one);
    point("lib/moved", &one);
    point("gone", &one);
    let base = commit();
    point("lib/moved", &two);
    point("new", &two);
    sample.git(&["update-index", "--force-remove", "gone"]);
    let head = commit();
    let changes = sample.open().changed_files(Some(&base), &head, &lockfile).unwrap();
    let told = |s: &lockgate_source::ChangedSubmodule| {
        let short = |sha: &Option<CommitSha>| sha.as_ref().map_or("-".to_owned(), |sha| sha.as_str()[..1].to_owned());
        format!("{} {} {}", s.path, short(&s.old), short(&s.new))
    };
    assert_eq!(changes.submodules.iter().map(told).collect::<Vec<_>>(), ["gone 1 -", "lib/moved 1 2", "new - 2"]);
}
