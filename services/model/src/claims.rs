//! What a publisher says of a release. Nothing here has been checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A publisher's claims, from the registry's metadata or from the manifest inside the artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claims {
    /// The licence field as written: an SPDX expression where the publisher followed the rules.
    pub license: Option<String>,
    /// A licence file named by the manifest (`license-file`, `SEE LICENSE IN`).
    pub license_file: Option<String>,
    pub repository: Option<String>,
    pub homepage: Option<String>,
    pub description: Option<String>,
    /// Commands or files that run on installation, `name: command` (npm scripts, `build.rs`, `setup.py`).
    pub install_scripts: Vec<String>,
}

impl Claims {
    /// Fills what is missing here from `other`; what is here wins.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            license: self.license.or(other.license),
            license_file: self.license_file.or(other.license_file),
            repository: self.repository.or(other.repository),
            homepage: self.homepage.or(other.homepage),
            description: self.description.or(other.description),
            install_scripts: if self.install_scripts.is_empty() { other.install_scripts } else { self.install_scripts },
        }
    }
}
