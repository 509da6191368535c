//! `lockgate model add`: a model is opened before it is kept, so that what is kept can be run.

use super::Ready;
use crate::cli::{account, print};
use anyhow::{Context, Result, ensure};
use lockgate_classifier::{Card, Library, Model, Pin};
use lockgate_store::models;
use std::{fs, path::Path, process::ExitCode};

/// The database keeps no more.
const MOST_BYTES: u64 = 20 * 1024 * 1024;

pub(super) async fn run(ready: &Ready, file: &Path, digest: Option<&str>) -> Result<ExitCode> {
    let size = fs::metadata(file).with_context(|| format!("read the model {}", file.display()))?.len();
    ensure!(
        size <= MOST_BYTES,
        "keep the model {}: it has {size} bytes and may have {MOST_BYTES}; train a smaller one",
        file.display()
    );
    let library = Library::load(&ready.config.classifier.library()).context("load the classifier's library")?;
    let model = Model::open(&library, file, digest.map_or(Pin::Beside, Pin::Digest))?;
    // Should the file have changed since, these are not the bytes of that digest, and the database refuses them.
    let bytes = fs::read(file).with_context(|| format!("read the model {}", file.display()))?;
    let card = serde_json::from_str(model.card_text()).context("read the model's card")?;
    let new = models::add(ready.store().pool(), model.digest(), &bytes, &card, &account()).await?;
    let what = if new { "is kept" } else { "was kept already" };
    print(&format!("model {} {what}\n{}", model.digest(), about(model.card())))?;
    Ok(ExitCode::SUCCESS)
}

/// Where it comes from, and what it was measured to do.
fn about(card: &Card) -> String {
    let mut text = format!("dataset   {}\nrevision  {}\n", card.dataset, card.revision);
    for (of, figures) in &card.metrics {
        let figures = figures.as_object().into_iter().flatten();
        let figures: Vec<String> = figures.map(|(name, figure)| format!("{name}: {figure}")).collect();
        text.push_str(&format!("{of:<8}  {}\n", figures.join(", ")));
    }
    text
}
