//! The button "request a waiver": what stands in the way of a head is put before a reviewer.

use anyhow::Result;
use lockgate_model::{CommitSha, Decision};
use lockgate_store::{
    Transaction, decisions, evaluations, repositories,
    waivers::{self, NewWaiver},
};

/// Most waivers that one press of the button asks for: beyond it, the change wants splitting, not waiving.
const AT_ONCE: usize = 50;

/// Asks for a waiver of each reason for which the head's decisions deny a release.
pub(super) async fn request(
    transaction: &mut Transaction<'_>,
    repository_id: i64,
    head: &CommitSha,
    login: &str,
) -> Result<()> {
    let Some(repository) = repositories::get(&mut **transaction, repository_id).await? else { return Ok(()) };
    let Some(installation_id) = repository.installation_id else { return Ok(()) };
    let mut asked = 0;
    for evaluation in evaluations::questions(&mut **transaction, repository_id, head).await? {
        let Some(record) = decisions::of_evaluation(&mut **transaction, evaluation.id).await? else { continue };
        let Decision::Deny { reasons, .. } = &record.decision else { continue };
        for reason in reasons.iter().filter(|r| !r.purl.is_empty()) {
            if asked == AT_ONCE {
                return Ok(());
            }
            let new = NewWaiver {
                installation_id,
                repository_id,
                repository: repository.full_name.as_str(),
                purl: &reason.purl,
                code: &reason.code,
                reason: &format!("asked for from the check run on {}: {}", head.short(), reason.message),
                requested_by: &format!("github:{login}"),
            };
            waivers::request(transaction, &new).await?;
            asked += 1;
        }
    }
    Ok(())
}
