//! `lockgate model promote`: a model decides once it has met every bar of the acceptance file, with the very bytes that
//! servers will load.

use super::{Ready, Why, golden, kept, short};
use crate::cli::{account, finding_code, print};
use anyhow::Result;
use lockgate_classifier::Verdict;
use lockgate_store::models::{self, Place};
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// At least six digits of it.
    digest: String,
    /// Decide for this share of the repositories; the active model goes on for the others.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    canary: Option<u8>,
    /// What it must do, instead of the file beside the configured model.
    #[arg(long, value_name = "FILE")]
    acceptance: Option<PathBuf>,
    #[command(flatten)]
    why: Why,
}

pub(super) async fn run(ready: &Ready, arguments: &Arguments) -> Result<ExitCode> {
    let (config, store) = (&ready.config, ready.store());
    let kept = kept::find(store.pool(), &arguments.digest).await?;
    let name = short(&kept.digest);
    let acceptance = golden::acceptance(Some(config), arguments.acceptance.as_deref())?;
    let mut model = kept::open(config, store.pool(), &kept.digest).await?;
    let failed: Vec<Verdict> = acceptance.judge(&mut model)?.into_iter().filter(|verdict| !verdict.passed).collect();
    if !failed.is_empty() {
        let bars: String = failed.iter().map(golden::line).collect();
        eprint!("{bars}");
        eprintln!("model {name} is not promoted: it fails {} of what it must do", failed.len());
        return Ok(finding_code(false));
    }
    let place = arguments.canary.map_or(Place::Active, |share| Place::Canary { share });
    if kept.place == Some(place) {
        print(&format!("model {name} is {} already\n", words(place)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut transaction = store.begin().await?;
    models::put(&mut transaction, &kept.digest, place, &account(), &arguments.why.reason).await?;
    let noted = models::moves(&mut *transaction, 1).await?;
    transaction.commit().await?;
    let replaced = noted.first().and_then(|noted| noted.replaced.as_deref());
    let replaced = replaced.map_or_else(String::new, |digest| format!(", in the place of model {}", short(digest)));
    print(&format!("model {name} is {}{replaced}\n", words(place)))?;
    Ok(ExitCode::SUCCESS)
}

fn words(place: Place) -> String {
    match place {
        Place::Canary { share } => format!("the canary for {share}% of the repositories"),
        Place::Active | Place::Shadow => place.name().to_owned(),
    }
}
