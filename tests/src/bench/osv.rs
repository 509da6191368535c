//! A feed of OSV records as feeds are: a few packages with many records, many with one, ranges and listed versions,
//! texts of some hundred bytes. Made from a fixed seed, so that every run has the same.

use fastrand::Rng;
use lockgate_model::{Ecosystem, Release};
use lockgate_store::advisories::Record;
use serde_json::{Value, json};

const SEED: u64 = 0x0151;
/// Packages that have records.
const PACKAGES: usize = 60_000;
/// Raised with any change of what is made, so that a kept feed is made anew.
pub(super) const VERSION: u32 = 1;

/// `count` records.
pub(super) fn records(count: usize) -> impl Iterator<Item = Record> {
    let mut random = Rng::with_seed(SEED);
    (0..count).map(move |number| record(number, &mut random))
}

/// `count` releases as a large lockfile pins them: half of the packages have records, the popular ones above all.
pub(super) fn releases(count: usize) -> Vec<Release> {
    let mut random = Rng::with_seed(SEED + 1);
    let mut names: Vec<String> = Vec::with_capacity(count);
    while names.len() < count {
        let known = names.len().is_multiple_of(2);
        let name = if known { name(popular(&mut random)) } else { format!("unlisted-{}", random.usize(..1_000_000)) };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| Release::new(Ecosystem::Pypi, &name, &version(&mut random))).collect()
}

/// An index whose frequency falls with its size, as popularity does: the first are drawn hundreds of times.
fn popular(random: &mut Rng) -> usize {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((PACKAGES as f64).powf(random.f64()) - 1.0).floor() as usize;
    if random.bool() { index } else { random.usize(..PACKAGES) }
}

fn name(index: usize) -> String {
    format!("package-{index}")
}

fn version(random: &mut Rng) -> String {
    format!("{}.{}.{}", random.u32(..6), random.u32(..20), random.u32(..10))
}

fn record(number: usize, random: &mut Rng) -> Record {
    let id = format!("BENCH-{number:06}");
    let packages = 1 + usize::from(random.u8(..8) == 0) + usize::from(random.u8(..16) == 0);
    let names: Vec<(Ecosystem, String)> = (0..packages).map(|_| (ecosystem(random), name(popular(random)))).collect();
    let affected: Vec<Value> = names.iter().map(|(ecosystem, name)| affected(*ecosystem, name, random)).collect();
    let body = json!({
        "schema_version": "1.7.0",
        "id": id,
        "modified": "2026-01-01T00:00:00Z",
        "published": "2025-01-01T00:00:00Z",
        "aliases": [format!("CVE-2025-{number:06}")],
        "summary": "A request of a certain form makes the parser write outside of its buffer",
        "details": "The parser trusts the length that the sender states. ".repeat(4 + random.usize(..16)),
        "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
        "affected": affected,
        "references": [{ "type": "ADVISORY", "url": format!("https://advisories.example.test/{id}") }],
    });
    let modified = chrono::DateTime::UNIX_EPOCH;
    Record { id, modified, packages: names, body }
}

fn ecosystem(random: &mut Rng) -> Ecosystem {
    match random.u8(..10) {
        0..5 => Ecosystem::Pypi,
        5..9 => Ecosystem::Npm,
        _ => Ecosystem::Cargo,
    }
}

fn affected(ecosystem: Ecosystem, name: &str, random: &mut Rng) -> Value {
    let ranges = 1 + random.usize(..3);
    let events: Vec<Value> = (0..ranges)
        .flat_map(|major| {
            let (from, to) = (random.u32(..10), 10 + random.u32(..10));
            [json!({ "introduced": format!("{major}.{from}.0") }), json!({ "fixed": format!("{major}.{to}.1") })]
        })
        .collect();
    let kind = if ecosystem == Ecosystem::Pypi { "ECOSYSTEM" } else { "SEMVER" };
    let mut entry = json!({
        "package": { "ecosystem": ecosystem.osv_name(), "name": name },
        "ranges": [{ "type": kind, "events": events }],
    });
    if ecosystem == Ecosystem::Pypi {
        entry["versions"] = (0..random.usize(..40)).map(|_| version(random)).collect();
    }
    entry
}
