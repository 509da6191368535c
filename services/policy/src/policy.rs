//! A compiled bundle, and the one question it is asked.

use crate::{
    Context, Files, PolicyError, ask,
    bundle::{self, Role, role},
    engine,
    floor::{self, REQUIRED},
    input::PolicyInput,
    reason,
};
use lockgate_model::{Assessment, Decision, Digest, Reason, Waiver};
use std::{fmt, path::Path, sync::Arc, time::Duration};

const DENY: &str = "data.lockgate.deny";
const INCOMPLETE: &str = "data.lockgate.incomplete";

/// Longest evaluation of one rule.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// A decision, and the exceptions it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    pub decision: Decision,
    /// Reasons that a waiver covers, each with that waiver.
    pub waived: Vec<(Reason, Waiver)>,
}

/// A compiled bundle. Cheap to clone, shared by all workers.
#[derive(Clone)]
pub struct Policy {
    inner: Arc<Inner>,
}

struct Inner {
    engine: regorus::Engine,
    files: Files,
    digest: Digest,
    limit: Duration,
}

impl Policy {
    /// Reads and compiles the bundle in `dir`: every `*.rego` but `*_test.rego`, and `data/*.json` as
    /// `data.<file stem>`.
    ///
    /// # Errors
    /// When a file cannot be read or compiled, a rule is missing, or the rules fail on an empty change.
    pub fn load(dir: &Path) -> Result<Self, PolicyError> {
        Self::from_files(bundle::read(dir)?)
    }

    /// The default bundle, compiled into the binary.
    ///
    /// # Errors
    /// As [`Self::load`]; a test holds that it never fails.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::from_files(bundle::embedded())
    }

    /// Rebuilds a bundle from [`Self::files`], as a replay does.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_files(files: Files) -> Result<Self, PolicyError> {
        Self::with_limit(files, TIME_LIMIT)
    }

    /// As [`Self::from_files`], with another time limit for each of the two questions.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn with_limit(files: Files, limit: Duration) -> Result<Self, PolicyError> {
        let files = bundle::deciding(files);
        if !files.keys().any(|path| role(path) == Role::Rule) {
            return Err(PolicyError::Empty);
        }
        let engine = engine::compile(&files, limit)?;
        let digest = bundle::digest(&files);
        let policy = Self { inner: Arc::new(Inner { engine, files, digest, limit }) };
        policy.try_out()?;
        Ok(policy)
    }

    /// Names the rules and the data: SHA-256 over sorted paths and content digests, tests left out.
    pub fn digest(&self) -> &Digest {
        &self.inner.digest
    }

    /// The deciding files, so that the store can remember the bundle.
    pub fn files(&self) -> &Files {
        &self.inner.files
    }

    /// Collectors without whose evidence nothing passes, whatever the rules say.
    pub fn required(&self) -> &'static [&'static str] {
        &REQUIRED
    }

    /// Judges. Takes CPU time alone, at most twice the time limit; call it off the async threads.
    ///
    /// # Errors
    /// When the rules fail, are late, or answer with anything but sets of reasons. Never an allow.
    pub fn decide(&self, assessment: &Assessment, context: &Context) -> Result<Decision, PolicyError> {
        self.judge(assessment, context).map(|judged| judged.decision)
    }

    /// As [`Self::decide`], with what would have been denied but for a waiver. What is incomplete cannot be waived.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn judge(&self, assessment: &Assessment, context: &Context) -> Result<Judged, PolicyError> {
        let (deny, mut incomplete) = self.ask(&ask::question(assessment, context)?)?;
        add_floor(&mut incomplete, floor::reasons(assessment));
        let covering = |reason: &Reason| context.waivers.iter().find(|w| w.covers(reason, assessment.asked_at));
        let (waived, deny): (Vec<_>, Vec<_>) = sorted(deny).into_iter().partition(|reason| covering(reason).is_some());
        let waived = waived
            .into_iter()
            .filter_map(|reason| covering(&reason).cloned().map(|w| (reason.redacted(), w)))
            .collect();
        // Reasons quote publishers, and what is decided here is hashed: afterwards nothing can be taken out.
        Ok(Judged { decision: Decision::from_reasons(deny, sorted(incomplete)).redacted(), waived })
    }

    fn ask(&self, input: &PolicyInput) -> Result<(Vec<Reason>, Vec<Reason>), PolicyError> {
        let input = serde_json::to_string(input).expect("the question has only string keys");
        let rule = |rule| {
            let value = engine::evaluate(&self.inner.engine, Some(&input), rule, self.inner.limit)?;
            reason::read(rule, value)
        };
        // Each on its own clone, so they may run side by side: a check waits for the longer of them.
        std::thread::scope(|scope| {
            let deny = scope.spawn(|| rule(DENY));
            let incomplete = rule(INCOMPLETE);
            let deny = deny.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((deny?, incomplete?))
        })
    }

    /// Asks about nothing, so that a bundle that cannot answer is refused when it is loaded.
    fn try_out(&self) -> Result<(), PolicyError> {
        let modules = crate::ast::modules(&self.inner.engine)?;
        for (name, rule) in [("deny", DENY), ("incomplete", INCOMPLETE)] {
            let defines = |m: &crate::ast::Module| m.package == "lockgate" && m.rules.iter().any(|r| r.name == name);
            if !modules.iter().any(defines) {
                return Err(PolicyError::MissingRule { rule });
            }
        }
        self.ask(&PolicyInput::about_nothing()).map(drop)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("digest", &self.inner.digest).finish_non_exhaustive()
    }
}

/// A rule that already says the same, under the same code, says it better.
fn add_floor(incomplete: &mut Vec<Reason>, floor: Vec<Reason>) {
    for reason in floor {
        let said = |r: &Reason| r.code == reason.code && r.purl == reason.purl && r.lockfile == reason.lockfile;
        if !incomplete.iter().any(said) {
            incomplete.push(reason);
        }
    }
}

/// By place, so that the answer reads like the lockfiles and never depends on the engine's order.
fn sorted(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by(|a, b| key(a).cmp(&key(b)));
    reasons
}

fn key(reason: &Reason) -> (&str, u32, &str, &str, &str) {
    (&reason.lockfile, reason.line, &reason.purl, &reason.code, &reason.message)
}
