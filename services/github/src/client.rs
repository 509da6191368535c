//! What Lockgate asks of GitHub on behalf of one installation.

use crate::{
    App, GithubError, Headroom, PullRequest, Repository, Secret,
    budget::Holder,
    payload::{is_repository_name, is_sha},
    pull_request,
    token::Scope,
    transport::Request,
};
use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Instant;
use url::form_urlencoded;

/// A hundred entries each: more than any installation has, and an end.
const LIST_PAGES: usize = 1_000;

/// The App acting as one installation. Repositories are named `OWNER/NAME`; a name that a rename or transfer made old is
/// still understood, as GitHub redirects it.
#[derive(Debug, Clone)]
pub struct InstallationClient {
    app: App,
    id: u64,
}

#[derive(Deserialize)]
struct RepositoryAnswer {
    id: u64,
    full_name: String,
    clone_url: String,
    private: bool,
    default_branch: Option<String>,
}

impl InstallationClient {
    pub(crate) fn new(app: App, id: u64) -> Self {
        Self { app, id }
    }

    /// The installation's id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How much may still be asked: where it is scarce, what a later request says anyway should be left out.
    pub fn headroom(&self) -> Headroom {
        self.app.session().budgets.headroom(Holder::Installation(self.id), Instant::now())
    }

    /// All repositories that the installation covers.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn repositories(&self) -> Result<Vec<Repository>, GithubError> {
        #[derive(Deserialize)]
        struct Page {
            repositories: Vec<RepositoryAnswer>,
        }
        let doing = format!("list the repositories of installation {}", self.id);
        let path = format!("/installation/repositories?{}", page_query([]));
        let pages: Vec<Page> = self.pages_at(&doing, path, LIST_PAGES).await?;
        pages.into_iter().flat_map(|page| page.repositories).map(|r| self.checked(r)).collect()
    }

    /// The repository with this id, under its present name: ids outlive renames and transfers.
    ///
    /// (`GET /repositories/{id}` is where GitHub redirects old names to; its REST description does not list it.)
    ///
    /// # Errors
    /// [`GithubError::NotFound`] when it was deleted, or moved out of the installation's reach.
    pub async fn repository_by_id(&self, id: u64) -> Result<Repository, GithubError> {
        let request = self.get(format!("/repositories/{id}"), format!("read repository {id}"));
        self.checked(self.app.ask_as(self.id, &request).await?.read(&request)?)
    }

    /// The open pull requests of `repo`, drafts too, oldest first.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn open_pull_requests(&self, repo: &str) -> Result<Vec<PullRequest>, GithubError> {
        // In the order of creation, so that what is opened meanwhile moves nothing to another page.
        let query = page_query([("state", "open"), ("sort", "created"), ("direction", "asc")]);
        let path = format!("/repos/{repo}/pulls?{query}");
        let pages: Vec<Vec<pull_request::Answer>> =
            self.pages(repo, "list the open pull requests", path, LIST_PAGES).await?;
        Ok(pages.into_iter().flatten().map(PullRequest::from).collect())
    }

    /// Pull requests that contain `sha`; which of them have it as head is the caller's to ask.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn pull_requests_for_commit(&self, repo: &str, sha: &str) -> Result<Vec<PullRequest>, GithubError> {
        let path = format!("/repos/{repo}/commits/{}/pulls?{}", self.sha(repo, sha)?, page_query([]));
        let pages: Vec<Vec<pull_request::Answer>> =
            self.pages(repo, "list the pull requests of a commit", path, LIST_PAGES).await?;
        Ok(pages.into_iter().flatten().map(PullRequest::from).collect())
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
        self.app.token(self.id, Scope::ReadContents(repo.to_owned())).await
    }

    /// As [`Self::clone_token`], for the repository with this id, whatever it is called now.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn clone_token_of(&self, repository: u64) -> Result<Secret, GithubError> {
        self.app.token(self.id, Scope::ReadContentsOf(repository)).await
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        repo: &str,
        doing: &str,
        method: Method,
        path: String,
        body: Option<Value>,
    ) -> Result<T, GithubError> {
        self.repository(repo)?;
        let request = Request { method, path, body, doing: format!("{doing} in {repo}") };
        self.app.ask_as(self.id, &request).await?.read(&request)
    }

    /// All pages of a list of `repo`, `limit` at most.
    pub(crate) async fn pages<T: DeserializeOwned>(
        &self,
        repo: &str,
        doing: &str,
        path: String,
        limit: usize,
    ) -> Result<Vec<T>, GithubError> {
        self.repository(repo)?;
        self.pages_at(&format!("{doing} in {repo}"), path, limit).await
    }

    async fn pages_at<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: String,
        limit: usize,
    ) -> Result<Vec<T>, GithubError> {
        let (mut pages, mut next) = (Vec::new(), Some(path));
        while let Some(path) = next.filter(|_| pages.len() < limit) {
            let request = self.get(path, doing.to_owned());
            let answer = self.app.ask_as(self.id, &request).await?;
            pages.push(answer.read(&request)?);
            next = self.app.session().transport.next_page(&request, &answer)?;
        }
        Ok(pages)
    }

    fn get(&self, path: String, doing: String) -> Request {
        Request { method: Method::GET, path, body: None, doing }
    }

    /// A repository's name goes into paths later: what GitHub says is checked like what a delivery says.
    fn checked(&self, answer: RepositoryAnswer) -> Result<Repository, GithubError> {
        self.repository(&answer.full_name)?;
        Ok(Repository {
            id: answer.id,
            full_name: answer.full_name,
            clone_url: answer.clone_url,
            private: answer.private,
            default_branch: answer.default_branch,
        })
    }

    /// Names go into paths: one that could lead elsewhere never gets there.
    fn repository(&self, repo: &str) -> Result<(), GithubError> {
        let doing = "choose a repository".to_owned();
        let message = format!("{:?} is not a repository name OWNER/NAME", repo.chars().take(200).collect::<String>());
        if is_repository_name(repo) { Ok(()) } else { Err(GithubError::Validation { doing, message }) }
    }

    pub(crate) fn sha<'a>(&self, repo: &str, sha: &'a str) -> Result<&'a str, GithubError> {
        let doing = format!("choose a commit in {repo}");
        let message = format!("{:?} is not a full commit id", sha.chars().take(80).collect::<String>());
        if is_sha(sha) { Ok(sha) } else { Err(GithubError::Validation { doing, message }) }
    }
}

/// The query of a list, in pages of a hundred.
pub(crate) fn page_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).append_pair("per_page", "100").finish()
}
