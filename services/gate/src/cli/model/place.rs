//! `lockgate model shadow` and `rollback`: changes of place that need no proof, for they give a model no say.

use super::{Ready, kept, short};
use crate::cli::{account, finding_code, print};
use anyhow::{Result, bail};
use lockgate_store::models::{self, Place, RolledBack};
use std::process::ExitCode;

pub(super) async fn shadow(ready: &Ready, digits: &str, reason: &str) -> Result<ExitCode> {
    let model = kept::find(ready.store().pool(), digits).await?;
    let mut transaction = ready.store().begin().await?;
    models::put(&mut transaction, &model.digest, Place::Shadow, &account(), reason).await?;
    transaction.commit().await?;
    print(&format!("model {} is a shadow: it is asked as well, and decides nothing\n", short(&model.digest)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn stop(ready: &Ready, digits: &str, reason: &str) -> Result<ExitCode> {
    let model = kept::find(ready.store().pool(), digits).await?;
    let name = short(&model.digest);
    match model.place {
        Some(Place::Canary { .. }) => bail!("model {name} is the canary; `lockgate model rollback` takes it back"),
        Some(Place::Active) => bail!("model {name} is the active one; promote another, or `lockgate model rollback`"),
        Some(Place::Shadow) | None => {}
    }
    let mut transaction = ready.store().begin().await?;
    let stood = models::withdraw(&mut transaction, &model.digest, &account(), reason).await?;
    transaction.commit().await?;
    match stood {
        true => print(&format!("model {name} is asked no longer\n"))?,
        false => eprintln!("model {name} is no shadow; see `lockgate model list`"),
    }
    Ok(finding_code(stood))
}

pub(super) async fn roll_back(ready: &Ready, reason: &str) -> Result<ExitCode> {
    let mut transaction = ready.store().begin().await?;
    let done = models::roll_back(&mut transaction, None, &account(), reason).await?;
    transaction.commit().await?;
    match &done {
        None => eprintln!(
            "there is no model to go back to: none was active before, or it was taken back itself; promote one"
        ),
        Some(RolledBack { from, to }) => {
            let to = to.as_deref().map_or("no other", short);
            print(&format!("model {} is taken back; model {to} decides\n", short(from)))?;
        }
    }
    Ok(finding_code(done.is_some()))
}
