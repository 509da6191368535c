//! `lockgate model`: the life of a model as its operator leads it, with toys that count the sign U+0007.

use lockgate_store::{
    Store,
    models::{self, Move, NewScore, Place},
};
use lockgate_tests::{app::TestDatabase, toy::Toy};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// A database and a configuration, without a server.
struct Stage {
    folder: TempDir,
    database: TestDatabase,
}

impl Stage {
    /// The configured model is `first.onnx`, with what a model must do beside it.
    async fn new() -> (Self, Toy) {
        let stage =
            Self { folder: tempfile::tempdir().expect("a temporary folder"), database: TestDatabase::create().await };
        let first = stage.toy("first", |card| card["metrics"] = json!({ "npm": { "recall": 0.9 } }));
        let text = format!("data_dir = {:?}\n[classifier]\nmodel = {:?}\n", stage.path("data"), first.file);
        fs::write(stage.path("lockgate.toml"), text).expect("the folder is writable");
        acceptance(&stage.path("acceptance.json"));
        (stage, first)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn toy(&self, name: &str, change: impl FnOnce(&mut Value)) -> Toy {
        Toy::write(self.folder.path(), name, change)
    }

    /// One that meets every bar.
    fn good(&self, name: &str) -> Toy {
        self.toy(name, |card| {
            card["revision"] = name.into();
            card["metrics"] = json!({ "npm": { "recall": 0.95 } });
        })
    }

    /// Exit code, standard output and error of `lockgate model ...`.
    fn model(&self, arguments: &[&str]) -> (i32, String, String) {
        self.lockgate(&[&["model"], arguments].concat())
    }

    fn lockgate(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(
            Command::new(env!("CARGO_BIN_EXE_lockgate-tested"))
                .args(arguments)
                .env("LOCKGATE_CONFIG", self.path("lockgate.toml"))
                .env("LOCKGATE_DATABASE_URL", self.database.runtime_url()),
        )
    }

    fn done(&self, arguments: &[&str]) -> String {
        let (code, out, error) = self.model(arguments);
        assert_eq!(code, 0, "{arguments:?}: {out}{error}");
        out
    }

    /// Digest, place and share of every model, those that are asked first.
    fn standing(&self) -> Vec<(String, Option<String>, Option<u64>)> {
        let list: Value = serde_json::from_str(&self.done(&["list", "--json"])).expect("JSON");
        let model = |model: &Value| {
            let text = |key: &str| model[key].as_str().map(str::to_owned);
            (text("digest").expect("a digest"), text("place"), model["share"].as_u64())
        };
        list.as_array().expect("a list").iter().map(model).collect()
    }

    async fn store(&self) -> Store {
        Store::connect(self.database.runtime_url(), 2).await.expect("the database answers")
    }
}

fn ended(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("it ended by itself"), text(stdout), text(stderr))
}

/// What the toys must do: state a recall, stay quiet on words and hear nine rings.
fn acceptance(path: &Path) {
    let update = |name: &str, expect: &str, added: &str| {
        json!({
            "name": name, "ecosystem": "npm", "expect": expect,
            "old": { "index.js": "one()\n" }, "new": { "index.js": "one()\n", "added.js": added },
        })
    };
    let file = json!({
        "metrics": { "npm": { "recall": 0.9 } },
        "differences": [update("words", "quiet", "two()\n"), update("rings", "flagged", &"\u{7}".repeat(9))],
    });
    fs::write(path, file.to_string()).expect("the folder is writable");
}

fn stands(toy: &Toy, place: Option<&str>, share: Option<u64>) -> (String, Option<String>, Option<u64>) {
    (toy.digest.clone(), place.map(str::to_owned), share)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_kept_only_if_it_can_be_run_and_is_the_one_that_was_meant() {
    let (stage, first) = Stage::new().await;
    let out = stage.done(&["add", &first.path()]);
    assert!(out.starts_with(&format!("model {} is kept\n", first.digest)), "{out}");
    assert!(out.contains("dataset   sha256:000") && out.contains("revision  toy\nnpm       recall: 0.9\n"), "{out}");
    assert!(stage.done(&["add", &first.path()]).contains("was kept already"));

    let other = stage.good("other");
    fs::remove_file(stage.path("other.onnx.sha256")).expect("the pin is there");
    let (old, huge) = (stage.toy("old", |card| card["features"] = 1.into()), stage.path("huge.onnx"));
    fs::write(&huge, vec![0; 20 * 1024 * 1024 + 1]).expect("the folder is writable");
    for (arguments, why) in [
        (vec!["add", &other.path()], "other.onnx.sha256 names no SHA-256"),
        (vec!["add", &other.path(), "--digest", &first.digest], "it is not used"),
        (vec!["add", &old.path()], "features of version 1"),
        (vec!["add", &huge.display().to_string()], "train a smaller one"),
        (vec!["add", "/nowhere.onnx"], "read the model /nowhere.onnx"),
    ] {
        let (code, out, error) = stage.model(&arguments);
        assert!(code == 2 && out.is_empty() && error.contains(why), "{arguments:?}: {error}");
    }
    assert_eq!(stage.standing(), [stands(&first, None, None)]);
    stage.done(&["add", &other.path(), "--digest", &other.digest]);
    let list = stage.done(&["list"]);
    let [newest, oldest] = &list.lines().collect::<Vec<_>>()[..] else { panic!("{list}") };
    assert!(newest.contains(&other.digest[..12]) && newest.contains("revision other, added "), "{newest}");
    assert!(oldest.starts_with("-          ") && oldest.contains("by cli:uid-"), "{oldest}");
    stage.database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_watched_tried_promoted_and_taken_back() {
    let (stage, first) = Stage::new().await;
    let second = stage.good("second");
    stage.done(&["add", &first.path()]);
    stage.done(&["add", &second.path()]);
    let (a, b) = (&first.digest[..6], second.digest.to_uppercase());
    let refused = |arguments: &[&str], why: &str| {
        let (code, _, error) = stage.model(arguments);
        assert!(code == 2 && error.contains(why), "{arguments:?}: {code} {error}");
    };
    let says = |arguments: &[&str], text: &str| {
        let out = stage.done(arguments);
        assert!(out.contains(text), "{arguments:?}: {out}");
    };

    refused(&["promote", &b, "--canary", "5"], "no model is active");
    says(&["promote", a], "is active\n");
    says(&["promote", a], "is active already");
    says(&["shadow", &b, "--reason", "is it quieter?"], "is a shadow");
    refused(&["shadow", a], "it is the active one");
    refused(&["shadow", a, "--stop"], "is the active one");
    says(&["shadow", &b, "--stop"], "is asked no longer");
    assert_eq!(stage.model(&["shadow", &b, "--stop"]).0, 1);
    says(&["promote", &b, "--canary", "5"], "is the canary for 5% of the repositories");
    assert_eq!(stage.standing(), [stands(&first, Some("active"), None), stands(&second, Some("canary"), Some(5))]);
    refused(&["shadow", &b, "--stop"], "`lockgate model rollback` takes it back");
    let doctor = stage.lockgate(&["doctor"]).1;
    let [short, canary] = [&first, &second].map(|toy| &toy.digest[..12]);
    let line = format!("ok       models: {short} is active, {canary} decides for 5% of the repositories\n");
    assert!(doctor.contains(&line), "{doctor}");

    says(&["rollback", "--reason", "too loud"], &format!("model {canary} is taken back; model {short} decides"));
    says(&["promote", &b, "--reason", "mended"], &format!("is active, in the place of model {short}\n"));
    assert_eq!(stage.standing(), [stands(&second, Some("active"), None), stands(&first, None, None)]);
    says(&["rollback"], &format!("model {canary} is taken back; model {short} decides"));
    let (code, _, error) = stage.model(&["rollback"]);
    assert!(code == 1 && error.contains("no model to go back to"), "{error}");
    assert_eq!(stage.standing(), [stands(&first, Some("active"), None), stands(&second, None, None)]);

    for (arguments, code) in [
        (vec!["promote", &b[..5]], 2),
        (vec!["rollback", "--reason", " "], 2),
        (vec!["rollback", "--reason", "one\ntwo"], 2),
        (vec!["promote", "ffffffffffff"], 2),
        (vec!["promote", &b, "--canary", "0"], 2),
        (vec!["promote", &b, "--canary", "100"], 2),
    ] {
        assert_eq!(stage.model(&arguments).0, code, "{arguments:?}");
    }
    let list = stage.done(&["list", "--moves"]);
    let [last, before, ..] = &list.lines().collect::<Vec<_>>()[..] else { panic!("{list}") };
    assert!(last.contains(&format!("  {short}  active again for {canary}, by cli:uid-")), "{last}");
    assert!(before.contains(&format!("  {canary}  active for {short}, by cli:uid-")), "{before}");
    assert!(before.ends_with(": mended"), "{before}");
    let json: Value = serde_json::from_str(&stage.done(&["list", "--moves", "--json"])).expect("JSON");
    assert_eq!((json[0]["rolled_back"].as_bool(), &json[0]["replaced"]), (Some(true), &json!(second.digest)));
    assert_eq!((json[2]["reason"].as_str(), json[3]["share"].as_u64()), (Some("too loud"), Some(5)));
    let moves = models::moves(stage.store().await.pool(), 50).await.expect("the database answers");
    assert!(moves.iter().all(|moved| moved.moved_by.starts_with("cli:uid-")), "{moves:?}");
    let told = |m: &Move| (m.place.map(Place::name), m.rolled_back, m.reason.clone());
    let told: Vec<_> = moves.iter().rev().map(told).collect();
    let none = "none was given";
    let expected = [
        (Some("active"), false, none),
        (Some("shadow"), false, "is it quieter?"),
        (None, false, none),
        (Some("canary"), false, none),
        (None, true, "too loud"),
        (Some("active"), false, "mended"),
        (Some("active"), true, none),
    ];
    assert_eq!(told, expected.map(|(place, back, reason)| (place, back, reason.to_owned())));
    stage.database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_misses_a_bar_is_not_promoted() {
    let (stage, first) = Stage::new().await;
    let weak = stage.toy("weak", |card| card["metrics"] = json!({ "npm": { "recall": 0.5 } }));
    let deaf = stage.toy("deaf", |card| {
        card["metrics"] = json!({ "npm": { "recall": 1.0 } });
        card["threshold"]["npm"]["update"] = 100.into();
    });
    for toy in [&first, &weak, &deaf] {
        stage.done(&["add", &toy.path()]);
    }
    stage.done(&["promote", &first.digest]);
    let before = stage.standing();
    for (toy, bar, seen) in [(&weak, "npm: recall", "0.5, at least 0.9"), (&deaf, "rings", "score 5, at least 100")] {
        for place in [&[][..], &["--canary", "10"]] {
            let (code, out, error) = stage.model(&[&["promote", &toy.digest], place].concat());
            assert!(code == 1 && out.is_empty(), "{error}");
            assert!(error.starts_with(&format!("failed   {bar}: {seen}\n")), "{error}");
            assert!(error.ends_with("is not promoted: it fails 1 of what it must do\n"), "{error}");
        }
        let (code, out, _) = stage.model(&["golden", &toy.digest[..20]]);
        assert!(
            code == 1 && out.ends_with("2 passed, 1 failed\n") && out.contains(&format!("failed   {bar}")),
            "{out}"
        );
    }
    assert_eq!(stage.standing(), before);

    let golden = stage.done(&["golden"]);
    assert!(golden.starts_with("passed   npm: recall: 0.9, at least 0.9\npassed   words: "), "{golden}");
    assert!(golden.ends_with(&format!("model {}: 3 passed, 0 failed\n", first.digest)), "the active one: {golden}");
    // A file that was replaced by one that asks for nothing would let everything pass.
    fs::write(stage.path("acceptance.json"), r#"{"metrics": {}, "differences": []}"#).expect("the folder is writable");
    let (code, _, error) = stage.model(&["promote", &weak.digest]);
    assert!(code == 2 && error.contains("acceptance file"), "{error}");
    let own = stage.path("own.json");
    acceptance(&own);
    let own = ["--acceptance", own.to_str().expect("UTF-8")];
    assert_eq!(stage.model(&[&["promote", &weak.digest], &own[..]].concat()).0, 1);
    stage.done(&[&["golden"], &own[..]].concat());
    stage.database.remove().await;
}

#[test]
fn a_file_is_tried_without_configuration_or_database() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let toy = Toy::write(folder.path(), "toy", |card| card["metrics"] = json!({ "npm": { "recall": 0.9 } }));
    let bars = folder.path().join("bars.json");
    acceptance(&bars);
    let golden = |model: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate-tested"));
        command.args(["model", "golden", model, "--acceptance"]).arg(&bars);
        ended(command.current_dir(folder.path()).env_remove("LOCKGATE_CONFIG"))
    };
    let (code, out, error) = golden(&toy.path());
    assert!(code == 0 && out.ends_with("3 passed, 0 failed\n"), "{out}{error}");
    let (code, _, error) = golden(&toy.digest);
    assert!(code == 2 && error.contains("name it with --config"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_reported_from_the_reference_and_from_before() {
    let (stage, _) = Stage::new().await;
    let deciles: Vec<f64> = (1..10).map(|n| f64::from(n) * 10.0).collect();
    let toy = stage.toy("measured", |card| {
        card["metrics"] = json!({ "npm": { "recall": 0.9 } });
        let reference =
            json!({ "rows": 900, "score": deciles, "chunks": [1, 2, 3, 4, 5, 6, 7, 8, 9], "facts": vec![0.5; 8] });
        card["reference"] = json!({ "npm": { "update": reference } });
    });
    let (code, _, error) = stage.model(&["drift"]);
    assert!(code == 2 && error.contains("no model is active"), "{error}");
    stage.done(&["add", &toy.path()]);
    stage.done(&["promote", &toy.digest]);
    assert!(stage.done(&["drift"]).ends_with(" scored nothing in these days\n"));
    let score = |n: i32, score: i32| NewScore {
        digest: toy.digest.clone(),
        place: "active",
        purl: format!("pkg:npm/a@1.0.{n}"),
        ecosystem: "npm".to_owned(),
        mode: "update".to_owned(),
        score: Some(f64::from(score)),
        probability: Some(0.1),
        threshold: 1.5,
        chunks: n % 10 + 1,
        facts: if n % 2 == 0 { 0 } else { 0xff },
        micros: 100,
        failure: None,
    };
    let store = stage.store().await;
    // Five days ago, as measured; today, all scores have gone up.
    let before: Vec<NewScore> = (0..200).map(|n| score(n, n % 100)).collect();
    models::note(store.pool(), &before).await.expect("the database answers");
    let age = "alter table model_scores disable trigger model_scores_append_only; \
               update model_scores set scored_at = now() - interval '5 days'; \
               alter table model_scores enable trigger model_scores_append_only";
    stage.database.execute(age).await;
    let now: Vec<NewScore> = (0..150).map(|n| score(n, 60 + n % 40)).collect();
    models::note(store.pool(), &now).await.expect("the database answers");

    let text = stage.done(&["drift"]);
    let [_, scores, chunks, facts, end] = &text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert!(scores.starts_with("npm    update  score") && scores.ends_with("150 of 200 rows  moved"), "{text}");
    assert!(chunks.ends_with(" rows") && facts.ends_with(" rows"), "{text}");
    assert!(end.starts_with("1 moved by more than 0.25"), "{text}");
    let json: Value = serde_json::from_str(&stage.done(&["drift", "--json"])).expect("JSON");
    assert_eq!((json["model"].as_str(), json["drift"].as_array().map(Vec::len)), (Some(&*toy.digest), Some(3)));
    let of_scores = &json["drift"][0];
    for from in ["from_reference", "from_before"] {
        assert!(of_scores[from].as_f64() > Some(0.25) && json["drift"][1][from].as_f64() < Some(0.1), "{json}");
    }
    // The last ten days together have nothing before them.
    let all: Value = serde_json::from_str(&stage.done(&["drift", "--days", "10", "--json"])).expect("JSON");
    assert_eq!((&all["drift"][0]["rows"], &all["drift"][0]["from_before"]), (&350.into(), &Value::Null));
    let none = stage.done(&["drift", &toy.digest[..8], "--days", "1", "--against", "2"]);
    assert!(none.contains("150 of 0 rows"), "{none}");
    stage.database.remove().await;
}
