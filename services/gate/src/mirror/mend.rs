//! A damaged object: moved aside, so that it is never served, and put back from the registry where that has the bytes.

use super::Keeper;
use anyhow::Result;
use chrono::Utc;
use lockgate_mirror::{Damage, Mirror, Verified};
use lockgate_model::Digest;
use lockgate_store::mirror::{self, Became, Finding};

/// What became of a damaged object.
#[derive(Debug)]
pub(crate) struct Mended {
    pub became: Became,
    pub detail: String,
    /// The object, where it was restored.
    pub object: Option<Verified>,
}

impl Keeper {
    /// Moves what is there aside, restores the object, and notes both.
    pub(crate) async fn mend(&self, pass: Option<i64>, sha256: &Digest, damage: &Damage) -> Result<Mended> {
        let path = Mirror::path(sha256);
        // First, so that nothing damaged is served whatever happens next.
        mirror::lost(self.store.pool(), sha256).await?;
        let aside = match damage {
            Damage::Missing => None,
            _ => Some(self.mirror.quarantine(&path, Utc::now()).await?),
        };
        let moved = aside.as_ref().map_or_else(String::new, |aside| format!("moved to {aside}; "));
        let mended = match self.restore(sha256).await? {
            Ok((object, from)) => {
                let detail = format!("{moved}restored from {from}");
                Mended { became: Became::Restored, detail, object: Some(object) }
            }
            Err(why) => {
                let became = if aside.is_some() { Became::Quarantined } else { Became::Lost };
                Mended { became, detail: format!("{moved}not restored: {why}"), object: None }
            }
        };
        self.note(pass, &path, damage, &mended).await?;
        Ok(mended)
    }

    /// Moves aside what nobody kept.
    pub(super) async fn remove_extra(&self, pass: Option<i64>, path: &str) -> Result<Mended> {
        let aside = self.mirror.quarantine(path, Utc::now()).await?;
        let mended = Mended { became: Became::Quarantined, detail: format!("moved to {aside}"), object: None };
        self.note(pass, path, &Damage::Extra, &mended).await?;
        Ok(mended)
    }

    /// From the first release whose registry still serves these very bytes; else why none does.
    async fn restore(&self, sha256: &Digest) -> Result<Result<(Verified, String), String>> {
        let mut why = Vec::new();
        for of in mirror::sources(self.store.pool(), sha256).await? {
            match self.fetch(&of, sha256).await {
                Ok(object) => {
                    self.mirror.put(&object).await?;
                    mirror::sound(self.store.pool(), std::slice::from_ref(sha256)).await?;
                    return Ok(Ok((object, format!("the registry as {} {}", of.purl, of.file))));
                }
                Err(cause) => why.push(cause.message),
            }
        }
        Ok(Err(if why.is_empty() { "it is no release's file".to_owned() } else { why.join("; ") }))
    }

    async fn note(&self, pass: Option<i64>, path: &str, damage: &Damage, mended: &Mended) -> Result<()> {
        let (damage_name, became) = (damage.name(), mended.became);
        let labels = [("damage", damage_name), ("became", became.name())];
        metrics::counter!("lockgate_mirror_findings_total", &labels).increment(1);
        tracing::error!(
            path,
            damage = damage_name,
            became = became.name(),
            detail = mended.detail,
            "the mirror is damaged"
        );
        let finding = Finding { pass, path, damage: damage_name, became, detail: &mended.detail };
        Ok(mirror::note_finding(self.store.pool(), &finding).await?)
    }
}
