//! Real package managers through the firewall, against the registries that this machine uses: `cargo xtask firewall`.
//!
//! For each client, in fresh folders and with fresh caches:
//! 1. Lock and install some packages without Lockgate, and then through it: are the lockfiles the same?
//! 2. One byte of another package is changed between the registry and the firewall: does the client refuse?
//! 3. The registry answers 503, then not at all: what passed before is installed all the same; what is unknown fails, and
//!    after how long?

mod liar;
mod managers;

use crate::app::TestApp;
use anyhow::{Context, Result, ensure};
use liar::{Liar, Mood};
use lockgate_gate::config::{Config, FirewallConfig, RegistrySection};
use lockgate_model::Ecosystem;
use managers::{Manager, Outcome, Project};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

/// What `cargo xtask firewall` hands over.
#[derive(Debug, clap::Parser)]
pub struct Options {
    /// What `lockgate init` wrote on this machine.
    #[arg(long)]
    registries: PathBuf,
    /// Folder with the programs `pnpm` and `yarn`.
    #[arg(long)]
    node_programs: PathBuf,
    /// The program `uv`.
    #[arg(long)]
    uv: PathBuf,
}

/// One client's row.
#[derive(Debug)]
struct Row {
    manager: Manager,
    lockfile: managers::Same,
    lie: Outcome,
    down: [Outcome; 2],
    hanging: [Outcome; 2],
}

/// # Errors
/// When the stage cannot be set up, or a client fails where it must not.
pub async fn run(options: &Options) -> Result<()> {
    let text = std::fs::read_to_string(&options.registries).context("read what lockgate init wrote")?;
    let machine: Config = toml::from_str(&text).context("read what lockgate init wrote")?;
    let liar = Liar::start(&machine).await?;
    let listen = free_address()?;
    let app = TestApp::start_with_feed(|config| {
        for (ecosystem, section) in &mut config.registries {
            let known = machine.registries.get(ecosystem);
            *section = RegistrySection {
                url: liar.address(*ecosystem),
                artifact_hosts: vec![liar.host()],
                lockfile_addresses: known.map(|s| s.lockfile_addresses.clone()).unwrap_or_default(),
                token_file: None,
            };
        }
        config.work.registry_seconds = 20;
        config.firewall = Some(FirewallConfig { judge_seconds: 30, refusal_seconds: 1, ..FirewallConfig::at(listen) });
    })
    .await;
    let programs = managers::Programs { node: options.node_programs.clone(), uv: options.uv.clone() };
    let mut rows = Vec::new();
    for manager in Manager::ALL {
        let row = examine(manager, &programs, &machine, listen, &liar).await;
        rows.push(row.with_context(|| format!("try {}", manager.name()))?);
    }
    table(&rows);
    app.finish().await;
    let good = rows.iter().all(|row| row.lie.refused() && row.down[0].installed() && row.hanging[0].installed());
    ensure!(
        good && rows.iter().all(|row| !row.down[1].installed() && !row.hanging[1].installed()),
        "a row is not as it must be"
    );
    Ok(())
}

async fn examine(
    manager: Manager,
    programs: &managers::Programs,
    machine: &Config,
    listen: SocketAddr,
    liar: &Liar,
) -> Result<Row> {
    let ecosystem = manager.ecosystem();
    let direct = &machine.registries.get(&ecosystem).with_context(|| format!("no {ecosystem} registry"))?.url;
    let through = managers::door(ecosystem, listen);
    let project = |packages| Project::new(manager, programs, packages);
    eprintln!("==> {}: without and through the firewall", manager.name());
    let (without, with) = (project(manager.packages())?, project(manager.packages())?);
    let plain = without.install(direct).await?;
    ensure!(plain.installed(), "it installs nothing without the firewall either: {plain}");
    let passed = with.install(&through).await?;
    ensure!(passed.installed(), "what passes is not installed: {passed}");
    let lockfile = managers::compare(&without.lockfile()?, &with.lockfile()?);
    eprintln!("==> {}: one changed byte", manager.name());
    liar.is(Mood::ChangesAByte);
    let lie = project(manager.lied_about())?.install(&through).await?;
    let mut outages = Vec::new();
    for mood in [Mood::Unavailable, Mood::Hangs] {
        eprintln!("==> {}: {mood:?}", manager.name());
        liar.is(mood);
        outages.push([
            project(manager.packages())?.install(&through).await?,
            project(manager.unknown())?.install(&through).await?,
        ]);
    }
    liar.is(Mood::Honest);
    let [down, hanging] = <[_; 2]>::try_from(outages).map_err(|_| anyhow::anyhow!("two outages were tried"))?;
    Ok(Row { manager, lockfile, lie, down, hanging })
}

fn table(rows: &[Row]) {
    println!("\n{:<6} {:<34} {:<44} {:<34} hanging", "", "lockfile", "one changed byte", "503");
    for row in rows {
        let outage = |[known, unknown]: &[Outcome; 2]| format!("{} / {}", known.short(), unknown.short());
        println!(
            "{:<6} {:<34} {:<44} {:<34} {}",
            row.manager.name(),
            row.lockfile.to_string(),
            row.lie.short(),
            outage(&row.down),
            outage(&row.hanging)
        );
    }
    println!("\n503 and hanging: a package that passed before / one that is unknown");
    for row in rows {
        println!("\n{} says of the changed byte:\n{}", row.manager.name(), row.lie.words());
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Longest time for one run of a client: those that are told to come back later do so for minutes.
const LONGEST: Duration = Duration::from_secs(240);

/// Of which registry a client asks.
fn named(ecosystem: Ecosystem) -> &'static str {
    ecosystem.name()
}
