//! `[classifier]`: which model, run by which library.

use lockgate_classifier::Library;
use serde::{Deserialize, Serialize};
use std::{
    env,
    path::{Path, PathBuf},
};

/// The model beside the policies, as an installation and the image have it.
const INSTALLED: &str = "/usr/share/lockgate/models/classifier.onnx";
/// The model of the checkout from which this program was built.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../classifier/models/classifier.onnx");

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClassifierConfig {
    /// The model, an ONNX file. Its digest stands beside it, in `NAME.sha256`. Absent: pull requests are not scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// ONNX Runtime's shared library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
}

impl ClassifierConfig {
    /// The configured model; else `models/classifier.onnx` beside the folder `policies`, or beside the program; else the
    /// installed one, or that of the checkout. Never from the working folder: a pull request may have filled it.
    pub fn model(&self, policies: Option<&Path>) -> PathBuf {
        if let Some(model) = &self.model {
            return model.clone();
        }
        let program = env::current_exe().ok();
        let beside = [policies, program.as_deref()].into_iter().flatten().filter_map(Path::parent);
        let beside = beside.map(|folder| folder.join("models/classifier.onnx"));
        let found = beside.chain([INSTALLED, BUILT_FROM].map(PathBuf::from)).find(|model| model.is_file());
        found.unwrap_or_else(|| INSTALLED.into())
    }

    /// The configured library, else the usual one.
    pub fn library(&self) -> PathBuf {
        self.library.clone().unwrap_or_else(Library::usual_path)
    }
}
