//! Faults on purpose: the real server is killed, starved and lied to while pull requests come in, and afterwards an
//! account is given of what became of each.
//!
//! Everything stays on loopback and ends by itself. GitHub and the registries live in this process, so they survive
//! every kill; the server and PostgreSQL are processes of their own. The promise that is checked: a delivery that was
//! answered 202 ends in exactly one final check run for its head, whatever dies in between.

pub mod account;
pub mod backup;
pub mod conductor;
pub mod database;
pub mod disk;
pub mod fleet;
pub mod ledger;
pub mod load;
pub mod overload;
pub mod plan;
pub mod previous;
pub mod proxy;
pub mod run;
pub mod sender;
pub mod settings;
pub mod stage;
pub mod verdict;
pub mod watch;
pub mod weather;

pub use account::Account;
pub use run::{Options, run};
