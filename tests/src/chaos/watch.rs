//! Looks at GitHub's state all the time: when which head got its completed check.

use super::{
    ledger::Ledger,
    plan::REPOSITORIES,
    stage::{self, Stage},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

const OFTEN: Duration = Duration::from_millis(150);

/// Looks until it is dropped.
#[derive(Debug)]
pub struct Watch(JoinHandle<()>);

impl Watch {
    pub fn start(stage: Arc<Stage>, ledger: Arc<Ledger>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                look(&stage, &ledger);
                tokio::time::sleep(OFTEN).await;
            }
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks once.
pub fn look(stage: &Stage, ledger: &Ledger) {
    let runs: Vec<_> =
        (0..REPOSITORIES).flat_map(|number| stage.github.all_check_runs(&stage::repository(number))).collect();
    let completions = runs.iter().map(|run| run.completions).sum();
    let completed: BTreeSet<&str> =
        runs.iter().filter(|run| run.status == "completed").map(|run| run.head_sha.as_str()).collect();
    ledger.seen(completions, |head| completed.contains(head.sha.as_str()));
}
