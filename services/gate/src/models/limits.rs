//! When a model is taken back without asking anybody.
//!
//! A model that answers too late or not at all makes checks incomplete; one that flags everything denies what is good. Both
//! were measured not to before they were promoted, so what is seen here is a fault, of the model or of where it runs, and
//! the model before is known to do without. A model that calls everything harmless shows in none of these but in its scores,
//! which then lie elsewhere than its card says.
//!
//! Where the other model that decides is beyond the same limit at the same time, it is the machine, or the releases, and going
//! back would mend nothing.

use chrono::TimeDelta;
use lockgate_store::models::Window;
use std::fmt;

/// How far back scores are looked at.
pub const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// An active model that stands for longer is not taken back: what changes then is the world.
pub const YOUNG: TimeDelta = TimeDelta::days(7);
/// With fewer answers in the window nothing is judged.
const FEWEST: i64 = 30;
/// Fewer flagged updates may each be malicious.
const FEWEST_FLAGGED: i64 = 5;

/// What a model may do; from it on, it is taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Within which 95 of 100 answers are there.
    pub latest_milliseconds: u64,
    /// Of all questions, those without an answer.
    pub failed_percent: f64,
    /// Of all updates, those at or above the model's own threshold.
    pub flagged_percent: f64,
    /// Population stability index of its scores ([`super::drift`]).
    pub moved_psi: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { latest_milliseconds: 2000, failed_percent: 5.0, flagged_percent: 2.0, moved_psi: 0.5 }
    }
}

/// How far the scores of an ecosystem and a mode lie from where they should.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    pub ecosystem: String,
    pub mode: String,
    /// From what the model's card says of benign releases.
    pub from_reference: f64,
    /// From how another model's scores of the same time lie to its own card: where both have moved, it is the releases.
    pub from_other: f64,
}

/// Why a model is taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    Slow { milliseconds: u64, allowed: u64 },
    Failing { failed: i64, of: i64, allowed_percent: f64 },
    Flagging { flagged: i64, of: i64, allowed_percent: f64 },
    Moved { moved: Moved, allowed: f64 },
}

/// Whether what was seen of a model in the window is beyond a limit, and what was seen of the `other` one that decides is not.
pub fn judge(seen: &Window, other: Option<&Window>, moved: &[Moved], limits: &Limits) -> Option<Reason> {
    if seen.rows < FEWEST {
        return None;
    }
    let other = other.filter(|other| other.rows >= FEWEST);
    let alone = |of: fn(&Window, &Limits) -> Option<Reason>| {
        of(seen, limits).filter(|_| other.is_none_or(|other| of(other, limits).is_none()))
    };
    let allowed = limits.moved_psi;
    let has_moved = |moved: &&Moved| moved.from_reference > allowed && moved.from_other > allowed;
    alone(slow).or_else(|| alone(failing)).or_else(|| alone(flagging)).or_else(|| {
        let moved = moved.iter().find(has_moved)?.clone();
        Some(Reason::Moved { moved, allowed })
    })
}

fn slow(seen: &Window, limits: &Limits) -> Option<Reason> {
    let allowed = limits.latest_milliseconds;
    let micros = seen.p95_micros.filter(|micros| *micros > allowed as f64 * 1000.0)?;
    Some(Reason::Slow { milliseconds: (micros / 1000.0).ceil() as u64, allowed })
}

fn failing(seen: &Window, limits: &Limits) -> Option<Reason> {
    let Window { failures: failed, rows: of, .. } = *seen;
    let allowed_percent = limits.failed_percent;
    is_beyond(failed, of, allowed_percent).then_some(Reason::Failing { failed, of, allowed_percent })
}

fn flagging(seen: &Window, limits: &Limits) -> Option<Reason> {
    let Window { flagged, updates: of, .. } = *seen;
    let allowed_percent = limits.flagged_percent;
    let beyond = flagged >= FEWEST_FLAGGED && is_beyond(flagged, of, allowed_percent);
    beyond.then_some(Reason::Flagging { flagged, of, allowed_percent })
}

fn is_beyond(part: i64, of: i64, percent: f64) -> bool {
    part as f64 > of as f64 * percent / 100.0
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow { milliseconds, allowed } => write!(
                f,
                "5 of 100 answers took {milliseconds} ms or longer, and {allowed} ms are allowed \
                 (classifier.latest_milliseconds)"
            ),
            Self::Failing { failed, of, allowed_percent } => write!(
                f,
                "{failed} of {of} questions had no answer, and {allowed_percent} % are allowed (classifier.failed_percent)"
            ),
            Self::Flagging { flagged, of, allowed_percent } => write!(
                f,
                "{flagged} of {of} updates were flagged, and {allowed_percent} % are allowed (classifier.flagged_percent)"
            ),
            Self::Moved { moved: Moved { ecosystem, mode, from_reference, from_other }, allowed } => write!(
                f,
                "scores of {ecosystem} {mode} moved by {from_reference:.2} from the card and by {from_other:.2} from \
                 another model's, and {allowed} is allowed (classifier.moved_psi)"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Window = Window { rows: 500, failures: 25, updates: 400, flagged: 8, p95_micros: Some(2e6) };

    fn judged(change: impl FnOnce(&mut Window)) -> Option<Reason> {
        let mut seen = SOUND;
        change(&mut seen);
        judge(&seen, None, &[], &Limits::default())
    }

    fn moved(from_reference: f64, from_other: f64) -> Moved {
        Moved { ecosystem: "npm".into(), mode: "update".into(), from_reference, from_other }
    }

    #[test]
    fn at_its_limits_a_model_stays() {
        assert_eq!(judge(&SOUND, None, &[moved(0.5, 9.0), moved(9.0, 0.5)], &Limits::default()), None);
    }

    #[test]
    fn beyond_one_of_them_it_is_taken_back() {
        let slow = judged(|seen| seen.p95_micros = Some(2_000_001.0));
        assert_eq!(slow, Some(Reason::Slow { milliseconds: 2001, allowed: 2000 }));
        let failing = judged(|seen| seen.failures = 26);
        assert_eq!(failing, Some(Reason::Failing { failed: 26, of: 500, allowed_percent: 5.0 }));
        let flagging = judged(|seen| seen.flagged = 9);
        assert_eq!(flagging, Some(Reason::Flagging { flagged: 9, of: 400, allowed_percent: 2.0 }));
        let reason = judge(&SOUND, Some(&SOUND), &[moved(0.4, 9.0), moved(0.6, 0.7)], &Limits::default());
        let text = reason.expect("it moved").to_string();
        assert!(text.contains("npm update moved by 0.60 from the card and by 0.70"), "{text}");
    }

    #[test]
    fn little_is_no_ground() {
        // All of 29 failed; 4 of 10 updates were flagged.
        assert_eq!(judged(|seen| (seen.rows, seen.failures) = (29, 29)), None);
        assert_eq!(judged(|seen| (seen.updates, seen.flagged) = (10, 4)), None);
        assert!(judged(|seen| (seen.updates, seen.flagged) = (10, 5)).is_some());
        // Without an answer there is no time, but there are failures.
        let silent = judged(|seen| (seen.rows, seen.failures, seen.p95_micros) = (30, 30, None));
        assert!(matches!(silent, Some(Reason::Failing { failed: 30, .. })), "{silent:?}");
    }

    #[test]
    fn what_both_models_do_is_no_models_fault() {
        let bad = Window { failures: 400, flagged: 300, p95_micros: Some(9e6), ..SOUND };
        let beside = |other: &Window| judge(&bad, Some(other), &[], &Limits::default());
        assert!(matches!(beside(&SOUND), Some(Reason::Slow { .. })));
        assert!(matches!(beside(&Window { p95_micros: Some(3e6), ..SOUND }), Some(Reason::Failing { .. })));
        assert!(matches!(beside(&Window { flagged: 0, ..bad }), Some(Reason::Flagging { .. })));
        assert_eq!(beside(&bad), None);
        assert!(beside(&Window { rows: 29, ..bad }).is_some(), "too little was seen of the other");
    }

    #[test]
    fn limits_are_the_operators() {
        let strict = Limits { latest_milliseconds: 100, ..Limits::default() };
        let reason = judge(&SOUND, None, &[], &strict).expect("2 s are too long");
        assert!(reason.to_string().contains("2000 ms or longer, and 100 ms are allowed"), "{reason}");
    }
}
