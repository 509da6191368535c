//! Assessments to ask about: one npm release about which everything is known and good, then changed.

use chrono::DateTime;
use lockgate_model::{
    AssessedRelease, Assessment, Cause, CauseKind, Change, ChangeKind, Ecosystem, Evidence, LockedRelease,
    LockfileChange, LockfileFormat, LockfileStatus, Observation, Origin, Release, ReleaseChange, Subject,
};
use serde_json::{Value, json};

pub(crate) struct Assess {
    moved: ReleaseChange,
    status: LockfileStatus,
    evidence: Vec<Evidence>,
}

fn observed(facts: Value) -> Observation {
    Observation::Observed { facts }
}

pub(crate) fn cause(kind: CauseKind) -> Cause {
    Cause::new(kind, "it did not work")
}

pub(crate) fn unavailable(kind: CauseKind) -> Observation {
    Observation::Unavailable { cause: cause(kind) }
}

/// Facts by name; a collector's own name gives good ones.
pub(crate) fn facts(name: &str) -> Observation {
    let finding = json!({"type": "locked_differs_from_bytes", "file": "left-pad-1.3.0.tgz",
        "locked": format!("sha512:{}", "1".repeat(128)), "actual": format!("sha512:{}", "2".repeat(128))});
    let advisory = json!({"id": "GHSA-aaaa-bbbb-cccc", "summary": "bad", "severity": "critical", "cvss": 9.8,
        "fixed": ["1.3.1"], "introduced_by_change": true, "withdrawn": false, "malicious": false});
    observed(match name {
        "checksum" => json!({"artifacts": [], "findings": [], "verified": ["left-pad-1.3.0.tgz"]}),
        "checksum_mismatch" => json!({"artifacts": [], "findings": [finding], "verified": []}),
        "license" => json!({"declared": "MIT", "expression": "(MIT OR GPL-3.0-only) AND ISC", "new_obligations": []}),
        "advisory" => json!({"matches": [], "unreadable": []}),
        "critical" => json!({"matches": [advisory], "unreadable": []}),
        "pin" => json!({"findings": []}),
        "typosquat" => json!({"alike": []}),
        "diff" => json!({"mode": "new", "findings": [], "irregularities": [], "truncated": false}),
        _ => panic!("no facts are named {name}"),
    })
}

impl Assess {
    pub(crate) fn good() -> Self {
        let entry = LockedRelease {
            release: Release::new(Ecosystem::Npm, "left-pad", "1.3.0"),
            origin: Origin::Registry { url: Some("https://registry.example.test/left-pad-1.3.0.tgz".into()) },
            digests: Vec::new(),
            direct: Some(true),
            dev: None,
            optional: false,
            alias: None,
            install_script: None,
            line: 12,
            depends_on: Vec::new(),
        };
        let lockfile = "package-lock.json".to_owned();
        let moved = ReleaseChange { kind: ChangeKind::Added, lockfile, old: None, new: Some(entry) };
        let assess = Self { moved, status: LockfileStatus::Changed, evidence: Vec::new() };
        ["checksum", "license", "advisory", "diff", "pin", "typosquat"]
            .into_iter()
            .fold(assess, |a, name| a.with(name, facts(name)))
    }

    pub(crate) fn and(mut self, collector: &str, observation: Observation) -> Self {
        self.evidence.push(Evidence {
            subject: Subject { release: self.moved.release().clone(), previous: None },
            collector: collector.into(),
            collector_version: 1,
            observation,
            inputs: Vec::new(),
            collected_at: DateTime::UNIX_EPOCH,
        });
        self
    }

    pub(crate) fn with(self, collector: &str, observation: Observation) -> Self {
        self.without(collector).and(collector, observation)
    }

    pub(crate) fn without(mut self, collector: &str) -> Self {
        self.evidence.retain(|e| e.collector != collector);
        self
    }

    pub(crate) fn without_all(mut self) -> Self {
        self.evidence.clear();
        self
    }

    pub(crate) fn about_another(mut self, collector: &str) -> Self {
        for evidence in self.evidence.iter_mut().filter(|e| e.collector == collector) {
            evidence.subject.release.version = "9.9.9".into();
        }
        self
    }

    pub(crate) fn lockfile(mut self, status: LockfileStatus) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn from(mut self, origin: Origin) -> Self {
        self.moved.new.as_mut().unwrap().origin = origin;
        self
    }

    pub(crate) fn removed(mut self) -> Self {
        self.moved.kind = ChangeKind::Removed;
        self.moved.old = self.moved.new.take();
        self
    }

    pub(crate) fn done(self) -> Assessment {
        self.times(1)
    }

    /// The same release under `count` names.
    pub(crate) fn times(self, count: usize) -> Assessment {
        let mut releases = Vec::new();
        let mut assessed = Vec::new();
        for index in 0..count {
            let mut moved = self.moved.clone();
            let mut evidence = self.evidence.clone();
            if index > 0 {
                let name = format!("left-pad-{index}");
                moved.new.as_mut().unwrap().release.name = name.clone();
                evidence.iter_mut().for_each(|e| e.subject.release.name = name.clone());
            }
            assessed.push(AssessedRelease { key: moved.key(), evidence });
            releases.push(moved);
        }
        let path = self.moved.lockfile.clone();
        let lockfile = LockfileChange {
            path,
            format: LockfileFormat::NpmPackageLock,
            status: self.status,
            releases,
            findings: Vec::new(),
        };
        let change = Change {
            repository: "octo-org/app".parse().unwrap(),
            base: "0".repeat(40).parse().unwrap(),
            head: "1".repeat(40).parse().unwrap(),
            lockfiles: vec![lockfile],
            pins: Vec::new(),
            unread: Vec::new(),
        };
        Assessment { change, releases: assessed, asked_at: DateTime::UNIX_EPOCH }
    }
}
