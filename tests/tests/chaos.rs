//! A short run of `cargo xtask chaos`: the server is killed and its database restarted while pull requests come in.

use lockgate_tests::chaos::{
    self, Options,
    plan::{Fault, Faults},
};
use std::{collections::BTreeSet, time::Duration};

fn options(seed: u64) -> Options {
    Options {
        lockgate: env!("CARGO_BIN_EXE_lockgate-tested").into(),
        previous: None,
        seed,
        pulls: 25,
        kills: 8,
        faults: BTreeSet::from([Fault::Restart, Fault::Github, Fault::Registry, Fault::Lost]),
        troubles: 1,
        workers: 2,
        length: Duration::from_secs(20),
        patience: Duration::from_secs(100),
        logs: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_and_nothing_is_told_twice() {
    let account = chaos::run(&options(1)).await.expect("the stage stands");
    println!("{account}");
    assert!(account.is_kept(), "{account}");
    assert_eq!(account.kills(), 8, "{account}");
    assert_eq!(account.value("left out"), None);
}

#[test]
fn a_list_of_faults_is_read() {
    assert_eq!("all".parse::<Faults>().unwrap().0.len(), Fault::ALL.len());
    assert!("none".parse::<Faults>().unwrap().0.is_empty());
}
