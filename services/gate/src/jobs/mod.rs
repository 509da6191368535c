//! The queue's workers: each job is one file, idempotent, and ends by committing what it did together
//! with the job that follows and with its own completion.
//!
//! `kill -9` between two statements loses nothing: an unfinished job's lease runs out and another worker
//! repeats it; a repeated job finds what the first one committed.

mod collect_evidence;
mod context;
mod decide;
mod detect_changes;
mod ended;
mod handle_delivery;
mod keep_artifacts;
mod measure_drift;
mod opening;
mod publish;
mod reconcile;
mod retention;
mod schedule;
mod sweep;
mod task;
mod verify_mirror;
mod waiver;
mod watch_models;
mod worker;

pub use context::Context;
pub use publish::CHECK_NAME;
pub use task::Task;
pub use worker::Workers;
