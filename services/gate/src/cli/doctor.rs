//! `lockgate doctor`: each part that a server needs, tried; for what is missing, the remedy.

use super::{finding_code, model, permissions};
use crate::{config::Config, server, web::auth::Provider};
use anyhow::{Context, Result};
use lockgate_ecosystems::Client;
use lockgate_mirror::{Mirror, Shard};
use lockgate_model::{Ecosystem, redact::redact};
use lockgate_outbound::Network;
use lockgate_store::{
    PgPool, advisories,
    models::{self, Place},
};
use std::{path::Path, process::ExitCode, time::Duration};

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
                println!("missing  {part}: {}", redact(&format!("{error:#}")));
            }
        }
    }

    /// It works, and should not stay so.
    fn warn(&self, part: &str, why: &str) {
        println!("warning  {part}: {why}");
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
    findings.note("classifier", classifier(&config));
    for why in permissions::warnings(path, &config) {
        findings.warn("files", &why);
    }
    findings.note("outbound", outbound(&config).await);
    findings.note("github", github(&config));
    findings.note("sign-in", sign_in(&config).await);
    findings.note("mirror", mirror(&config).await);
    registries(&config, &mut findings).await;
    database(&config, &mut findings).await;
    println!("{} missing", findings.missing);
    Ok(finding_code(findings.missing == 0))
}

fn classifier(config: &Config) -> Result<String> {
    let budget = Duration::from_secs(config.work.collector_seconds);
    Ok(match server::classifier(config, budget)? {
        None => "no model is configured, so releases are not scored; [classifier] in the README shows how".to_owned(),
        Some(running) => format!("model {}, {:?}", running.digest(), running.provider()),
    })
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

async fn sign_in(config: &Config) -> Result<String> {
    let Some(provider) = Provider::new(config)? else {
        return Ok("by machine token alone; people sign in once [auth.oidc] is filled as the README shows".to_owned());
    };
    let keys = provider.probe().await?;
    Ok(format!("the OpenID provider answers ({keys} keys)"))
}

/// Names that lead into a private network, and are not listed as such: they would not be asked.
async fn outbound(config: &Config) -> Result<String> {
    let mut unlisted = Vec::new();
    for host in config.outbound_hosts() {
        if !Network::current().is_private(&host) && lockgate_outbound::resolves_privately(&host).await {
            unlisted.push(host);
        }
    }
    if unlisted.is_empty() {
        return Ok("every configured name is public, or listed in outbound.private_hosts".to_owned());
    }
    anyhow::bail!(
        "these names resolve to private addresses, so they are not asked: {}; if they belong there, add them to \
         outbound.private_hosts",
        unlisted.join(", ")
    )
}

/// The place where artifacts are kept can be used.
async fn mirror(config: &Config) -> Result<String> {
    let Some(section) = config.mirror_section() else {
        return Ok("artifacts that pass are not kept; [mirror] in the README shows how".to_owned());
    };
    let mirror = Mirror::open(&section.place(&config.data_dir, server::USER_AGENT)?)?;
    for shard in Shard::all().take(1) {
        mirror.list(shard).await?;
    }
    Ok("artifacts that pass can be kept".to_owned())
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
    findings.note("models", models(config, database.store.pool()).await);
}

/// Which models decide; the active one is opened as a server opens it.
async fn models(config: &Config, pool: &PgPool) -> Result<String> {
    let placed = models::placed(pool).await?;
    let Some((active, _)) = placed.iter().find(|(_, place)| *place == Place::Active) else {
        return Ok(match config.classifier.model {
            Some(_) => "none is active yet; the configured one will be once a server has started".to_owned(),
            None => "none is active".to_owned(),
        });
    };
    if config.classifier.model.is_none() {
        return Ok("none is asked, for [classifier] names none".to_owned());
    }
    let opened = model::open(config, pool, active).await?;
    let mut found = format!("{} is active", model::short(opened.digest()));
    for (digest, place) in &placed {
        if let Place::Canary { share } = place {
            found.push_str(&format!(", {} decides for {share}% of the repositories", model::short(digest)));
        }
    }
    Ok(found)
}
