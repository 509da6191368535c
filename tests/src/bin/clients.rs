//! `cargo xtask firewall` runs this; see `lockgate_tests::clients`.

use anyhow::Result;
use clap::Parser;
use lockgate_tests::clients::{Options, run};

#[tokio::main]
async fn main() -> Result<()> {
    run(&Options::parse()).await
}
