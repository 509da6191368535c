//! Who read what: appended, never changed, removed by age alone (see [`crate::retention`]).

use crate::{Result, error::Doing};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// One reading, to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    pub at: DateTime<Utc>,
    /// `person:NAME`, `token:NAME`, `cli:ACCOUNT`.
    pub principal: String,
    /// Names of the roles held, with commas.
    pub roles: String,
    /// Method and template of the route: `GET /d/{id}`; of a command its words.
    pub action: String,
    /// What stood in the template's places, in their order.
    pub objects: Vec<String>,
    /// The installations through which was read; `None`: every one.
    pub scope: Option<Vec<i64>>,
    /// HTTP status; 0 of a command.
    pub outcome: i32,
    /// Network of the client: `192.0.2.0/24`.
    pub client: Option<String>,
    /// Readings before this one that could not be noted.
    pub lost: i64,
}

/// One reading, as it was noted; the fields are [`NewEntry`]'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub principal: String,
    pub roles: String,
    pub action: String,
    pub objects: Vec<String>,
    /// The installation that the object belongs to.
    pub installation_id: Option<i64>,
    pub scope: Option<Vec<i64>>,
    pub outcome: i32,
    pub client: Option<String>,
    pub lost: i64,
}

/// Notes `entries` in one statement: all of them, or none. Which installation an object belongs to is looked up here: a
/// decision or evaluation by its id, a commit by repository and id.
///
/// # Errors
/// When the database fails; whoever must not answer unnoticed must then not answer.
pub async fn append(executor: impl PgExecutor<'_>, entries: &[NewEntry]) -> Result<()> {
    let rows =
        serde_json::to_string(&entries.iter().map(row).collect::<Vec<_>>()).expect("an entry has only string keys");
    sqlx::query!(
        "insert into access_log (at, principal, roles, action, objects, installation_id, scope, outcome, client, lost)
         select n.at, n.principal, n.roles, n.action, n.objects,
                coalesce((select d.installation_id from decisions d where d.id = n.object),
                         (select e.installation_id from evaluations e where e.id = n.object),
                         (select d.installation_id from decisions d
                          where d.repository = n.repository and d.head_sha = n.head limit 1)),
                n.scope, n.outcome, n.client, n.lost
         from json_to_recordset($1::text::json) as n (at timestamptz, principal text, roles text, action text,
              objects text[], object uuid, repository text, head text, scope bigint[], outcome integer, client text, lost bigint)",
        rows
    )
    .execute(executor)
    .await
    .doing(|| format!("note {} readings in the access log", entries.len()))?;
    Ok(())
}

/// As the statement above takes it. PostgreSQL's text cannot hold NUL, and a path may.
fn row(entry: &NewEntry) -> serde_json::Value {
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let objects: Vec<String> = entry.objects.iter().map(|object| clean(object)).collect();
    let commit = match objects.as_slice() {
        [owner, name, head] => Some((format!("{owner}/{name}"), head.clone())),
        _ => None,
    };
    serde_json::json!({
        "at": entry.at,
        "principal": clean(&entry.principal),
        "roles": clean(&entry.roles),
        "action": clean(&entry.action),
        "object": objects.first().and_then(|object| object.parse::<Uuid>().ok()),
        "repository": commit.as_ref().map(|(repository, _)| repository),
        "head": commit.as_ref().map(|(_, head)| head),
        "objects": objects,
        "scope": entry.scope,
        "outcome": entry.outcome,
        "client": entry.client,
        "lost": entry.lost,
    })
}

/// Which readings are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Noted as: `token:ci`.
    pub principal: Option<String>,
    /// Something that stood in a template's place: a decision's id.
    pub object: Option<String>,
    /// Only those noted before the one with this id.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u16,
}

/// Readings, the newest first, as far as the connection's role sees them.
///
/// # Errors
/// When the database fails.
pub async fn list(connection: &mut PgConnection, filter: &Filter) -> Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select id, at, principal, roles, action, objects, installation_id, scope, outcome, client, lost from access_log
         where ($1::text is null or principal = $1) and ($2::text is null or $2 = any(objects))
           and ($3::bigint is null or id < $3)
         order by id desc limit $4",
        filter.principal,
        filter.object,
        filter.before,
        i64::from(filter.limit),
    )
    .fetch_all(connection)
    .await
    .doing(|| "list the access log".to_owned())
}

/// At most `limit` readings since a time that were noted after the one with the id `after`, oldest first; 0 begins.
///
/// # Errors
/// When the database fails.
pub async fn since(executor: impl PgExecutor<'_>, since: DateTime<Utc>, after: i64, limit: i64) -> Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "select id, at, principal, roles, action, objects, installation_id, scope, outcome, client, lost from access_log
         where at >= $1 and id > $2 order by id limit $3",
        since,
        after,
        limit,
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("read the access log since {since}"))
}
