//! The first model: a database without an active one takes the configured file.

use anyhow::{Context as _, Result};
use lockgate_classifier::{Library, Model, Pin};
use lockgate_model::Digest;
use lockgate_store::{
    Store,
    models::{self, Place},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Who moved it, as the moves say.
const BY: &str = "configuration";

/// # Errors
/// When no model is active and the file cannot be used, or the database fails.
pub(super) async fn ensure(store: &Store, library: &Library, file: &Path) -> Result<()> {
    let placed = models::placed(store.pool()).await?;
    if let Some((active, _)) = placed.iter().find(|(_, place)| *place == Place::Active) {
        say_if_other(active, file.to_owned()).await;
        return Ok(());
    }
    let (library, path) = (library.clone(), file.to_owned());
    let file = tokio::task::spawn_blocking(move || File::read(&library, &path)).await??;
    let mut transaction = store.begin().await?;
    models::add(&mut *transaction, &file.digest, &file.bytes, &file.card, BY).await?;
    let reason = "the configured model is the first one";
    models::put(&mut transaction, &file.digest, Place::Active, BY, reason).await?;
    transaction.commit().await?;
    Ok(())
}

struct File {
    digest: String,
    bytes: Vec<u8>,
    card: serde_json::Value,
}

impl File {
    /// 1. The file is what is pinned beside it, and a model. 2. What is kept are the bytes that were pinned.
    fn read(library: &Library, path: &Path) -> Result<Self> {
        let subject = || format!("open the classifier's model {}", path.display());
        // 1.
        let model = Model::open(library, path, Pin::Beside).context("open the classifier's model")?;
        // 2.
        let bytes = fs::read(path).with_context(subject)?;
        let digest = model.digest().to_owned();
        Model::from_bytes(library, &path.display().to_string(), &bytes, &digest).with_context(subject)?;
        let card = serde_json::from_str(model.card_text()).with_context(subject)?;
        Ok(Self { digest, bytes, card })
    }
}

/// An operator who has put another file in the place of the first expects it to be used.
async fn say_if_other(active: &str, file: PathBuf) {
    let read = file.clone();
    let found = tokio::task::spawn_blocking(move || fs::read(read).map(|bytes| Digest::sha256(&bytes))).await;
    if let Ok(Ok(found)) = found
        && found.hex() != active
    {
        tracing::warn!(
            active,
            configured = found.hex(),
            "the configured model is not the active one; `lockgate model add {}` and `lockgate model promote` make it so",
            file.display()
        );
    }
}
