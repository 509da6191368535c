//! A short flood: ten times what the intake takes. What it acknowledges is stored and decided; memory stays bounded.

use lockgate_tests::chaos::overload::{self, Options};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_is_survived_without_loss() {
    let options = Options {
        lockgate: env!("CARGO_BIN_EXE_lockgate-tested").into(),
        workers: 1,
        pulls: 6,
        slow_storage: Duration::from_millis(100),
        calm: 128,
        connections: 1500,
        probe: Duration::from_secs(2),
        flood: Duration::from_secs(3),
        factor: 10.0,
        patience: Duration::from_secs(100),
    };
    let report = overload::run(&options).await.expect("the stage stands");
    println!("{}", report.account());
    report.check().unwrap();
}
