//! `lockgate model`: a model is kept, asked beside the one that decides, tried on a share of the repositories, promoted, and
//! taken back.

mod add;
mod drift;
mod golden;
mod kept;
mod list;
mod moves;
mod place;
mod promote;

pub(super) use kept::{open, short};

use crate::{
    config::Config,
    server::{self, Database},
};
use anyhow::Result;
use lockgate_store::Store;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Keep a model, if it can be run here; it decides nothing yet.
    Add {
        /// An ONNX file. Its SHA-256 is expected beside it, in a file of that name and `.sha256`.
        file: PathBuf,
        /// Its SHA-256, instead of the file beside it.
        #[arg(long, value_name = "HEX")]
        digest: Option<String>,
    },
    /// Every model that is kept, and where it stands.
    List {
        /// How they came there instead: who moved which, and why; the latest first.
        #[arg(long)]
        moves: bool,
        #[arg(long)]
        json: bool,
    },
    /// Let a model decide, if it passes the acceptance file. Exit: 1 when it does not.
    Promote(promote::Arguments),
    /// Ask a model as well, without letting it decide. Exit: 1 when it was to stop and is no shadow.
    Shadow {
        /// At least six digits of it.
        digest: String,
        /// Ask it no longer.
        #[arg(long)]
        stop: bool,
        #[command(flatten)]
        why: Why,
    },
    /// Take the canary back, or, where there is none, go back to the model before. Exit: 1 when there is none.
    Rollback {
        #[command(flatten)]
        why: Why,
    },
    /// What the acceptance file says of a model. Exit: 1 when a bar is not met.
    Golden {
        /// At least six digits of a digest, or a file; else the active model, or the configured one where none is active.
        model: Option<String>,
        /// Instead of the one beside the configured model.
        #[arg(long, value_name = "FILE")]
        acceptance: Option<PathBuf>,
    },
    /// How far what a model sees has moved: from what it was measured on, and from what it saw before.
    Drift(drift::Arguments),
}

/// Kept with the change.
#[derive(Debug, clap::Args)]
pub(super) struct Why {
    /// Why; kept for whoever looks later.
    #[arg(long, default_value = "none was given", value_parser = reason)]
    reason: String,
}

/// One line: it is shown in lists.
fn reason(text: &str) -> Result<String, String> {
    let sound = !text.trim().is_empty() && text.chars().count() <= 500 && !text.chars().any(char::is_control);
    sound.then(|| text.trim().to_owned()).ok_or_else(|| "a reason has 1 to 500 printable characters".to_owned())
}

pub(super) async fn run(path: &Path, command: Command) -> Result<ExitCode> {
    match command {
        Command::Add { file, digest } => add::run(&Ready::at(path).await?, &file, digest.as_deref()).await,
        Command::List { moves: false, json } => list::run(&Ready::at(path).await?, json).await,
        Command::List { moves: true, json } => moves::run(&Ready::at(path).await?, json).await,
        Command::Promote(arguments) => promote::run(&Ready::at(path).await?, &arguments).await,
        Command::Shadow { digest, stop: false, why } => {
            place::shadow(&Ready::at(path).await?, &digest, &why.reason).await
        }
        Command::Shadow { digest, stop: true, why } => place::stop(&Ready::at(path).await?, &digest, &why.reason).await,
        Command::Rollback { why } => place::roll_back(&Ready::at(path).await?, &why.reason).await,
        Command::Golden { model, acceptance } => golden::run(path, model.as_deref(), acceptance.as_deref()).await,
        Command::Drift(arguments) => drift::run(&Ready::at(path).await?, &arguments).await,
    }
}

/// What all but `golden` need: a file can be tried without.
struct Ready {
    config: Config,
    database: Database,
}

impl Ready {
    async fn at(path: &Path) -> Result<Self> {
        let config = Config::load(path)?;
        let database = server::database(&config).await?;
        Ok(Self { config, database })
    }

    fn store(&self) -> &Store {
        &self.database.store
    }
}
