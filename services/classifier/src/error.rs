//! Why there is no answer. Each says what it is about and what to do.

use std::{path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "ONNX Runtime: {} is not there; set LOCKGATE_ONNXRUNTIME to a library of 1.24 or later, or run `cargo xtask onnxruntime`",
        path.display()
    )]
    NoLibrary { path: PathBuf },
    #[error("ONNX Runtime: {} is no library that can be used ({cause}); name another with LOCKGATE_ONNXRUNTIME", path.display())]
    BadLibrary { path: PathBuf, cause: String },
    #[error(
        "ONNX Runtime: {} is loaded already, and a process has one; start another one for {}",
        loaded.display(), path.display()
    )]
    OtherLibrary { loaded: PathBuf, path: PathBuf },
    #[error("model {}: cannot be read ({cause}); name a model that is there", path.display())]
    NoModel { path: PathBuf, cause: String },
    #[error("model {model}: {pin} names no SHA-256 ({cause}); write the digest of the model you trust, 64 hex digits")]
    NoPin { model: String, pin: String, cause: String },
    #[error(
        "model {model}: has the SHA-256 {found} and not {pinned}; it is not used; bring back the model that was pinned"
    )]
    OtherModel { model: String, pinned: String, found: String },
    #[error(
        "model {model}: reads features of version {found}, Lockgate extracts version {wanted}; use a model trained on those"
    )]
    OtherFeatures { model: String, found: u32, wanted: u32 },
    #[error("model {model}: {cause}; export it again as services/classifier/training does")]
    BadModel { model: String, cause: String },
    #[error("acceptance file {}: {cause}; write it as services/classifier/models/acceptance.json is", path.display())]
    BadAcceptance { path: PathBuf, cause: String },
    #[error("model {model}: its {output} is not a finite number; the answer is not used; go back to the model before")]
    NotANumber { model: String, output: &'static str },
    #[error("model {model}: ONNX Runtime failed ({cause}); try again, and if it stays, go back to the model before")]
    Run { model: String, cause: String },
    #[error("classifier: {waiting} differences wait already; try again later, or give it more processors")]
    Busy { waiting: usize },
    #[error("classifier: no answer within {} ms; try again later, or give it more time", budget.as_millis())]
    Late { budget: Duration },
    #[error("classifier: its thread has ended ({cause}); restart the process")]
    Stopped { cause: String },
}
