//! Three real projects with over 500 components each, every one in a git repository of its own: a resolution of
//! well-known npm and Python packages by their own clients, and this workspace's lockfile.
//!
//! No code of a package runs: npm and uv resolve from what the registries state.

use super::peers::{self, Peers};
use crate::cargo;
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PACKAGE_JSON: &str = r#"{
  "name": "validate-npm", "version": "1.0.0", "private": true,
  "dependencies": { "react": "18.3.1", "react-dom": "18.3.1" },
  "devDependencies": { "eslint": "8.57.1", "jest": "29.7.0", "react-scripts": "5.0.1", "webpack": "5.101.3" }
}
"#;

/// The environments leave out those for which packages of the list have no wheels.
const PYPROJECT_TOML: &str = r#"[project]
name = "validate-pypi"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = [
    "ansible", "azure-ai-ml", "boto3-stubs[essential]", "celery[redis,sqs]", "chromadb", "dask[complete]",
    "databricks-sdk", "dvc", "fastapi[all]", "google-cloud-aiplatform", "gradio", "home-assistant-bluetooth",
    "httpie", "jupyter", "litellm", "llama-index", "mkdocs-material", "mlflow", "moto[all]",
    "opentelemetry-distro[otlp]", "plotly", "poetry", "prefect", "scikit-learn", "sentry-sdk[fastapi,celery]",
    "spacy", "sphinx", "streamlit", "tox", "wagtail",
]

[tool.uv]
environments = [
    "python_version < '3.13' and sys_platform != 'emscripten' and platform_python_implementation == 'CPython'",
]
"#;

const FORMATS: [(&str, &str); 2] = [("cyclonedx-json", "cdx"), ("spdx-json", "spdx")];

/// A lockfile with its repository.
pub(super) struct Project {
    pub(super) ecosystem: &'static str,
    /// Where the ecosystem's client finds the manifests and the lockfile.
    pub(super) manifests: PathBuf,
    repository: PathBuf,
}

pub(super) fn make(peers: &Peers) -> Result<Vec<Project>> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
    let mut uv = Command::new(peers.program("uv"));
    uv.args(["lock", "--quiet", "--no-build", "--python"]).arg(peers.program("python"));
    let projects = vec![
        resolved("npm", ("package.json", PACKAGE_JSON), "package-lock.json", npm)?,
        resolved("pypi", ("pyproject.toml", PYPROJECT_TOML), "uv.lock", uv)?,
        workspace()?,
    ];
    for project in &projects {
        commit(&project.repository)?;
    }
    Ok(projects)
}

/// A project that `client` resolves, once for each text of the manifest.
fn resolved(ecosystem: &'static str, manifest: (&str, &str), lockfile: &str, mut client: Command) -> Result<Project> {
    let repository = folder(ecosystem)?;
    let path = repository.join(manifest.0);
    let current = fs::read_to_string(&path).is_ok_and(|present| present == manifest.1);
    if !current || !repository.join(lockfile).exists() {
        write(&path, manifest.1)?;
        cargo::run(&format!("resolve the {ecosystem} project (once, some minutes)"), client.current_dir(&repository))?;
    }
    Ok(Project { ecosystem, manifests: repository.clone(), repository })
}

/// This workspace: cargo needs the members' manifests, the bill of materials the lockfile alone.
fn workspace() -> Result<Project> {
    let repository = folder("cargo")?;
    let lockfile = cargo::root().join("Cargo.lock");
    fs::copy(&lockfile, repository.join("Cargo.lock")).with_context(|| format!("copy {}", lockfile.display()))?;
    Ok(Project { ecosystem: "cargo", manifests: cargo::root(), repository })
}

fn folder(name: &str) -> Result<PathBuf> {
    let folder = peers::folder().join(name);
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    Ok(folder)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

/// One commit of all that is there, whatever the user's git is set to.
fn commit(repository: &Path) -> Result<()> {
    let old = repository.join(".git");
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("remove {}", old.display()))?;
    }
    for arguments in
        [&["init", "--quiet"][..], &["add", "--all", "--force"], &["commit", "--quiet", "--message", "A lockfile"]]
    {
        let mut git = Command::new("git");
        git.current_dir(repository).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=Lockgate", "-c", "user.email=lockgate@example.test"]).args(arguments);
        let done = git.output().context("start git")?;
        let told = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "git {} in {}: {}", arguments[0], repository.display(), told.trim());
    }
    Ok(())
}

impl Project {
    /// Lockgate's bills of materials of the repository, in both formats.
    pub(super) fn bills(&self, lockgate: &Path) -> Result<Vec<PathBuf>> {
        let folder = folder("sbom")?;
        let one = |(format, ending): (&str, &str)| {
            let mut bill = Command::new(lockgate);
            bill.args(["sbom", "--rev", "HEAD", "--format", format, "--repo"]).arg(&self.repository);
            let done = bill.output().with_context(|| format!("start {}", lockgate.display()))?;
            let told = String::from_utf8_lossy(&done.stderr);
            ensure!(done.status.success(), "lockgate sbom of {}: {}", self.repository.display(), told.trim());
            let path = folder.join(format!("{}.{ending}.json", self.ecosystem));
            fs::write(&path, done.stdout).with_context(|| format!("write {}", path.display()))?;
            Ok(path)
        };
        FORMATS.into_iter().map(one).collect()
    }
}
