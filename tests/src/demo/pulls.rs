//! The pull requests of the demo: what each changes, in files.

use super::lockfiles::Lockfiles;
use anyhow::Result;
use std::collections::BTreeMap;

const WEB: &str = "web/package-lock.json";
const API: &str = "api/requirements.txt";
const TOOLS: &str = "tools/Cargo.lock";

/// Files of a commit by path.
pub type Files = BTreeMap<String, String>;

/// One pull request: its title and the files that differ from the base.
#[derive(Debug)]
pub struct Pull {
    pub title: &'static str,
    pub branch: &'static str,
    pub files: Files,
}

/// What could be made: an ecosystem whose client is missing is left out, and said so.
#[derive(Debug)]
pub struct Repository {
    pub base: Files,
    pub pulls: Vec<Pull>,
    pub left_out: Vec<String>,
}

/// The base commit and its pull requests.
pub fn repository(lockfiles: &Lockfiles) -> Repository {
    let mut repository = Repository {
        base: Files::from([("README.md".to_owned(), "# Shop\n".to_owned())]),
        pulls: vec![pull("Explain the shop", "docs", "README.md", "# Shop\n\nSells things.\n".to_owned())],
        left_out: Vec::new(),
    };
    for (name, add) in [("npm", npm as Add), ("pip", pypi), ("cargo", cargo)] {
        let mut tried = Repository { base: repository.base.clone(), pulls: Vec::new(), left_out: Vec::new() };
        match add(lockfiles, &mut tried) {
            Ok(()) => {
                repository.base = tried.base;
                repository.pulls.extend(tried.pulls);
            }
            Err(error) => repository.left_out.push(format!("{name}: {error:#}")),
        }
    }
    repository
}

type Add = fn(&Lockfiles, &mut Repository) -> Result<()>;

fn pull(title: &'static str, branch: &'static str, path: &str, text: String) -> Pull {
    Pull { title, branch, files: Files::from([(path.to_owned(), text)]) }
}

fn npm(lockfiles: &Lockfiles, repository: &mut Repository) -> Result<()> {
    const BASE: [(&str, &str); 3] = [("is-number", "7.0.0"), ("left-pad", "1.3.0"), ("ms", "2.1.2")];
    let with = |more: &[(&'static str, &'static str)]| [&BASE[..], more].concat();
    let base = lockfiles.npm("base", &BASE)?;
    let moved = lockfiles.npm("moved", &[BASE[0], BASE[1], ("ms", "2.1.3")])?;
    repository.pulls.extend([
        pull("Bump ms to 2.1.3", "bump-ms", WEB, moved.clone()),
        pull("Drop is-number", "drop-is-number", WEB, lockfiles.npm("removed", &BASE[1..])?),
        pull(
            "Refresh the pin of left-pad",
            "repin-left-pad",
            WEB,
            repinned(&base, "node_modules/left-pad\"", "sha512-"),
        ),
        pull("Add minimist 1.2.5", "add-minimist", WEB, lockfiles.npm("advisory", &with(&[("minimist", "1.2.5")]))?),
        pull("Add core-js", "add-core-js", WEB, lockfiles.npm("hook", &with(&[("core-js", "3.38.1")]))?),
        pull("Merge main", "merge-main", WEB, conflict(&base, &moved)),
    ]);
    repository.base.insert(WEB.to_owned(), base);
    Ok(())
}

/// Another digest for the same release, what a tampered lockfile looks like: the first digit after `prefix` in the
/// entry of `name` is changed.
fn repinned(lock: &str, name: &str, prefix: &str) -> String {
    let Some(entry) = lock.find(name) else { return lock.to_owned() };
    let Some(start) = lock[entry..].find(prefix).map(|at| entry + at + prefix.len()) else {
        return lock.to_owned();
    };
    let first = if lock[start..].starts_with('a') { "b" } else { "a" };
    format!("{}{first}{}", &lock[..start], &lock[start + 1..])
}

/// A merge that was committed unresolved.
fn conflict(ours: &str, theirs: &str) -> String {
    format!("<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> main\n")
}

fn pypi(lockfiles: &Lockfiles, repository: &mut Repository) -> Result<()> {
    let base = lockfiles.pypi("base", &["iniconfig==2.0.0"])?;
    repository.pulls.extend([
        pull("Bump iniconfig to 2.1.0", "bump-iniconfig", API, lockfiles.pypi("moved", &["iniconfig==2.1.0"])?),
        pull(
            "Add Unidecode",
            "add-unidecode",
            API,
            lockfiles.pypi("license", &["iniconfig==2.0.0", "Unidecode==1.3.8"])?,
        ),
    ]);
    repository.base.insert(API.to_owned(), base);
    Ok(())
}

fn cargo(lockfiles: &Lockfiles, repository: &mut Repository) -> Result<()> {
    let base = lockfiles.cargo("base", &[("itoa", "1.0.14")])?;
    let moved = lockfiles.cargo("moved", &[("itoa", "1.0.15")])?;
    let tampered = repinned(&base, "name = \"itoa\"", "checksum = \"");
    repository.pulls.extend([
        pull("Bump itoa to 1.0.15", "bump-itoa", TOOLS, moved.clone()),
        pull("Refresh the pin of itoa", "repin-itoa", TOOLS, tampered),
        pull("Merge main into tools", "merge-tools", TOOLS, conflict(&base, &moved)),
    ]);
    repository.base.insert(TOOLS.to_owned(), base);
    Ok(())
}
