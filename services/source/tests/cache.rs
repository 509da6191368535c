//! The cache: incremental, bounded, replaced when ragged, and whole after a kill at any instant.
#![expect(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod server;

use lockgate_model::CommitSha;
use lockgate_source::{Cache, CacheKey, CacheRequest, Repository, SourceError};
use server::{Mood, Origin, Server};
use std::{fs, path::Path, process::Command, time::Duration};
use tempfile::TempDir;

const LIMIT: u64 = 1 << 30;

struct Scene {
    folder: TempDir,
    origin: Origin,
    server: Server,
    cache: Cache,
}

impl Scene {
    /// A repository `a.git` with a lockfile, others that did not change, and a file that nobody wants.
    fn new() -> (Self, String) {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("served");
        let mut origin = Origin::create(&root, "a.git");
        let noise = noise(200_000);
        let first = origin.commit(&[("Cargo.lock", b"1"), ("web/Cargo.lock", b"same"), ("noise", &noise)]);
        let server = Server::start(&root);
        let cache = Cache::new(folder.path().join("cache"), LIMIT);
        (Self { folder, origin, server, cache }, first)
    }

    fn request(&self, base: Option<&str>, head: &str) -> CacheRequest {
        request(&self.server, 42, "a.git", base, head)
    }

    fn home(&self) -> std::path::PathBuf {
        self.folder.path().join("cache/42")
    }
}

fn request(server: &Server, id: u64, name: &str, base: Option<&str>, head: &str) -> CacheRequest {
    CacheRequest {
        key: CacheKey::GitHub(id),
        url: server.url(name),
        token: None,
        base: base.map(|sha| sha.parse().unwrap()),
        head: head.parse().unwrap(),
        want,
        beside: |_| Vec::new(),
        timeout: Duration::from_secs(60),
        pack_bytes: 64 << 20,
    }
}

fn want(path: &str) -> bool {
    path.rsplit('/').next() == Some("Cargo.lock")
}

/// Bytes that do not compress.
fn noise(count: u64) -> Vec<u8> {
    (0..count).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as u8 ^ (n >> 3) as u8).collect()
}

fn changed(repository: &Repository, request: &CacheRequest) -> Vec<(String, Option<String>, Option<String>)> {
    let changes = repository.changed_files(request.base.as_ref(), &request.head, &want).unwrap();
    let text = |b: Option<bytes::Bytes>| b.map(|b| String::from_utf8(b.to_vec()).unwrap());
    changes.files.into_iter().map(|f| (f.path, text(f.old), text(f.new))).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn only_what_is_new_and_wanted_is_sent() {
    let (mut scene, first) = Scene::new();
    let second = scene.origin.commit(&[("Cargo.lock", b"2")]);
    let ask = scene.request(Some(&first), &second);
    let repository = scene.cache.fetch(&ask).unwrap();
    assert_eq!(changed(&repository, &ask), [("Cargo.lock".into(), Some("1".into()), Some("2".into()))]);
    let (bytes, requests) = scene.server.account();
    assert!(bytes < 10_000, "{bytes} bytes came, the unwanted 200,000 among them");
    assert_eq!(requests.len(), 3, "a greeting, the trees, the contents: {requests:?}");

    // Again: nothing is asked.
    scene.cache.fetch(&ask).unwrap();
    assert_eq!(scene.server.account(), (0, Vec::new()));

    // The next commit brings itself, one tree and one content.
    let third = scene.origin.commit(&[("Cargo.lock", b"3")]);
    let ask = scene.request(Some(&second), &third);
    let repository = scene.cache.fetch(&ask).unwrap();
    assert_eq!(changed(&repository, &ask), [("Cargo.lock".into(), Some("2".into()), Some("3".into()))]);
    let (bytes, _) = scene.server.account();
    assert!(bytes < 1_500, "{bytes} bytes came for one commit");
}

#[test]
fn a_first_comparison_with_nothing_reads_every_lockfile() {
    let (scene, first) = Scene::new();
    let ask = scene.request(None, &first);
    let found = changed(&scene.cache.fetch(&ask).unwrap(), &ask);
    assert_eq!(found.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["Cargo.lock", "web/Cargo.lock"]);
}

#[test]
fn a_server_that_cannot_leave_contents_out_is_used_as_it_is() {
    let (mut scene, first) = Scene::new();
    scene.origin.git(&["config", "uploadpack.allowFilter", "false"], b"");
    let second = scene.origin.commit(&[("Cargo.lock", b"2")]);
    let ask = scene.request(Some(&first), &second);
    assert_eq!(changed(&scene.cache.fetch(&ask).unwrap(), &ask).len(), 1);
    let (bytes, requests) = scene.server.account();
    assert!(bytes > 150_000 && requests.len() == 2, "{bytes} {requests:?}");
}

#[test]
fn a_commit_that_is_announced_too_early_is_missing_and_then_there() {
    let (mut scene, first) = Scene::new();
    let absent = "1".repeat(40);
    let error = scene.cache.fetch(&scene.request(Some(&first), &absent)).unwrap_err();
    let SourceError::CommitMissing { sha, .. } = &error else { panic!("{error}") };
    assert!(sha.as_str() == absent && error.is_transient());
    let second = scene.origin.commit(&[("Cargo.lock", b"2")]);
    assert!(scene.cache.fetch(&scene.request(Some(&first), &second)).is_ok());
    assert_eq!(names(&scene.home()), ["1"], "what was begun in vain is gone");
}

/// GitHub answers 301 for a repository that was renamed; elsewhere than where the operator said the token never goes.
#[test]
fn a_moved_repository_is_said_to_have_moved_and_is_not_followed() {
    let (scene, first) = Scene::new();
    let elsewhere = Server::start(&scene.folder.path().join("served"));
    let mut target = elsewhere.url("a.git/info/refs").to_string();
    target.push_str("?service=git-upload-pack");
    scene.server.set_mood(Mood::Redirect(target));
    for token in [None, Some("ghs_secret".into())] {
        let ask = CacheRequest { token, ..scene.request(None, &first) };
        let error = scene.cache.fetch(&ask).unwrap_err();
        assert!(matches!(error, SourceError::Moved { .. }) && error.may_have_moved(), "{error}");
        assert!(!error.is_transient() && !error.to_string().contains("secret"));
    }
    assert_eq!(elsewhere.account(), (0, Vec::new()), "nobody else was asked");
    // Under its present address the cache is still the same: it is named by id.
    scene.server.set_mood(Mood::Serve);
    scene.cache.fetch(&scene.request(None, &first)).unwrap();
    scene.server.account();
    let renamed = CacheRequest { url: scene.server.url("renamed.git"), ..scene.request(None, &first) };
    scene.cache.fetch(&renamed).unwrap();
    assert_eq!(scene.server.account(), (0, Vec::new()));
}

#[test]
fn the_least_recently_used_repository_goes_first_and_one_in_use_stays() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("served");
    let server = Server::start(&root);
    let (cache, noise) = (folder.path().join("cache"), noise(300_000));
    let fetch = |limit: u64, id: u64, head: &str| {
        let name = format!("{id}.git");
        Cache::new(&cache, limit).fetch(&request(&server, id, &name, None, head)).unwrap()
    };
    let heads: Vec<String> =
        (1..=4u64).map(|id| Origin::create(&root, &format!("{id}.git")).commit(&[("Cargo.lock", &noise)])).collect();
    let in_use = fetch(LIMIT, 1, &heads[0]);
    for id in [2, 3] {
        drop(fetch(LIMIT, id, &heads[id as usize - 1]));
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(fetch(LIMIT, 2, &heads[1]));
    let one = Cache::new(&cache, LIMIT).bytes().unwrap() / 3;
    assert!(one > 250_000, "{one}");
    // Room for three: of those not in use, 3 was used least recently.
    drop(fetch(3 * one + one / 2, 4, &heads[3]));
    assert_eq!(names(&cache), ["1", "1.lock", "2", "2.lock", "4", "4.lock"]);
    assert!(Cache::new(&cache, LIMIT).bytes().unwrap() <= 3 * one + one / 2);
    // No room at all: what is being read stays whole.
    Cache::new(&cache, 0).evict().unwrap();
    assert_eq!(names(&cache), ["1", "1.lock"]);
    let head: CommitSha = heads[0].parse().unwrap();
    assert_eq!(in_use.files(&head, &want).unwrap().files[0].1, noise);
    drop(in_use);
    Cache::new(&cache, 0).evict().unwrap();
    assert!(names(&cache).is_empty());
    // What is none of the cache's is left alone.
    fs::create_dir(cache.join("owner")).unwrap();
    Cache::new(&cache, 0).evict().unwrap();
    assert_eq!(names(&cache), ["owner"]);
}

#[test]
fn a_ragged_repository_is_replaced_under_whoever_reads_it() {
    let (mut scene, first) = Scene::new();
    let ask = scene.request(None, &first);
    let reader = scene.cache.fetch(&ask).unwrap();
    let mut before = first.clone();
    for n in 0..30u8 {
        let next = scene.origin.commit(&[("Cargo.lock", &[n, n])]);
        scene.cache.fetch(&scene.request(Some(&before), &next)).unwrap();
        before = next;
        let packs = fs::read_dir(scene.home()).unwrap().map(|g| {
            let packs = fs::read_dir(g.unwrap().path().join("objects/pack")).unwrap();
            packs.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "pack")).count()
        });
        assert!(packs.max().unwrap() <= 50, "packs do not pile up");
    }
    assert_eq!(names(&scene.home()), ["1", "2"], "the first is still read");
    assert_eq!(changed(&reader, &ask).len(), 2);
    drop(reader);
    let next = scene.origin.commit(&[("Cargo.lock", b"last")]);
    scene.cache.fetch(&scene.request(Some(&before), &next)).unwrap();
    assert_eq!(names(&scene.home()), ["2"]);
}

#[test]
fn a_damaged_repository_is_replaced_by_the_next_fetch() {
    let (scene, first) = Scene::new();
    let ask = scene.request(None, &first);
    let repository = scene.cache.fetch(&ask).unwrap();
    for entry in fs::read_dir(repository.path().join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "pack") {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[12..middle].fill(0xff);
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
        }
    }
    drop(repository);
    assert_eq!(changed(&scene.cache.fetch(&ask).unwrap(), &ask).len(), 2);
}

/// A pointer is no lockfile: what it points at is on another server, which is not asked.
#[test]
fn lfs_pointers_and_submodules_are_findings() {
    let (mut scene, first) = Scene::new();
    let pointer = format!("version https://git-lfs.example.test/spec/v1\noid sha256:{}\nsize 12345\n", "a".repeat(64));
    scene.origin.commit(&[("Cargo.lock", pointer.as_bytes()), (".gitattributes", b"Cargo.lock filter=lfs\n")]);
    let module = format!(
        "commit refs/heads/main\ncommitter M <m@example.test> 1760000000 +0000\ndata 1\nm\nfrom refs/heads/main^0\nM 160000 {first} sub/Cargo.lock\nM 100644 inline .gitmodules\ndata 45\n[submodule \"sub\"]\n url = http://127.0.0.1:9/x\n\n"
    );
    scene.origin.git(&["fast-import", "--quiet", "--force"], module.as_bytes());
    let head = scene.origin.git(&["rev-parse", "main"], b"");
    let ask = scene.request(Some(&first), &head);
    let repository = scene.cache.fetch(&ask).unwrap();
    let changes = repository.changed_files(ask.base.as_ref(), &ask.head, &want).unwrap();
    let skipped: Vec<_> = changes.skipped.iter().map(|s| (s.path.as_str(), s.kind)).collect();
    use lockgate_source::SkippedKind::{LfsPointer, Submodule};
    assert_eq!(skipped, [("Cargo.lock", LfsPointer), ("sub/Cargo.lock", Submodule)]);
    assert_eq!(changed(&repository, &ask), [("Cargo.lock".into(), Some("1".into()), None)]);
    let (_, requests) = scene.server.account();
    assert!(requests.iter().all(|r| r.contains("/a.git/")), "{requests:?}");
}

/// Not a test by itself: fetches without end, to be killed.
#[test]
#[ignore = "a child of the test below"]
fn fetches_until_it_is_killed() {
    let (Ok(url), Ok(root), Ok(heads)) =
        (std::env::var("LOCKGATE_URL"), std::env::var("LOCKGATE_CACHE"), std::env::var("LOCKGATE_HEADS"))
    else {
        return;
    };
    let heads: Vec<CommitSha> = heads.split(' ').map(|h| h.parse().unwrap()).collect();
    loop {
        for pair in heads.windows(2) {
            let ask = CacheRequest {
                key: CacheKey::GitHub(42),
                url: url.parse().unwrap(),
                token: None,
                base: Some(pair[0].clone()),
                head: pair[1].clone(),
                want,
                beside: |_| Vec::new(),
                timeout: Duration::from_secs(60),
                pack_bytes: 64 << 20,
            };
            Cache::new(&root, LIMIT).fetch(&ask).unwrap();
        }
        Cache::new(&root, 0).evict().unwrap();
    }
}

#[test]
fn a_kill_at_any_instant_leaves_a_usable_cache() {
    let (mut scene, first) = Scene::new();
    let mut heads = vec![first];
    heads.extend((0..4u8).map(|n| scene.origin.commit(&[("Cargo.lock", &[n]), ("web/Cargo.lock", &[n, n])])));
    let root = scene.folder.path().join("cache");
    for round in 0..12u8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "fetches_until_it_is_killed", "--ignored", "--quiet"])
            .env("LOCKGATE_URL", scene.server.url("a.git").as_str())
            .env("LOCKGATE_CACHE", &root)
            .env("LOCKGATE_HEADS", heads.join(" "))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // From before the first fetch to some rounds later, never the same instant.
        std::thread::sleep(Duration::from_millis(40 + u64::from(round) * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        let ask = scene.request(Some(&heads[3]), &heads[4]);
        assert_eq!(changed(&scene.cache.fetch(&ask).unwrap(), &ask).len(), 2, "after kill {round}");
        // Where everything was there already, nobody took the lock; the next fetch that brings something clears up.
        let fresh = scene.origin.commit(&[("Cargo.lock", &[100 + round])]);
        let ask = scene.request(Some(&heads[4]), &fresh);
        assert_eq!(changed(&scene.cache.fetch(&ask).unwrap(), &ask).len(), 1, "after kill {round}");
        assert_eq!(names(&scene.home()).len(), 1, "nothing half made is left: {:?}", names(&scene.home()));
        let generation = scene.home().join(&names(&scene.home())[0]);
        let odd: Vec<String> = names(&generation.join("objects/pack"));
        assert!(odd.iter().all(|n| n.ends_with(".pack") || n.ends_with(".idx")), "{odd:?}");
    }
}

#[test]
fn fetches_and_evictions_at_once_agree() {
    let (mut scene, first) = Scene::new();
    let mut heads = vec![first];
    heads.extend((0..3u8).map(|n| scene.origin.commit(&[("Cargo.lock", &[n])])));
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (scene, heads) = (&scene, &heads);
            scope.spawn(move || {
                for round in 0..6 {
                    let at = (start + round) % 3;
                    let ask = scene.request(Some(&heads[at]), &heads[at + 1]);
                    assert_eq!(changed(&scene.cache.fetch(&ask).unwrap(), &ask).len(), 1);
                    if round % 3 == 2 {
                        Cache::new(scene.folder.path().join("cache"), 0).evict().unwrap();
                    }
                }
            });
        }
    });
}

#[test]
fn what_lies_beside_comes_though_it_does_not_differ() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("served");
    let mut origin = Origin::create(&root, "a.git");
    let first = origin.commit(&[("web/Cargo.lock", b"1"), ("web/Cargo.toml", b"asked"), ("Cargo.toml", b"other")]);
    let second = origin.commit(&[("web/Cargo.lock", b"2")]);
    let server = Server::start(&root);
    let cache = Cache::new(folder.path().join("cache"), LIMIT);
    let beside: fn(&str) -> Vec<String> = |path| vec![path.replace(".lock", ".toml")];
    let ask = CacheRequest { beside, ..request(&server, 42, "a.git", Some(&first), &second) };
    let repository = cache.fetch(&ask).unwrap();
    let files = repository.files_at(&ask.head, &["web/Cargo.toml".to_owned(), "web/none".to_owned()]).unwrap();
    assert_eq!(files, [("web/Cargo.toml".to_owned(), "asked".into())]);
    // Nothing else came: it is neither wanted nor beside anything that differs.
    assert!(repository.files_at(&ask.head, &["Cargo.toml".to_owned()]).is_err());
}
