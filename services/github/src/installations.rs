//! Where the App is installed.

use crate::{App, GithubError, transport::Request};
use chrono::{DateTime, Utc};
use http::Method;
use serde::Deserialize;

/// An installation of the App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    pub id: u64,
    /// Login of the organisation or user; an enterprise's slug.
    pub account: String,
    /// Since when it is suspended: its token is refused until somebody lifts that.
    pub suspended_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct InstallationAnswer {
    id: u64,
    account: Option<Account>,
    suspended_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Account {
    login: Option<String>,
    slug: Option<String>,
}

impl App {
    /// All installations, suspended ones too.
    ///
    /// # Errors
    /// [`GithubError`].
    pub async fn installations(&self) -> Result<Vec<Installation>, GithubError> {
        let (mut found, mut path) = (Vec::new(), Some("/app/installations?per_page=100".to_owned()));
        while let Some(page) = path {
            let doing = "list the App's installations".into();
            let request = Request { method: Method::GET, path: page, body: None, doing };
            let answer = self.ask(&request).await?;
            found.extend(answer.read::<Vec<InstallationAnswer>>(&request)?.into_iter().map(Installation::from));
            path = self.session().transport.next_page(&request, &answer)?;
        }
        Ok(found)
    }

    /// One installation.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] when the App was uninstalled there.
    pub async fn installation_by_id(&self, id: u64) -> Result<Installation, GithubError> {
        let (path, doing) = (format!("/app/installations/{id}"), format!("read installation {id}"));
        let request = Request { method: Method::GET, path, body: None, doing };
        Ok(self.ask(&request).await?.read::<InstallationAnswer>(&request)?.into())
    }
}

impl From<InstallationAnswer> for Installation {
    fn from(answer: InstallationAnswer) -> Self {
        let account = answer.account.and_then(|account| account.login.or(account.slug)).unwrap_or_default();
        Self { id: answer.id, account, suspended_at: answer.suspended_at }
    }
}
