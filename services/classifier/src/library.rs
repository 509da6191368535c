//! ONNX Runtime's shared library: loaded at run time, once in a process, from a path that the operator names.

use crate::Error;
use ort::environment::Environment;
use std::{
    env,
    path::{Path, PathBuf, absolute},
    sync::Mutex,
};

/// What `cargo xtask onnxruntime` fetches.
const VERSION: &str = "1.31.1";

/// Where an installation or the image has it. Debian's own is older than what is needed.
const INSTALLED: [&str; 2] = ["/usr/lib/lockgate/libonnxruntime.so", "/usr/local/lib/libonnxruntime.so"];

/// A loaded library. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Library {
    pub(crate) environment: Environment,
    path: PathBuf,
}

/// The runtime can be initialised once in a process, so the one stays.
static LOADED: Mutex<Option<Library>> = Mutex::new(None);

impl Library {
    /// Loads `path`, or returns what was loaded from there before.
    pub fn load(path: &Path) -> Result<Self, Error> {
        // A bare name would be looked for beside the program and along the system's search path.
        let path = absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut loaded = LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(library) = &*loaded {
            return if library.path == path {
                Ok(library.clone())
            } else {
                Err(Error::OtherLibrary { loaded: library.path.clone(), path })
            };
        }
        if !path.is_file() {
            return Err(Error::NoLibrary { path });
        }
        let bad = |cause: String| Error::BadLibrary { path: path.clone(), cause };
        let builder = ort::init_from(&path).map_err(|error| bad(error.to_string()))?;
        let builder = builder.with_name("lockgate").with_telemetry(false);
        let environment = builder.build().map_err(|error| bad(error.to_string()))?;
        let library = Self { environment, path };
        *loaded = Some(library.clone());
        Ok(library)
    }

    /// `LOCKGATE_ONNXRUNTIME`, else an installed one, else where `cargo xtask onnxruntime` puts it.
    pub fn usual_path() -> PathBuf {
        let named = env::var_os("LOCKGATE_ONNXRUNTIME").filter(|path| !path.is_empty());
        let installed = || INSTALLED.map(PathBuf::from).into_iter().find(|path| path.is_file());
        named.map(PathBuf::from).or_else(installed).unwrap_or_else(cached)
    }
}

fn cached() -> PathBuf {
    let set = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = set.or_else(home).unwrap_or_else(env::temp_dir);
    cache.join(format!("lockgate/onnxruntime-{VERSION}/libonnxruntime.so.{VERSION}"))
}
