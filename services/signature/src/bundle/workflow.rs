//! Whether a verified signature is a workflow's.

use super::{Rejection, Verified, Workflow};

impl Workflow {
    /// Issuer, repository and file, each by itself. Which workflow was started says the certificate's build
    /// configuration; older certificates have none, and there the signer's name must be the workflow.
    pub(crate) fn judge(&self, verified: &Verified) -> Result<(), Rejection> {
        if verified.issuer() != Some(&self.issuer) {
            return Err(Rejection::OtherIssuer {
                expected: self.issuer.clone(),
                found: verified.issuer().map(|found| found.to_owned().into()),
            });
        }
        let repository = verified.claims().and_then(|claims| claims.source_repository.as_deref());
        if repository != Some(&self.repository) {
            return Err(Rejection::OtherRepository {
                expected: self.repository.clone(),
                found: repository.map(|found| found.to_owned().into()),
            });
        }
        self.judge_path(verified)
    }

    fn judge_path(&self, verified: &Verified) -> Result<(), Rejection> {
        let started = verified.claims().and_then(|claims| claims.build_config.as_deref());
        let started = started.or_else(|| verified.identity());
        if started.is_some_and(|started| self.addresses(verified).any(|expected| expected == started)) {
            return Ok(());
        }
        Err(Rejection::OtherWorkflow {
            expected: self.path.clone(),
            found: started.map(|found| found.to_owned().into()),
        })
    }

    /// The workflow's address at each of the refs that the certificate names itself. One host sets the path apart by
    /// `//`; no path begins with `/`, so that the two spellings never name two files.
    fn addresses(&self, verified: &Verified) -> impl Iterator<Item = String> {
        let claims = verified.claims();
        let refs = claims.into_iter().flat_map(|claims| {
            [&claims.source_ref, &claims.source_commit, &claims.build_config_commit].into_iter().flatten()
        });
        refs.flat_map(move |at| ["/", "//"].map(|between| format!("{}{between}{}@{at}", self.repository, self.path)))
    }
}
