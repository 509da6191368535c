//! Policy: what we *accept*. Evidence and Rego in, a decision out; nothing else.
//!
//! A bundle is a folder of Rego files and JSON data, named by the digest of its content: the same bundle, asked
//! the same question, gives the same answer, today and in a replay. Two things are not left to the bundle.
//! The engine's [floor](floor) holds back what came without evidence whatever the rules say, and a result that
//! is undefined, late or of the wrong type is an error, never an allow.

mod ask;
mod ast;
mod bundle;
mod choices;
mod engine;
mod error;
pub mod floor;
mod handle;
mod host;
pub mod input;
mod policy;
mod reason;
mod refused;
mod testing;

pub use ask::Context;
pub use bundle::Files;
pub use error::PolicyError;
pub use floor::REQUIRED;
pub use handle::PolicyHandle;
pub use policy::{Judged, Policy};
pub use testing::{TestFailure, TestOutcome, TestReport, test, test_files};
