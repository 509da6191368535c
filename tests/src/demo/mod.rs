//! The demo's stage: real lockfiles, real pull requests, the real server.

pub mod lockfiles;
pub mod pulls;
pub mod server;
pub mod table;
