//! `lockgate blast-radius DIGEST`: who relied on an artifact.

use super::{access, finding_code, minute, print};
use crate::{config::Config, server};
use anyhow::Result;
use lockgate_model::Digest;
use lockgate_store::{
    firewall,
    incidents::{self, Incident, Relying},
};
use serde_json::{Value, json};
use std::{path::Path, process::ExitCode};
use url::Url;

/// Incidents shown.
const INCIDENTS: i64 = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// `sha256:HEX`, `sha512:HEX`, or as lockfiles write it, `sha512-BASE64`.
    digest: Digest,
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let config = Config::load(path)?;
    let database = server::database(&config).await?;
    let pool = database.store.pool();
    access::note_of(pool, "blast-radius", arguments.digest.to_string()).await?;
    let digests = incidents::same_bytes(pool, &arguments.digest).await?;
    let relying = incidents::relying_on(pool, &digests).await?;
    let answered = firewall::about(pool, &digests).await?;
    let incidents = incidents::list(pool, Some(&digests), INCIDENTS).await?;
    let page = |relying: &Relying| page(&config.server.public_url, relying);
    if arguments.json {
        let decisions: Vec<Value> = relying.iter().map(|one| decision(one, &page(one))).collect();
        let judgements: Vec<Value> = answered.iter().map(judgement).collect();
        let incidents: Vec<Value> = incidents.iter().map(incident).collect();
        let found = json!({
            "digests": digests, "decisions": decisions, "firewall": judgements, "incidents": incidents,
        });
        print(&format!("{found:#}\n"))?;
    } else {
        let mut text = String::new();
        for one in &relying {
            let (at, outcome, head) =
                (minute(one.decided_at), one.outcome.name(), one.head.get(..12).unwrap_or(&one.head));
            let (repository, purl, lockfile) = (&one.repository, &one.purl, &one.lockfile);
            text += &format!("{at}  {outcome:<10} {repository} {head}  {purl} in {lockfile}  {}\n", page(one));
        }
        for one in &answered {
            let (at, outcome) = (minute(one.judged_at), one.decision.outcome().name());
            text += &format!("{at}  {outcome:<10} firewall  {} {}  {}\n", one.purl, one.file, one.id);
        }
        for one in &incidents {
            text += &format!(
                "{}  incident   {} {}: {} became {}, found by {}; {} had relied on it\n",
                minute(one.found_at),
                one.purl,
                one.file,
                one.before,
                one.after,
                one.found_by,
                counted(one.decisions.len(), "decision"),
            );
        }
        let decisions = relying.iter().map(|one| one.decision).collect::<std::collections::BTreeSet<_>>().len();
        text += &format!(
            "{} and {} of the firewall relied on {}; {}\n",
            counted(decisions, "decision"),
            counted(answered.len(), "answer"),
            arguments.digest,
            counted(incidents.len(), "incident"),
        );
        print(&text)?;
    }
    Ok(finding_code(relying.is_empty() && answered.is_empty() && incidents.is_empty()))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn page(public_url: &Url, relying: &Relying) -> String {
    public_url
        .join(&format!("d/{}", relying.decision))
        .map_or_else(|_| relying.decision.to_string(), |url| url.to_string())
}

fn decision(relying: &Relying, page: &str) -> Value {
    json!({
        "decision": relying.decision,
        "repository": relying.repository,
        "head": relying.head,
        "outcome": relying.outcome,
        "decided_at": relying.decided_at,
        "purl": relying.purl,
        "lockfile": relying.lockfile,
        "page": page,
    })
}

fn judgement(judgement: &firewall::Judgement) -> Value {
    json!({
        "id": judgement.id,
        "purl": judgement.purl,
        "file": judgement.file,
        "outcome": judgement.decision.outcome(),
        "judged_at": judgement.judged_at,
    })
}

fn incident(incident: &Incident) -> Value {
    json!({
        "id": incident.id,
        "purl": incident.purl,
        "file": incident.file,
        "before": incident.before,
        "after": incident.after,
        "found_by": incident.found_by,
        "found_at": incident.found_at,
        "decisions": incident.decisions,
    })
}
