//! From the webhook to the completed check, for a bump of fifty releases; and the memory that it takes.

use super::{
    Options,
    measure::Sample,
    stage::Stage,
    table::{Aim, Row, Table},
};
use anyhow::Result;

const RELEASES: usize = 50;

pub(super) async fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let mut stage = Stage::set(options, RELEASES, 4).await?;
    let (idle, _) = stage.server.memory()?;
    let cold = stage.judge().await?;
    let (mut total, mut own, mut github) = (Sample::default(), Sample::default(), Sample::default());
    stage.judge().await?;
    let before = stage.server.jobs().await.unwrap_or_default();
    for _ in 0..options.rounds(25, 8) {
        let judged = stage.judge().await?;
        total.push(judged.total.as_secs_f64() * 1000.0);
        github.push(judged.github.as_secs_f64() * 1000.0);
        own.push((judged.total.saturating_sub(judged.github)).as_secs_f64() * 1000.0);
    }
    let after = stage.server.jobs().await.unwrap_or_default();
    let (now, peak) = stage.server.memory()?;
    stage.end().await?;

    let one = |value: f64| {
        let mut sample = Sample::default();
        sample.push(value);
        sample
    };
    let cold_own = (cold.total.saturating_sub(cold.github)).as_secs_f64() * 1000.0;
    let limit = format!("the stand-in for GitHub itself took {:.0} ms of {:.0} ms", github.median(), total.median());
    table.push(Row::alone("webhook to check, 50 releases, warm", "ms", &own, Aim::AtMost(150.0)).against(limit));
    table.push(Row::alone("webhook to check, 50 releases, cold", "ms", &one(cold_own), Aim::None));
    table.push(Row::alone("server's memory, idle", "MiB", &one(idle), Aim::None));
    table.push(Row::alone("server's memory after the bumps", "MiB", &one(now), Aim::None));
    table.push(Row::alone("server's memory, peak", "MiB", &one(peak), Aim::None));
    table.note(format!("warm, by job: {}", by_job(&before, &after)));
    Ok(())
}

/// Milliseconds of each kind of job, for each time that it ran.
fn by_job(before: &[(String, f64, f64)], after: &[(String, f64, f64)]) -> String {
    let spent = |(kind, sum, count): &(String, f64, f64)| {
        let (old_sum, old_count) = before.iter().find(|b| b.0 == *kind).map_or((0.0, 0.0), |b| (b.1, b.2));
        let runs = count - old_count;
        (runs > 0.0).then(|| format!("{kind} {:.1} ms x {runs:.0}", (sum - old_sum) / runs * 1000.0))
    };
    after.iter().filter_map(spent).collect::<Vec<_>>().join(", ")
}
