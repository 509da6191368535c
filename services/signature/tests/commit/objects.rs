//! What is asked of an object before its signature is looked at.

use crate::tools::{Object, Repo, nobody, now};
use lockgate_signature::commit::{Kind, MOST_OBJECT};

fn commit(repo: &Repo) -> Object {
    repo.object(&repo.commit(now().timestamp(), &["--no-gpg-sign"]))
}

#[test]
fn the_id_is_that_of_the_bytes() {
    let repo = Repo::new();
    let good = commit(&repo);
    assert_eq!(good.answer(&nobody()), "unsigned");
    let under = |id: &str| Object { id: id.to_owned(), ..good.clone() };
    let other = good.id.replace(|_: char| true, "0");
    assert_eq!(under(&other).answer(&nobody()), "other-object");
    assert_eq!(under("").answer(&nobody()), "other-object");
    assert_eq!(under(&good.id.to_uppercase().replace(char::is_numeric, "A")).answer(&nobody()), "other-object");
    assert_eq!(Object { kind: Kind::Tag, ..good.clone() }.answer(&nobody()), "other-object");
    let large = Object { bytes: vec![b'a'; MOST_OBJECT + 1], ..good };
    assert_eq!(large.answer(&nobody()), "too-large");
}

#[test]
fn a_commit_by_sha256_has_a_header_of_its_own() {
    let bytes = b"tree 6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321\n\
        author Mona <mona@example.test> 1704067200 +0000\ncommitter Mona <mona@example.test> 1704067200 +0000\n";
    let whole = |fields: &str| {
        let bytes = [&bytes[..], fields.as_bytes(), b"\nm\n"].concat();
        let start = format!("commit {}\0", bytes.len());
        let id = <sha2::Sha256 as sha2::Digest>::digest([start.as_bytes(), &bytes].concat());
        Object { id: hex::encode(id), kind: Kind::Commit, bytes, name: None }
    };
    assert_eq!(whole("").answer(&nobody()), "unsigned");
    assert_eq!(whole("gpgsig-sha256 x\n").answer(&nobody()), "unsupported");
    assert_eq!(whole("gpgsig x\n").answer(&nobody()), "other-form");
}

#[test]
fn a_tag_is_called_as_it_says() {
    let repo = Repo::new();
    commit(&repo);
    let tag = repo.object(&repo.tag("v1.0", &["-a", "--no-sign"]));
    let named = |name: Option<&str>| Object { name: name.map(str::to_owned), ..tag.clone() };
    assert_eq!(named(None).answer(&nobody()), "unsigned");
    assert_eq!(named(Some("v1.0")).answer(&nobody()), "unsigned");
    assert_eq!(named(Some("v1.1")).answer(&nobody()), "other-name");
    assert_eq!(named(Some("v1.0.0")).answer(&nobody()), "other-name");
}

#[test]
fn what_git_would_read_otherwise_is_malformed() {
    let repo = Repo::new();
    let good = commit(&repo);
    let tag = repo.object(&repo.tag("v1.0", &["-a", "--no-sign"]));
    let text = String::from_utf8(good.bytes.clone()).unwrap();
    let put = |text: String| repo.put(Kind::Commit, text.into_bytes());
    let put_tag = |old: &str, new: &str| repo.put(Kind::Tag, tag.with(old, new));
    for (name, object) in [
        ("empty", put(String::new())),
        ("a continued line at the start", put(format!(" {text}"))),
        ("no end of the head", put(text.split("\n\n").next().unwrap().to_owned())),
        ("no tree", put(text.replacen("tree", "treat", 1))),
        ("two trees", put(text.replacen("\nauthor", "\ntree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor", 1))),
        (
            "a parent after the author",
            put(text.replacen("\ncommitter", &format!("\nparent {}\ncommitter", good.id), 1)),
        ),
        ("a parent at the end", put(text.replacen("\n\n", &format!("\nparent {}\n\n", good.id), 1))),
        ("two committers", put(text.replacen("\ncommitter", "\ncommitter M <m@example.test> 1 +0000\ncommitter", 1))),
        ("two addresses", put(text.replacen("committer Mona <", "committer Mona <lisa@example.test> <", 1))),
        ("no address", put(text.replacen("committer Mona <mona@example.test>", "committer Mona", 1))),
        ("no time", put(text.replacen(" +0000\n\n", "\n\n", 1))),
        (
            "a time beyond time",
            put(text.replacen("committer Mona <mona@example.test> ", "committer M <m@example.test> 99999999999", 1)),
        ),
        ("a NUL", put(text.replacen("author Mona", "author Mo\0na", 1))),
        ("a line without value", put(text.replacen("\n\n", "\nx\n\n", 1))),
        ("a tag without tagger", put_tag("tagger", "tigger")),
        ("a tag with two objects", put_tag("type commit", "object 00\ntype commit")),
        ("a tag of two names", put_tag("\n\n", "\ntag v2.0\n\n")),
    ] {
        assert_eq!(object.answer(&nobody()), "malformed", "{name}: {}", String::from_utf8_lossy(&object.bytes));
    }
}
