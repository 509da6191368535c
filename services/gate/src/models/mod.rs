//! Models over time: which one scores a release, what those beside it would have said, and when one is taken back.
//!
//! PostgreSQL says where models stand; each server opens those that stand somewhere from the bytes that are kept there, and
//! looks every few seconds whether another should. So a promotion or a roll-back reaches every server without a restart, and
//! none depends on a file that another has. Where they stand is written by `lockgate model` and by `jobs/watch_models.rs`.

mod beside;
pub mod choice;
pub(crate) mod compare;
mod distance;
pub mod drift;
mod first;
pub mod limits;
mod notes;
mod standing;

pub(crate) use standing::{Running, Standing};

use crate::config::Config;
use anyhow::{Context as _, Result};
use beside::{Beside, Shown};
use chrono::Utc;
use lockgate_classifier::{Library, Settings};
use lockgate_evidence::classifier::Classifier;
use lockgate_model::{Cause, CauseKind};
use lockgate_store::{
    Store,
    models::{self, Place},
};
use notes::Notes;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How often a server looks whether other models stand.
const POLL: Duration = Duration::from_secs(2);

/// The models that stand somewhere, as this server runs them.
#[derive(Debug)]
pub struct Models {
    store: Store,
    /// The file that is the first model.
    first: PathBuf,
    library_path: PathBuf,
    library: OnceLock<Library>,
    settings: Settings,
    standing: RwLock<Arc<Vec<Standing>>>,
    /// One look at a time: two would open the same model twice.
    looking: tokio::sync::Mutex<()>,
    notes: Notes,
    beside: Beside,
    /// What the tasks read from; taken when they start.
    waiting: Mutex<Option<(mpsc::Receiver<models::NewScore>, mpsc::Receiver<Shown>)>>,
}

impl Models {
    /// `None` where no model is configured. Nothing is opened before [`Models::start`].
    pub fn new(config: &Config, store: Store) -> Option<Self> {
        let first = config.classifier.model.clone()?;
        let budget = Duration::from_secs(config.work.collector_seconds);
        let (notes, scores) = Notes::new();
        let (beside, shown) = Beside::new();
        Some(Self {
            store,
            first,
            library_path: config.classifier.library(),
            library: OnceLock::new(),
            settings: Settings { budget, ..Settings::default() },
            standing: RwLock::default(),
            looking: tokio::sync::Mutex::default(),
            notes,
            beside,
            waiting: Mutex::new(Some((scores, shown))),
        })
    }

    /// Opens what stands, after it has made the configured file the active model of a database that has none.
    ///
    /// # Errors
    /// When ONNX Runtime, the database, or a file that is to be the first model cannot be used: a server must not start as
    /// if it had a check that it has not. A model of the database that cannot be opened is none: it may be replaced while
    /// the server runs.
    pub async fn start(self: &Arc<Self>) -> Result<Watching> {
        let path = self.library_path.clone();
        let library = tokio::task::spawn_blocking(move || Library::load(&path)).await?;
        let library = library.context("load the classifier's library")?;
        let library = self.library.get_or_init(|| library).clone();
        first::ensure(&self.store, &library, &self.first).await?;
        self.look().await?;
        Ok(Watching::start(self))
    }

    /// The check for the releases of a repository, with the model that is chosen for it now.
    pub(crate) fn check_for(&self, repository: Option<i64>) -> Classifier {
        let standing = self.standing();
        let Some(chosen) = chosen(&standing, repository) else { return unchosen() };
        match &chosen.running {
            Ok(running) => {
                let watch = beside::Watch::new(chosen, &standing, self.notes.clone(), self.beside.clone());
                Classifier::new(Arc::clone(&running.service)).watched(Arc::new(watch))
            }
            Err(failed) => Classifier::unavailable(chosen.digest.clone(), failed.cause.clone()),
        }
    }

    /// What stands where by now, the active model first.
    pub(crate) fn standing(&self) -> Arc<Vec<Standing>> {
        Arc::clone(&self.standing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Digest and place of each model that this server runs, the active one first.
    pub fn running(&self) -> Vec<(String, Place)> {
        let standing = self.standing();
        let running = standing.iter().filter(|model| model.running.is_ok());
        running.map(|model| (model.digest.clone(), model.place)).collect()
    }

    /// Opens what stands by now and did not, and closes what no longer does.
    ///
    /// # Errors
    /// When the database cannot be read; what stood goes on.
    pub(crate) async fn look(&self) -> Result<()> {
        let _alone = self.looking.lock().await;
        let Some(library) = self.library.get() else { return Ok(()) };
        let placed = models::placed(self.store.pool()).await?;
        let before = self.standing();
        let is_same =
            |model: &Standing, (digest, place): &(String, Place)| model.digest == *digest && model.place == *place;
        let is_settled = before.len() == placed.len() && before.iter().zip(&placed).all(|(a, b)| is_same(a, b));
        if is_settled && !before.iter().any(Standing::is_due) {
            return Ok(());
        }
        let mut now = Vec::with_capacity(placed.len());
        for (digest, place) in placed {
            let known = before.iter().find(|model| model.digest == digest && !model.is_due());
            let running = match known {
                Some(known) => known.running.clone(),
                None => standing::open(&self.store, library, self.settings, &digest).await?,
            };
            tracing::info!(model = digest, place = place.name(), running = running.is_ok(), "the model stands");
            now.push(Standing { digest, place, running });
        }
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
        // A model that is closed ends after the run that is under way, and is waited for.
        tokio::task::spawn_blocking(move || drop(before));
        Ok(())
    }
}

/// The check while no model is chosen. Nothing passes by it.
pub(crate) fn unchosen() -> Classifier {
    let cause = Cause::new(CauseKind::Internal, "score a release: no model is active")
        .with_remedy("the check is tried again; if it stays, `lockgate model list` says which models there are");
    Classifier::unavailable(String::new(), cause)
}

/// The canary where it takes the repository and runs; else the active model.
fn chosen(standing: &[Standing], repository: Option<i64>) -> Option<&Standing> {
    let takes = |model: &&Standing| match (model.place, repository) {
        (Place::Canary { share }, Some(repository)) => {
            model.running.is_ok() && choice::takes(repository, Utc::now(), &model.digest, share)
        }
        _ => false,
    };
    let active = || standing.iter().find(|model| model.place == Place::Active);
    standing.iter().find(takes).or_else(active)
}

/// What goes on beside the checks, until it is finished.
#[derive(Debug)]
pub struct Watching {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Watching {
    fn start(models: &Arc<Models>) -> Self {
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        let waiting = models.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((scores, shown)) = waiting {
            tasks.spawn(notes::write(models.store.clone(), scores, stop.clone()));
            tasks.spawn(until(stop.clone(), beside::ask(Arc::clone(models), shown)));
        }
        tasks.spawn(until(stop.clone(), poll(Arc::clone(models))));
        Self { tasks, stop }
    }

    /// Takes no further score, and waits until those that were heard are noted.
    pub async fn finish(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    stop.run_until_cancelled(work).await;
}

async fn poll(models: Arc<Models>) {
    loop {
        tokio::time::sleep(POLL).await;
        if let Err(error) = models.look().await {
            tracing::warn!(error = format!("{error:#}"), "look which models stand; those that stood go on");
        }
    }
}
