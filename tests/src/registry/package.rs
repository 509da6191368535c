//! Packages built in memory, and the lockfiles that pin them.

use flate2::{Compression, write::GzEncoder};
use lockgate_model::{Digest, DigestAlgorithm, Ecosystem};
use serde_json::json;
use std::io::Write;

/// One release with one artifact.
#[derive(Debug, Clone)]
pub struct Package {
    pub ecosystem: Ecosystem,
    pub name: String,
    pub version: String,
    license: Option<String>,
    scripts: Vec<(String, String)>,
    files: Vec<(String, String)>,
    attestations: Option<String>,
}

impl Package {
    /// A release with a licence, a licence text and one harmless source file.
    pub fn new(ecosystem: Ecosystem, name: &str, version: &str) -> Self {
        let source = match ecosystem {
            Ecosystem::Npm => ("index.js", "module.exports = function add(a, b) { return a + b; };\n"),
            Ecosystem::Pypi => ("example/__init__.py", "def add(a, b):\n    return a + b\n"),
            Ecosystem::Cargo => ("src/lib.rs", "pub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n"),
        };
        Self {
            ecosystem,
            name: name.to_owned(),
            version: version.to_owned(),
            license: Some("MIT".to_owned()),
            scripts: Vec::new(),
            files: vec![(source.0.to_owned(), source.1.to_owned())],
            attestations: None,
        }
    }

    pub fn npm(name: &str, version: &str) -> Self {
        Self::new(Ecosystem::Npm, name, version)
    }

    #[must_use]
    pub fn license(mut self, license: Option<&str>) -> Self {
        self.license = license.map(str::to_owned);
        self
    }

    /// What the publisher claims, as the registry repeats it.
    pub(super) fn license_claim(&self) -> Option<&str> {
        self.license.as_deref()
    }

    /// An npm script.
    #[must_use]
    pub fn script(mut self, name: &str, command: &str) -> Self {
        self.scripts.push((name.to_owned(), command.to_owned()));
        self
    }

    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// The document that the registry serves as the artifact's attestations.
    #[must_use]
    pub fn attested(mut self, document: &str) -> Self {
        self.attestations = Some(document.to_owned());
        self
    }

    /// With the attestations of another package.
    #[must_use]
    pub fn with_papers_of(mut self, other: &Self) -> Self {
        self.attestations.clone_from(&other.attestations);
        self
    }

    pub(super) fn attestations(&self) -> Option<&str> {
        self.attestations.as_deref()
    }

    /// File name as the registry gives it.
    pub fn file_name(&self) -> String {
        let base = self.name.rsplit('/').next().unwrap_or_default();
        match self.ecosystem {
            Ecosystem::Npm => format!("{base}-{}.tgz", self.version),
            Ecosystem::Pypi => format!("{}-{}.tar.gz", base.replace('-', "_"), self.version),
            Ecosystem::Cargo => format!("{base}-{}.crate", self.version),
        }
    }

    /// The artifact; the same package gives the same bytes.
    pub fn artifact(&self) -> Vec<u8> {
        let root = match self.ecosystem {
            Ecosystem::Npm => "package".to_owned(),
            Ecosystem::Pypi => format!("{}-{}", self.name.replace('-', "_"), self.version),
            Ecosystem::Cargo => format!("{}-{}", self.name, self.version),
        };
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let mut add = |path: &str, text: &str| {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive
                .append_data(&mut header, format!("{root}/{path}"), text.as_bytes())
                .expect("a short path fits a header");
        };
        let (manifest_path, manifest) = self.manifest();
        add(&manifest_path, &manifest);
        for (path, text) in &self.files {
            add(path, text);
        }
        let mut encoder = archive.into_inner().expect("writing to memory succeeds");
        encoder.flush().expect("writing to memory succeeds");
        encoder.finish().expect("writing to memory succeeds")
    }

    fn manifest(&self) -> (String, String) {
        match self.ecosystem {
            Ecosystem::Npm => {
                let scripts: serde_json::Map<_, _> = self.scripts.iter().map(|(n, c)| (n.clone(), json!(c))).collect();
                let mut manifest = json!({ "name": self.name, "version": self.version, "main": "index.js" });
                if let Some(license) = &self.license {
                    manifest["license"] = json!(license);
                }
                if !scripts.is_empty() {
                    manifest["scripts"] = scripts.into();
                }
                (
                    "package.json".to_owned(),
                    serde_json::to_string_pretty(&manifest).expect("JSON has string keys") + "\n",
                )
            }
            Ecosystem::Pypi => {
                let license = self.license.as_ref().map(|l| format!("License-Expression: {l}\n")).unwrap_or_default();
                (
                    "PKG-INFO".to_owned(),
                    format!("Metadata-Version: 2.4\nName: {}\nVersion: {}\n{license}", self.name, self.version),
                )
            }
            Ecosystem::Cargo => {
                let license = self.license.as_ref().map(|l| format!("license = \"{l}\"\n")).unwrap_or_default();
                let text = format!(
                    "[package]\nname = \"{}\"\nversion = \"{}\"\nedition = \"2021\"\n{license}",
                    self.name, self.version
                );
                ("Cargo.toml".to_owned(), text)
            }
        }
    }

    pub fn integrity(&self) -> String {
        Digest::of(DigestAlgorithm::Sha512, &self.artifact()).sri()
    }

    pub fn sha256(&self) -> String {
        Digest::sha256(&self.artifact()).hex()
    }
}

/// The lockfile that pins `packages`, as the ecosystem's own client would write it for the registry at `base`.
///
/// npm: `package-lock.json` version 3. PyPI: `requirements.txt` with hashes. cargo: `Cargo.lock` version 4.
pub fn lockfile(ecosystem: Ecosystem, base: &str, packages: &[&Package]) -> String {
    match ecosystem {
        Ecosystem::Npm => npm(base, packages),
        Ecosystem::Pypi => packages
            .iter()
            .map(|p| format!("{}=={} \\\n    --hash=sha256:{}\n", p.name, p.version, p.sha256()))
            .collect(),
        Ecosystem::Cargo => cargo(base, packages),
    }
}

fn npm(base: &str, packages: &[&Package]) -> String {
    let dependencies: serde_json::Map<_, _> = packages.iter().map(|p| (p.name.clone(), json!(p.version))).collect();
    let mut entries = serde_json::Map::new();
    entries.insert(String::new(), json!({ "name": "app", "version": "1.0.0", "dependencies": dependencies }));
    for package in packages {
        let mut entry = json!({
            "version": package.version,
            "resolved": format!("{base}/npm/{}/-/{}", package.name, package.file_name()),
            "integrity": package.integrity(),
        });
        if package.scripts.iter().any(|(name, _)| name.ends_with("install")) {
            entry["hasInstallScript"] = json!(true);
        }
        entries.insert(format!("node_modules/{}", package.name), entry);
    }
    let lock =
        json!({ "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": entries });
    serde_json::to_string_pretty(&lock).expect("JSON has string keys") + "\n"
}

fn cargo(base: &str, packages: &[&Package]) -> String {
    let names: String = packages.iter().map(|p| format!(" \"{}\",\n", p.name)).collect();
    let mut text =
        format!("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n{names}]\n");
    for package in packages {
        text += &format!(
            "\n[[package]]\nname = \"{}\"\nversion = \"{}\"\nsource = \"sparse+{base}/cargo/\"\nchecksum = \"{}\"\n",
            package.name,
            package.version,
            package.sha256()
        );
    }
    text
}
