//! Models over time: which one scores a release, what those beside it would have said, and when one is taken back.

pub mod choice;
pub mod drift;
pub mod limits;
