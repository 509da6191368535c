//! npm lockfiles through the door: what is read from them, and how they are refused.

#![expect(clippy::unwrap_used, reason = "the helpers of tests panic as tests do")]

use lockgate_ecosystems::parse;
use lockgate_model::{Digest, LockedRelease, Lockfile, Origin};
use serde_json::{Value, json};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn read(text: &str) -> Lockfile {
    parse("web/package-lock.json", text.as_bytes()).unwrap()
}

fn lockfile(value: &Value) -> Lockfile {
    read(&serde_json::to_string_pretty(value).unwrap())
}

fn packages(packages: Value) -> Lockfile {
    lockfile(&json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages}))
}

fn version_1(dependencies: Value) -> Lockfile {
    lockfile(&json!({"name": "app", "version": "1.0.0", "lockfileVersion": 1, "dependencies": dependencies}))
}

fn find<'a>(lockfile: &'a Lockfile, name: &str) -> &'a LockedRelease {
    lockfile.releases.iter().find(|r| r.release.name == name).unwrap()
}

fn needs(lockfile: &Lockfile, name: &str) -> Vec<String> {
    let label = |i: &u32| {
        let release = &lockfile.releases[*i as usize].release;
        format!("{}@{}", release.name, release.version)
    };
    find(lockfile, name).depends_on.iter().map(label).collect()
}

fn integrity(content: &str) -> String {
    Digest::sha256(content.as_bytes()).sri()
}

#[test]
fn a_plain_lockfile_of_version_3() {
    let text = r#"{
  "name": "app",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "packages": {
    "": {"name": "app", "version": "1.0.0", "dependencies": {"a": "^1.0.0"}, "devDependencies": {"b": "*"}},
    "node_modules/a": {
      "version": "1.0.0",
      "resolved": "https://user:secret@registry.example.test/a/-/a-1.0.0.tgz",
      "integrity": "sha1-qUqP5cyxm6YcTAhz05Hph5gvu9M= sha256-n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
      "hasInstallScript": true,
      "dependencies": {"b": "^2.0.0"}
    },
    "node_modules/b": {"version": "2.0.0", "dev": true, "optional": true}
  }
}"#;
    let lockfile = read(text);
    assert_eq!(lockfile.root, Some(("app".into(), Some("1.0.0".into()))));
    assert_eq!(lockfile.releases.len(), 2);
    let a = find(&lockfile, "a");
    assert_eq!(
        (a.line, a.direct, a.dev, a.optional, a.install_script),
        (7, Some(true), Some(false), false, Some(true))
    );
    assert_eq!(a.origin, Origin::Registry { url: Some("https://registry.example.test/a/-/a-1.0.0.tgz".into()) });
    assert_eq!(a.digests.iter().map(|d| d.digest.clone()).collect::<Vec<_>>().len(), 2);
    assert!(a.digests.iter().any(|d| d.digest == Digest::sha256(b"test")));
    let b = find(&lockfile, "b");
    assert_eq!(
        (b.line, b.direct, b.dev, b.optional, b.install_script),
        (14, Some(true), Some(true), true, Some(false))
    );
    assert_eq!((&b.digests[..], &b.origin), (&[][..], &Origin::Registry { url: None }));
    assert_eq!(needs(&lockfile, "a"), ["b@2.0.0"]);
}

#[test]
fn aliases_keep_both_names() {
    let three = packages(json!({
        "": {"dependencies": {"old": "npm:real@1"}},
        "node_modules/old": {"name": "real", "version": "1.0.0"},
        "node_modules/@s/old": {"name": "@s/real", "version": "1.0.0"},
        "node_modules/same": {"name": "same", "version": "1.0.0"},
    }));
    assert_eq!(find(&three, "real").alias.as_deref(), Some("old"));
    assert_eq!(find(&three, "real").direct, Some(true));
    assert_eq!(find(&three, "@s/real").alias.as_deref(), Some("@s/old"));
    assert_eq!(find(&three, "same").alias, None);
    let one = version_1(json!({"old": {"version": "npm:@s/real@1.2.0", "integrity": integrity("x")}}));
    let real = find(&one, "@s/real");
    assert_eq!((real.release.version.as_str(), real.alias.as_deref()), ("1.2.0", Some("old")));
}

#[test]
fn the_nearest_node_modules_is_what_an_entry_depends_on() {
    let three = packages(json!({
        "node_modules/a": {"version": "1.0.0", "dependencies": {"c": "*"}},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"c": "*", "gone": "*"}},
        "node_modules/b/node_modules/c": {"version": "2.0.0", "peerDependencies": {"a": "*"}},
        "node_modules/c": {"version": "1.0.0"},
    }));
    assert_eq!(needs(&three, "a"), ["c@1.0.0"]);
    assert_eq!(needs(&three, "b"), ["c@2.0.0"]);
    assert_eq!(needs(&three, "c"), ["a@1.0.0"]);
    let one = version_1(json!({
        "a": {"version": "1.0.0", "requires": {"c": "*"}},
        "b": {"version": "1.0.0", "requires": {"c": "*"}, "dependencies": {"c": {"version": "2.0.0", "requires": {"a": "*"}}}},
        "c": {"version": "1.0.0"},
    }));
    assert_eq!(needs(&one, "a"), ["c@1.0.0"]);
    assert_eq!(needs(&one, "b"), ["c@2.0.0"]);
    assert_eq!(one.releases.iter().map(|r| r.direct).collect::<Vec<_>>(), [None; 4]);
    let order: Vec<_> = one.releases.iter().map(|r| r.line).collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn workspaces_are_the_repositorys_own_code() {
    let lockfile = packages(json!({
        "": {"workspaces": ["apps/*"]},
        "apps/web": {"version": "1.0.0", "dependencies": {"lib": "*", "a": "*"}, "devDependencies": {"b": "*"}},
        "apps/unversioned": {"dependencies": {"c": "*"}},
        "apps/web/node_modules/a": {"version": "2.0.0"},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/b": {"version": "1.0.0", "dev": true},
        "node_modules/c": {"version": "1.0.0"},
        "node_modules/web": {"resolved": "apps/web", "link": true},
        "node_modules/lib": {"resolved": "lib", "link": true},
        "lib": {"name": "@acme/lib", "version": "3.0.0"},
    }));
    let web = find(&lockfile, "web");
    assert_eq!(web.origin, Origin::Path { path: "apps/web".into() });
    assert_eq!(needs(&lockfile, "web"), ["a@2.0.0", "b@1.0.0", "@acme/lib@3.0.0"]);
    let named =
        |version: &str| lockfile.releases.iter().find(|r| r.release.name == "a" && r.release.version == version);
    assert_eq!(named("2.0.0").unwrap().direct, Some(true));
    assert_eq!(named("1.0.0").unwrap().direct, Some(false));
    assert_eq!(find(&lockfile, "c").direct, Some(true));
    assert_eq!(lockfile.releases.len(), 6);
}

#[test]
fn what_comes_from_elsewhere_says_so() {
    let git = format!("git+ssh://git@git.example.test/x/g.git#{SHA}");
    let three = packages(json!({
        "": {"dependencies": {"g": git, "t": "https://host.example.test/t.tgz", "f": "file:f.tgz"}},
        "node_modules/g": {"version": "1.0.0", "resolved": git},
        "node_modules/t": {"version": "1.0.0", "resolved": "https://host.example.test/t.tgz", "integrity": integrity("t")},
        "node_modules/f": {"version": "1.0.0", "resolved": "file:f.tgz"},
        "not-installed": {"version": "1.0.0", "resolved": "https://host.example.test/n.tgz"},
    }));
    let one = version_1(json!({
        "g": {"version": git, "from": git},
        "t": {"version": "https://host.example.test/t-1.0.0.tgz", "integrity": integrity("t")},
        "odd": {"version": "https://host.example.test/download?x=1"},
        "f": {"version": "file:f.tgz"},
    }));
    let origin = Origin::Git { url: "git+ssh://git.example.test/x/g.git".into(), commit: Some(SHA.into()) };
    assert_eq!(find(&three, "g").origin, origin);
    assert_eq!((&find(&one, "g").origin, find(&one, "g").release.version.as_str()), (&origin, SHA));
    assert_eq!(find(&three, "t").origin, Origin::Url { url: "https://host.example.test/t.tgz".into() });
    assert_eq!(find(&one, "t").release.version, "1.0.0");
    assert_eq!(find(&one, "odd").release.version, "https://host.example.test/download");
    assert_eq!(find(&three, "f").origin, Origin::Path { path: "f.tgz".into() });
    assert!(!one.releases.iter().any(|r| r.release.name == "f"), "it has no version");
    assert!(matches!(find(&three, "not-installed").origin, Origin::Registry { .. }), "a fetched folder is no folder");
}

#[test]
fn bundled_packages_name_their_bundler() {
    let three = packages(json!({
        "node_modules/big": {"version": "9.0.0", "bundleDependencies": ["in"], "dependencies": {"in": "*"}, "integrity": integrity("b")},
        "node_modules/big/node_modules/in": {"version": "1.0.0", "inBundle": true, "dependencies": {"deep": "*"}},
        "node_modules/big/node_modules/in/node_modules/inner": {"version": "1.0.0", "inBundle": true},
        "node_modules/big/node_modules/deep": {"version": "1.0.0", "inBundle": true},
    }));
    let by_big = Origin::Bundled { by: Some("big@9.0.0".into()) };
    for name in ["in", "inner", "deep"] {
        assert_eq!(find(&three, name).origin, by_big, "{name}");
    }
    let one = version_1(json!({
        "big": {"version": "9.0.0", "dependencies": {"in": {"version": "1.0.0", "bundled": true, "dependencies": {
            "inner": {"version": "1.0.0", "bundled": true}}}}},
        "alone": {"version": "1.0.0", "bundled": true},
    }));
    assert_eq!(find(&one, "in").origin, by_big);
    assert_eq!(find(&one, "inner").origin, by_big);
    assert_eq!(find(&one, "alone").origin, Origin::Registry { url: None });
}

/// An attacker marks an entry as bundled, so that it is not held against the registry; npm fetches it anyway.
#[test]
fn a_false_bundle_mark_hides_nothing() {
    let lockfile = packages(json!({
        "": {"bundleDependencies": ["own"], "dependencies": {"own": "*"}},
        "node_modules/own": {"version": "1.0.0", "inBundle": true},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/a/node_modules/evil": {"version": "1.0.0", "inBundle": true},
        "node_modules/big": {"version": "9.0.0", "bundleDependencies": ["in"]},
        "node_modules/big/node_modules/in": {"version": "1.0.0", "inBundle": true, "integrity": integrity("i")},
        "node_modules/big/node_modules/stray": {"version": "1.0.0", "inBundle": true},
    }));
    for name in ["own", "evil", "in", "stray"] {
        assert!(matches!(find(&lockfile, name).origin, Origin::Registry { .. }), "{name}");
    }
}

#[test]
fn an_entry_without_version_is_pinned_to_nothing() {
    let lockfile = packages(json!({"node_modules/a": {"optional": true}}));
    assert_eq!(lockfile.releases[0].release.version, "*");
}

#[test]
fn dev_optional_is_an_optional_dependency_of_what_is_shipped() {
    let lockfile = packages(json!({"node_modules/a": {"version": "1.0.0", "devOptional": true}}));
    assert_eq!((lockfile.releases[0].dev, lockfile.releases[0].optional), (Some(false), true));
}

#[test]
fn the_packages_table_counts_where_both_stand() {
    let lockfile = lockfile(&json!({
        "lockfileVersion": 2,
        "packages": {"node_modules/a": {"version": "2.0.0"}},
        "dependencies": {"a": {"version": "1.0.0"}},
    }));
    assert_eq!(lockfile.releases[0].release.version, "2.0.0");
    assert_eq!(lockfile.root, None);
}

#[test]
fn a_lockfile_without_dependencies_is_empty() {
    assert_eq!(read(r#"{"name": "a", "lockfileVersion": 1}"#).releases, []);
    assert_eq!(packages(json!({})).releases, []);
}

#[test]
fn refusals_say_where_and_why() {
    for (text, expected) in [
        ("{\n  \"packages\": {\n    \"a\": }\n", ":3:10: not JSON: expected a value, found '}'"),
        ("[]", ":1:1: the lockfile is not an object"),
        ("{}", ":1:1: it has neither \"packages\" nor \"dependencies\": not a lockfile of npm"),
        ("{\"lockfileVersion\": 4}", ":1:21: lockfileVersion is none of 1 to 3, the versions that are known"),
        ("{\"packages\": []}", ":1:14: \"packages\" is not an object"),
        ("{\"packages\": {\n\"node_modules/a\": 1}}", ":2:19: an entry of \"packages\" is not an object"),
        ("{\"packages\": {\n\"node_modules/a\": {\"version\": 1}}}", ":2:31: \"version\" is not a text"),
        ("{\"dependencies\": {\n\"../a\": {\"version\": \"1.0.0\"}}}", ":2:1: \"../a\" is not a package name"),
        (
            "{\n<<<<<<< HEAD\n",
            ":2: it holds the conflict markers of an unfinished merge; resolve the conflict and commit again",
        ),
    ] {
        let error = parse("package-lock.json", text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("package-lock.json{expected}"));
    }
}

#[test]
fn hostile_shapes_are_refused_or_read_in_time() {
    let deep = format!("{{\"dependencies\":{}", "{\"a\":{\"dependencies\":".repeat(100_000));
    assert!(parse("package-lock.json", deep.as_bytes()).unwrap_err().message.contains("levels deep"));
    let path = vec!["node_modules/a"; 100].join("/");
    let nested = json!({"packages": {path: {"version": "1.0.0"}}}).to_string();
    assert!(parse("package-lock.json", nested.as_bytes()).unwrap_err().message.contains("too many folders deep"));
    let many: serde_json::Map<_, _> = (0..200_001).map(|i| (format!("node_modules/a{i}"), json!({}))).collect();
    let many = json!({"packages": many}).to_string();
    assert!(parse("package-lock.json", many.as_bytes()).unwrap_err().message.contains("more than 200000 entries"));
    let ring = json!({"packages": {
        "node_modules/a": {"resolved": "node_modules/b", "link": true},
        "node_modules/b": {"resolved": "node_modules/a", "link": true},
        "node_modules/c": {"version": "1.0.0", "dependencies": {"a": "*", "c": "*"}},
    }});
    assert_eq!(lockfile(&ring).releases.len(), 1);
}
