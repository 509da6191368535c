//! What a pull request costs in a monorepo: bytes, objects and time of a first and of a second fetch, and of the
//! comparison. `cargo run --release -p lockgate-source --example monorepo [FILES] [LOCKFILES]`
//!
//! The repository is made here, by `git fast-import`, and served by git's own server program on loopback.

#[path = "../tests/server/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod server;

use lockgate_source::{Cache, CacheKey, CacheRequest, FetchRequest, History, Repository};
use server::{Origin, Server};
use std::{error::Error, fs, path::Path, time::Duration, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<usize>());
    let files = arguments.next().transpose()?.unwrap_or(100_000);
    let lockfiles = arguments.next().transpose()?.unwrap_or(500);
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("served");
    let started = Instant::now();
    let (mut origin, base) = monorepo(&root, files, lockfiles);
    println!(
        "a repository of {files} files and {lockfiles} lockfiles, {:.1} MiB packed, made in {:.1} s",
        mib(size(&root)),
        started.elapsed().as_secs_f64()
    );
    let server = Server::start(&root);
    let cache = Cache::new(folder.path().join("cache"), 1 << 30);
    let changed = |at: usize, version: usize| (format!("d{}/p{at}/package-lock.json", at % 97), lockfile(at, version));

    // Three pull requests: the first into an empty cache.
    let (mut before, mut objects_before) = (base.clone(), 0);
    for (n, count) in [(1, 3), (2, 1), (3, 20)] {
        let new: Vec<_> = (0..count).map(|at| changed(at * 7 % lockfiles, n)).collect();
        let new: Vec<_> = new.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
        let head = origin.commit(&new);
        let request = request(&server, &before, &head)?;
        let started = Instant::now();
        let repository = cache.fetch(&request)?;
        let fetched = started.elapsed();
        let started = Instant::now();
        let found = repository.changed_files(request.base.as_ref(), &request.head, &want)?;
        let (bytes, requests) = server.account();
        let all = objects(repository.path())?;
        println!(
            "pull request {n}: fetch {:.0} ms, {:.1} KiB, {} objects in {} requests; comparison {:.1} ms, {} of {lockfiles} lockfiles read",
            fetched.as_secs_f64() * 1e3,
            bytes as f64 / 1024.0,
            all - objects_before,
            requests.len(),
            started.elapsed().as_secs_f64() * 1e3,
            found.files.len(),
        );
        (before, objects_before) = (head, all);
    }
    println!("the cache holds {:.1} MiB", mib(cache.bytes()?));

    // What the same costs with the contents of all files, one level deep.
    let started = Instant::now();
    let whole = FetchRequest {
        url: server.url("mono.git"),
        commits: vec![base.parse()?, before.parse()?],
        references: Vec::new(),
        token: None,
        history: History::Tip,
        into: folder.path().join("whole.git"),
        timeout: Duration::from_secs(600),
        pack_bytes: 4 << 30,
    };
    Repository::fetch(&whole)?;
    let (bytes, _) = server.account();
    println!(
        "for comparison, depth 1 with all contents: {:.1} s, {:.1} MiB",
        started.elapsed().as_secs_f64(),
        mib(bytes)
    );
    Ok(())
}

fn request(server: &Server, base: &str, head: &str) -> Result<CacheRequest, Box<dyn Error>> {
    Ok(CacheRequest {
        key: CacheKey::GitHub(1),
        url: server.url("mono.git"),
        token: None,
        base: Some(base.parse()?),
        head: head.parse()?,
        want,
        beside: |_| Vec::new(),
        timeout: Duration::from_secs(600),
        pack_bytes: 1 << 30,
    })
}

fn want(path: &str) -> bool {
    path.ends_with("/package-lock.json")
}

/// `files` sources of about 2 KiB in folders of 20, and `lockfiles` lockfiles of about 20 KiB among them.
fn monorepo(root: &Path, files: usize, lockfiles: usize) -> (Origin, String) {
    let mut origin = Origin::create(root, "mono.git");
    let mut tree: Vec<(String, String)> = (0..files)
        .map(|n| (format!("d{}/p{}/src/m{}/f{n}.rs", n / 20 % 97, n / 20 % lockfiles.max(1), n / 20), source(n)))
        .collect();
    tree.extend((0..lockfiles).map(|at| (format!("d{}/p{at}/package-lock.json", at % 97), lockfile(at, 0))));
    let tree: Vec<_> = tree.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let base = origin.commit(&tree);
    (origin, base)
}

/// Text that compresses like source: words from a small list, in an order of its own.
fn source(seed: usize) -> String {
    const WORDS: [&str; 16] = [
        "let ", "value", " = ", "compute", "(", "index", ");\n", "return ", "match ", " => ", "{\n", "}\n", "state",
        ".", "next", "// why\n",
    ];
    let mut state = seed as u64 + 1;
    let mut text = format!("//! Module {seed}.\n");
    while text.len() < 2_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 60) as usize]);
    }
    text
}

fn lockfile(at: usize, version: usize) -> String {
    let entry = |n: usize| {
        let patch = if n == 0 { version } else { 0 };
        format!(
            "\"node_modules/p{at}-{n}\":{{\"version\":\"1.{n}.{patch}\",\"integrity\":\"sha512-{:0>86}==\"}}",
            n * 7919 + at
        )
    };
    let entries: Vec<_> = (0..130).map(entry).collect();
    format!("{{\"lockfileVersion\":3,\"packages\":{{{}}}}}", entries.join(",\n"))
}

/// Objects in the packs of a repository: each pack's third word says how many it has (gitformat-pack(5)).
fn objects(repository: &Path) -> Result<u32, Box<dyn Error>> {
    let mut count = 0;
    for entry in fs::read_dir(repository.join("objects").join("pack"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "pack") {
            let bytes = fs::read(&path)?;
            count += u32::from_be_bytes(bytes[8..12].try_into()?);
        }
    }
    Ok(count)
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|e| match e.metadata() {
            Ok(found) if found.is_dir() => size(&e.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
