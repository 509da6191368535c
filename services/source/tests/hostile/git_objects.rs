//! Git trees and commits, as they are read from a repository that strangers filled.

use gix::objs::{Kind, Write as _};
use lockgate_source::{Repository, SourceError};
use std::{cell::RefCell, path::Path};

/// Stands for the id of an earlier object of the input: nineteen of these bytes, then its number.
const MARK: u8 = 0xee;

/// Objects, one after the other: a kind, a length in two bytes, and the bytes. The last two commits are compared.
pub fn check(data: &[u8]) {
    let folder = folder();
    let Ok(writer) = gix::open_opts(folder.path(), gix::open::Options::isolated()) else { return };
    let mut ids: Vec<gix::ObjectId> = Vec::new();
    let mut commits = Vec::new();
    let mut rest = data;
    while let [kind, high, low, tail @ ..] = rest {
        let (content, after) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(tail.len()));
        rest = after;
        if ids.len() > 40 {
            break;
        }
        let kind = [Kind::Blob, Kind::Tree, Kind::Commit][usize::from(*kind) % 3];
        let content = if kind == Kind::Commit { commit(content, ids.last()) } else { resolved(content, &ids) };
        let Ok(id) = writer.objects.write_buf(kind, &content) else { return };
        ids.push(id);
        if kind == Kind::Commit {
            commits.push(id.to_string());
        }
    }
    if let Some(head) = commits.last() {
        compare(folder.path(), commits.get(commits.len().wrapping_sub(2)), head, data);
    }
}

fn compare(path: &Path, base: Option<&String>, head: &str, data: &[u8]) {
    let repository = Repository::open(path).expect("it was just made");
    let sha = |text: &str| text.parse().expect("an object id is a commit id");
    let want = |path: &str| path.ends_with('l') || path.contains("lock");
    let (base, head) = (base.map(|b| sha(b)), sha(head));
    let changes = match repository.changed_files(base.as_ref(), &head, &want) {
        Ok(changes) => changes,
        Err(SourceError::Damaged { message, .. }) => return assert!(message.chars().count() <= 1_000),
        Err(SourceError::UnknownRevision { .. } | SourceError::TooLarge { .. } | SourceError::Hostile { .. }) => return,
        Err(other) => panic!("a local repository fails otherwise: {other}"),
    };
    assert!(changes.files.windows(2).all(|w| w[0].path <= w[1].path), "sorted");
    for file in &changes.files {
        assert!(want(&file.path) && (file.old.is_some() || file.new.is_some()) && file.old != file.new);
        assert!(!file.path.split('/').any(|p| p.is_empty() || p == "." || p == ".." || p.eq_ignore_ascii_case(".git")));
        assert!(!file.path.contains('\0') && file.path.len() <= 256 * 3 * data.len());
    }
    let _ = (repository.commit(&head), repository.merge_base(&head, base.as_ref().unwrap_or(&head)));
    assert!(repository.changed_files(Some(&head), &head, &want).is_ok_and(|c| c.files.is_empty()));
}

/// A commit of the newest tree, unless the bytes are one by themselves.
fn commit(content: &[u8], last: Option<&gix::ObjectId>) -> Vec<u8> {
    match last {
        Some(tree) if !content.starts_with(b"tree") => {
            let head =
                format!("tree {tree}\nauthor M <m@example.test> 1 +0000\ncommitter M <m@example.test> 1 +0000\n");
            [head.as_bytes(), content].concat()
        }
        _ => content.to_vec(),
    }
}

fn resolved(content: &[u8], ids: &[gix::ObjectId]) -> Vec<u8> {
    let mut content = content.to_vec();
    let mut at = 0;
    while let Some(found) = content.get(at..).and_then(|c| c.windows(20).position(|w| w[..19] == [MARK; 19])) {
        at += found;
        if let Some(id) = ids.get(usize::from(content[at + 19])) {
            content[at..at + 20].copy_from_slice(id.as_slice());
        }
        at += 20;
    }
    content
}

thread_local! {
    static FOLDER: RefCell<Option<(u32, tempfile::TempDir)>> = const { RefCell::new(None) };
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn path(&self) -> &Path {
        &self.0
    }
}

/// A repository in memory where there is such a folder, made anew now and then so that it stays small.
fn folder() -> Folder {
    FOLDER.with_borrow_mut(|kept| {
        let fresh = kept.as_ref().is_none_or(|(uses, _)| *uses >= 500);
        if fresh {
            let parent = Path::new("/dev/shm");
            let parent = if parent.is_dir() { parent.to_owned() } else { std::env::temp_dir() };
            let folder = tempfile::tempdir_in(parent).expect("a folder can be made");
            gix::init_bare(folder.path()).expect("a repository can be made");
            *kept = Some((0, folder));
        }
        let (uses, folder) = kept.as_mut().expect("it was just made");
        *uses += 1;
        Folder(folder.path().to_owned())
    })
}

pub fn seeds() -> Vec<Vec<u8>> {
    let object = |kind: u8, content: &[u8]| [&[kind], &(content.len() as u16).to_be_bytes()[..], content].concat();
    let entry = |mode: &str, name: &[u8], of: u8| [mode.as_bytes(), b" ", name, b"\0", &[MARK; 19], &[of]].concat();
    let all = |parts: &[Vec<u8>]| parts.concat();
    let (blob, other) = (object(0, b"one"), object(0, b"two"));
    let pointer = object(0, b"version https://git-lfs.example.test/spec/v1\noid sha256:00\nsize 3\n");
    let head = object(2, b"\nmessage\n");
    let mut seeds = vec![all(&[
        blob.clone(),
        object(1, &entry("100644", b"Cargo.lock", 0)),
        head.clone(),
        other.clone(),
        object(
            1,
            &all(&[
                entry("100755", b"Cargo.lock", 3),
                entry("120000", b"link.lock", 0),
                entry("160000", b"sub.lock", 0),
                entry("40000", b"web", 1),
            ]),
        ),
        head.clone(),
    ])];
    for name in
        [&b".."[..], b".", b".git", b".GIT", b"a/b.lock", b"", b".gitmodules", b"git~1", b"\xff.lock", b"a\\b.lock"]
    {
        seeds.push(all(&[blob.clone(), object(1, &entry("100644", name, 0)), head.clone()]));
        seeds.push(all(&[
            blob.clone(),
            object(1, &entry("100644", b"x.lock", 0)),
            object(1, &entry("40000", name, 1)),
            head.clone(),
        ]));
    }
    let twice = all(&[entry("100644", b"x.lock", 0), entry("100644", b"x.lock", 1)]);
    seeds.push(all(&[blob.clone(), other, object(1, &twice), head.clone()]));
    seeds.push(all(&[pointer, object(1, &entry("100644", b"x.lock", 0)), head.clone()]));
    let mut bomb = vec![blob, object(1, &entry("100644", b"l", 0))];
    for level in 1..8u8 {
        let entries: Vec<u8> = (b'a'..b'k').flat_map(|name| entry("40000", &[name], level)).collect();
        bomb.push(object(1, &entries));
    }
    bomb.push(head);
    seeds.push(bomb.concat());
    seeds.push(object(2, b"tree 0000000000000000000000000000000000000000\nparent x\n\n"));
    seeds
}
