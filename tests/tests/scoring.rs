//! The life of models on a server that runs: what becomes active, what is asked beside it, and what is taken back. The toy model
//! counts the sign U+0007 and takes off 4; others here say the same, and one flags every release.

use chrono::{Days, NaiveDate, Utc};
use lockgate_gate::{
    config::Config,
    jobs::Task,
    models::{Models, choice},
};
use lockgate_model::{Digest, Ecosystem};
use lockgate_store::{
    jobs,
    models::{self, Place},
};
use lockgate_tests::{
    app::{REPO, TestApp},
    fake_github::CheckRun,
    registry::{Package, lockfile},
    toy::Toy,
};
use serde_json::{Value, json};
use std::{fs, sync::Arc, time::Duration};
use tokio::time::Instant;

const LOCK: &str = "package-lock.json";
const TOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/classifier/tests/models/toy.onnx");
/// Longest wait for what happens by itself.
const PATIENCE: Duration = Duration::from_secs(30);

fn toy() -> String {
    Digest::sha256(&fs::read(TOY).expect("the toy is in the repository")).hex()
}

/// The toy with another card.
fn other(app: &TestApp, name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    fs::read(Toy::write(app.folder(), name, change).file).expect("it was written")
}

/// Says what the toy says.
fn twin(app: &TestApp) -> Vec<u8> {
    other(app, "twin", |card| card["revision"] = json!("twin"))
}

/// Flags every release.
fn eager(app: &TestApp) -> Vec<u8> {
    other(app, "eager", |card| {
        for ecosystem in ["npm", "pypi", "cargo"] {
            card["threshold"][ecosystem] = json!({ "new": -10.0, "update": -10.0 });
        }
    })
}

/// A server that scores with the toy, and a repository with `packages` at 1.0.0; each has a 1.0.1 that rings so often.
async fn start(packages: usize, rings: usize, change: impl FnOnce(&mut Config)) -> TestApp {
    let app = TestApp::start_with_feed(|config| {
        config.classifier.model = Some(TOY.into());
        change(config);
    })
    .await;
    for package in (0..packages).flat_map(|number| [old(number), new(number, rings)]) {
        app.registries.publish(&package);
    }
    let before: Vec<Package> = (0..packages).map(old).collect();
    app.repository(&[(LOCK, &npm(&app, &before))]);
    until_running(&app, &[(&toy(), Place::Active)]).await;
    app
}

fn old(number: usize) -> Package {
    Package::npm(&format!("bell-{number}"), "1.0.0")
}

fn new(number: usize, rings: usize) -> Package {
    let sound = "\u{7}".repeat(rings);
    Package::npm(&format!("bell-{number}"), "1.0.1").file("ring.js", &format!("ring('{number}{sound}');\n"))
}

fn npm(app: &TestApp, packages: &[Package]) -> String {
    lockfile(Ecosystem::Npm, app.registries.base(), &packages.iter().collect::<Vec<_>>())
}

/// The check of a pull request that moves the packages `from` to `to` and leaves the others.
async fn bump(app: &TestApp, branch: &str, packages: usize, moved: std::ops::Range<usize>, rings: usize) -> CheckRun {
    let at = |number| if moved.contains(&number) { new(number, rings) } else { old(number) };
    let after: Vec<Package> = (0..packages).map(at).collect();
    app.judge(branch, &[(LOCK, &npm(app, &after))]).await
}

async fn add(app: &TestApp, bytes: &[u8]) -> String {
    let digest = Digest::sha256(bytes).hex();
    let added = models::add(app.store().pool(), &digest, bytes, &json!({}), "test").await;
    assert!(added.expect("the database answers"), "{digest} is new");
    digest
}

async fn put(app: &TestApp, digest: &str, place: Place) {
    let mut transaction = app.store().begin().await.expect("the database answers");
    models::put(&mut transaction, digest, place, "test", "to see").await.expect("it may stand there");
    transaction.commit().await.expect("the database answers");
}

/// Waits until the server runs exactly these.
async fn until_running(app: &TestApp, models: &[(&str, Place)]) {
    let wanted: Vec<(String, Place)> = models.iter().map(|(digest, place)| ((*digest).to_owned(), *place)).collect();
    app.until(|app| app.context.models.as_ref().is_some_and(|models| models.running() == wanted)).await;
}

/// Waits until a model has said so much.
async fn until_said(app: &TestApp, digest: &str, rows: i64) -> models::Window {
    let (began, since) = (Instant::now(), Utc::now() - Days::new(1));
    loop {
        let seen = models::window(app.store().pool(), digest, since).await.expect("the database answers");
        if seen.rows >= rows {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "{digest} said {seen:?} instead of {rows}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn perform(app: &TestApp, task: Task) {
    jobs::enqueue(app.store().pool(), &task.job()).await.expect("the database answers");
    app.idle().await;
}

/// Asserts that SQL says yes.
async fn holds(app: &TestApp, sql: &str) {
    app.database().execute(&format!("do $$ begin assert ({sql}), 'it does not hold'; end $$")).await;
}

/// How many releases a model gave evidence about.
fn evidence(model: &str, count: usize) -> String {
    format!(
        "select count(*) = {count} from evidence where collector = 'classifier' and status = 'observed' \
         and body::text like '%{model}%'"
    )
}

#[tokio::test]
async fn the_configured_file_is_the_first_model_and_no_later_one() {
    let app = start(1, 0, |_| {}).await;
    let moves = models::moves(app.store().pool(), 9).await.expect("the database answers");
    let [first] = &moves[..] else { panic!("{moves:?}") };
    assert_eq!((first.digest.as_str(), first.moved_by.as_str()), (toy().as_str(), "configuration"));
    let list = models::list(app.store().pool()).await.expect("the database answers");
    assert_eq!(list[0].card["revision"], "toy");

    // A server beside it, which is configured otherwise.
    let other = Toy::write(app.folder(), "other", |card| card["revision"] = json!("other"));
    let mut config = app.context.config.clone();
    config.classifier.model = Some(other.file);
    let beside = Arc::new(Models::new(&config, app.store().clone()).expect("a model is configured"));
    let watching = beside.start().await.expect("it starts");
    assert_eq!(beside.running(), [(toy(), Place::Active)]);
    watching.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn a_promotion_is_seen_without_a_restart() {
    let app = start(2, 1, |_| {}).await;
    assert_eq!(bump(&app, "one", 2, 0..1, 1).await.conclusion.as_deref(), Some("success"));
    holds(&app, &evidence(&toy(), 1)).await;
    let twin = add(&app, &twin(&app)).await;
    put(&app, &twin, Place::Active).await;
    until_running(&app, &[(&twin, Place::Active)]).await;
    assert_eq!(bump(&app, "two", 2, 1..2, 1).await.conclusion.as_deref(), Some("success"));
    holds(&app, &evidence(&twin, 1)).await;
    app.finish().await;
}

#[tokio::test]
async fn a_shadow_is_heard_and_decides_nothing() {
    let app = start(3, 2, |_| {}).await;
    let eager = add(&app, &eager(&app)).await;
    put(&app, &eager, Place::Shadow).await;
    until_running(&app, &[(&toy(), Place::Active), (&eager, Place::Shadow)]).await;
    let run = bump(&app, "bump", 3, 0..3, 2).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{:?}", run.summary);
    let (chosen, shadow) = (until_said(&app, &toy(), 3).await, until_said(&app, &eager, 3).await);
    assert_eq!((chosen.updates, chosen.flagged, chosen.failures), (3, 0, 0));
    assert_eq!((shadow.updates, shadow.flagged, shadow.failures), (3, 3, 0));
    holds(&app, &evidence(&toy(), 3)).await;
    holds(&app, &evidence(&eager, 0)).await;
    holds(
        &app,
        "select count(*) = 3 from model_scores a join model_scores s using (purl, ecosystem, mode, score, chunks, facts) \
         where a.place = 'active' and s.place = 'shadow' and purl like 'pkg:npm/bell-_@1.0.1' and a.score = -2 \
         and a.chunks > 0 and a.micros > 0 and a.threshold = 1.5 and s.threshold = -10",
    )
    .await;
    app.finish().await;
}

#[tokio::test]
async fn a_canary_decides_for_its_share_of_the_repositories() {
    let app = start(2, 1, |_| {}).await;
    let (canary, drawn) = drawn(&app);
    let canary = add(&app, &canary).await;
    for (share, number, chosen) in [(drawn, 0, toy()), (drawn + 1, 1, canary.clone())] {
        put(&app, &canary, Place::Canary { share }).await;
        until_running(&app, &[(&toy(), Place::Active), (&canary, Place::Canary { share })]).await;
        let run = bump(&app, &format!("share-{share}"), 2, number..number + 1, 1).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"), "{:?}", run.summary);
        holds(&app, &evidence(&chosen, 1)).await;
    }
    until_said(&app, &canary, 1).await;
    holds(&app, "select count(*) = 1 from model_scores where place = 'canary'").await;
    app.finish().await;
}

/// A model that says what the toy says, and the largest share, 1 to 98, at which it does not take the repository.
fn drawn(app: &TestApp) -> (Vec<u8>, u8) {
    let repository = app.github.repository_id(REPO).expect("it was made");
    let repository = i64::try_from(repository).expect("a small number");
    let share = |model: &[u8]| {
        let digest = Digest::sha256(model);
        (1..=98).rev().find(|share| !choice::takes(repository, Utc::now(), &digest.hex(), *share))
    };
    let models = (0..26).map(|number| other(app, "drawn", |card| card["revision"] = json!(number.to_string())));
    let mut drawn = models.filter_map(|model| share(&model).map(|share| (model, share)));
    drawn.find(|(_, share)| *share < 98).expect("one of 26 is drawn between")
}

#[tokio::test]
async fn a_model_that_flags_everything_is_taken_back() {
    let app = start(32, 0, |_| {}).await;
    let eager = add(&app, &eager(&app)).await;
    put(&app, &eager, Place::Active).await;
    until_running(&app, &[(&eager, Place::Active)]).await;
    let run = bump(&app, "all", 32, 0..31, 0).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{:?}", run.summary);
    until_said(&app, &eager, 31).await;
    perform(&app, Task::WatchModels {}).await;

    let moves = models::moves(app.store().pool(), 1).await.expect("the database answers");
    assert_eq!((moves[0].digest.as_str(), moves[0].place), (toy().as_str(), Some(Place::Active)));
    assert_eq!((moves[0].replaced.as_deref(), moves[0].moved_by.as_str()), (Some(eager.as_str()), "automatic"));
    assert!(moves[0].reason.starts_with("31 of 31 updates were flagged"), "{}", moves[0].reason);
    let (_, metrics) = app.get("/metrics").await;
    assert!(metrics.contains("lockgate_model_rollbacks_total 1"), "{metrics}");

    let run = bump(&app, "last", 32, 31..32, 0).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{:?}", run.summary);
    // What came back stays.
    perform(&app, Task::WatchModels {}).await;
    until_running(&app, &[(&toy(), Place::Active)]).await;
    app.finish().await;
}

#[tokio::test]
async fn a_slow_canary_is_taken_back() {
    let app = start(31, 0, |config| config.classifier.latest_milliseconds = 0).await;
    let (canary, drawn) = drawn(&app);
    let canary = add(&app, &canary).await;
    let share = drawn + 1;
    put(&app, &canary, Place::Canary { share }).await;
    until_running(&app, &[(&toy(), Place::Active), (&canary, Place::Canary { share })]).await;
    assert_eq!(bump(&app, "all", 31, 0..31, 0).await.conclusion.as_deref(), Some("success"));
    until_said(&app, &canary, 31).await;
    perform(&app, Task::WatchModels {}).await;
    let moves = models::moves(app.store().pool(), 1).await.expect("the database answers");
    assert_eq!((moves[0].digest.as_str(), moves[0].place, moves[0].rolled_back), (canary.as_str(), None, true));
    assert!(moves[0].reason.contains("classifier.latest_milliseconds"), "{}", moves[0].reason);
    until_running(&app, &[(&toy(), Place::Active)]).await;
    app.finish().await;
}

#[tokio::test]
async fn a_broken_model_leaves_the_server_up_and_the_check_incomplete() {
    let app = start(2, 0, |_| {}).await;
    let broken = add(&app, b"no model").await;
    put(&app, &broken, Place::Active).await;
    until_running(&app, &[]).await;
    let run = bump(&app, "one", 2, 0..1, 0).await;
    assert_eq!(run.conclusion.as_deref(), Some("action_required"), "{:?}", run.summary);
    let (_, metrics) = app.get("/metrics").await;
    assert!(metrics.contains("lockgate_model_open_failures_total 1"), "{metrics}");
    // A server that starts with it starts.
    let beside = Models::new(&app.context.config, app.store().clone()).map(Arc::new).expect("a model is configured");
    let watching = beside.start().await.expect("it starts");
    assert_eq!(beside.running(), []);
    watching.finish().await;

    put(&app, &toy(), Place::Active).await;
    until_running(&app, &[(&toy(), Place::Active)]).await;
    let run = bump(&app, "two", 2, 1..2, 0).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{:?}", run.summary);
    app.finish().await;
}

#[tokio::test]
async fn yesterday_is_compared_with_the_card() {
    let app = start(1, 0, |_| {}).await;
    let tenths = json!({
        "rows": 1000, "score": [-4, -3, -2, -1, 0, 1, 2, 3, 4], "chunks": [1, 2, 3, 4, 5, 6, 7, 8, 9],
        "facts": vec![0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    });
    let measured = other(&app, "measured", |card| card["reference"] = json!({ "npm": { "update": tenths } }));
    let model = add(&app, &measured).await;
    put(&app, &model, Place::Active).await;
    until_running(&app, &[(&model, Place::Active)]).await;
    // Scores as on the card, of updates that are all small and install something.
    app.database()
        .execute(&format!(
            "insert into model_scores (digest, place, purl, ecosystem, mode, score, threshold, chunks, facts, micros, scored_at)
             select '{model}', 'active', 'pkg:npm/bell@1.0.1', 'npm', 'update', n % 10 - 4.5, 1.5, 1, 1, 900,
                    date_trunc('day', now() at time zone 'utc') at time zone 'utc' - interval '1 hour'
             from generate_series(1, 200) as n"
        ))
        .await;
    perform(&app, Task::MeasureDrift {}).await;
    let yesterday: NaiveDate = Utc::now().date_naive() - Days::new(1);
    let figures = models::drift(app.store().pool(), &model, yesterday).await.expect("the database answers");
    let found: Vec<(&str, bool, i64)> = figures.iter().map(|f| (f.input.as_str(), f.psi > 0.25, f.rows)).collect();
    assert_eq!(found, [("chunks", true, 200), ("facts", true, 200), ("score", false, 200)]);
    let (_, metrics) = app.get("/metrics").await;
    let gauge = r#"lockgate_model_drift_psi{place="active",ecosystem="npm",mode="update",input="score"} 0"#;
    assert!(metrics.contains(gauge), "{metrics}");
    // Once.
    app.database().execute("update model_drift set psi = 7").await;
    perform(&app, Task::MeasureDrift {}).await;
    let again = models::drift(app.store().pool(), &model, yesterday).await.expect("the database answers");
    assert!(again.len() == 3 && again.iter().all(|figure| figure.psi == 7.0), "{again:?}");
    app.finish().await;
}
