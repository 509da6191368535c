//! Going over all that is kept: by shards, in order of names, so that an interrupted pass goes on where it stopped.
//!
//! 1. Hash every object of the shard that is on record; what is not what its name says is moved aside and restored.
//! 2. Move aside what lies there and is on no record.
//! 3. Hold what is kept against what its registry states now.

use super::{Keeper, upstream::Compared};
use anyhow::Result;
use chrono::{TimeDelta, Utc};
use lockgate_mirror::{Check, Damage, Lying, Mirror, Pace, Shard};
use lockgate_store::mirror::{self, Became, FileOf, Object, Pass, PassKind};
use serde::Serialize;
use std::collections::HashSet;
use tokio::time::Instant;

/// What was written so lately may not be on record yet.
const NEW: TimeDelta = TimeDelta::minutes(10);
/// Objects between two notes of how far the pass has come.
const NOTED_EACH: usize = 50;

/// Whether and how the registry is asked as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    NotAsked,
    /// The digests that it states.
    Digests,
    /// The bytes that it serves, too.
    Bytes,
}

/// Something that was found on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// An object was not as it should be.
    Damaged { path: String, damage: &'static str, became: &'static str, what: String, detail: String },
    /// Upstream is another file now. `news`: whether that was not on record yet.
    Changed { purl: String, file: String, before: String, after: String, news: bool },
    /// Upstream does not list it any more.
    Gone { purl: String, file: String },
    /// The registry could not be asked.
    NotAsked { purl: String, why: String },
    /// The object could not be read, so nothing is known of it.
    Unread { path: String, why: String },
}

/// What a pass did so far in this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub objects: u64,
    pub bytes: u64,
    pub findings: u64,
    pub unread: u64,
    pub incidents: u64,
}

/// A pass under way.
#[derive(Debug)]
pub(crate) struct Verification<'a> {
    keeper: &'a Keeper,
    pub pass: Pass,
    pace: Pace,
    upstream: Upstream,
    pub counted: Counted,
}

impl<'a> Verification<'a> {
    /// Goes on with the open pass of this kind, or begins one.
    pub(crate) async fn open(
        keeper: &'a Keeper,
        kind: PassKind,
        bytes_a_second: u64,
        upstream: Upstream,
    ) -> Result<Self> {
        let pass = mirror::open(keeper.store.pool(), kind).await?;
        Ok(Self { keeper, pass, pace: Pace::new(bytes_a_second), upstream, counted: Counted::default() })
    }

    /// Forgets how far the pass had come.
    pub(crate) fn begin_anew(&mut self) {
        self.pass.reached.clear();
    }

    /// The shards that are still to be done.
    pub(crate) fn remaining(&self) -> impl Iterator<Item = Shard> + use<> {
        Shard::after(&self.pass.reached)
    }

    /// Looks at a shard, until `end` where one is given.
    pub(crate) async fn shard(
        &mut self,
        shard: Shard,
        end: Option<Instant>,
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Looked> {
        let objects = mirror::between(self.keeper.store.pool(), &shard.first(), &shard.last()).await?;
        let reached = self.pass.reached.clone();
        // 1. and 3.
        for (number, object) in objects.iter().filter(|o| o.sha256.to_string() > reached).enumerate() {
            if end.is_some_and(|end| Instant::now() >= end) {
                return Ok(Looked::InPart);
            }
            self.look(object, tell).await?;
            self.pass.reached = object.sha256.to_string();
            if number % NOTED_EACH == NOTED_EACH - 1 || end.is_some() {
                mirror::progress(self.keeper.store.pool(), &self.pass).await?;
            }
        }
        // 2.
        self.extras(shard, &objects, tell).await?;
        self.pass.reached = shard.last();
        mirror::progress(self.keeper.store.pool(), &self.pass).await?;
        Ok(Looked::Whole)
    }

    pub(crate) async fn finish(self) -> Result<Counted> {
        mirror::finish(self.keeper.store.pool(), &self.pass).await?;
        Ok(self.counted)
    }

    async fn look(&mut self, object: &Object, tell: &mut (dyn FnMut(Event) + Send)) -> Result<()> {
        let checked = self.keeper.mirror.check(&object.sha256, object.size, &mut self.pace).await;
        match checked {
            Ok(Check::Sound) => {
                mirror::sound(self.keeper.store.pool(), std::slice::from_ref(&object.sha256)).await?;
            }
            Ok(Check::Damaged(damage)) => self.mend(object, &damage, tell).await?,
            Err(error) => {
                self.counted.unread += 1;
                metrics::counter!("lockgate_mirror_unread_total").increment(1);
                tell(Event::Unread { path: Mirror::path(&object.sha256), why: error.to_string() });
                return Ok(());
            }
        }
        self.counted.objects += 1;
        self.counted.bytes += object.size;
        self.pass.objects += 1;
        self.pass.bytes = self.pass.bytes.saturating_add(i64::try_from(object.size).unwrap_or(i64::MAX));
        metrics::counter!("lockgate_mirror_verified_objects_total").increment(1);
        metrics::counter!("lockgate_mirror_verified_bytes_total").increment(object.size);
        if self.upstream != Upstream::NotAsked {
            for of in mirror::sources(self.keeper.store.pool(), &object.sha256).await? {
                self.compare(&of, object, tell).await?;
            }
        }
        Ok(())
    }

    async fn mend(&mut self, object: &Object, damage: &Damage, tell: &mut (dyn FnMut(Event) + Send)) -> Result<()> {
        let mended = self.keeper.mend(Some(self.pass.id), &object.sha256, damage).await?;
        self.found(Mirror::path(&object.sha256), damage, mended.became, mended.detail, tell);
        Ok(())
    }

    fn found(
        &mut self,
        path: String,
        damage: &Damage,
        became: Became,
        detail: String,
        tell: &mut (dyn FnMut(Event) + Send),
    ) {
        self.counted.findings += 1;
        self.pass.findings += 1;
        tell(Event::Damaged { path, damage: damage.name(), became: became.name(), what: damage.to_string(), detail });
    }

    async fn compare(&mut self, of: &FileOf, object: &Object, tell: &mut (dyn FnMut(Event) + Send)) -> Result<()> {
        let (purl, file) = (of.purl.clone(), of.file.clone());
        match self.keeper.compare(of, &object.sha256, self.upstream == Upstream::Bytes).await? {
            Compared::Same => {}
            Compared::Changed { before, after, news } => {
                self.counted.incidents += 1;
                tell(Event::Changed { purl, file, before: before.to_string(), after: after.to_string(), news });
            }
            Compared::Gone => tell(Event::Gone { purl, file }),
            Compared::NotAsked(cause) => tell(Event::NotAsked { purl, why: cause.message }),
        }
        Ok(())
    }

    async fn extras(&mut self, shard: Shard, objects: &[Object], tell: &mut (dyn FnMut(Event) + Send)) -> Result<()> {
        let known: HashSet<_> = objects.iter().map(|object| &object.sha256).collect();
        let settled = Utc::now() - NEW;
        for Lying { path, sha256, written_at } in self.keeper.mirror.list(shard).await? {
            if written_at > settled || sha256.as_ref().is_some_and(|sha256| known.contains(sha256)) {
                continue;
            }
            let moved = self.keeper.remove_extra(Some(self.pass.id), &path).await?;
            self.found(path, &Damage::Extra, moved.became, moved.detail, tell);
        }
        Ok(())
    }
}

/// Whether a shard was looked at to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    Whole,
    /// Time ran out.
    InPart,
}
