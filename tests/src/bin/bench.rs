//! `cargo xtask bench` runs this; see `lockgate_tests::bench`.

use anyhow::Result;
use clap::Parser;
use lockgate_tests::bench::{Options, run};

#[tokio::main]
async fn main() -> Result<()> {
    run(&Options::parse()).await
}
