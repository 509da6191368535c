//! What `cargo xtask bench` measures: each figure beside its peer, both in the same run and by turns.
//!
//! A machine is never quiet, so a time alone says little. Ours and the peer's are taken alternately, the medians are
//! compared, and each figure names the limit that physics or the peer sets, so that a gap can be seen and closed.

mod advisories;
mod archives;
mod check;
mod growth;
mod licenses;
mod listing;
mod load;
mod measure;
mod osv;
mod process;
mod registry;
mod server;
mod stage;
mod table;
mod webhooks;

use anyhow::{Result, bail};
use std::path::PathBuf;
use table::Table;

/// What the figures are measured with.
#[derive(Debug, clap::Parser)]
#[command(name = "bench")]
pub struct Options {
    /// The optimised binary.
    #[arg(long)]
    pub lockgate: PathBuf,
    /// Where the peers were installed: `python/`, `node/`.
    #[arg(long)]
    pub peers: PathBuf,
    /// What is made once and kept: clusters, feeds, projects.
    #[arg(long)]
    pub state: PathBuf,
    /// Only these figures; see the list at the end of a wrong name.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Fewer rounds and smaller peers' shares.
    #[arg(long)]
    pub quick: bool,
}

impl Options {
    /// `long` times, or `short` where it must be quick.
    fn rounds(&self, long: usize, short: usize) -> usize {
        if self.quick { short } else { long }
    }

    fn program(&self, path: &str) -> PathBuf {
        self.peers.join(path)
    }
}

type Figure = for<'a> fn(&'a Options, &'a mut Table) -> futures::future::LocalBoxFuture<'a, Result<()>>;

/// The explicit list: a name, and what measures it.
const FIGURES: [(&str, Figure); 7] = [
    ("webhooks", |o, t| Box::pin(webhooks::measure(o, t))),
    ("listing", |o, t| Box::pin(listing::measure(o, t))),
    ("advisories", |o, t| Box::pin(advisories::measure(o, t))),
    ("licenses", |o, t| Box::pin(licenses::measure(o, t))),
    ("archives", |o, t| Box::pin(archives::measure(o, t))),
    ("check", |o, t| Box::pin(check::measure(o, t))),
    ("growth", |o, t| Box::pin(growth::measure(o, t))),
];

/// Measures the figures that `options` name, and prints them as one table.
///
/// # Errors
/// When a figure is not known or something that it needs is missing. A missed aim is no error: the table says it.
pub async fn run(options: &Options) -> Result<()> {
    for name in &options.only {
        if !FIGURES.iter().any(|(known, _)| known == name) {
            bail!("--only {name}: no such figure; there are {}", FIGURES.map(|(name, _)| name).join(", "));
        }
    }
    std::fs::create_dir_all(&options.state)?;
    let mut table = Table::default();
    for (name, measure) in FIGURES {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            println!("==> {name}");
            let started = std::time::Instant::now();
            if let Err(error) = measure(options, &mut table).await {
                table.failed(name, &error);
            }
            println!("    {name}: {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    print!("\n{table}");
    Ok(())
}
