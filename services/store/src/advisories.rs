//! Advisories in OSV format, by package.

use crate::{Result, error::Doing, json};
use chrono::{DateTime, Utc};
use lockgate_model::{Digest, Ecosystem};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use std::collections::HashMap;

/// Held until the transaction of an import ends.
const IMPORT_LOCK: i64 = 0x6164_7669_736f_7279;
/// Records written by one statement.
const BATCH: usize = 500;

/// One OSV record, with what it is found by.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: String,
    pub modified: DateTime<Utc>,
    /// Packages that it is about; those of ecosystems that are not supported are left out.
    pub packages: Vec<(Ecosystem, String)>,
    pub body: Value,
}

/// What has been imported, over all sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Greater with every import. The digest may come back, when an old feed is imported again, and the records that came
    /// between stay.
    pub revision: i64,
    /// SHA-256 over the latest digest of each source.
    pub digest: Digest,
    /// When the source that waits longest for its renewal was imported.
    pub imported_at: DateTime<Utc>,
    /// Over all latest imports.
    pub records: i64,
}

/// Adds and renews the records of a feed; answers how many there were. A record that is not in the feed any
/// more stays: a truncated feed must not make a vulnerability vanish. Of two versions the later modified stays.
///
/// # Errors
/// When the database fails; the transaction must then be given up.
pub async fn import(
    connection: &mut PgConnection,
    source: &str,
    digest: &Digest,
    records: impl IntoIterator<Item = Record>,
) -> Result<i64> {
    let doing = || format!("import the advisories {source}");
    // One after the other: revisions then appear in their order, and whoever has seen one has all before it.
    sqlx::query!(r#"select pg_advisory_xact_lock($1)::text as "locked""#, IMPORT_LOCK)
        .fetch_one(&mut *connection)
        .await
        .doing(doing)?;
    let mut total = 0_i64;
    let mut batch: HashMap<String, Record> = HashMap::with_capacity(BATCH);
    for record in records {
        total += 1;
        keep_later(&mut batch, record);
        if batch.len() == BATCH {
            write(connection, source, &batch).await?;
            batch.clear();
        }
    }
    write(connection, source, &batch).await?;
    sqlx::query!(
        "insert into advisory_feeds (source, digest, records) values ($1, $2, $3)",
        source,
        digest.to_string(),
        total
    )
    .execute(connection)
    .await
    .doing(doing)?;
    Ok(total)
}

/// One statement cannot write the same row twice.
fn keep_later(batch: &mut HashMap<String, Record>, record: Record) {
    match batch.get(&record.id) {
        Some(kept) if kept.modified > record.modified => {}
        _ => drop(batch.insert(record.id.clone(), record)),
    }
}

async fn write(connection: &mut PgConnection, source: &str, batch: &HashMap<String, Record>) -> Result<()> {
    let doing = || format!("import the advisories {source}");
    let mut records: Vec<&Record> = batch.values().collect();
    // Two imports at once then lock rows in the same order.
    records.sort_by(|a, b| a.id.cmp(&b.id));
    let bodies = records.iter().map(|r| json::to_text(doing, &r.body)).collect::<Result<Vec<_>>>()?;
    // Of a row that was inserted and not renewed, no transaction has an id in xmax.
    let written = sqlx::query!(
        r#"insert into advisories (id, modified, withdrawn, body)
         select id, modified, withdrawn, body::json
         from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[]) as new (id, modified, withdrawn, body)
         on conflict (id) do update
             set modified = excluded.modified, withdrawn = excluded.withdrawn, body = excluded.body
             where excluded.modified >= advisories.modified
         returning id, xmax <> 0 as "renewed!""#,
        &records.iter().map(|r| r.id.clone()).collect::<Vec<_>>(),
        &records.iter().map(|r| r.modified).collect::<Vec<_>>(),
        &records.iter().map(|r| withdrawn(&r.body)).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &bodies,
    )
    .fetch_all(&mut *connection)
    .await
    .doing(doing)?;
    let kept = written.iter().filter_map(|row| batch.get(&row.id));
    let packages = kept.flat_map(|r| r.packages.iter().map(|p| (&r.id, p))).collect();
    let renewed: Vec<String> = written.iter().filter(|row| row.renewed).map(|row| row.id.clone()).collect();
    name_packages(connection, source, &renewed, packages).await
}

fn withdrawn(body: &Value) -> Option<DateTime<Utc>> {
    body.get("withdrawn")?.as_str()?.parse().ok()
}

async fn name_packages(
    connection: &mut PgConnection,
    source: &str,
    renewed: &[String],
    packages: Vec<(&String, &(Ecosystem, String))>,
) -> Result<()> {
    let doing = || format!("import the advisories {source}");
    if !renewed.is_empty() {
        // Joined, not `= any`: that one is searched from end to end for each row once the plan is kept.
        sqlx::query!(
            "delete from advisory_packages p using unnest($1::text[]) as renewed (id) where p.advisory_id = renewed.id",
            renewed
        )
        .execute(&mut *connection)
        .await
        .doing(doing)?;
    }
    sqlx::query!(
        "insert into advisory_packages (ecosystem, name, advisory_id)
         select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing",
        &packages.iter().map(|(_, (ecosystem, _))| ecosystem.osv_name().to_owned()).collect::<Vec<_>>(),
        &packages.iter().map(|(_, (ecosystem, name))| ecosystem.normalize_name(name)).collect::<Vec<_>>(),
        &packages.iter().map(|(id, _)| (*id).clone()).collect::<Vec<_>>(),
    )
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    Ok(())
}

/// What has been imported; `None` before the first import.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn feed(executor: impl PgExecutor<'_>) -> Result<Option<Feed>> {
    let latest = sqlx::query!(
        "select distinct on (source) id, source, digest, records, imported_at from advisory_feeds order by source, id desc"
    )
    .fetch_all(executor)
    .await
    .doing(|| "load the state of the advisory feeds".to_owned())?;
    let Some(imported_at) = latest.iter().map(|row| row.imported_at).min() else { return Ok(None) };
    let lines: String = latest.iter().map(|row| format!("{:?} {}\n", row.source, row.digest)).collect();
    let records = latest.iter().map(|row| row.records).sum();
    let revision = latest.iter().map(|row| row.id).max().unwrap_or_default();
    Ok(Some(Feed { revision, digest: Digest::sha256(lines.as_bytes()), imported_at, records }))
}

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// SHA-256 of the text, in hexadecimal; what [`digests`] answers.
    pub sha256: String,
    pub body: Value,
    /// Of the text, in bytes.
    pub size: usize,
}

/// The records about each of `packages`, in their order: ordered by id, withdrawn ones included.
///
/// # Errors
/// When the database fails or a row cannot be read.
pub async fn for_packages(executor: impl PgExecutor<'_>, packages: &[(Ecosystem, String)]) -> Result<Vec<Vec<Kept>>> {
    let (ecosystems, names) = columns(packages);
    let rows = sqlx::query!(
        r#"select w.place as "place!", a.id, a.body::text as "body!"
           from unnest($1::text[], $2::text[]) with ordinality as w (ecosystem, name, place)
           join advisory_packages p on p.ecosystem = w.ecosystem and p.name = w.name
           join advisories a on a.id = p.advisory_id
           order by w.place, a.id"#,
        &ecosystems,
        &names,
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("load the advisories about {} packages", packages.len()))?;
    let mut records = vec![Vec::new(); packages.len()];
    for row in rows {
        let sha256 = Digest::sha256(row.body.as_bytes()).hex();
        let body = json::from_text(|| format!("the advisory {}", row.id), &row.body)?;
        place(&mut records, row.place).push(Kept { sha256, body, size: row.body.len() });
    }
    Ok(records)
}

/// SHA-256 in hexadecimal of each record about each of `packages`, in their order and sorted: what tells whether the
/// records have changed, without loading them.
///
/// # Errors
/// When the database fails.
pub async fn digests(executor: impl PgExecutor<'_>, packages: &[(Ecosystem, String)]) -> Result<Vec<Vec<String>>> {
    let (ecosystems, names) = columns(packages);
    let rows = sqlx::query!(
        r#"select w.place as "place!", encode(sha256(convert_to(a.body::text, 'UTF8')), 'hex') as "digest!"
           from unnest($1::text[], $2::text[]) with ordinality as w (ecosystem, name, place)
           join advisory_packages p on p.ecosystem = w.ecosystem and p.name = w.name
           join advisories a on a.id = p.advisory_id"#,
        &ecosystems,
        &names,
    )
    .fetch_all(executor)
    .await
    .doing(|| format!("look up the advisories about {} packages", packages.len()))?;
    let mut digests = vec![Vec::new(); packages.len()];
    for row in rows {
        place(&mut digests, row.place).push(row.digest);
    }
    digests.iter_mut().for_each(|of_one| of_one.sort_unstable());
    Ok(digests)
}

fn columns(packages: &[(Ecosystem, String)]) -> (Vec<String>, Vec<String>) {
    let column =
        |(ecosystem, name): &(Ecosystem, String)| (ecosystem.osv_name().to_owned(), ecosystem.normalize_name(name));
    packages.iter().map(column).unzip()
}

/// The element that `with ordinality` counted, from 1.
fn place<T>(all: &mut [T], ordinality: i64) -> &mut T {
    let index = usize::try_from(ordinality - 1).expect("ordinality begins at 1");
    &mut all[index]
}
