//! How a job ends, and the commit that ends it.

use anyhow::{Result, bail};
use lockgate_github::GithubError;
use lockgate_source::SourceError;
use lockgate_store::{
    Store, Transaction,
    jobs::{self, Held},
};
use std::time::Duration;

/// How a job ended, short of an error.
#[derive(Debug)]
pub(crate) enum Ended {
    /// What it did is committed, its own completion with it.
    Committed,
    /// A registry was down: once more, but not for ever.
    Again { after: Duration, why: String },
    /// The world is not ready (a rate limit, a commit that cannot be read yet). Does not count as an attempt; the
    /// deadline of the check ends it.
    Later { after: Duration, why: String },
}

/// A job in the hands of a worker.
#[derive(Debug, Clone)]
pub(crate) struct Holding {
    pub job: i64,
    pub worker: String,
    /// 1 for the first.
    pub attempt: i32,
}

impl Holding {
    /// Commits what the job did, provided that it is still ours: completed in the same transaction, it can neither be
    /// repeated after a crash nor overwrite what its heir has done.
    ///
    /// # Errors
    /// When the lease was lost, or the database fails; nothing is committed then.
    pub(crate) async fn commit(&self, mut transaction: Transaction<'_>) -> Result<Ended> {
        if jobs::complete(&mut *transaction, self.job, &self.worker).await? == Held::Lost {
            bail!("the lease ran out before the job ended; another worker repeats it");
        }
        transaction.commit().await?;
        Ok(Ended::Committed)
    }

    /// [`Self::commit`] of nothing.
    pub(crate) async fn finish(&self, store: &Store) -> Result<Ended> {
        self.commit(store.begin().await?).await
    }
}

/// How long to wait before attempt `attempt + 1`: 2 s doubled each time, at most 5 minutes.
pub(crate) fn backoff(attempt: i32) -> Duration {
    let exponent = u32::try_from(attempt.clamp(0, 8)).unwrap_or(8);
    Duration::from_secs((2_u64 << exponent).min(300))
}

/// A failure that time may mend, as [`Ended::Later`]; any other stays an error. `waited`: how long the job has waited
/// already, so that the next wait grows with it.
pub(crate) fn later_if_passing(error: anyhow::Error, waited: Duration) -> Result<Ended> {
    let growing = (waited / 2).clamp(Duration::from_secs(1), Duration::from_secs(60));
    let after = match (error.downcast_ref::<GithubError>(), error.downcast_ref::<SourceError>()) {
        (Some(github), _) => match github.retry_after() {
            Some(wait) => wait + jitter(),
            None if github.is_transient() => growing,
            // A key that is being replaced, or this machine's clock: both are mended outside of the job.
            None if matches!(github, GithubError::AppRefused { .. }) => growing,
            None => return Err(error),
        },
        (_, Some(source)) if source.is_transient() => growing,
        _ => return Err(error),
    };
    Ok(Ended::Later { after, why: format!("{error:#}") })
}

/// Up to a second, so that all that waited for one moment does not come at once.
fn jitter() -> Duration {
    Duration::from_millis(u64::from(uuid::Uuid::new_v4().as_bytes()[0]) * 4)
}
