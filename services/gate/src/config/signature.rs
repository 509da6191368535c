//! `[signature]`: whom to trust for what registries and builders sign.

use anyhow::{Context, Result};
use lockgate_evidence::signature::Signature;
use lockgate_model::Digest;
use lockgate_signature::{
    bundle::{Instance, Verifier},
    npm::Keys,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignatureConfig {
    /// A `trusted_root.json`: the authorities and logs whose certificates and entries count. Absent: those of Sigstore's
    /// public instance, as they were when this program was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_root: Option<PathBuf>,
    /// The keys of the npm registry, as it serves them at `/-/npm/v1/keys`. Absent: those that it states when it is asked,
    /// which a registry that was taken over chooses itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
}

impl SignatureConfig {
    /// The check, trusting whom the operator trusts.
    ///
    /// # Errors
    /// When a file cannot be read, or anything in it cannot be used.
    pub fn check(&self) -> Result<Signature> {
        let root = match &self.trusted_root {
            Some(path) => read(path)?,
            None => Instance::Production.trusted_root().to_vec(),
        };
        let name = self.trusted_root.as_ref().map_or("the built-in one".to_owned(), |path| path.display().to_string());
        let verifier = Verifier::from_root(&name, &root).context("use [signature] trusted_root")?;
        let mut trusted = Digest::sha256(&root).to_string();
        let mut keys = None;
        if let Some(path) = &self.keys {
            let json = read(path)?;
            keys = Some(Keys::from_json(&path.display().to_string(), &json).context("use [signature] keys")?);
            trusted += &Digest::sha256(&json).to_string();
        }
        Ok(Signature::new(verifier, keys, Digest::sha256(trusted.as_bytes())))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("read {}, which [signature] names", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_is_enough_and_a_broken_file_is_named() {
        SignatureConfig::default().check().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("root.json");
        let named = SignatureConfig { trusted_root: Some(file.clone()), keys: None };
        assert!(format!("{:#}", named.check().unwrap_err()).contains("root.json"), "missing");
        std::fs::write(&file, "{}").unwrap();
        assert!(format!("{:#}", named.check().unwrap_err()).contains("root.json"), "no root");
        let keys = SignatureConfig { trusted_root: None, keys: Some(file) };
        assert!(format!("{:#}", keys.check().unwrap_err()).contains("[signature] keys"));
    }
}
