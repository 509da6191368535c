//! ONNX Runtime's library, which the classifier loads when it runs and no build links.
//!
//! It comes from the Python wheel `onnxruntime`, pinned by hash: the library lies within, whole and without Python. The
//! wheel of one interpreter is asked for, whichever is installed here.

use crate::{cargo, provide};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const VERSION: &str = "1.31.1";
/// SHA-256 of the wheel for CPython 3.11 on x86-64.
const WHEEL: &str = "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f";

/// Fetches the library if it is not there yet, and says where it is.
pub(crate) fn show() -> Result<()> {
    println!("LOCKGATE_ONNXRUNTIME={}", provided()?.display());
    Ok(())
}

/// The library's path. The tests look there as well (`services/classifier/src/library.rs`).
pub(crate) fn provided() -> Result<PathBuf> {
    let folder = cargo::cache().join(format!("onnxruntime-{VERSION}"));
    let library = folder.join(format!("libonnxruntime.so.{VERSION}"));
    if library.exists() {
        return Ok(library);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("ONNX Runtime is pinned for Linux on x86-64; put a library of {VERSION} to {}", library.display());
    }
    // In the cache folder, so that it can be renamed.
    let scratch = cargo::cache().join(format!("onnxruntime-{VERSION}.{}", std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("create {}", scratch.display()))?;
    let fetched = fetch(&scratch).and_then(|found| {
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        fs::rename(&found, &library).with_context(|| format!("create {}", library.display()))
    });
    let _ = fs::remove_dir_all(&scratch);
    fetched.map(|()| library)
}

/// Installs the wheel into `scratch` as it is, and finds the library in it.
fn fetch(scratch: &Path) -> Result<PathBuf> {
    if !cargo::answers("python3", &["-m", "pip", "--version"]) {
        provide::apt("pip", &["python3-pip"])?;
    }
    let wanted = scratch.join("requirements.txt");
    fs::write(&wanted, format!("onnxruntime=={VERSION} --hash=sha256:{WHEEL}\n"))?;
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]);
    install.args(["--no-compile", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]);
    install.args(["--platform", "manylinux_2_28_x86_64"]);
    install.arg("--target").arg(scratch).arg("-r").arg(&wanted);
    cargo::run("install ONNX Runtime (once)", &mut install)?;
    let folder = scratch.join("onnxruntime/capi");
    let named = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libonnxruntime.so"));
    let found = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let found: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).filter(named).collect();
    ensure!(found.len() == 1, "the wheel onnxruntime {VERSION} holds {} libraries instead of one", found.len());
    Ok(found[0].clone())
}
