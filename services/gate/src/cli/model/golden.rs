//! `lockgate model golden`: what a model must do, shown bar by bar.

use super::kept;
use crate::{
    cli::{finding_code, print},
    config::{ClassifierConfig, Config},
    server,
};
use anyhow::{Context, Result, bail};
use lockgate_classifier::{Acceptance, Library, Model, Pin, Verdict};
use lockgate_store::models::{self, Place};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Beside the configured model.
const FILE: &str = "acceptance.json";

pub(super) async fn run(path: &Path, model: Option<&str>, given: Option<&Path>) -> Result<ExitCode> {
    let config = path.exists().then(|| Config::load(path)).transpose()?;
    let config = config.as_ref();
    let acceptance = acceptance(config, given)?;
    let mut model = match (model, config) {
        (Some(name), _) if !kept::is_digest(name) => from_file(config, Path::new(name))?,
        (Some(digits), Some(config)) => from_database(config, Some(digits)).await?,
        (Some(digits), None) => {
            bail!("model {digits} lies in a database, and {} is not there; name it with --config", path.display())
        }
        (None, Some(config)) => from_database(config, None).await?,
        (None, None) => from_file(config, &configured(config))?,
    };
    let verdicts = acceptance.judge(&mut model)?;
    let failed = verdicts.iter().filter(|verdict| !verdict.passed).count();
    let lines: String = verdicts.iter().map(line).collect();
    print(&format!("{lines}model {}: {} passed, {failed} failed\n", model.digest(), verdicts.len() - failed))?;
    Ok(finding_code(failed == 0))
}

/// The bars: `given`, else those beside the configured model.
pub(super) fn acceptance(config: Option<&Config>, given: Option<&Path>) -> Result<Acceptance> {
    let file = given.map_or_else(|| configured(config).with_file_name(FILE), Path::to_owned);
    Ok(Acceptance::read(&file)?)
}

pub(super) fn line(verdict: &Verdict) -> String {
    let end = if verdict.passed { "passed" } else { "failed" };
    format!("{end}   {}: {}\n", verdict.what, verdict.seen)
}

fn configured(config: Option<&Config>) -> PathBuf {
    let policies = config.and_then(|config| config.policy.dir.as_deref());
    classifier(config).model(policies)
}

fn classifier(config: Option<&Config>) -> ClassifierConfig {
    config.map(|config| config.classifier.clone()).unwrap_or_default()
}

fn from_file(config: Option<&Config>, file: &Path) -> Result<Model> {
    let library = Library::load(&classifier(config).library()).context("load the classifier's library")?;
    Ok(Model::open(&library, file, Pin::Beside)?)
}

/// The model whose digest begins with `digits`; without them the active one, or the configured one that a server would
/// begin with.
async fn from_database(config: &Config, digits: Option<&str>) -> Result<Model> {
    let database = server::database(config).await?;
    let pool = database.store.pool();
    let digest = match digits {
        Some(digits) => Some(kept::find(pool, digits).await?.digest),
        None => {
            let placed = models::placed(pool).await?;
            placed.into_iter().find(|(_, place)| *place == Place::Active).map(|(digest, _)| digest)
        }
    };
    match digest {
        Some(digest) => kept::open(config, pool, &digest).await,
        None => from_file(Some(config), &configured(Some(config))),
    }
}
