//! The store against a real server: what SQL promises cannot be tested without it.

mod access;
mod access_log;
mod chain;
mod intake;
mod lifecycle;
mod memory;
mod migrations;
mod models;
mod privileges;
mod queue;
mod retention;
mod support;
mod walls;
