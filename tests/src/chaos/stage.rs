//! The repositories, packages and pull requests of a run.

use super::plan::{Content, Pull, REPOSITORIES};
use crate::{
    fake_github::{FakeGitHub, PullRequest},
    registry::{Package, Registries, lockfile},
};
use anyhow::Result;
use lockgate_model::Ecosystem;
use serde_json::Value;

const LOCK: &str = "web/package-lock.json";
const BASE: (&str, &str) = ("left-pad", "1.0.0");

/// GitHub and the registries; both outlive every kill.
#[derive(Debug)]
pub struct Stage {
    pub github: FakeGitHub,
    pub registries: Registries,
}

/// `OWNER/NAME` of a repository.
pub fn repository(number: usize) -> String {
    format!("octo/shop-{number}")
}

fn fork(number: usize) -> String {
    format!("mona/shop-{number}")
}

fn branch(number: usize) -> String {
    format!("pull-{number}")
}

impl Stage {
    /// Starts both, with [`REPOSITORIES`] repositories, a fork of each, and a base that pins one package.
    ///
    /// # Errors
    /// When git fails.
    pub async fn start() -> Result<Self> {
        let stage = Self { github: FakeGitHub::start().await?, registries: Registries::start().await };
        let base = Package::npm(BASE.0, BASE.1);
        stage.registries.publish(&base);
        for number in 0..REPOSITORIES {
            let name = repository(number);
            stage.github.create_repository(&name, true)?;
            stage.github.commit_files(&name, "main", &[(LOCK, &stage.lock(&[&base])), ("README.md", "# Shop\n")])?;
            stage.github.fork_repository(&name, &fork(number))?;
        }
        Ok(stage)
    }

    /// Commits the content to the pull request's branch and opens it. Answers it, and the payload to deliver.
    ///
    /// # Errors
    /// When git fails.
    pub fn open(&self, number: usize, pull: &Pull) -> Result<(PullRequest, Value)> {
        let (base, head) = self.names(pull);
        self.commit(&head, number, 0, pull.content, false)?;
        let opened = self.github.open_pull_request(&base, &head, &branch(number), "main")?;
        let mut payload = self.github.pull_request_event(&base, opened.number, "opened")?;
        if pull.draft {
            payload["pull_request"]["draft"] = true.into();
        }
        Ok((opened, payload))
    }

    /// Moves the pull request's branch to another content; `force`: the branch begins anew.
    ///
    /// # Errors
    /// When git fails.
    pub fn push(
        &self,
        number: usize,
        pull: &Pull,
        opened: &PullRequest,
        content: Content,
        force: bool,
        nth: usize,
    ) -> Result<(PullRequest, Value)> {
        let (base, head) = self.names(pull);
        self.commit(&head, number, nth, content, force)?;
        let moved = self.github.synchronize(&base, opened.number)?;
        Ok((moved, self.github.pull_request_event(&base, opened.number, "synchronize")?))
    }

    /// Lets the merge queue build a commit of the pull request. Answers the commit, and the payload to deliver.
    ///
    /// # Errors
    /// When git fails.
    pub fn enqueue(&self, pull: &Pull, opened: &PullRequest) -> Result<(String, Value)> {
        let (base, _) = self.names(pull);
        let (from, head) = self.github.enqueue(&base, opened.number)?;
        let payload = self.github.merge_group_event(&base, &from, &head, "checks_requested")?;
        Ok((head, payload))
    }

    fn names(&self, pull: &Pull) -> (String, String) {
        let base = repository(pull.repository);
        let head = if pull.from_fork { fork(pull.repository) } else { base.clone() };
        (base, head)
    }

    fn commit(&self, repo: &str, number: usize, nth: usize, content: Content, force: bool) -> Result<()> {
        let base = Package::npm(BASE.0, BASE.1);
        let extra = Package::npm(&format!("part-{number}-{nth}"), "1.0.0");
        let readme = format!("# Shop {number} {nth}\n");
        let lock = match content {
            Content::Documents => self.lock(&[&base]),
            Content::Good => self.lock(&[&base, self.published(&extra)]),
            Content::License => {
                let extra = extra.license(Some("AGPL-3.0-only"));
                self.lock(&[&base, self.published(&extra)])
            }
            Content::Hook => {
                let next =
                    Package::npm(BASE.0, &format!("1.{}.{nth}", number + 1)).script("preinstall", "node setup.js");
                self.lock(&[self.published(&next)])
            }
            Content::Tampered => {
                let other = Package::npm("other", "1.0.0").integrity();
                self.lock(&[&base, self.published(&extra)]).replace(&extra.integrity(), &other)
            }
            Content::Broken => {
                let ours = self.lock(&[&base]);
                format!("<<<<<<< HEAD\n{ours}=======\n{ours}>>>>>>> main\n")
            }
        };
        let files = [("README.md", readme.as_str()), (LOCK, lock.as_str())];
        match force {
            true => self.github.force_push(repo, &branch(number), &files)?,
            false => self.github.commit_files(repo, &branch(number), &files)?,
        };
        Ok(())
    }

    fn published<'a>(&self, package: &'a Package) -> &'a Package {
        self.registries.publish(package);
        package
    }

    fn lock(&self, packages: &[&Package]) -> String {
        lockfile(Ecosystem::Npm, self.registries.base(), packages)
    }
}
