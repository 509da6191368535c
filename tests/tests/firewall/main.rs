//! The firewall, through its door: what a package manager asks, and what it is told.

mod npm;
mod others;
mod outage;
mod stage;
