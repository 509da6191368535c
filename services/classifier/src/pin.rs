//! Which model is meant. There is no way to open one unpinned: whoever can put a model in its place decides what passes.

use crate::Error;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, Clone, Copy)]
pub enum Pin<'a> {
    /// SHA-256 as hex.
    Digest(&'a str),
    /// The file `NAME.sha256` beside the model, whose first word is the digest (as `sha256sum` writes it).
    Beside,
}

impl Pin<'_> {
    pub(crate) fn digest(self, model: &Path) -> Result<String, Error> {
        let (place, text) = match self {
            Self::Digest(digest) => ("the pin".to_owned(), Ok(digest.to_owned())),
            Self::Beside => (beside(model).display().to_string(), fs::read_to_string(beside(model))),
        };
        let bad = |cause: String| Error::NoPin { model: model.display().to_string(), pin: place.clone(), cause };
        let text = text.map_err(|error| bad(error.to_string()))?;
        let digest = text.split_whitespace().next().unwrap_or_default();
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad("it does not begin with 64 hex digits".into()));
        }
        Ok(digest.to_ascii_lowercase())
    }
}

fn beside(model: &Path) -> PathBuf {
    let mut path = model.as_os_str().to_owned();
    path.push(".sha256");
    path.into()
}
