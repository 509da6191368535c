//! May this file be installed? Remembered, else judged then and there, as a pull request would be that adds it.
//!
//! 1. What stands in memory, under the policy and the advisories of now.
//! 2. What was answered before and rests on the same policy and the same advisories about the package.
//! 3. Judge: find the release that has the file, get its bytes, hold them against what the registry states, gather the
//!    evidence, ask policy, keep the answer; and what passed, in the mirror.
//!
//! Whatever fails on the way is no answer, and without an answer nothing is handed out.

use super::{
    Firewall,
    remembered::{Basis, Verdict},
};
use crate::pipeline::{self, HeldFile};
use anyhow::{Context as _, Result};
use chrono::Utc;
use lockgate_mirror::Verified;
use lockgate_model::{
    Assessment, Cause, CauseKind, Change, ChangeKind, CommitSha, Decision, Digest, DigestComparison, Ecosystem,
    LockedDigest, LockedRelease, LockfileChange, LockfileFormat, LockfileStatus, Observation, Origin, Outcome,
    PublishedFile, Release, ReleaseChange, RepoId,
};
use lockgate_policy::{Context as PolicyContext, Policy};
use lockgate_report::{self as report, Meta, Report};
use lockgate_store::{
    artifacts::{self, Stated},
    evidence,
    firewall::{self as answers, Judgement},
    mirror::FileOf,
    policies,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use uuid::Uuid;

/// A file that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub ecosystem: Ecosystem,
    /// In the ecosystem's normal form.
    pub name: String,
    /// Without folders.
    pub file: String,
}

/// Why a file is not handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// As people write it: `npm left-pad 1.3.0`.
    pub subject: String,
    /// Of the judgement, whose page says more; `None` where there was nothing to judge.
    pub id: Option<Uuid>,
    /// Denied, as opposed to held because something is missing.
    pub denied: bool,
    pub why: String,
}

/// What a client is told.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Passed(Verified),
    Refused(Arc<Refusal>),
    /// Nothing was learnt; asking again may help.
    Failed(Cause),
}

impl Firewall {
    /// The answer, within the time that a client waits.
    pub(super) async fn file(&self, wanted: &Wanted) -> Answer {
        // 1.
        match self.shared.remembered.verdict(wanted, &self.basis()) {
            Some(Verdict::Passed { sha256 }) => {
                if let Some(object) = self.shared.remembered.object(&sha256) {
                    return Answer::Passed(object);
                }
            }
            Some(Verdict::Refused { refusal, .. }) => return Answer::Refused(refusal),
            None => {}
        }
        let work = self.clone().find(wanted.clone());
        let found = self.shared.flights.join(wanted.clone(), work);
        match tokio::time::timeout(self.shared.section.patience(), found).await {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                Answer::Failed(Cause::new(CauseKind::Internal, format!("judge {}: it ended early", wanted.file)))
            }
            Err(_) => {
                let message =
                    format!("judge {}: it takes longer than {} s", wanted.file, self.shared.section.judge_seconds);
                Answer::Failed(Cause::new(CauseKind::Timeout, message).with_remedy("ask again: the judging goes on"))
            }
        }
    }

    fn basis(&self) -> Basis {
        Basis {
            policy: self.shared.context.policy.current().digest().clone(),
            revision: self.shared.revision.load(Ordering::Relaxed),
        }
    }

    async fn find(self, wanted: Wanted) -> Answer {
        let started = tokio::time::Instant::now();
        let (answer, how) = match self.answered_before(&wanted).await {
            Ok(Some(answer)) => (Ok(answer), "remembered"),
            Ok(None) => (self.judge(&wanted).await, "judged"),
            Err(error) => (Err(error), "judged"),
        };
        let answer = answer.unwrap_or_else(|error| {
            tracing::error!(file = wanted.file, error = format!("{error:#}"), "the firewall could not judge");
            let message = format!("judge {}: the server could not look it up or keep its answer", wanted.file);
            Answer::Failed(Cause::new(CauseKind::Internal, message).with_remedy("an operator finds why in the log"))
        });
        let labels = [("how", how), ("answer", answer.name())];
        metrics::counter!("lockgate_firewall_answers_total", &labels).increment(1);
        metrics::histogram!("lockgate_firewall_seconds", "how" => how).record(started.elapsed().as_secs_f64());
        answer
    }

    /// 2.
    async fn answered_before(&self, wanted: &Wanted) -> Result<Option<Answer>> {
        let basis = self.basis();
        let package = Release::new(wanted.ecosystem, &wanted.name, "").purl() + "@";
        let Some(before) = answers::latest(self.shared.context.store.pool(), &package, &wanted.file).await? else {
            return Ok(None);
        };
        if before.policy_digest != basis.policy || before.advisories != self.advisories(wanted).await? {
            return Ok(None);
        }
        if before.decision.outcome() != Outcome::Allow {
            let age = (Utc::now() - before.judged_at).to_std().unwrap_or_default();
            let left = self.refusals_stand().checked_sub(age).filter(|left| !left.is_zero());
            return Ok(left.map(|left| self.refuse(wanted, basis, &before, left)));
        }
        let Some(sha256) = &before.sha256 else { return Ok(None) };
        match self.shared.keeper.read(sha256).await {
            Ok(Some(object)) => {
                self.shared.remembered.passed(wanted.clone(), basis, &object);
                Ok(Some(Answer::Passed(object)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(%sha256, error = format!("{error:#}"), "read from the mirror; asking the registry instead");
                Ok(None)
            }
        }
    }

    /// 3.
    async fn judge(&self, wanted: &Wanted) -> Result<Answer> {
        let _turn = self.shared.turns.acquire().await.context("judging has ended")?;
        let (release, listed) = match self.listed(wanted).await {
            Ok(found) => found,
            Err(cause) => return Ok(Answer::Failed(cause)),
        };
        let object = match self.bytes(&release, &listed).await? {
            Ok(object) => object,
            Err(cause) if cause.kind.is_transient() => return Ok(Answer::Failed(cause)),
            Err(cause) => {
                let refusal = Refusal { subject: release.to_string(), id: None, denied: true, why: cause.to_string() };
                return Ok(Answer::Refused(Arc::new(refusal)));
            }
        };
        let (basis, advisories) = (self.basis(), self.advisories(wanted).await?);
        let policy = self.shared.context.policy.current();
        let basis = Basis { policy: policy.digest().clone(), ..basis };
        let held = HeldFile { file: listed.file.clone(), bytes: object.bytes().clone() };
        let collector = self.shared.context.collector_for(None).looking_at(held);
        let assessment = pipeline::collect(&collector, as_a_change(&release, &listed)?, &|_| {}).await?;
        let facts = PolicyContext { registry_hosts: self.shared.context.config.registry_hosts(), ..Default::default() };
        let deciding = {
            let (policy, question) = (Arc::clone(&policy), assessment.clone());
            tokio::task::spawn_blocking(move || policy.decide(&question, &facts))
        };
        let decision = deciding.await??;
        if decision.outcome() == Outcome::Incomplete
            && let Some(cause) = passing_cause(&assessment)
        {
            return Ok(Answer::Failed(cause));
        }
        let judgement =
            self.answer(&release, &listed.file, object.sha256(), &assessment, decision, advisories, &policy);
        self.keep(&judgement, &assessment, &policy).await?;
        if judgement.decision.outcome() != Outcome::Allow {
            return Ok(self.refuse(wanted, basis, &judgement, self.refusals_stand()));
        }
        let of = FileOf { purl: release.purl(), file: listed.file };
        // It passed and its bytes are here: that it could not be kept is the operator's trouble, not the client's.
        if let Err(error) = self.shared.keeper.keep(&object, &of, &format!("firewall:{}", judgement.id)).await {
            metrics::counter!("lockgate_mirror_not_kept_total").increment(1);
            tracing::error!(%release, error = format!("{error:#}"), "an artifact that passed is not kept");
        }
        self.shared.remembered.passed(wanted.clone(), basis, &object);
        Ok(Answer::Passed(object))
    }

    fn refusals_stand(&self) -> Duration {
        Duration::from_secs(self.shared.section.refusal_seconds)
    }

    /// What names the advisories about the package; `None` when no feed was imported.
    async fn advisories(&self, wanted: &Wanted) -> Result<Option<Digest>> {
        let package = (wanted.ecosystem, wanted.name.clone());
        let digests =
            self.shared.context.collector.knowledge().advisory_digests(std::slice::from_ref(&package)).await?;
        Ok(digests.and_then(|digests| digests.get(&package).cloned()))
    }

    /// The release that has the file, as the registry lists it.
    pub(super) async fn listed(&self, wanted: &Wanted) -> Result<(Release, PublishedFile), Cause> {
        let package = self.shared.keeper.client.package(wanted.ecosystem, &wanted.name).await?;
        let releases = package.releases.iter();
        let mut found = releases.filter_map(|r| {
            Some((r.release.clone(), r.files.iter().find(|listed| listed.file == wanted.file)?.clone()))
        });
        match (found.next(), found.next()) {
            (Some(found), None) => Ok(found),
            (None, _) => {
                let message =
                    format!("fetch {} {}: the registry lists no file {}", wanted.ecosystem, wanted.name, wanted.file);
                Err(Cause::new(CauseKind::NotFound, message))
            }
            (Some(_), Some(_)) => {
                let message = format!("fetch {} {}: {} is in two releases", wanted.ecosystem, wanted.name, wanted.file);
                Err(Cause::new(CauseKind::Malformed, message).with_remedy("take another release"))
            }
        }
    }

    /// The file's bytes, from the mirror or the registry, matching everything that the registry states of them.
    async fn bytes(&self, release: &Release, listed: &PublishedFile) -> Result<Result<Verified, Cause>> {
        if let Some(digest) = pipeline::strongest(&listed.digests) {
            let stated = Stated { purl: release.purl(), file: listed.file.clone(), digest: digest.clone() };
            let known = artifacts::known(self.shared.context.store.pool(), std::slice::from_ref(&stated)).await?;
            if let Some(sha256) = known.into_iter().next().flatten()
                && let Ok(Some(object)) = self.shared.keeper.read(&sha256).await
            {
                return Ok(Ok(object));
            }
        }
        let bytes = match self.shared.keeper.client.artifact(release, listed).await {
            Ok(bytes) => bytes,
            Err(cause) => return Ok(Err(cause)),
        };
        let (digests, subject) = (listed.digests.clone(), format!("{release} {}", listed.file));
        let hashing = tokio::task::spawn_blocking(move || {
            match digests.iter().find(|stated| stated.matches(&bytes) != DigestComparison::Equal) {
                None => Ok(Verified::naming(bytes)),
                Some(stated) => {
                    let found = Digest::of(stated.algorithm(), &bytes);
                    let message = format!("fetch {subject}: the registry states {stated} and serves {found}");
                    let remedy = "install nothing; somebody exchanged the file, or the transfer is broken";
                    Err(Cause::new(CauseKind::Malformed, message).with_remedy(remedy))
                }
            }
        });
        Ok(hashing.await?)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the answer")]
    fn answer(
        &self,
        release: &Release,
        file: &str,
        sha256: &Digest,
        assessment: &Assessment,
        decision: Decision,
        advisories: Option<Digest>,
        policy: &Policy,
    ) -> Judgement {
        let (id, judged_at) = (Uuid::now_v7(), Utc::now());
        let page_url = Some(self.address(&format!("judgements/{id}")));
        let meta = Meta { id: Some(id), policy_digest: policy.digest().clone(), decided_at: judged_at, page_url };
        Judgement {
            report: report::text(&Report::new(assessment, &decision, &meta), report::Color::Never),
            id,
            purl: release.purl(),
            file: file.to_owned(),
            sha256: Some(sha256.clone()),
            decision,
            policy_digest: policy.digest().clone(),
            advisories,
            evidence: assessment.evidence_ids(),
            judged_at,
        }
    }

    /// Keeps the answer with what it rests on.
    async fn keep(&self, judgement: &Judgement, assessment: &Assessment, policy: &Policy) -> Result<()> {
        let all: Vec<_> = assessment.releases.iter().flat_map(|r| r.evidence.iter().cloned()).collect();
        let mut transaction = self.shared.context.store.begin().await?;
        policies::remember(&mut *transaction, policy.digest(), policy.files()).await?;
        evidence::insert_all(&mut transaction, &all).await?;
        answers::insert(&mut *transaction, judgement).await?;
        Ok(transaction.commit().await?)
    }

    fn refuse(&self, wanted: &Wanted, basis: Basis, judgement: &Judgement, for_how_long: Duration) -> Answer {
        let subject = judgement.purl.parse::<Release>().map_or_else(|_| judgement.purl.clone(), |r| r.to_string());
        let reasons: Vec<String> =
            judgement.decision.reasons().map(|reason| format!("{} (do: {})", reason.message, reason.remedy)).collect();
        let refusal = Arc::new(Refusal {
            subject,
            id: Some(judgement.id),
            denied: judgement.decision.outcome() == Outcome::Deny,
            why: reasons.join("; "),
        });
        self.shared.remembered.refused(wanted.clone(), basis, Arc::clone(&refusal), for_how_long);
        Answer::Refused(refusal)
    }
}

impl Answer {
    fn name(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
        }
    }
}

/// A change that adds this release, pinned to what the registry states of the file: no lockfile is here to say anything
/// else, and the client holds the bytes against its own.
fn as_a_change(release: &Release, listed: &PublishedFile) -> Result<Change> {
    let format = match release.ecosystem {
        Ecosystem::Npm => LockfileFormat::NpmPackageLock,
        Ecosystem::Pypi => LockfileFormat::Pylock,
        Ecosystem::Cargo => LockfileFormat::CargoLock,
    };
    let pinned = listed.digests.iter().max_by_key(|digest| digest.algorithm());
    let entry = LockedRelease {
        release: release.clone(),
        origin: Origin::Registry { url: None },
        digests: pinned
            .map(|d| LockedDigest { digest: d.clone(), file: Some(listed.file.clone()) })
            .into_iter()
            .collect(),
        direct: None,
        dev: None,
        optional: false,
        alias: None,
        install_script: None,
        line: 0,
        depends_on: Vec::new(),
    };
    let path = format!("firewall/{}", release.ecosystem);
    let added = ReleaseChange { kind: ChangeKind::Added, lockfile: path.clone(), old: None, new: Some(entry) };
    let repository: RepoId = path.parse()?;
    let nowhere: CommitSha = "0".repeat(40).parse()?;
    let status = LockfileStatus::Changed;
    let lockfile = LockfileChange { path, format, status, releases: vec![added], findings: Vec::new() };
    let lockfiles = vec![lockfile];
    Ok(Change { repository, base: nowhere.clone(), head: nowhere, lockfiles, pins: Vec::new(), unread: Vec::new() })
}

/// The first cause that may be gone when it is asked again.
fn passing_cause(assessment: &Assessment) -> Option<Cause> {
    assessment.releases.iter().flat_map(|r| &r.evidence).find_map(|evidence| match &evidence.observation {
        Observation::Unavailable { cause } if cause.kind.is_transient() => Some(cause.clone()),
        _ => None,
    })
}
