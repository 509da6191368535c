//! Requests under a credential, within the limits: where the App's signature, the budgets and the transport meet.

use crate::{
    GithubError, Limits, Secret,
    budget::{Budgets, Cost, Holder},
    signer::Signer,
    transport::{self, Answer, Request, Transport},
};
use chrono::{TimeDelta, Utc};
use http::StatusCode;
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Instant,
};
use tokio::sync::Semaphore;

/// Clocks that differ by less do not matter: signatures are backdated by a minute and last nine.
const TOLERANCE_SECONDS: i64 = 30;

/// What all requests of an App share.
pub(crate) struct Session {
    pub(crate) signer: Signer,
    pub(crate) transport: Transport,
    pub(crate) budgets: Budgets,
    permits: Semaphore,
    /// Seconds by which GitHub's clock is ahead of ours.
    ahead: AtomicI64,
}

impl Session {
    pub(crate) fn new(signer: Signer, transport: Transport, limits: Limits) -> Self {
        let permits = Semaphore::new(limits.concurrent_requests.clamp(1, Semaphore::MAX_PERMITS));
        Self { signer, transport, budgets: Budgets::new(limits), permits, ahead: AtomicI64::new(0) }
    }

    /// Sends `request` as the App itself.
    ///
    /// # Errors
    /// [`GithubError::AppRefused`] when GitHub does not believe the signature; else as [`Session::as_installation`].
    pub(crate) async fn as_app(&self, request: &Request) -> Result<Answer, GithubError> {
        let mut answer = self.send(Holder::App, &self.sign()?, request).await?;
        if answer.status == StatusCode::UNAUTHORIZED && self.learns_the_time(&answer) {
            answer = self.send(Holder::App, &self.sign()?, request).await?;
        }
        match answer.check(request) {
            Ok(()) => Ok(answer),
            Err(GithubError::Unauthorized { doing, message, status: 401 }) => {
                Err(GithubError::AppRefused { doing, message })
            }
            Err(other) => Err(other),
        }
    }

    fn sign(&self) -> Result<Secret, GithubError> {
        self.signer.sign(Utc::now() + TimeDelta::seconds(self.ahead.load(Ordering::Relaxed)))
    }

    /// Whether a refusal shows that the clocks differ otherwise than we thought. A signature says when it was made, so a
    /// clock that was set wrong here would make GitHub refuse the App until somebody mends the clock.
    fn learns_the_time(&self, answer: &Answer) -> bool {
        let Some(theirs) = transport::github_time(&answer.headers) else { return false };
        let ahead = (theirs - Utc::now()).num_seconds();
        (self.ahead.swap(ahead, Ordering::Relaxed) - ahead).abs() > TOLERANCE_SECONDS
    }

    /// Sends `request` under the token of installation `id`; the answer is a success.
    ///
    /// # Errors
    /// [`GithubError::RateLimited`] without asking the network, while the installation's budget is used up.
    pub(crate) async fn as_installation(
        &self,
        id: u64,
        token: &Secret,
        request: &Request,
    ) -> Result<Answer, GithubError> {
        let answer = self.send(Holder::Installation(id), token, request).await?;
        answer.check(request)?;
        Ok(answer)
    }

    async fn send(&self, holder: Holder, token: &Secret, request: &Request) -> Result<Answer, GithubError> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        self.spend(holder, request)?;
        let answer = self.transport.send(token, request).await?;
        self.budgets.observe(holder, &answer, Instant::now());
        Ok(answer)
    }

    fn spend(&self, holder: Holder, request: &Request) -> Result<(), GithubError> {
        let limited = |retry_after| GithubError::RateLimited { doing: request.doing.clone(), retry_after };
        self.budgets.spend(holder, Cost::of(&request.method), Instant::now()).map_err(limited)
    }

    /// Fails when installation `id` may not send `request` now; spends nothing. Asked before a token is bought, so that
    /// an installation that must wait causes no requests at all.
    pub(crate) fn admits(&self, id: u64, request: &Request) -> Result<(), GithubError> {
        let wait = self.budgets.wait(Holder::Installation(id), Cost::of(&request.method), Instant::now());
        match wait {
            None => Ok(()),
            Some(retry_after) => Err(GithubError::RateLimited { doing: request.doing.clone(), retry_after }),
        }
    }
}
