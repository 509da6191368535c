//! What a decision allowed is kept in the mirror: the very bytes that its evidence looked at.
//!
//! Idempotent: what is kept is not fetched again. A registry that does not answer is nobody's loss: the firewall fetches
//! what is missing when somebody asks for it.

use super::{
    Context,
    ended::{Ended, Holding},
};
use anyhow::{Context as _, Result};
use lockgate_model::Digest;
use lockgate_store::{
    artifacts::{self, LookedAt},
    decisions, evidence,
    mirror::{self, FileOf},
};
use std::{collections::HashSet, sync::Arc};
use uuid::Uuid;

/// # Errors
/// When the database or the object store fails.
pub(crate) async fn run(context: &Arc<Context>, decision: Uuid, holding: &Holding) -> Result<Ended> {
    if let Some(keeper) = &context.mirror {
        for LookedAt { purl, file, sha256 } in allowed(context, decision).await? {
            if mirror::is_sound(context.store.pool(), &sha256).await? {
                continue;
            }
            let of = FileOf { purl, file };
            match keeper.fetch(&of, &sha256).await {
                Ok(verified) => keeper.keep(&verified, &of, &format!("decision:{decision}")).await?,
                Err(cause) => tracing::warn!(%decision, %cause, "an artifact that passed is not kept"),
            }
        }
    }
    holding.finish(&context.store).await
}

/// The files that the decision's evidence looked at.
async fn allowed(context: &Context, decision: Uuid) -> Result<Vec<LookedAt>> {
    let pool = context.store.pool();
    let missing = || format!("keep the artifacts of decision {decision}: it is not on record");
    let record = decisions::get(pool, decision).await?.with_context(missing)?;
    let asked = decisions::assessment(pool, decision).await?.with_context(missing)?;
    let inputs: HashSet<Digest> =
        evidence::by_ids(pool, &record.evidence).await?.into_iter().flat_map(|evidence| evidence.inputs).collect();
    let purls: Vec<String> = asked.links.into_iter().map(|(key, _)| key.purl).collect();
    let files = artifacts::of(pool, &purls).await?;
    Ok(files.into_iter().filter(|file| inputs.contains(&file.sha256)).collect())
}
