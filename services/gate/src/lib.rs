//! The gate itself: the only place where the stages meet.
//!
//! `pipeline` runs source -> ecosystems -> evidence -> policy on a range of commits and knows neither
//! GitHub nor HTTP; `jobs` drives it from the queue, `cli` from a terminal; `web` is the door.

pub mod cli;
pub mod config;
pub mod credentials;
pub mod firewall;
pub mod jobs;
pub mod mirror;
pub mod models;
pub mod pipeline;
pub mod process;
pub mod reports;
pub mod server;
pub mod telemetry;
pub mod web;
