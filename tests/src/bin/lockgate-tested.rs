//! The real command line, under a name of its own: cargo gives a crate's tests the path of that crate's
//! binaries alone.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    lockgate_gate::cli::main().await
}
