//! What models said, on its way into the database. A check never waits for it: where the queue is full or the database
//! fails, scores are lost and counted.

use lockgate_store::{
    Store,
    models::{self, NewScore},
};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

/// Scores that may wait to be noted.
const QUEUE: usize = 4096;
/// Rows of one statement.
const BATCH: usize = 500;
/// A score waits this long for others to share its statement.
const GATHER: Duration = Duration::from_secs(1);
/// What waits when the server stops has this long.
const LAST: Duration = Duration::from_secs(5);

/// The end into which scores are put. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Notes(mpsc::Sender<NewScore>);

impl Notes {
    pub(super) fn new() -> (Self, mpsc::Receiver<NewScore>) {
        let (sender, waiting) = mpsc::channel(QUEUE);
        (Self(sender), waiting)
    }

    pub(super) fn note(&self, score: NewScore) {
        if self.0.try_send(score).is_err() {
            lost(1);
        }
    }
}

pub(super) fn lost(scores: usize) {
    metrics::counter!("lockgate_model_scores_lost_total").increment(scores as u64);
}

/// Notes what arrives, until `stop` and until nothing waits any more.
pub(super) async fn write(store: Store, mut waiting: mpsc::Receiver<NewScore>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let first = tokio::select! {
            first = waiting.recv() => first,
            () = stop.cancelled(), if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        batch.push(first);
        let gathered = async {
            while batch.len() < BATCH {
                let Some(next) = waiting.recv().await else { break };
                batch.push(next);
            }
        };
        let gathering = stop.run_until_cancelled(timeout(GATHER, gathered));
        let _ = gathering.await;
        if let Err(error) = append(&store, &batch, stop.is_cancelled()).await {
            tracing::warn!(error, scores = batch.len(), "note what models said; it is lost");
            lost(batch.len());
        }
        batch.clear();
    }
}

async fn append(store: &Store, batch: &[NewScore], is_last: bool) -> Result<(), String> {
    let noted = models::note(store.pool(), batch);
    let noted = if is_last { timeout(LAST, noted).await } else { Ok(noted.await) };
    noted.map_err(|_| "the server stops".to_owned())?.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score() -> NewScore {
        NewScore {
            digest: "a".repeat(64),
            place: "active",
            purl: "pkg:npm/left-pad@1.3.0".to_owned(),
            ecosystem: "npm".to_owned(),
            mode: "update".to_owned(),
            score: None,
            probability: None,
            threshold: 0.0,
            chunks: 0,
            facts: 0,
            micros: 1,
            failure: None,
        }
    }

    #[test]
    fn who_notes_never_waits() {
        // Nobody reads, and nobody awaits: what does not fit is lost.
        let (notes, mut waiting) = Notes::new();
        (0..QUEUE + 7).for_each(|_| notes.note(score()));
        assert_eq!(std::iter::from_fn(|| waiting.try_recv().ok()).count(), QUEUE);
    }
}
