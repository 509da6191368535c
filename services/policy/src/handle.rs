//! The policy in force, replaceable while the server runs.

use crate::{Policy, PolicyError};
use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

/// Hands out the policy in force. A reload that fails changes nothing.
#[derive(Debug)]
pub struct PolicyHandle {
    current: RwLock<Arc<Policy>>,
}

impl PolicyHandle {
    pub fn new(policy: Policy) -> Self {
        Self { current: RwLock::new(Arc::new(policy)) }
    }

    /// The policy in force; keep it for the whole of one decision.
    pub fn current(&self) -> Arc<Policy> {
        // The lock guards a pointer that is always whole, so a panic elsewhere cannot have spoilt it.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Loads the bundle in `dir` and puts it in force.
    ///
    /// # Errors
    /// As [`Policy::load`]; the policy before stays in force, and the log says so.
    pub fn reload(&self, dir: &Path) -> Result<Arc<Policy>, PolicyError> {
        match Policy::load(dir) {
            Ok(policy) => Ok(self.replace(policy)),
            Err(error) => {
                let kept = self.current();
                tracing::error!(%error, kept = %kept.digest(), "policy was not reloaded; the one before stays in force");
                Err(error)
            }
        }
    }

    /// Puts a policy that compiled in force; decisions that are being made keep the one they began with.
    pub fn replace(&self, policy: Policy) -> Arc<Policy> {
        let policy = Arc::new(policy);
        let before =
            std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), policy.clone());
        tracing::info!(before = %before.digest(), after = %policy.digest(), "policy is in force");
        policy
    }
}
