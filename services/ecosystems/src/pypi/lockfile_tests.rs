//! The four formats, through the door.

use crate::parse;
use lockgate_model::{LockedRelease, Lockfile, LockfileError, Origin};
use proptest::prelude::*;

/// A SHA-256 in hexadecimal, one for each letter.
fn hash(letter: &str) -> String {
    letter.repeat(64)
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn read(path: &str, text: &str) -> Lockfile {
    parse(path, text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))
}

fn refusal(path: &str, text: &str) -> LockfileError {
    parse(path, text.as_bytes()).expect_err("the lockfile must be refused")
}

fn entry<'a>(lockfile: &'a Lockfile, name: &str) -> &'a LockedRelease {
    lockfile.releases.iter().find(|r| r.release.name == name).unwrap_or_else(|| panic!("no {name} in {lockfile:?}"))
}

/// `name version line` of every entry.
fn summary(lockfile: &Lockfile) -> Vec<String> {
    lockfile.releases.iter().map(|r| format!("{} {} {}", r.release.name, r.release.version, r.line)).collect()
}

fn files(release: &LockedRelease) -> Vec<(Option<&str>, String)> {
    release.digests.iter().map(|d| (d.file.as_deref(), d.digest.hex())).collect()
}

fn names(lockfile: &Lockfile, release: &LockedRelease) -> Vec<String> {
    release.depends_on.iter().map(|i| lockfile.releases[*i as usize].release.to_string()).collect()
}

mod uv {
    use super::*;

    fn lock() -> String {
        format!(
            r#"version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "Base_Lib"
version = "1.0"
source = {{ registry = "https://user:secret@index.example.test/simple" }}
sdist = {{ url = "https://files.example.test/base_lib-1.0.tar.gz", hash = "sha256:{a}", size = 1 }}
wheels = [
    {{ url = "https://files.example.test/base_lib-1.0%2Bx-py3-none-any.whl", hash = "sha256:{b}" }},
    {{ url = "https://files.example.test/unhashed-1.0-py3-none-any.whl" }},
    {{ url = "https://files.example.test/weak-1.0-py3-none-any.whl", hash = "md5:00" }},
]

[[package]]
name = "base-lib"
version = "2.0"
source = {{ registry = "https://index.example.test/simple" }}

[[package]]
name = "checker"
version = "0.1"
source = {{ git = "https://token@git.example.test/checker?rev=main#{COMMIT}" }}
dependencies = [{{ name = "base-lib", version = "2.0", source = {{ registry = "https://index.example.test/simple" }} }}]

[[package]]
name = "extra"
version = "3"
source = {{ url = "https://files.example.test/extra-3.tar.gz?token=secret" }}
sdist = {{ hash = "sha256:{c}" }}

[[package]]
name = "leftover"
version = "9"
source = {{ registry = "../wheels" }}

[[package]]
name = "project"
version = "0.0.1"
source = {{ virtual = "." }}
dependencies = [{{ name = "base-lib", version = "1.0", marker = "sys_platform == 'linux'" }}]

[package.optional-dependencies]
web = [{{ name = "extra" }}]

[package.dev-dependencies]
dev = [{{ name = "checker" }}, {{ name = "helper" }}]

[[package]]
name = "helper"
source = {{ editable = "../helper" }}
"#,
            a = hash("a"),
            b = hash("b"),
            c = hash("c"),
        )
    }

    #[test]
    fn entries_carry_versions_lines_and_files() {
        let lockfile = read("app/uv.lock", &lock());
        assert_eq!(
            summary(&lockfile),
            ["base-lib 1.0 5", "base-lib 2.0 16", "checker 0.1 21", "extra 3 27", "leftover 9 33", "project 0.0.1 38"]
        );
        assert_eq!(lockfile.root, Some(("project".into(), Some("0.0.1".into()))));
        assert_eq!(
            files(entry(&lockfile, "base-lib")),
            [(Some("base_lib-1.0.tar.gz"), hash("a")), (Some("base_lib-1.0+x-py3-none-any.whl"), hash("b")),]
        );
        assert_eq!(files(entry(&lockfile, "extra")), [(Some("extra-3.tar.gz"), hash("c"))]);
    }

    #[test]
    fn origins_are_free_of_secrets() {
        let lockfile = read("uv.lock", &lock());
        for (name, origin) in [
            ("base-lib", Origin::Registry { url: Some("https://index.example.test/simple".into()) }),
            ("checker", Origin::Git { url: "https://git.example.test/checker".into(), commit: Some(COMMIT.into()) }),
            ("extra", Origin::Url { url: "https://files.example.test/extra-3.tar.gz".into() }),
            ("leftover", Origin::Registry { url: Some("../wheels".into()) }),
            ("project", Origin::Path { path: ".".into() }),
        ] {
            assert_eq!(entry(&lockfile, name).origin, origin);
        }
        assert!(!serde_json::to_string(&lockfile).unwrap().contains("secret"));
    }

    #[test]
    fn the_graph_tells_direct_development_and_optional() {
        let lockfile = read("uv.lock", &lock());
        let flags: Vec<_> = lockfile.releases.iter().map(|r| (r.direct.unwrap(), r.dev.unwrap(), r.optional)).collect();
        assert_eq!(
            flags,
            [
                (true, false, false),
                (false, true, false),
                (true, true, false),
                (true, false, true),
                (false, false, false),
                (false, false, false)
            ]
        );
        assert_eq!(names(&lockfile, entry(&lockfile, "checker")), ["pypi base-lib 2.0"]);
        assert_eq!(
            names(&lockfile, entry(&lockfile, "project")),
            ["pypi base-lib 1.0", "pypi checker 0.1", "pypi extra 3"]
        );
    }

    #[test]
    fn members_and_scripts_are_roots() {
        let member = "version = 1\n[manifest]\nmembers = [\"A_b\"]\n[[package]]\nname = \"a-b\"\nversion = \"1\"\n\
                      source = { editable = \"packages/a\" }\ndependencies = [{ name = \"c\" }]\n\
                      [[package]]\nname = \"c\"\nversion = \"1\"\nsource = { registry = \"r\" }\n";
        assert_eq!(entry(&read("uv.lock", member), "c").direct, Some(true));
        let script = "version = 1\n[manifest]\nrequirements = [{ name = \"C\", specifier = \"<3\" }]\n\
                      [[package]]\nname = \"c\"\nversion = \"1\"\nsource = { registry = \"r\" }\n";
        assert_eq!(entry(&read("tool.py.lock", script), "c").direct, Some(true));
        let rootless = "version = 1\n[[distribution]]\nname = \"c\"\nversion = \"1\"\nsource = { registry = \"r\" }\n";
        assert_eq!(entry(&read("uv.lock", rootless), "c").direct, None);
    }

    #[test]
    fn refusals_name_the_place() {
        let package = |rest: &str| format!("version = 1\n[[package]]\nname = \"a\"\n{rest}");
        for (text, expected) in [
            (String::new(), "missing field `version`"),
            ("version = 2".into(), "uv.lock: lockfile version 2 is not known here"),
            ("version = 99999999999999999999".into(), "uv.lock:1:11: "),
            (package("version = \"1\"\nsource = {}"), "uv.lock:2:1: package a has none of the known sources"),
            (package("version = \"1\"\nsource = { hg = \"x\" }"), "uv.lock:2:1: package a has none"),
            (package("source = { registry = \"r\" }"), "uv.lock:2:1: package a has no version"),
            (package("version = \" \"\nsource = { registry = \"r\" }"), "is not a version of a"),
            (
                package("version = \"1\"\nsource = { registry = \"r\" }\nsdist = { hash = \"sha256:0\" }"),
                "uv.lock:2:1: \"sha256:0\" cannot be read as a hash",
            ),
            (
                "version = 1\n[[package]]\nname = \"..\"\nversion=\"1\"\nsource={registry=\"r\"}".into(),
                "is not a package name",
            ),
            ("version = 1\n[[package]\n".into(), "uv.lock:2:"),
            ("version = 1\n<<<<<<< ours\n".into(), "uv.lock:2: it holds the conflict markers"),
            (format!("version = 1\nx = {}", "[".repeat(100_000)), "uv.lock:"),
        ] {
            let error = refusal("uv.lock", &text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

mod poetry {
    use super::*;

    #[test]
    fn version_2_keeps_files_and_groups_with_the_package() {
        let text = format!(
            r#"[[package]]
name = "App.Lib"
version = "1.2"
optional = true
groups = ["main", "dev"]
files = [{{file = "app_lib-1.2.tar.gz", hash = "sha256:{a}"}}]

[package.dependencies]
Tool = [
    {{version = ">=1,<2", markers = "python_version < '3.9'"}},
    {{version = ">=2", optional = true}},
]

[[package]]
name = "tool"
version = "1.5"
optional = false
groups = ["docs"]
files = []

[[package]]
name = "tool"
version = "2.5"
files = []

[package.source]
type = "git"
url = "https://user:secret@git.example.test/tool.git"
reference = "main"
resolved_reference = "{COMMIT}"

[metadata]
lock-version = "2.1"
"#,
            a = hash("a")
        );
        let lockfile = read("poetry.lock", &text);
        assert_eq!(summary(&lockfile), ["app-lib 1.2 1", "tool 1.5 14", "tool 2.5 21"]);
        let app = &lockfile.releases[0];
        assert_eq!((app.dev, app.optional, app.direct), (Some(false), true, None));
        assert_eq!(files(app), [(Some("app_lib-1.2.tar.gz"), hash("a"))]);
        assert_eq!(app.depends_on, [1, 2]);
        assert_eq!((lockfile.releases[1].dev, lockfile.releases[2].dev), (Some(true), None));
        assert_eq!(
            lockfile.releases[2].origin,
            Origin::Git { url: "https://git.example.test/tool.git".into(), commit: Some(COMMIT.into()) }
        );
    }

    #[test]
    fn version_1_keeps_the_files_of_all_versions_together() {
        let text = format!(
            r#"[[package]]
name = "tool"
version = "1.0"
category = "dev"
optional = false

[package.dependencies]
other = "^1"

[[package]]
name = "tool"
version = "2.0"
category = "main"
optional = false

[package.source]
type = "legacy"
url = "https://index.example.test/simple"
reference = "private"

[[package]]
name = "other"
version = "1.0"
category = "main"
optional = false

[metadata]
lock-version = "1.1"
content-hash = "x"

[metadata.files]
tool = [
    {{file = "tool-1.0.tar.gz", hash = "sha256:{a}"}},
    {{file = "tool-2.0-py3-none-any.whl", hash = "sha256:{b}"}},
    {{file = "odd.exe", hash = "sha256:{c}"}},
]
other = []

[metadata.hashes]
other = ["{c}"]
"#,
            a = hash("a"),
            b = hash("b"),
            c = hash("c"),
        );
        let lockfile = read("poetry.lock", &text);
        let odd = (Some("odd.exe"), hash("c"));
        assert_eq!(files(&lockfile.releases[0]), [(Some("tool-1.0.tar.gz"), hash("a")), odd.clone()]);
        assert_eq!(files(&lockfile.releases[1]), [(Some("tool-2.0-py3-none-any.whl"), hash("b")), odd]);
        assert_eq!(files(&lockfile.releases[2]), [(None, hash("c"))]);
        assert_eq!((lockfile.releases[0].dev, lockfile.releases[1].dev), (Some(true), Some(false)));
        assert_eq!(lockfile.releases[0].depends_on, [2]);
    }

    #[test]
    fn refusals_name_the_place() {
        let source = |kind: &str| {
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.source]\ntype = \"{kind}\"\nurl = \"u\"\n[metadata]\n"
            )
        };
        for (text, expected) in [
            ("", "missing field `metadata`"),
            ("[metadata]\nlock-version = \"3.0\"", "lock version 3.0 is not known here"),
            (&source("ipfs"), "poetry.lock:1:1: package a has the unknown source type \"ipfs\""),
            ("[[package]]\nname = \"a\"\n[metadata]\n", "missing field `version`"),
        ] {
            let error = refusal("poetry.lock", text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_product_of_versions_and_files_is_refused() {
        let mut text = String::from("[metadata]\nlock-version = \"1.1\"\n[metadata.files]\na = [\n");
        text.extend((0..3000).map(|_| format!("{{file = \"a-0.tar.gz\", hash = \"sha256:{}\"}},\n", hash("a"))));
        text.push_str("]\n");
        text.extend((0..3000).map(|i| format!("[[package]]\nname = \"a\"\nversion = \"{i}\"\n")));
        assert!(refusal("poetry.lock", &text).message.contains("too many files"));
    }
}

mod pylock {
    use super::*;

    #[test]
    fn every_kind_of_source_is_read() {
        let text = format!(
            r#"lock-version = "1.0"
created-by = "hand"

[[packages]]
name = "wheel-only"
version = "1.0"
index = "https://u:secret@index.example.test/simple"
dependencies = [{{ name = "archived" }}]
wheels = [{{ name = "wheel_only-1.0-py3-none-any.whl", url = "https://files.example.test/x", hashes = {{ sha256 = "{a}", md5 = "0" }} }}]

[[packages]]
name = "archived"
archive = {{ url = "https://files.example.test/archived-2.0.zip", hashes = {{ sha256 = "{b}" }} }}

[[packages]]
name = "pinned"
vcs = {{ type = "git", url = "https://git.example.test/pinned", requested-revision = "main", commit-id = "{COMMIT}" }}

[[packages]]
name = "ours"
directory = {{ path = ".", editable = true }}

[[packages]]
name = "nameless"
archive = {{ url = "https://files.example.test/main.zip", hashes = {{ sha256 = "{b}" }} }}
"#,
            a = hash("a"),
            b = hash("b"),
        );
        let lockfile = read("pylock.toml", &text);
        assert_eq!(
            summary(&lockfile),
            [
                "wheel-only 1.0 4".to_owned(),
                "archived 2.0 11".to_owned(),
                format!("pinned {COMMIT} 15"),
                format!("nameless sha256:{} 23", hash("b")),
            ]
        );
        assert_eq!(files(&lockfile.releases[0]), [(Some("wheel_only-1.0-py3-none-any.whl"), hash("a"))]);
        assert_eq!(names(&lockfile, &lockfile.releases[0]), ["pypi archived 2.0"]);
        assert_eq!(
            lockfile.releases[0].origin,
            Origin::Registry { url: Some("https://index.example.test/simple".into()) }
        );
    }

    #[test]
    fn refusals_name_the_place() {
        let package = |rest: &str| format!("lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\n{rest}");
        for (text, expected) in [
            ("lock-version = \"2.0\"\npackages = []".to_owned(), "lock version 2.0 is not known here"),
            ("packages = []".to_owned(), "missing field `lock-version`"),
            ("lock-version = \"1.0\"".to_owned(), "missing field `packages`"),
            (package(""), "pylock.toml:2:1: package a has none of the sources"),
            (package("directory = { path = \".\" }\narchive = { path = \"x\" }"), "or several"),
            (package("vcs = { type = \"git\", url = \"u\", commit-id = \"main\" }"), "pins no whole commit"),
            (package("archive = { url = \"https://files.example.test/main.zip\" }"), "has no version and no hash"),
            (package("wheels = [{ url = \"u\", hashes = {} }]"), "has no version and no hash"),
        ] {
            let error = refusal("pylock.toml", &text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

mod requirements {
    use super::*;

    #[test]
    fn pinned_lines_become_entries() {
        let text = format!(
            "--index-url https://evil.example.test/simple\n\
             -r requirements-base.txt\n-c constraints.txt\n-e .\n./vendor\n\
             ./vendor/local-1.0-py3-none-any.whl\n\
             Flask_App[async, dot] == 1.0.0-RC1 ; python_version >= '3.9' \\\n    --hash=sha256:{a} \\\n    --hash sha512:{b}{b}\n\
             plain==2 # a comment\n\
             (odd) # never\n",
            a = hash("a"),
            b = hash("b"),
        );
        let error = refusal("requirements.txt", &text).to_string();
        assert!(error.starts_with("requirements.txt:11:1: "), "{error}");
        let lockfile = read("requirements.txt", &text.replace("(odd) # never\n", ""));
        assert_eq!(summary(&lockfile), ["local 1.0 6", "flask-app 1.0.0rc1 7", "plain 2 10"]);
        let app = entry(&lockfile, "flask-app");
        assert_eq!(files(app), [(None, hash("a")), (None, hash("b") + &hash("b"))]);
        assert_eq!(app.origin, Origin::Registry { url: None });
        assert_eq!((app.direct, app.dev), (None, None));
    }

    #[test]
    fn addresses_are_pinned_by_commit_version_or_hash() {
        let text = format!(
            "a @ git+https://user:secret@git.example.test/a.git@{COMMIT}#subdirectory=x\n\
             -e git+ssh://git@git.example.test/b@{COMMIT}#egg=B_b[x]\n\
             c @ https://files.example.test/c-1.5-py3-none-any.whl?token=secret#sha256={h} ; python_version > '3'\n\
             d@https://files.example.test/main.zip --hash=sha256:{h}\n\
             https://files.example.test/e-2-py3-none-any.whl\n\
             f @ file:///vendor/f\n",
            h = hash("a"),
        );
        let lockfile = read("requirements.txt", &text);
        let digest = format!("sha256:{}", hash("a"));
        assert_eq!(
            summary(&lockfile),
            [
                format!("a {COMMIT} 1"),
                format!("b-b {COMMIT} 2"),
                "c 1.5 3".into(),
                format!("d {digest} 4"),
                "e 2 5".into(),
            ]
        );
        let commit = Some(COMMIT.to_owned());
        assert_eq!(entry(&lockfile, "a").origin, Origin::Git { url: "https://git.example.test/a.git".into(), commit });
        assert_eq!(files(entry(&lockfile, "c")), [(Some("c-1.5-py3-none-any.whl"), hash("a"))]);
        assert!(!serde_json::to_string(&lockfile).unwrap().contains("secret"));
    }

    #[test]
    fn comments_tell_who_asked() {
        let text = "a==1\n    # via -r requirements.in\nb==1\n    # via\n    #   a\n    #   project (pyproject.toml)\nc==1  # via a, B\nd==1\n    # via d2\ne==1\n";
        let lockfile = read("requirements.txt", text);
        let direct: Vec<_> = lockfile.releases.iter().map(|r| r.direct).collect();
        assert_eq!(direct, [Some(true), Some(true), Some(false), Some(true), Some(false)]);
        assert_eq!(lockfile.releases[0].depends_on, [1, 2]);
        assert_eq!(lockfile.releases[1].depends_on, [2]);
    }

    #[test]
    fn what_pins_nothing_or_hides_something_is_refused() {
        for (line, expected) in [
            ("foo>=1", "requirement foo is not pinned with =="),
            ("foo", "requirement foo is not pinned with =="),
            ("foo==1.*", "requirement foo is not pinned with =="),
            ("foo ; python_version > '3'", "requirement foo is not pinned with =="),
            ("foo==1 ==2", "requirement foo cannot be read"),
            ("foo=1", "requirement foo cannot be read"),
            ("foo[x==1", "the extras of requirement foo are not closed"),
            ("foo==1 --hash=sha256:00", "cannot be read as a hash"),
            ("foo==1 --require x", "option \"--require\" is not one of a requirement"),
            ("foo @ git+https://git.example.test/a@main", "requirement foo is not pinned to a whole commit"),
            ("foo @ git+https://git.example.test/a", "requirement foo is not pinned to a whole commit"),
            ("foo @ hg+https://hg.example.test/a@1", "neither https nor git"),
            ("foo @ https://files.example.test/main.zip", "requirement foo is not pinned: no version and no hash"),
            ("git+https://git.example.test/a", "an address names no package"),
            ("-e git+git@git.example.test:a/b#egg=foo", "requirement foo is not pinned to a whole commit"),
            ("-r hidden.txt", "it includes \"hidden.txt\", which is not read"),
            ("--requirement=https://u:p@evil.example.test/requirements.txt", "it includes \"https://evil.example.test"),
            ("--pre -r hidden.txt", "it includes \"hidden.txt\""),
            ("-c constraints.txt -r hidden.txt", "it includes \"hidden.txt\""),
            ("-i https://index.example.test -rhidden.txt", "it includes \"hidden.txt\""),
            ("--requ hidden.txt", "option \"--requ\" is not one of pip's"),
            ("--pre \"-r\" hidden.txt", "is not one of pip's"),
            ("-", "is not one of pip's"),
            ("..==1", "is not a package name"),
        ] {
            let result = parse("requirements.txt", line.as_bytes());
            if line.starts_with("..") {
                // pip takes it for a folder; so it is the project's own.
                assert_eq!(result.unwrap().releases.len(), 0);
                continue;
            }
            let error = result.expect_err(line).to_string();
            assert!(error.starts_with("requirements.txt:1:1: ") && error.contains(expected), "{line}: {error}");
        }
    }

    #[test]
    fn a_long_continuation_costs_no_more_than_its_length() {
        let text = "a \\\n".repeat(500_000);
        assert!(parse("requirements.txt", text.as_bytes()).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_requirements_never_panic(text in "[a-c=<>~!.@#:;/+\\-\\\\\\[\\](), \t\r\n\"0-1é]{0,200}") {
        let _ = parse("requirements.txt", text.as_bytes());
    }

    #[test]
    fn arbitrary_tables_never_panic(text in "(\\[\\[package(s)?\\]\\]\n|\\[metadata\\]\n|lock-version = \"1.0\"\n|version = (1|\"1\")\n|(name|source|sdist|wheels|files|vcs|dependencies) = (\"a\"|\\[\\]|\\{(url|git|registry|name) = \"(a|#|é%)\"\\})\n){0,12}", index in 0usize..3) {
        let _ = parse(["uv.lock", "poetry.lock", "pylock.toml"][index], text.as_bytes());
    }
}
