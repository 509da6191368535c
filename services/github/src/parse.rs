//! From a payload's fields to an event: one function per event.
//!
//! Each asks for the fields that the event's type has and for no others, so that a payload which GitHub extends or
//! thins out elsewhere still parses.

use crate::{
    event::{
        CheckRunEvent, CheckSuiteEvent, EventOrigin, InstallationEvent, InstallationRepositoriesEvent, MergeGroupEvent,
        PullRequestEvent, PullRequestHint, PushEvent, Repository, RepositoryEvent, RepositoryName,
    },
    payload::{Field, PayloadError},
};

pub(crate) fn pull_request(payload: &Field<'_>) -> Result<PullRequestEvent, PayloadError> {
    let pull_request = payload.get("pull_request")?;
    let (head, base) = (pull_request.get("head")?, pull_request.get("base")?);
    let head_repository = head.find("repo").map(|r| r.get("full_name")?.repository_name()).transpose()?;
    let base_before = payload.find("changes").and_then(|c| c.find("base")).and_then(|b| b.find("sha"));
    Ok(PullRequestEvent {
        action: payload.get("action")?.text()?,
        origin: origin(payload)?,
        repository: repository(payload)?,
        number: pull_request.get("number")?.number()?,
        head_sha: head.get("sha")?.sha()?,
        head_repository,
        base_sha: base.get("sha")?.sha()?,
        base_ref: base.get("ref")?.text()?,
        draft: pull_request.find("draft").map(|d| d.flag()).transpose()?.unwrap_or(false),
        updated_at: pull_request.find("updated_at").map(|t| t.time()).transpose()?,
        before: payload.find("before").map(|b| b.sha()).transpose()?,
        base_before: base_before.and_then(|s| s.find("from")).map(|f| f.sha()).transpose()?,
    })
}

pub(crate) fn merge_group(payload: &Field<'_>) -> Result<MergeGroupEvent, PayloadError> {
    let group = payload.get("merge_group")?;
    Ok(MergeGroupEvent {
        action: payload.get("action")?.text()?,
        origin: origin(payload)?,
        repository: repository(payload)?,
        head_sha: group.get("head_sha")?.sha()?,
        base_sha: group.get("base_sha")?.sha()?,
        base_ref: group.get("base_ref")?.text()?,
        reason: payload.find("reason").map(|r| r.text()).transpose()?,
    })
}

pub(crate) fn push(payload: &Field<'_>) -> Result<PushEvent, PayloadError> {
    Ok(PushEvent {
        origin: origin(payload)?,
        repository: repository(payload)?,
        reference: payload.get("ref")?.text()?,
        before: payload.get("before")?.sha()?,
        after: payload.get("after")?.sha()?,
        created: payload.get("created")?.flag()?,
        deleted: payload.get("deleted")?.flag()?,
    })
}

pub(crate) fn check_suite(payload: &Field<'_>) -> Result<CheckSuiteEvent, PayloadError> {
    let suite = payload.get("check_suite")?;
    Ok(CheckSuiteEvent {
        action: payload.get("action")?.text()?,
        origin: origin(payload)?,
        repository: repository(payload)?,
        head_sha: suite.get("head_sha")?.sha()?,
        app_id: suite.find("app").map(|a| a.get("id")?.number()).transpose()?,
        pull_requests: hints(&suite)?,
    })
}

pub(crate) fn check_run(payload: &Field<'_>) -> Result<CheckRunEvent, PayloadError> {
    let run = payload.get("check_run")?;
    let requested = payload.find("requested_action").map(|r| r.get("identifier")?.text()).transpose()?;
    Ok(CheckRunEvent {
        action: payload.get("action")?.text()?,
        origin: origin(payload)?,
        repository: repository(payload)?,
        head_sha: run.get("head_sha")?.sha()?,
        id: run.get("id")?.number()?,
        name: run.get("name")?.text()?,
        external_id: run.find("external_id").map(|e| e.text()).transpose()?,
        app_id: run.find("app").map(|a| a.get("id")?.number()).transpose()?,
        requested_action: requested,
        pull_requests: hints(&run)?,
    })
}

pub(crate) fn installation(payload: &Field<'_>) -> Result<InstallationEvent, PayloadError> {
    let (id, account) = installed(payload)?;
    let repositories = names(payload, "repositories")?;
    Ok(InstallationEvent { action: payload.get("action")?.text()?, id, account, repositories })
}

pub(crate) fn installation_repositories(payload: &Field<'_>) -> Result<InstallationRepositoriesEvent, PayloadError> {
    let (id, account) = installed(payload)?;
    Ok(InstallationRepositoriesEvent {
        action: payload.get("action")?.text()?,
        id,
        account,
        added: names(payload, "repositories_added")?,
        removed: names(payload, "repositories_removed")?,
    })
}

pub(crate) fn repository_event(payload: &Field<'_>) -> Result<RepositoryEvent, PayloadError> {
    let repository = repository(payload)?;
    let previous_name = previous_name(payload, &repository.full_name)?;
    Ok(RepositoryEvent { action: payload.get("action")?.text()?, origin: origin(payload)?, repository, previous_name })
}

/// A rename tells the old name without its owner, a transfer the old owner without the name.
fn previous_name(payload: &Field<'_>, now: &str) -> Result<Option<String>, PayloadError> {
    let Some((changes, (owner, name))) = payload.find("changes").zip(now.split_once('/')) else { return Ok(None) };
    let renamed = changes.find("repository").and_then(|r| r.find("name")).and_then(|n| n.find("from"));
    if let Some(from) = renamed {
        return from.repository_part().map(|name| Some(format!("{owner}/{name}")));
    }
    let from = changes.find("owner").and_then(|o| o.find("from"));
    let holder = from.and_then(|f| f.find("organization").or_else(|| f.find("user")));
    holder.map(|h| Ok(format!("{}/{name}", h.get("login")?.repository_part()?))).transpose()
}

fn installed(payload: &Field<'_>) -> Result<(u64, String), PayloadError> {
    let installation = payload.get("installation")?;
    let account = installation.get("account")?;
    // An enterprise has a slug and no login.
    let account = account.find("login").or_else(|| account.find("slug")).map_or_else(|| account.get("login"), Ok)?;
    Ok((installation.get("id")?.number()?, account.text()?))
}

fn origin(payload: &Field<'_>) -> Result<EventOrigin, PayloadError> {
    Ok(EventOrigin {
        installation: payload.find("installation").map(|i| i.get("id")?.number()).transpose()?,
        sender: payload.find("sender").map(|s| s.get("login")?.text()).transpose()?,
    })
}

fn repository(payload: &Field<'_>) -> Result<Repository, PayloadError> {
    let repository = payload.get("repository")?;
    Ok(Repository {
        id: repository.get("id")?.number()?,
        full_name: repository.get("full_name")?.repository_name()?,
        clone_url: repository.get("clone_url")?.text()?,
        default_branch: repository.find("default_branch").and_then(|branch| branch.text().ok()),
        private: repository.get("private")?.flag()?,
    })
}

fn names(payload: &Field<'_>, key: &str) -> Result<Vec<RepositoryName>, PayloadError> {
    let Some(list) = payload.find(key) else { return Ok(Vec::new()) };
    let name = |r: &Field<'_>| {
        Ok(RepositoryName {
            id: r.get("id")?.number()?,
            full_name: r.get("full_name")?.repository_name()?,
            private: r.find("private").map(|p| p.flag()).transpose()?.unwrap_or(true),
        })
    };
    list.items()?.iter().map(name).collect()
}

fn hints(holder: &Field<'_>) -> Result<Vec<PullRequestHint>, PayloadError> {
    let Some(list) = holder.find("pull_requests") else { return Ok(Vec::new()) };
    let hint = |p: &Field<'_>| {
        let base = p.get("base")?;
        Ok(PullRequestHint {
            number: p.get("number")?.number()?,
            head_sha: p.get("head")?.get("sha")?.sha()?,
            base_sha: base.get("sha")?.sha()?,
            base_ref: base.get("ref")?.text()?,
        })
    };
    list.items()?.iter().map(hint).collect()
}
