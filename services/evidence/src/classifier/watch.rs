//! What hears of every score, beside the evidence: that keeps one answer, and models are compared by many.

use lockgate_classifier::{Answer, Error, Subject};
use lockgate_model::Release;
use std::{fmt::Debug, time::Duration};

/// Called on the thread that scores, so it must not wait; it cannot change the answer.
pub trait Watch: Debug + Send + Sync {
    /// `took`: of the model itself; where there is no answer, how long it was waited for.
    fn scored(&self, release: &Release, subject: Subject, answer: Result<&Answer, &Error>, took: Duration);
}
