//! `lockgate doctor`: each part that a server needs, tried; for what is missing, the remedy.

use super::finding_code;
use crate::{config::Config, server};
use anyhow::{Context, Result};
use lockgate_ecosystems::Client;
use lockgate_model::Ecosystem;
use lockgate_store::advisories;
use std::{path::Path, process::ExitCode};

/// A package that every registry of the ecosystem serves.
fn probe(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Npm => "npm",
        Ecosystem::Pypi => "pip",
        Ecosystem::Cargo => "serde",
    }
}

/// Prints one line a part.
#[derive(Debug, Default)]
struct Findings {
    missing: usize,
}

impl Findings {
    fn note(&mut self, part: &str, found: Result<String>) {
        match found {
            Ok(what) => println!("ok       {part}: {what}"),
            Err(error) => {
                self.missing += 1;
                println!("missing  {part}: {error:#}");
            }
        }
    }
}

pub(super) async fn run(path: &Path) -> Result<ExitCode> {
    let mut findings = Findings::default();
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            findings.note("configuration", Err(error));
            return Ok(finding_code(false));
        }
    };
    findings.note("configuration", Ok(path.display().to_string()));
    findings.note("policy", server::policy(&config).map(|p| p.digest().to_string()));
    findings.note("github", github(&config));
    registries(&config, &mut findings).await;
    database(&config, &mut findings).await;
    println!("{} missing", findings.missing);
    Ok(finding_code(findings.missing == 0))
}

fn github(config: &Config) -> Result<String> {
    let github =
        config.github.as_ref().context("no App is configured; fill the [github] section as the README shows")?;
    crate::config::read_secret(&github.private_key_file)?;
    for file in &github.webhook_secret_files {
        crate::config::read_secret(file)?;
    }
    if github.webhook_secret_files.is_empty() {
        anyhow::bail!(
            "no webhook secret is configured: every delivery would be refused; set github.webhook_secret_files"
        );
    }
    Ok(format!("App {} at {}", github.client_id, github.api_url))
}

async fn registries(config: &Config, findings: &mut Findings) {
    let client = config.registry_configs().and_then(|configs| Ok(Client::new(configs, server::USER_AGENT)?));
    let client = match client {
        Ok(client) => client,
        Err(error) => return findings.note("registries", Err(error)),
    };
    for ecosystem in Ecosystem::ALL {
        let part = format!("registry {ecosystem}");
        if !config.registries.contains_key(&ecosystem) {
            findings
                .note(&part, Err(anyhow::anyhow!("not configured: its releases stay incomplete; run `lockgate init`")));
            continue;
        }
        let found = client.package(ecosystem, probe(ecosystem)).await;
        findings.note(
            &part,
            found.map(|p| format!("answers ({} releases of {})", p.releases.len(), p.name)).map_err(Into::into),
        );
    }
}

async fn database(config: &Config, findings: &mut Findings) {
    let database = match server::database(config).await {
        Ok(database) => database,
        Err(error) => return findings.note("database", Err(error)),
    };
    let what = if database.cluster.is_some() { "private cluster" } else { "configured server" };
    findings.note("database", Ok(what.to_owned()));
    let feed = async {
        let feed = advisories::feed(database.store.pool()).await?;
        let feed =
            feed.context("no feed: advisory evidence stays unavailable; run `lockgate advisories import DIR|ZIP|URL`")?;
        anyhow::Ok(format!("{} records, imported {}", feed.records, feed.imported_at))
    };
    findings.note("advisories", feed.await);
}
