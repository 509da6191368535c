//! Where accepted deliveries become durable: gathered for as long as the commit before them takes, then committed
//! together with their jobs. One statement and one flush to disk serve all that arrived meanwhile; several writers would
//! only share them out among smaller batches. The writer has a thread and a connection to itself: beside thousands of
//! connections that all want to be read it would be served once in a while, and a flood would stop the storing.
//!
//! Both queue and bytes are bounded. What does not fit is refused with 503 and `retry-after`, at once: GitHub keeps it
//! in the App's delivery log, where `reconcile` finds it. Nothing is answered 202 before its commit.

use crate::jobs::Task;
use lockgate_model::DeliveryId;
use lockgate_store::{
    Store,
    deliveries::{self, Accepted, NewDelivery},
};
use std::{io, sync::Arc, thread, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Deliveries that wait for a commit, at most.
const WAITING: usize = 1024;
/// Deliveries in one commit, at most.
const TOGETHER: usize = 128;
/// Bytes in one commit, but for a single larger one.
const TOGETHER_BYTES: usize = 8 << 20;
/// GitHub gives up after 10 s; what is not committed by then is not acknowledged.
const PATIENCE: Duration = Duration::from_secs(8);

/// A delivery that was verified and read.
#[derive(Debug)]
pub(crate) struct Received {
    pub id: DeliveryId,
    pub event: String,
    pub action: Option<String>,
    pub installation_id: Option<i64>,
    pub repository: Option<String>,
    /// The event as JSON.
    pub content: String,
}

/// Why a delivery was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("more is arriving than can be stored; send it again")]
    Full,
    #[error("the delivery could not be stored; send it again")]
    NotStored,
}

struct Waiting {
    received: Received,
    answer: oneshot::Sender<Result<Accepted, Refused>>,
    _room: OwnedSemaphorePermit,
}

/// The way in. Cheap to clone; the writer ends with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

/// Memory for one body, held until the body was stored.
pub(crate) struct Room(OwnedSemaphorePermit);

impl Intake {
    /// `bytes`: bodies in memory at any time, together.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(store: &Store, bytes: usize) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let store = store.clone();
        let writer = move || runtime.block_on(async { write(&store.apart(1), waiting).await });
        thread::Builder::new().name("intake".to_owned()).spawn(writer)?;
        Ok(Self { queue, room: Arc::new(Semaphore::new(kilobytes(bytes))) })
    }

    /// Room for a body of `bytes`, if there is any now.
    pub(crate) fn room(&self, bytes: usize) -> Result<Room, Refused> {
        // Before a byte is read and a signature checked: under a flood, refusing has to be cheap.
        if self.queue.capacity() == 0 {
            return Err(Refused::Full);
        }
        let permits = u32::try_from(kilobytes(bytes)).map_err(|_| Refused::Full)?;
        Arc::clone(&self.room).try_acquire_many_owned(permits).map(Room).map_err(|_| Refused::Full)
    }

    /// Stores a delivery with its job.
    pub(crate) async fn accept(&self, received: Received, room: Room) -> Result<Accepted, Refused> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { received, answer, _room: room.0 }).map_err(|_| Refused::Full)?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(Refused::NotStored),
        }
    }
}

/// A semaphore counts to 2^29 at least; bytes might not fit.
fn kilobytes(bytes: usize) -> usize {
    bytes.div_ceil(1024).max(1)
}

async fn write(store: &Store, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.recv().await {
        commit(store, gather(first, &mut waiting)).await;
    }
    store.close().await;
}

fn gather(first: Waiting, waiting: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut batch = vec![first];
    let mut bytes: usize = batch.iter().map(|w| w.received.content.len()).sum();
    while batch.len() < TOGETHER && bytes < TOGETHER_BYTES {
        let Ok(next) = waiting.try_recv() else { break };
        bytes += next.received.content.len();
        batch.push(next);
    }
    // Whoever has given up has not been answered 202, and will send it again.
    batch.retain(|w| !w.answer.is_closed());
    batch
}

async fn commit(store: &Store, batch: Vec<Waiting>) {
    metrics::histogram!("lockgate_intake_batch").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
    let together: Vec<NewDelivery<'_>> = batch.iter().map(|w| row(&w.received)).collect();
    match deliveries::accept(store.pool(), &together, &Task::handling()).await {
        Ok(accepted) => {
            for (waiting, accepted) in batch.into_iter().zip(accepted) {
                let _ = waiting.answer.send(Ok(accepted));
            }
        }
        // One that the database does not take must not take the others with it.
        Err(error) if batch.len() > 1 && error.sql_state().is_some() => {
            for waiting in batch {
                let answer = alone(store, &waiting.received).await;
                let _ = waiting.answer.send(answer);
            }
        }
        Err(error) => {
            tracing::error!(deliveries = batch.len(), %error, "store deliveries; they are not acknowledged");
            for waiting in batch {
                let _ = waiting.answer.send(Err(Refused::NotStored));
            }
        }
    }
}

async fn alone(store: &Store, received: &Received) -> Result<Accepted, Refused> {
    match deliveries::accept(store.pool(), &[row(received)], &Task::handling()).await {
        Ok(accepted) => accepted.first().copied().ok_or(Refused::NotStored),
        Err(error) => {
            tracing::error!(delivery = %received.id, %error, "store a delivery; it is not acknowledged");
            Err(Refused::NotStored)
        }
    }
}

fn row(received: &Received) -> NewDelivery<'_> {
    NewDelivery {
        id: &received.id,
        event: &received.event,
        action: received.action.as_deref(),
        installation_id: received.installation_id,
        repository: received.repository.as_deref(),
        content: &received.content,
    }
}
