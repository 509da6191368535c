//! What Lockgate asks of GitHub on behalf of one installation.

use crate::{
    App, CheckRunDraft, CheckRunRef, GithubError, PullRequest, ReportedStatus, Secret,
    payload::{is_repository_name, is_sha},
    pull_request,
    transport::Request,
};
use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::form_urlencoded;

/// GitHub keeps at most 1,000 runs of one name in a suite: ten pages of a hundred.
const CHECK_RUN_PAGES: usize = 10;

/// The App acting as one installation. Repositories are named `OWNER/NAME`.
#[derive(Debug, Clone)]
pub struct InstallationClient {
    app: App,
    id: u64,
}

#[derive(Deserialize)]
struct CheckRunAnswer {
    id: u64,
    status: String,
    conclusion: Option<String>,
    external_id: Option<String>,
    app: Option<AppAnswer>,
    output: Option<OutputAnswer>,
}

#[derive(Deserialize)]
struct AppAnswer {
    id: u64,
    client_id: Option<String>,
}

#[derive(Deserialize)]
struct OutputAnswer {
    #[serde(default)]
    annotations_count: usize,
}

#[derive(Deserialize)]
struct CheckRunPage {
    check_runs: Vec<CheckRunAnswer>,
}

impl InstallationClient {
    pub(crate) fn new(app: App, id: u64) -> Self {
        Self { app, id }
    }

    /// The installation's id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Creates a check run and returns its id. Where the draft has more than 50 annotations, the rest follows by
    /// updates; the run is completed by the last.
    ///
    /// # Errors
    /// [`GithubError`]. After a [`GithubError::Transient`] the run may exist: ask [`Self::find_check_run`] first.
    pub async fn create_check_run(&self, repo: &str, draft: &CheckRunDraft) -> Result<u64, GithubError> {
        let mut requests = draft.requests(0).into_iter();
        let first = requests.next().expect("a draft has at least one request");
        let path = format!("/repos/{repo}/check-runs");
        let created: CheckRunAnswer = self.call(repo, "create a check run", Method::POST, path, Some(first)).await?;
        for request in requests {
            self.patch(repo, created.id, request).await?;
        }
        Ok(created.id)
    }

    /// Makes run `id` show `draft`. Annotations are appended to those that it has, as GitHub does; after an update that
    /// was cut short between two batches of annotations, only the missing ones are sent.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn update_check_run(&self, repo: &str, id: u64, draft: &CheckRunDraft) -> Result<(), GithubError> {
        let mut requests = draft.requests(0);
        if requests.len() > 1 {
            let current = self.check_run(repo, id).await?;
            if current.status == ReportedStatus::Pending {
                requests = draft.requests(current.annotations);
            }
        }
        for request in requests {
            self.patch(repo, id, request).await?;
        }
        Ok(())
    }

    /// Our own check run `name` of commit `sha` with this `external_id`: the newest, if there are several. Runs of other
    /// Apps are passed over, since whoever may write checks could give theirs our name and id.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn find_check_run(
        &self,
        repo: &str,
        sha: &str,
        name: &str,
        external_id: &str,
    ) -> Result<Option<CheckRunRef>, GithubError> {
        for page in 1..=CHECK_RUN_PAGES {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([
                    ("check_name", name),
                    ("filter", "all"),
                    ("per_page", "100"),
                    ("page", &page.to_string()),
                ])
                .finish();
            let path = format!("/repos/{repo}/commits/{}/check-runs?{query}", self.sha(repo, sha)?);
            let found: CheckRunPage = self.call(repo, "list check runs", Method::GET, path, None).await?;
            let last = found.check_runs.len() < 100;
            let ours = found
                .check_runs
                .into_iter()
                .filter(|run| self.is_ours(run) && run.external_id.as_deref() == Some(external_id));
            if let Some(run) = ours.max_by_key(|run| run.id) {
                return Ok(Some(run.into()));
            }
            if last {
                break;
            }
        }
        Ok(None)
    }

    /// One check run.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn check_run(&self, repo: &str, id: u64) -> Result<CheckRunRef, GithubError> {
        let path = format!("/repos/{repo}/check-runs/{id}");
        let run: CheckRunAnswer = self.call(repo, "read a check run", Method::GET, path, None).await?;
        Ok(run.into())
    }

    /// Pull requests that contain `sha`; which of them have it as head is the caller's to ask.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn pull_requests_for_commit(&self, repo: &str, sha: &str) -> Result<Vec<PullRequest>, GithubError> {
        let path = format!("/repos/{repo}/commits/{}/pulls?per_page=100", self.sha(repo, sha)?);
        let found: Vec<pull_request::Answer> =
            self.call(repo, "list the pull requests of a commit", Method::GET, path, None).await?;
        Ok(found.into_iter().map(PullRequest::from).collect())
    }

    /// One pull request, as it stands now.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn pull_request(&self, repo: &str, number: u64) -> Result<PullRequest, GithubError> {
        let path = format!("/repos/{repo}/pulls/{number}");
        let found: pull_request::Answer = self.call(repo, "read a pull request", Method::GET, path, None).await?;
        Ok(found.into())
    }

    /// The best common ancestor of two commits: what the pull request is compared with. GitHub has the history, so that
    /// the clone can be shallow.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] also when the commits share no history.
    pub async fn merge_base(&self, repo: &str, base: &str, head: &str) -> Result<String, GithubError> {
        #[derive(Deserialize)]
        struct Comparison {
            merge_base_commit: Commit,
        }
        #[derive(Deserialize)]
        struct Commit {
            sha: String,
        }
        // Only the first page lists files, with their patches; the second has none and is small.
        let path =
            format!("/repos/{repo}/compare/{}...{}?per_page=1&page=2", self.sha(repo, base)?, self.sha(repo, head)?);
        let found: Comparison = self.call(repo, "compare two commits", Method::GET, path, None).await?;
        self.sha(repo, &found.merge_base_commit.sha).map(str::to_owned)
    }

    /// A token with which git may read `repo` and that can do nothing else. User name: `x-access-token`. It lasts ten
    /// minutes or longer.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn clone_token(&self, repo: &str) -> Result<Secret, GithubError> {
        self.repository(repo)?;
        self.app.contents_token(self.id, repo).await
    }

    async fn patch(&self, repo: &str, id: u64, body: Value) -> Result<(), GithubError> {
        let path = format!("/repos/{repo}/check-runs/{id}");
        let _: CheckRunAnswer = self.call(repo, "update a check run", Method::PATCH, path, Some(body)).await?;
        Ok(())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        repo: &str,
        doing: &str,
        method: Method,
        path: String,
        body: Option<Value>,
    ) -> Result<T, GithubError> {
        self.repository(repo)?;
        self.app.send(self.id, Request { method, path, body, doing: format!("{doing} in {repo}") }).await
    }

    fn is_ours(&self, run: &CheckRunAnswer) -> bool {
        let us = self.app.client_id();
        run.app.as_ref().is_some_and(|app| app.client_id.as_deref() == Some(us) || app.id.to_string() == us)
    }

    /// Names go into paths: one that could lead elsewhere never gets there.
    fn repository(&self, repo: &str) -> Result<(), GithubError> {
        let doing = "choose a repository".to_owned();
        let message = format!("{:?} is not a repository name OWNER/NAME", repo.chars().take(200).collect::<String>());
        if is_repository_name(repo) { Ok(()) } else { Err(GithubError::Validation { doing, message }) }
    }

    fn sha<'a>(&self, repo: &str, sha: &'a str) -> Result<&'a str, GithubError> {
        let doing = format!("choose a commit in {repo}");
        let message = format!("{:?} is not a full commit id", sha.chars().take(80).collect::<String>());
        if is_sha(sha) { Ok(sha) } else { Err(GithubError::Validation { doing, message }) }
    }
}

impl From<CheckRunAnswer> for CheckRunRef {
    fn from(answer: CheckRunAnswer) -> Self {
        let status = match (answer.status.as_str(), answer.conclusion) {
            ("completed", Some(conclusion)) => ReportedStatus::Completed { conclusion },
            _ => ReportedStatus::Pending,
        };
        Self { id: answer.id, status, annotations: answer.output.map_or(0, |o| o.annotations_count) }
    }
}
