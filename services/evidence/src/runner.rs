//! The one place where a failed attempt becomes `Unavailable`.

use crate::{Collector, Inputs};
use chrono::Utc;
use lockgate_model::{Cause, CauseKind, Evidence, Observation};
use std::{sync::Arc, time::Duration};

/// The collector version of what [`preview`] says. No collector has it, so that such a finding answers no question
/// that is asked later, and the store refuses to keep it.
pub const PROVISIONAL: u32 = 0;

/// What the collectors can say before the artifacts are there; those that cannot are left out. To be shown and
/// judged provisionally, never kept.
pub fn preview(collectors: &[Arc<dyn Collector>], inputs: &Inputs) -> Vec<Evidence> {
    let digests = inputs.digests();
    let look = |collector: &Arc<dyn Collector>| {
        Some(Evidence {
            subject: inputs.subject.clone(),
            collector: collector.id().to_owned(),
            collector_version: PROVISIONAL,
            observation: collector.preview(inputs)?.redacted(),
            inputs: collector.inputs(&digests),
            collected_at: Utc::now(),
        })
    };
    collectors.iter().filter_map(look).collect()
}

/// Runs `collector` on a blocking thread and waits `budget` at most.
///
/// Never fails: an `Err` of the collector keeps its cause, too little time is `Unavailable(Timeout)` and a
/// panic is `Unavailable(Internal)`. A thread that is out of time cannot be stopped; it ends by itself since
/// all a collector does is bounded, and its answer is dropped.
pub async fn run(collector: Arc<dyn Collector>, inputs: Arc<Inputs>, budget: Duration) -> Evidence {
    let (id, version) = (collector.id(), collector.version());
    let subject = inputs.subject.clone();
    let release = subject.release.to_string();
    let looked_at = collector.inputs(&inputs.digests());

    let work = tokio::task::spawn_blocking(move || collector.collect(&inputs));
    let observation = match tokio::time::timeout(budget, work).await {
        Ok(Ok(Ok(observation))) => observation.redacted(),
        Ok(Ok(Err(cause))) => Observation::Unavailable { cause },
        Ok(Err(failure)) => {
            tracing::error!(collector = id, release, %failure, "a collector panicked");
            Observation::Unavailable {
                cause: Cause::new(CauseKind::Internal, format!("collect {id} of {release}: the collector failed"))
                    .with_remedy("report this as a defect of Lockgate; the check is tried again"),
            }
        }
        Err(_) => Observation::Unavailable {
            cause: Cause::new(
                CauseKind::Timeout,
                format!("collect {id} of {release}: not done within {:.1} s", budget.as_secs_f64()),
            )
            .with_remedy("the check is tried again; raise the collector budget if it repeats"),
        },
    };
    Evidence {
        subject,
        collector: id.to_owned(),
        collector_version: version,
        observation,
        inputs: looked_at,
        collected_at: Utc::now(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InputDigests, fixtures::inputs};
    use lockgate_model::{Digest, Ecosystem};

    const LONG: Duration = Duration::from_secs(60);

    struct Probe(fn() -> Result<Observation, Cause>);

    impl Collector for Probe {
        fn id(&self) -> &'static str {
            "probe"
        }
        fn version(&self) -> u32 {
            7
        }
        fn description(&self) -> &'static str {
            "a probe"
        }
        fn documentation(&self) -> &'static str {
            "ARCHITECTURE.md"
        }
        fn inputs(&self, _: &InputDigests) -> Vec<Digest> {
            vec![Digest::sha256(b"x")]
        }
        fn collect(&self, _: &Inputs) -> Result<Observation, Cause> {
            (self.0)()
        }
        fn facts_schema(&self) -> schemars::Schema {
            schemars::json_schema!({})
        }
    }

    async fn observe(budget: Duration, probe: fn() -> Result<Observation, Cause>) -> Evidence {
        let inputs = Arc::new(inputs(Ecosystem::Npm, vec![], &[]));
        run(Arc::new(Probe(probe)), inputs, budget).await
    }

    fn cause(evidence: &Evidence) -> (CauseKind, bool) {
        match &evidence.observation {
            Observation::Unavailable { cause } => (cause.kind, cause.message.contains("npm example 1.1.0")),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_is_kept_with_its_origin() {
        let evidence = observe(LONG, || Ok(Observation::Absent)).await;
        assert_eq!((evidence.collector.as_str(), evidence.collector_version), ("probe", 7));
        assert_eq!((&evidence.observation, evidence.inputs.len()), (&Observation::Absent, 1));
    }

    #[test]
    fn a_preview_leaves_out_what_needs_bytes_and_names_no_question() {
        let inputs = inputs(Ecosystem::Npm, vec![], &[]);
        let checks: Vec<Arc<dyn Collector>> =
            vec![Arc::new(crate::checksum::Checksum), Arc::new(Probe(|| Ok(Observation::Absent)))];
        let evidence = preview(&checks, &inputs);
        assert_eq!(
            evidence.iter().map(|e| (e.collector.as_str(), e.collector_version)).collect::<Vec<_>>(),
            [("checksum", PROVISIONAL)]
        );
    }

    #[tokio::test]
    async fn errors_panics_and_lost_time_are_unavailable() {
        let failed = observe(LONG, || Err(Cause::new(CauseKind::Malformed, "read npm example 1.1.0: no"))).await;
        assert_eq!(cause(&failed), (CauseKind::Malformed, true));
        let panicked = observe(LONG, || panic!("a defect")).await;
        assert_eq!(cause(&panicked), (CauseKind::Internal, true));
        let slow = observe(Duration::from_millis(50), || {
            std::thread::sleep(Duration::from_millis(500));
            Ok(Observation::Absent)
        });
        assert_eq!(cause(&slow.await), (CauseKind::Timeout, true));
    }
}
