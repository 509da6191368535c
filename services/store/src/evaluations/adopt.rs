//! Rows of the version before: they know their repository by name, and carry GitHub's check run themselves.

use crate::{Result, error::Doing, jobs::milliseconds};
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

/// Gives an evaluation the repository that it belongs to and its head a check run, due within `deadline`. Answers with the
/// check run; `None` when the evaluation does not exist. Changes nothing in a row that has both.
///
/// # Errors
/// When the database fails.
pub async fn adopt(connection: &mut PgConnection, id: Uuid, deadline: Duration) -> Result<Option<Uuid>> {
    let doing = || format!("adopt the evaluation {id}");
    // The id stands in the payloads of the repository's deliveries; where those are gone, the name has to do.
    sqlx::query!(
        "with known as (
             select e.repository, e.source_url, e.installation_id, coalesce(
                 (select r.id from repositories r where r.full_name = e.repository order by r.updated_at desc limit 1),
                 (select (d.payload -> 'repository' ->> 'id')::bigint from deliveries d
                  where d.repository = e.repository and d.payload -> 'repository' ->> 'id' ~ '^[0-9]{1,18}$'
                  order by d.received_at desc limit 1),
                 nextval('unknown_repositories')) as repository_id
             from evaluations e where e.id = $1 and e.repository_id is null
         ), recorded as (
             insert into repositories (id, full_name, clone_url, installation_id)
             select repository_id, repository, source_url, installation_id from known
             on conflict (id) do nothing
         )
         update evaluations e set repository_id = known.repository_id, event_at = coalesce(e.event_at, e.created_at)
         from known where e.id = $1",
        id
    )
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    sqlx::query_scalar!(
        "insert into check_runs (id, repository_id, installation_id, head_sha, github_id, deadline_at)
         select $2, e.repository_id, e.installation_id, e.head_sha, e.check_run_id, now() + $3 * interval '1 ms'
         from evaluations e where e.id = $1 and e.repository_id is not null
         on conflict (repository_id, head_sha) do update set wanted = check_runs.wanted + 1, updated_at = now()
         returning id",
        id,
        Uuid::now_v7(),
        milliseconds(deadline),
    )
    .fetch_optional(&mut *connection)
    .await
    .doing(doing)
}
