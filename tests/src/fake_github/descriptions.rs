//! Where GitHub's own descriptions lie: named by an environment variable, or in the cache folder where `cargo xtask`
//! puts them.

use std::path::PathBuf;

/// The REST API (`@octokit/openapi`). A file that is named is returned whether it exists or not, so that a wrong name shows.
pub fn rest() -> Option<PathBuf> {
    find("LOCKGATE_GITHUB_DESCRIPTION", "octokit-openapi-23.0.2/package/generated/api.github.com.json")
}

/// The events (`@octokit/webhooks-schemas`).
pub fn events() -> Option<PathBuf> {
    find("LOCKGATE_GITHUB_EVENTS", "octokit-webhooks-schemas-7.6.1/package/schema.json")
}

fn find(variable: &str, cached: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named));
    }
    let set = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let cache = set.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("lockgate").join(cached)).filter(|path| path.exists())
}
