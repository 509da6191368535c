//! The binary `lockgate`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    lockgate_gate::cli::main().await
}
