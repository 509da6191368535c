//! The store against a real server: what SQL promises cannot be tested without it.

mod chain;
mod intake;
mod memory;
mod migrations;
mod privileges;
mod queue;
mod support;
