//! `lockgate mirror verify`: everything that is kept, hashed again.

use super::{ERROR, print};
use crate::{
    config::Config,
    mirror::{Counted, Event, Keeper, Upstream, Verification},
    server,
};
use anyhow::Result;
use lockgate_mirror::Shard;
use lockgate_store::mirror::{PassKind, totals};
use serde_json::json;
use std::{io::IsTerminal, path::Path, process::ExitCode};

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Hash what the mirror holds, restore what is damaged, and compare it with the registries. Goes on with a pass that
    /// was interrupted. Exit: 0 all is as it was kept, 1 something was found, 2 something could not be looked at.
    Verify(Arguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Bytes a second; 0 is no limit.
    #[arg(long, default_value_t = 0)]
    bytes_a_second: u64,
    /// From the beginning, though a pass was interrupted.
    #[arg(long)]
    anew: bool,
    /// Do not compare with what the registries state. What is damaged is restored from them all the same.
    #[arg(long)]
    no_upstream: bool,
    /// Fetch every file from its registry as well, and compare its bytes.
    #[arg(long, conflicts_with = "no_upstream")]
    upstream_bytes: bool,
}

pub(super) async fn run(path: &Path, command: Command) -> Result<ExitCode> {
    let Command::Verify(arguments) = command;
    let config = Config::load(path)?;
    let database = server::database(&config).await?;
    let keeper = Keeper::open(&config, database.store.clone(), server::registry_client(&config)?)?;
    let upstream = match (arguments.no_upstream, arguments.upstream_bytes) {
        (true, _) => Upstream::NotAsked,
        (false, true) => Upstream::Bytes,
        (false, false) => Upstream::Digests,
    };
    let mut pass = Verification::open(&keeper, PassKind::Command, arguments.bytes_a_second, upstream).await?;
    if arguments.anew {
        pass.begin_anew();
    }
    let resumed = pass.pass.reached.clone();
    if !resumed.is_empty() {
        eprintln!(
            "going on with the pass of {} behind {resumed}; --anew begins again",
            super::minute(pass.pass.started_at)
        );
    }
    let all = totals(database.store.pool()).await?.objects;
    let (mut events, bar) = (Vec::new(), std::io::stderr().is_terminal());
    let remaining: Vec<Shard> = pass.remaining().collect();
    for shard in remaining {
        let mut tell = |event: Event| {
            if matches!(arguments.format, Format::Text) {
                let clear = if bar { "\r\x1b[K" } else { "" };
                eprint!("{clear}");
                println!("{}", line(&event));
            }
            events.push(event);
        };
        pass.shard(shard, None, &mut tell).await?;
        if bar {
            let (done, part) = (pass.pass.objects, u32::from(shard.number()) + 1);
            eprint!("\r\x1b[K{}", progress(part, done, all));
        }
    }
    if bar {
        eprint!("\r\x1b[K");
    }
    let counted = pass.finish().await?;
    report(arguments.format, counted, &events)?;
    Ok(match (counted.unread, counted.findings + counted.incidents) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(1),
        _ => ExitCode::from(ERROR),
    })
}

/// What a pass came to.
fn report(format: Format, counted: Counted, events: &[Event]) -> Result<()> {
    match format {
        Format::Text => print(&format!("{}\n", summary(counted))),
        Format::Json => print(&format!(
            "{:#}\n",
            json!({
                "objects": counted.objects,
                "bytes": counted.bytes,
                "damaged": counted.findings,
                "changed_upstream": counted.incidents,
                "unread": counted.unread,
                "events": events,
            })
        )),
    }
}

fn progress(part: u32, done: i64, all: i64) -> String {
    let filled = usize::try_from(part * 32 / u32::from(Shard::COUNT)).unwrap_or_default();
    format!("[{:<32}] {part}/256 parts, {done} of {all} objects", "#".repeat(filled))
}

fn line(event: &Event) -> String {
    match event {
        Event::Damaged { path, damage, what, detail, .. } => format!("{damage:<10} {path}: {what}; {detail}"),
        Event::Changed { purl, file, before, after, news } => {
            let known = if *news { "" } else { " (known)" };
            format!(
                "{:<10} {purl} {file}: it was {before}, the registry has {after}{known}; who relied on it: lockgate \
                 blast-radius {before}",
                "changed"
            )
        }
        Event::Gone { purl, file } => format!("{:<10} {purl} {file}: the registry does not list it any more", "gone"),
        Event::NotAsked { purl, why } => format!("{:<10} {purl}: not compared with its registry: {why}", "not asked"),
        Event::Unread { path, why } => format!("{:<10} {path}: {why}", "unread"),
    }
}

fn summary(counted: Counted) -> String {
    let Counted { objects, bytes, findings, unread, incidents } = counted;
    format!(
        "{objects} objects with {bytes} bytes were hashed: {findings} damaged, {incidents} changed upstream, {unread} could not \
         be read"
    )
}
