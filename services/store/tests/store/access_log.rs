//! The access log: appended in batches, seen by whom it concerns, and changed by nobody.

use crate::support::{Database, at, decidable};
use lockgate_store::{
    access::Scope,
    access_log::{self, Filter, NewEntry},
    decisions,
};
use std::collections::BTreeSet;

fn entry(principal: &str, action: &str, objects: &[&str], scope: Option<&[i64]>) -> NewEntry {
    NewEntry {
        at: at(0),
        principal: principal.to_owned(),
        roles: "viewer".to_owned(),
        action: action.to_owned(),
        objects: objects.iter().map(|o| (*o).to_owned()).collect(),
        scope: scope.map(<[i64]>::to_vec),
        outcome: 200,
        client: Some("192.0.2.0/24".to_owned()),
        lost: 0,
    }
}

fn some(ids: &[i64]) -> Scope {
    Scope::Installations(ids.iter().copied().collect::<BTreeSet<_>>())
}

async fn seen(database: &Database, scope: &Scope, filter: Filter) -> Vec<String> {
    let mut reading = database.store.reading(scope).await.expect("the database answers");
    let entries = access_log::list(&mut reading, &Filter { limit: 100, ..filter }).await.expect("the database answers");
    entries.into_iter().map(|e| e.principal).collect()
}

#[tokio::test]
async fn an_object_is_noted_with_its_installation_and_seen_by_its_auditors_alone() {
    let database = Database::new().await;
    let new = decidable(&database.store, 1).await;
    let mut connection = database.store.pool().acquire().await.unwrap();
    let decision = decisions::append(&mut connection, &new).await.unwrap().id.to_string();
    drop(connection);
    let head = new.head.to_string();
    let entries = [
        entry("token:a", "GET /d/{id}", &[&decision], None),
        entry(
            "token:b",
            "GET /api/v1/repos/{owner}/{name}/commits/{sha}/decision",
            &["octo-org", "hello", &head],
            None,
        ),
        entry("token:c", "GET /", &[], Some(&[42])),
        entry("token:d", "GET /", &[], Some(&[42, 43])),
        entry("token:e", "GET /", &[], None),
        entry("token:f\0", "GET /d/{id}", &["nul\0"], Some(&[7])),
    ];
    access_log::append(database.store.pool(), &entries).await.unwrap();

    assert_eq!(seen(&database, &Scope::EveryInstallation, Filter::default()).await.len(), 6);
    assert_eq!(seen(&database, &some(&[42]), Filter::default()).await, ["token:c", "token:b", "token:a"]);
    assert_eq!(
        seen(&database, &some(&[42, 43]), Filter::default()).await,
        ["token:d", "token:c", "token:b", "token:a"]
    );
    assert_eq!(seen(&database, &some(&[7]), Filter::default()).await, ["token:f\u{fffd}"]);
    assert!(seen(&database, &Scope::nothing(), Filter::default()).await.is_empty());
    let of_decision = Filter { object: Some(decision), ..Filter::default() };
    assert_eq!(seen(&database, &Scope::EveryInstallation, of_decision).await, ["token:a"]);
    let of_principal = Filter { principal: Some("token:e".into()), ..Filter::default() };
    assert_eq!(seen(&database, &Scope::EveryInstallation, of_principal).await, ["token:e"]);
}

#[tokio::test]
async fn an_export_reads_the_log_in_pages_without_a_gap() {
    let database = Database::new().await;
    let entries: Vec<NewEntry> = (0..25).map(|n| entry(&format!("token:{n}"), "GET /", &[], None)).collect();
    access_log::append(database.store.pool(), &entries).await.unwrap();
    let (mut after, mut names) = (0, Vec::new());
    loop {
        let page = access_log::since(database.store.pool(), at(0), after, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        names.extend(page.into_iter().map(|e| e.principal));
    }
    assert_eq!(names, (0..25).map(|n| format!("token:{n}")).collect::<Vec<_>>());
    assert!(access_log::since(database.store.pool(), at(1), 0, 10).await.unwrap().is_empty());
}
