//! Which question stands, what stops, and what there is to show: in whatever order deliveries arrive.

use crate::support::{Database, REPOSITORY_ID, at, on_record, question, sha};
use lockgate_model::CommitSha;
use lockgate_store::{
    check_runs::{self, Caught},
    evaluations::{self, NewEvaluation, Novelty, Opened, State},
    installations, repositories,
};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

async fn ask(database: &Database, head: CommitSha, event_at: i64) -> Opened {
    let mut transaction = database.store.begin().await.expect("the database answers");
    let new = NewEvaluation { event_at: at(event_at), ..question(Some(7), head) };
    let opened = evaluations::open(&mut transaction, &new).await.expect("the database answers");
    transaction.commit().await.expect("the database answers");
    opened
}

async fn states(database: &Database, head: char) -> Vec<State> {
    let questions =
        evaluations::questions(database.store.pool(), REPOSITORY_ID, &sha(head)).await.expect("the database answers");
    questions.iter().map(|e| e.state).collect()
}

#[tokio::test]
async fn a_newer_head_stops_the_older_and_an_older_one_that_comes_late_is_stale() {
    let database = Database::new().await;
    assert_eq!(ask(&database, sha('2'), 10).await.novelty, Novelty::New);
    let newer = ask(&database, sha('3'), 20).await;
    assert_eq!((newer.novelty, newer.superseded), (Novelty::New, vec![sha('2')]));
    assert_eq!(states(&database, '2').await, [State::Stopped]);
    // Sent before both, delivered after them.
    let late = ask(&database, sha('4'), 5).await;
    assert_eq!((late.novelty, late.evaluation.state), (Novelty::Stale, State::Stopped));
    assert_eq!(states(&database, '3').await, [State::Queued]);
    // A late repetition of what stands changes nothing either.
    assert_eq!(ask(&database, sha('2'), 10).await.novelty, Novelty::Existing);
}

#[tokio::test]
async fn a_head_that_is_pushed_again_is_asked_again() {
    let database = Database::new().await;
    for (head, at) in [('2', 10), ('3', 20), ('2', 30)] {
        assert_eq!(ask(&database, sha(head), at).await.novelty, Novelty::New);
    }
    assert_eq!(states(&database, '2').await, [State::Queued]);
    assert_eq!(states(&database, '3').await, [State::Stopped]);
}

#[tokio::test]
async fn two_pull_requests_with_one_head_are_two_questions() {
    let database = Database::new().await;
    ask(&database, sha('2'), 10).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let other = NewEvaluation { pull_request: Some(8), ..question(None, sha('2')) };
    assert_eq!(evaluations::open(&mut connection, &other).await.unwrap().novelty, Novelty::New);
    ask(&database, sha('3'), 20).await;
    assert_eq!(states(&database, '2').await, [State::Stopped, State::Queued]);
}

#[tokio::test]
async fn a_decided_question_is_superseded_but_not_stopped() {
    let database = Database::new().await;
    let first = ask(&database, sha('2'), 10).await.evaluation;
    evaluations::set_state(database.store.pool(), first.id, State::Publishing).await.unwrap();
    ask(&database, sha('3'), 20).await;
    assert_eq!(states(&database, '2').await, [State::Publishing]);
    evaluations::mark_shown(database.store.pool(), &[first.id]).await.unwrap();
    assert_eq!(states(&database, '2').await, [State::Done]);
}

#[tokio::test]
async fn what_comes_while_a_run_is_shown_is_shown_next() {
    let database = Database::new().await;
    let pool = database.store.pool();
    let id = check_runs::open(pool, REPOSITORY_ID, Some(42), &sha('2'), HOUR).await.unwrap();
    assert_eq!(check_runs::overdue(pool).await.unwrap(), Vec::<uuid::Uuid>::new());
    let read = check_runs::get(pool, id).await.unwrap().unwrap();
    assert_eq!(check_runs::want(pool, REPOSITORY_ID, &sha('2')).await.unwrap(), Some(id));
    assert_eq!(check_runs::show(pool, id, read.wanted, Some("success")).await.unwrap(), Caught::Behind);
    assert_eq!(check_runs::get(pool, id).await.unwrap().unwrap().conclusion, None, "the newest is not shown yet");
    assert_eq!(check_runs::show(pool, id, read.wanted + 1, Some("failure")).await.unwrap(), Caught::Up);
    let shown = check_runs::get(pool, id).await.unwrap().unwrap();
    assert_eq!(shown.conclusion.as_deref(), Some("failure"));
    // Asked again: the same run, open again.
    assert_eq!(check_runs::open(pool, REPOSITORY_ID, None, &sha('2'), HOUR).await.unwrap(), id);
    let again = check_runs::get(pool, id).await.unwrap().unwrap();
    assert_eq!((again.conclusion, again.concluded_at, again.installation_id), (None, None, Some(42)));
    assert_eq!(check_runs::set_github_id(pool, id, 11).await.unwrap(), 11);
    assert_eq!(check_runs::set_github_id(pool, id, 12).await.unwrap(), 11, "the first stands");
    assert_eq!(check_runs::want(pool, REPOSITORY_ID, &sha('9')).await.unwrap(), None);
}

#[tokio::test]
async fn an_overdue_run_is_found_until_it_is_given_time() {
    let database = Database::new().await;
    let pool = database.store.pool();
    let id = check_runs::open(pool, REPOSITORY_ID, Some(42), &sha('2'), Duration::ZERO).await.unwrap();
    assert_eq!(check_runs::overdue(pool).await.unwrap(), [id]);
    check_runs::extend(pool, id, HOUR).await.unwrap();
    assert!(check_runs::overdue(pool).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_repository_out_of_reach_leaves_no_work() {
    let database = Database::new().await;
    let pool = database.store.pool();
    ask(&database, sha('2'), 10).await;
    let id = check_runs::open(pool, REPOSITORY_ID, Some(42), &sha('2'), HOUR).await.unwrap();
    evaluations::stop_repositories(pool, &[REPOSITORY_ID]).await.unwrap();
    repositories::remove(pool, &[REPOSITORY_ID]).await.unwrap();
    assert_eq!(states(&database, '2').await, [State::Stopped]);
    assert_eq!(check_runs::get(pool, id).await.unwrap().unwrap().conclusion.as_deref(), Some("abandoned"));
    assert!(repositories::of_installation(pool, 42).await.unwrap().is_empty());
    // The next event from it brings it back, under the name that it has by then.
    let renamed = repositories::Repository { full_name: "octo-org/renamed".parse().unwrap(), ..on_record() };
    repositories::record(pool, &repositories::Repository { installation_id: None, ..renamed.clone() }).await.unwrap();
    assert_eq!(repositories::get(pool, REPOSITORY_ID).await.unwrap(), Some(renamed));
}

#[tokio::test]
async fn installations_are_due_once_a_period() {
    let database = Database::new().await;
    let pool = database.store.pool();
    assert_eq!(installations::state(pool, 42).await.unwrap(), installations::State::Active);
    assert_eq!(installations::due(pool, HOUR).await.unwrap(), [42], "known from its repositories");
    installations::mark_reconciled(pool, 42).await.unwrap();
    assert!(installations::due(pool, HOUR).await.unwrap().is_empty());
    installations::record(pool, 42, "octo-org", installations::State::Suspended).await.unwrap();
    assert!(installations::due(pool, HOUR).await.unwrap().is_empty());
    assert_eq!(installations::state(pool, 42).await.unwrap(), installations::State::Suspended);
}

#[tokio::test]
async fn a_row_of_the_version_before_is_adopted() {
    let database = Database::new().await;
    let pool = database.store.pool();
    sqlx::raw_sql(
        "insert into evaluations (id, repository, installation_id, base_sha, head_sha, source_url, actor, generation, check_run_id)
         values ('00000000-0000-4000-8000-000000000007', 'octo-org/older', 42, repeat('1', 40), repeat('2', 40),
                 'https://git.example.test/octo-org/older.git', 'github:push', 1, 99)",
    )
    .execute(pool)
    .await
    .unwrap();
    let id = uuid::Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0007);
    let mut connection = pool.acquire().await.unwrap();
    let run = evaluations::adopt(&mut connection, id, HOUR).await.unwrap().unwrap();
    assert_eq!(evaluations::adopt(&mut connection, id, HOUR).await.unwrap(), Some(run), "once is enough");
    let run = check_runs::get(pool, run).await.unwrap().unwrap();
    assert_eq!((run.github_id, run.wanted), (Some(99), 2));
    assert!(run.repository_id < 0, "only the name is known");
    assert_eq!(evaluations::adopt(&mut connection, uuid::Uuid::nil(), HOUR).await.unwrap(), None);
    assert_eq!(evaluations::without_job(pool).await.unwrap().len(), 0, "not yet");
}

#[tokio::test]
async fn a_delivery_whose_job_was_given_up_is_found() {
    let database = Database::new().await;
    let mut owner = database.owner().await;
    sqlx::raw_sql(
        "insert into deliveries (id, event, payload, received_at) values
             ('old', 'push', '{}', now() - interval '2 days'), ('lost', 'push', '{}', now() - interval '1 hour'),
             ('held', 'push', '{}', now() - interval '1 hour'), ('young', 'push', '{}', now());
         insert into jobs (kind, key, payload, max_attempts) values ('handle_delivery', 'handle_delivery:held', '{}', 8)",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let found = lockgate_store::deliveries::without_job(database.store.pool()).await.unwrap();
    assert_eq!(found.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["lost"]);
}
