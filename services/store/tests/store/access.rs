//! Tokens, sessions and waivers: what lives, until when, and what ends it.

use crate::support::{Database, REPOSITORY_ID};
use chrono::{TimeDelta, Utc};
use lockgate_store::{
    access::{
        Scope,
        sessions::{self, Holder, Opening, Use},
        tokens::{self, NewToken, Revoked},
    },
    waivers::{self, Answer, Answered, NewWaiver, Requested, State},
};
use sqlx::Executor;
use std::time::Duration;
use uuid::Uuid;

const HOUR: Duration = Duration::from_secs(3600);

async fn token(database: &Database, name: &str, hash: u8, lifetime: TimeDelta) -> lockgate_store::Result<Uuid> {
    let scope = Scope::Installations([42].into());
    let expires_at = Utc::now() + lifetime;
    let new = NewToken { name, role: "viewer", scope: &scope, hash: &[hash; 32], expires_at };
    tokens::create(database.store.pool(), &new).await
}

#[tokio::test]
async fn a_token_lives_until_its_end_or_its_revocation() {
    let database = Database::new().await;
    let pool = database.store.pool();
    token(&database, "ci", 1, TimeDelta::days(90)).await.unwrap();
    let found = tokens::find(pool, &[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.role.as_str()), ("ci", "viewer"));
    assert_eq!(found.scope, Scope::Installations([42].into()));
    assert!(tokens::list(pool).await.unwrap()[0].last_used_at.is_some(), "its use is noted");
    assert!(tokens::find(pool, &[2; 32]).await.unwrap().is_none());

    token(&database, "gone", 3, TimeDelta::seconds(-1)).await.unwrap();
    assert!(tokens::find(pool, &[3; 32]).await.unwrap().is_none(), "expired");
    assert!(token(&database, "for ever", 4, TimeDelta::days(400)).await.is_err(), "no token lives for years");

    let twice = token(&database, "ci", 5, TimeDelta::days(1)).await.unwrap_err().to_string();
    assert!(twice.contains("revoke it first"), "{twice}");
    assert_eq!(tokens::revoke(pool, "ci").await.unwrap(), Revoked::Now);
    assert_eq!(tokens::revoke(pool, "ci").await.unwrap(), Revoked::NotFound);
    assert!(tokens::find(pool, &[1; 32]).await.unwrap().is_none());
    token(&database, "ci", 6, TimeDelta::days(1)).await.unwrap();
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_old_or_closed() {
    let database = Database::new().await;
    let pool = database.store.pool();
    let groups = ["security".to_owned()];
    let person = Opening::Person { subject: "248289761001", name: "somebody", groups: &groups };
    sessions::open(pool, &[1; 32], &person, HOUR).await.unwrap();
    let holder = Holder::Person { subject: "248289761001".into(), name: "somebody".into(), groups: groups.to_vec() };
    assert_eq!(sessions::find(pool, &[1; 32], HOUR).await.unwrap(), Some(holder));
    assert_eq!(sessions::find(pool, &[2; 32], HOUR).await.unwrap(), None);

    let mut owner = database.owner().await;
    owner.execute("update sessions set used_at = now() - interval '2 hours'").await.unwrap();
    assert_eq!(sessions::find(pool, &[1; 32], HOUR).await.unwrap(), None, "idle");
    owner.execute("update sessions set used_at = now() - interval '30 minutes'").await.unwrap();
    assert!(sessions::find(pool, &[1; 32], HOUR).await.unwrap().is_some());
    owner.execute("update sessions set expires_at = now()").await.unwrap();
    assert_eq!(sessions::find(pool, &[1; 32], HOUR).await.unwrap(), None, "old");

    sessions::open(pool, &[3; 32], &person, HOUR).await.unwrap();
    sessions::close(pool, &[3; 32]).await.unwrap();
    assert_eq!(sessions::find(pool, &[3; 32], HOUR).await.unwrap(), None, "closed");
}

#[tokio::test]
async fn a_session_of_a_token_ends_with_the_token() {
    let database = Database::new().await;
    let pool = database.store.pool();
    let id = token(&database, "ci", 1, TimeDelta::days(1)).await.unwrap();
    for hash in [[8; 32], [9; 32]] {
        sessions::open(pool, &hash, &Opening::Token { id, name: "ci" }, HOUR).await.unwrap();
    }
    assert!(matches!(sessions::find(pool, &[9; 32], HOUR).await.unwrap(), Some(Holder::Token { .. })));
    let mut owner = database.owner().await;
    owner.execute("update tokens set expires_at = now()").await.unwrap();
    assert_eq!(sessions::find(pool, &[9; 32], HOUR).await.unwrap(), None, "expired");
    owner.execute("update tokens set expires_at = now() + interval '1 day'").await.unwrap();
    tokens::revoke(pool, "ci").await.unwrap();
    assert_eq!(sessions::find(pool, &[8; 32], HOUR).await.unwrap(), None, "revoked");
}

#[tokio::test]
async fn a_sign_in_is_used_once() {
    let database = Database::new().await;
    assert_eq!(sessions::use_login(database.store.pool(), &[1; 32]).await.unwrap(), Use::First);
    assert_eq!(sessions::use_login(database.store.pool(), &[1; 32]).await.unwrap(), Use::Again);
}

fn wanted() -> NewWaiver<'static> {
    NewWaiver {
        installation_id: 42,
        repository_id: REPOSITORY_ID,
        repository: "octo-org/hello",
        purl: "pkg:npm/left-pad@1.3.0",
        code: "license-denied",
        reason: "replaced next week",
        requested_by: "github:octo-reader",
    }
}

#[tokio::test]
async fn a_waiver_is_asked_for_answered_and_ends() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let Requested::New(id) = waivers::request(&mut connection, &wanted()).await.unwrap() else { panic!("it is new") };
    assert_eq!(waivers::request(&mut connection, &wanted()).await.unwrap(), Requested::Open(id), "asked once");
    let now = Utc::now();
    assert!(waivers::granted_for(&mut *connection, REPOSITORY_ID, now).await.unwrap().is_empty());

    for end in [now, now - TimeDelta::days(1), now + TimeDelta::days(91)] {
        let answer = Answer::Grant { expires_at: end };
        let answered = waivers::answer(&mut connection, id, answer, "person:a", "one release", now).await.unwrap();
        assert_eq!(answered, Answered::BadEnd, "{end}");
    }
    let end = now + TimeDelta::days(7);
    let grant = Answer::Grant { expires_at: end };
    let answered = waivers::answer(&mut connection, id, grant, "person:a", "one release", now).await.unwrap();
    assert_eq!(answered, Answered::Done);
    let again = waivers::answer(&mut connection, id, grant, "person:b", "again", now).await.unwrap();
    assert_eq!(again, Answered::Stands(State::Granted), "an answer stands");

    let granted = waivers::granted_for(&mut *connection, REPOSITORY_ID, now).await.unwrap();
    assert_eq!((granted.len(), granted[0].decided_by.as_str()), (1, "person:a"));
    assert!(waivers::granted_for(&mut *connection, 7, now).await.unwrap().is_empty(), "another repository");
    assert!(waivers::granted_for(&mut *connection, REPOSITORY_ID, end).await.unwrap().is_empty(), "its end");
    let later = waivers::get(&mut *connection, id, end).await.unwrap().unwrap();
    assert_eq!(later.state, State::Expired);
    let too_late = waivers::answer(&mut connection, id, Answer::Refuse, "person:b", "no", end).await.unwrap();
    assert_eq!(too_late, Answered::Stands(State::Expired));
}

#[tokio::test]
async fn what_was_granted_may_end_early_and_never_comes_back() {
    let database = Database::new().await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let Requested::New(id) = waivers::request(&mut connection, &wanted()).await.unwrap() else { panic!("it is new") };
    let now = Utc::now();
    let grant = Answer::Grant { expires_at: now + TimeDelta::days(90) };
    waivers::answer(&mut connection, id, grant, "person:a", "one release", now).await.unwrap();
    let ended = waivers::answer(&mut connection, id, Answer::Refuse, "person:b", "not any more", now).await.unwrap();
    assert_eq!(ended, Answered::Done);
    assert!(waivers::granted_for(&mut *connection, REPOSITORY_ID, now).await.unwrap().is_empty());
    let back = connection
        .execute("update waivers set state = 'granted', expires_at = now() + interval '1 day'")
        .await
        .unwrap_err();
    assert_eq!(back.as_database_error().and_then(|e| e.code()).unwrap_or_default(), "23001");
    let for_ever = connection.execute("update waivers set expires_at = 'infinity'").await.unwrap_err();
    assert!(for_ever.as_database_error().is_some());
    assert!(matches!(waivers::request(&mut connection, &wanted()).await.unwrap(), Requested::New(_)), "asked anew");
}
