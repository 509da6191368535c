//! The `# via` comments that pip-compile and uv leave: who asked for each requirement.
//!
//! Comments bind nobody, so they only inform (direct or not, the graph of the SBOM), never decide.

use crate::candidates::{Candidates, tidy};
use lockgate_model::{Ecosystem, LockedRelease, LockfileError};

/// Who asks for each entry.
#[derive(Debug, Default)]
pub(super) struct Parents {
    /// Entry, and one that asks for it as the comment writes it.
    asked: Vec<(usize, String)>,
}

impl Parents {
    pub(super) fn add(&mut self, entry: usize, comments: &[&str]) {
        let mut within = false;
        for comment in comments {
            let mut names = comment.trim();
            if let Some(first) = names.strip_prefix("via") {
                within = first.is_empty() || first.starts_with(char::is_whitespace);
                names = first;
            }
            if within {
                let names = names.split(',').map(str::trim).filter(|n| !n.is_empty());
                self.asked.extend(names.map(|name| (entry, name.to_owned())));
            }
        }
    }

    /// Sets `depends_on`, and `direct` where comments tell of anybody.
    pub(super) fn apply(self, path: &str, releases: &mut [LockedRelease]) -> Result<(), LockfileError> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = releases.iter().map(|r| r.release.name.clone()).collect();
        let mut candidates = Candidates::new(path, names.iter().map(String::as_str));
        releases.iter_mut().for_each(|release| release.direct = Some(false));
        for (entry, asker) in self.asked {
            let askers = candidates.find(&Ecosystem::Pypi.normalize_name(&asker), |_| true)?;
            // `-r file`, `project (pyproject.toml)`, or the project's own name, which is no entry.
            if askers.is_empty() && !asker.starts_with("-c") {
                releases[entry].direct = Some(true);
            }
            for asker in askers {
                releases[asker as usize].depends_on.extend(u32::try_from(entry).ok());
            }
        }
        for release in releases {
            release.depends_on = tidy(std::mem::take(&mut release.depends_on));
        }
        Ok(())
    }
}
